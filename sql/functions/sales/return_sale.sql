create or replace function leadgen.return_sale(p_assignment_id bigint, p_reason text, p_note text default null)
returns leadgen.assignment_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What the buyer asked for meanwhile is thereby approved.
declare
  v_note constant text := leadgen.check_return_words(p_reason, p_note);
  v_sale constant leadgen.lead_assignments := leadgen.lock_sale(p_assignment_id, p_takes_offer => true);
  v_now constant timestamptz := leadgen.clock();
  v_return leadgen.sale_returns;
begin
  if v_sale.outcome = 'returned' then
    return v_sale.outcome;
  end if;
  select r.* into v_return from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.status <> 'refused';
  if not found then
    perform leadgen.check_answer(v_sale, 'returned', v_now);
    insert into leadgen.sale_returns (
      created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
    )
    values (v_now, v_sale.market_id, v_sale.offer_id, v_sale.buyer_id, v_sale.buyer_offer_id, v_sale.id, p_reason,
      (select v_note from leadgen.leads l where l.id = v_sale.lead_id and l.market_id = v_sale.market_id and l.erased_at is null),
      'operator', 'received')
    returning * into v_return;
  end if;
  perform leadgen.approve_return(v_return, v_sale, session_user, null, v_now);
  return 'returned';
end;
$$;
comment on function leadgen.return_sale(bigint, text, text) is
  'The operator takes a sale back, whatever the buyer''s quota: its place is free again and the lead goes on as the policy says. Once returned it stays so; LG400 for a reason that there is not, LG409 when it is too late or the sale has ended, LG404 when there is none.';
