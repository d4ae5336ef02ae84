create or replace function leadgen.has_more_to_come(p_decision leadgen.lead_decisions)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
      select from leadgen.lead_decisions d
      where d.lead_id = p_decision.lead_id and d.market_id = p_decision.market_id and d.attempt > p_decision.attempt)
    or exists (
      select from leadgen.lead_assignments a
      where a.lead_id = p_decision.lead_id and a.market_id = p_decision.market_id and a.released_at is not null);
end;
$$;
comment on function leadgen.has_more_to_come(leadgen.lead_decisions) is
  'Whether a lead was routed again, or a sale of it given back, after a decision.';
