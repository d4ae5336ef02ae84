create or replace function leadgen.pass_lead_on(
  p_lead leadgen.leads,
  p_outcome leadgen.assignment_outcome,
  p_reason text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- By today's policy, as a held lead is; never when it was erased. The next attempt is route_held_lead's. What the buyer
-- wrote stays with the sale: reports show a lead's reason.
declare
  v_settings leadgen.routing_settings;
  v_is_live boolean;
  v_was_returned boolean;
  v_released integer;
  v_is_offered boolean;
begin
  select (p.compiled_config).* into v_settings
  from leadgen.offers o
  join leadgen.routing_policies p on p.id = o.routing_policy_id
  where o.id = p_lead.offer_id;
  select coalesce(bool_or(a.released_at is null), false), bool_or(a.outcome = 'returned'), count(a.released_at)
  into v_is_live, v_was_returned, v_released
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id;
  v_is_offered := p_lead.erased_at is null and v_released <= v_settings.max_reroutes
    and case p_outcome when 'returned' then v_settings.reroutes_on_return else v_settings.reroutes_on_failure end;

  update leadgen.leads l
  set
    updated_at = p_now,
    hold_until = case when v_is_offered then p_now + v_settings.hold_hours * interval '1 hour' else l.hold_until end,
    next_route_at = case when v_is_offered then p_now else l.next_route_at end,
    unsold_reason = case when v_is_live then l.unsold_reason else p_reason end,
    status = case
      when v_is_live then l.status
      when v_is_offered or l.hold_until is not null or not v_was_returned then 'validated'
      else 'rejected'
    end::leadgen.lead_status
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
  update leadgen.leads l
  set rejected_at = p_now, rejection_reason = p_reason
  where l.id = p_lead.id and l.market_id = p_lead.market_id and l.status = 'rejected';
end;
$$;
comment on function leadgen.pass_lead_on(leadgen.leads, leadgen.assignment_outcome, text, timestamptz) is
  'What becomes of a lead when a sale of it ended: offered to the next buyer, kept by those who still have it, rejected when it was returned, or left unsold.';
