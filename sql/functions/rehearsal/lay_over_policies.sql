create or replace function leadgen.lay_over_policies(
  p_rehearsal leadgen.rehearsal,
  p_lead leadgen.leads,
  p_decision leadgen.lead_decisions,
  inout p_laid leadgen.laid_policies
)
language plpgsql
stable
as $$
-- Compiled once for each version that judged a lead, not once a lead.
declare
  v_body jsonb;
begin
  if p_rehearsal.validation is not null
    and (p_laid.validation_id, p_laid.validation_version) is distinct from (p_lead.validation_policy_id, p_lead.validation_policy_version) then
    p_laid.validation_id := p_lead.validation_policy_id;
    p_laid.validation_version := p_lead.validation_policy_version;
    p_laid.rules := leadgen.lay_over(
      leadgen.find_policy_body('validation', p_laid.validation_id, p_laid.validation_version), p_rehearsal.validation);
    p_laid.compiled_rules := leadgen.compile_rules(p_laid.rules);
  end if;
  if p_rehearsal.routing is not null
    and (p_laid.routing_id, p_laid.routing_version) is distinct from (p_decision.routing_policy_id, p_decision.routing_policy_version) then
    p_laid.routing_id := p_decision.routing_policy_id;
    p_laid.routing_version := p_decision.routing_policy_version;
    v_body := leadgen.find_policy_body('routing', p_laid.routing_id, p_laid.routing_version);
    p_laid.first_max_buyers := (leadgen.read_routing_config(v_body)).max_buyers;
    p_laid.settings := leadgen.read_routing_config(leadgen.lay_over(v_body, p_rehearsal.routing));
  end if;
  if p_rehearsal.reprices and (p_laid.pricing_is_read is not true
    or (p_laid.pricing_id, p_laid.pricing_version) is distinct from (p_decision.pricing_policy_id, p_decision.pricing_policy_version)) then
    p_laid.pricing_is_read := true;
    p_laid.pricing_id := p_decision.pricing_policy_id;
    p_laid.pricing_version := p_decision.pricing_policy_version;
    p_laid.pricing := leadgen.compile_pricing(leadgen.lay_over(
      coalesce(leadgen.find_policy_body('pricing', p_laid.pricing_id, p_laid.pricing_version), '{}'), p_rehearsal.pricing));
  end if;
end;
$$;
comment on function leadgen.lay_over_policies(leadgen.rehearsal, leadgen.leads, leadgen.lead_decisions, leadgen.laid_policies) is
  'The policies that judged a lead with a rehearsal''s keys laid over them, compiled; as they were when the versions are the same.';
