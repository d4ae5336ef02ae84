create or replace function leadgen.waits_as_before(p_recorded leadgen.lead_decisions, p_again leadgen.decision)
returns boolean
language plpgsql
immutable
as $$
begin
  return (p_recorded.is_held is true) = p_again.is_held
    and (not p_again.is_held or (p_recorded.settings).hold_hours = (p_again.settings).hold_hours
      and (p_recorded.reasons = (p_again.verdict).reasons or p_recorded.next_route_at = leadgen.plan_hold(
        p_again.candidates, (p_again.verdict).reasons, p_again.offer_load, p_again.decided_at)));
end;
$$;
comment on function leadgen.waits_as_before(leadgen.lead_decisions, leadgen.decision) is
  'Whether a lead that stays unsold in a rehearsal is offered again exactly when it was in history, or not at all as there.';
