create or replace function leadgen.return_sale(p_assignment_id bigint, p_reason text)
returns leadgen.assignment_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_reason constant text := leadgen.collapse_space(p_reason);
  v_sale constant leadgen.lead_assignments := leadgen.lock_sale(p_assignment_id, p_takes_offer => true);
begin
  if v_sale.outcome = 'returned' then
    return v_sale.outcome;
  end if;
  if coalesce(v_reason, '') = '' or length(v_reason) > 500 then
    perform leadgen.refuse('LG400', 'A return needs a reason of at most 500 characters', 'p_reason',
      case when coalesce(v_reason, '') = '' then 'none' else length(v_reason) || ' characters' end, '1 to 500 characters');
  end if;
  perform leadgen.check_answer(v_sale, '{pending,delivered,accepted,unknown}', 'returned', v_now);
  update leadgen.lead_assignments a
  set outcome = 'returned', updated_at = v_now
  where a.id = v_sale.id and a.market_id = v_sale.market_id;
  perform leadgen.release_sale(v_sale.id, 'returned: ' || v_reason);
  return 'returned';
end;
$$;
comment on function leadgen.return_sale(bigint, text) is
  'The buyer gives a sale back: its place is free again and the lead goes on as the policy says. Once returned it stays so; LG409 when it is too late or the sale has ended, LG404 when there is none.';
