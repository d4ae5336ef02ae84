create or replace function leadgen.name_policies(p_lead leadgen.leads)
returns leadgen.lead_decisions
language plpgsql
stable
as $$
declare
  v_route constant leadgen.route := leadgen.load_route(p_lead.source_id, p_lead.offer_id);
  v_decision leadgen.lead_decisions;
begin
  v_decision.routing_policy_id := v_route.routing_policy_id;
  v_decision.routing_policy_version := v_route.routing_policy_version;
  v_decision.pricing_policy_id := v_route.pricing_policy_id;
  v_decision.pricing_policy_version := v_route.pricing_policy_version;
  return v_decision;
end;
$$;
comment on function leadgen.name_policies(leadgen.leads) is
  'The policies that would route and price a lead now, for one that history never routed.';
