create or replace function leadgen.accept_sale(p_assignment_id bigint)
returns leadgen.assignment_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Who accepts has the lead, whatever the outbox knows of it.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale constant leadgen.lead_assignments := leadgen.lock_sale(p_assignment_id, p_takes_offer => false);
  v_status text;
begin
  if v_sale.outcome = 'accepted' then
    return v_sale.outcome;
  end if;
  perform leadgen.check_answer(v_sale, 'accepted', v_now);
  select r.status into v_status
  from leadgen.sale_returns r
  where r.assignment_id = v_sale.id and r.status in ('received', 'requested');
  if found then
    perform leadgen.refuse('LG409', format('Sale %s cannot be accepted: its return is being decided', v_sale.id), 'return', v_status,
      'a sale that nobody asked to return');
  end if;
  perform leadgen.mark_accepted(v_sale, v_now);
  return 'accepted';
end;
$$;
comment on function leadgen.accept_sale(bigint) is
  'The buyer takes a sale. Once accepted it stays so; LG409 when it is too late, the sale has ended or its return is being decided, LG404 when there is none.';
