create or replace function leadgen.end_hold(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- SPEC 3: returned and nobody else took it is rejected; what was never delivered stays unsold.
declare
  v_is_sold constant boolean := leadgen.count_live_sales(p_lead) > 0;
  v_is_returned constant boolean := not v_is_sold and exists (
    select from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.outcome = 'returned');
begin
  update leadgen.leads l
  set
    hold_until = null,
    next_route_at = null,
    updated_at = p_now,
    unsold_reason = case when not v_is_sold then 'hold ended: ' || l.unsold_reason end,
    status = case when v_is_returned then 'rejected' else l.status end,
    rejected_at = case when v_is_returned then p_now else l.rejected_at end,
    rejection_reason = case when v_is_returned then left('returned, and nobody else took it: ' || l.unsold_reason, 500) end
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function leadgen.end_hold(leadgen.leads, timestamptz) is
  'Ends the time in which a lead is offered again: it stays sold to who has it, unsold, or rejected when it was returned and nobody has it.';
