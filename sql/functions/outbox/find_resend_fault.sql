create or replace function leadgen.find_resend_fault(p_delivery leadgen.deliveries, p_endpoint leadgen.endpoints)
returns text
language plpgsql
stable
as $$
-- The words are counted by reason in replays.skipped_for: they hold no ids and nothing of a lead.
declare
  v_sale leadgen.lead_assignments;
begin
  if p_delivery.status = 'cancelled' then
    return 'it was cancelled';
  end if;
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.id = p_delivery.assignment_id and a.market_id = p_delivery.market_id;
  return case
    when (select l.erased_at from leadgen.leads l where l.id = p_delivery.lead_id and l.market_id = p_delivery.market_id) is not null
      then 'its lead was erased'
    when v_sale.outcome = 'returned' then 'its sale was returned'
    when v_sale.released_at is not null or v_sale.release_reason is not null then 'its sale has ended'
    when v_sale.acceptance = 'explicit' and v_sale.accepted_at is null and v_sale.answer_by <= leadgen.clock()
      then 'the time to accept its sale has ended'
    when p_endpoint.id is null then 'the buyer no longer takes leads by ' || p_delivery.channel
    when p_endpoint.disabled_at is not null then 'its endpoint is disabled'
  end;
end;
$$;
comment on function leadgen.find_resend_fault(leadgen.deliveries, leadgen.endpoints) is
  'Why a delivery cannot be sent (again) to an endpoint, in words; null: it can.';
