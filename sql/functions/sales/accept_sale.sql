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
begin
  if v_sale.outcome = 'accepted' then
    return v_sale.outcome;
  end if;
  perform leadgen.check_answer(v_sale, '{pending,delivered,unknown}', 'accepted', v_now);
  update leadgen.lead_assignments a
  set outcome = 'accepted', accepted_at = v_now, delivered_at = coalesce(a.delivered_at, v_now), release_reason = null, updated_at = v_now
  where a.id = v_sale.id and a.market_id = v_sale.market_id;
  update leadgen.leads l
  set status = 'accepted', accepted_at = v_now, delivered_at = coalesce(l.delivered_at, v_now), updated_at = v_now
  where l.id = v_sale.lead_id and l.market_id = v_sale.market_id and l.status in ('validated', 'delivered');
  return 'accepted';
end;
$$;
comment on function leadgen.accept_sale(bigint) is
  'The buyer takes a sale. Once accepted it stays so; LG409 when it is too late or the sale has ended, LG404 when there is none.';
