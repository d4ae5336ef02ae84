create or replace function leadgen.recall_decision(
  p_rehearsal leadgen.rehearsal,
  p_lead leadgen.leads,
  p_decision_id bigint,
  p_at timestamptz
)
returns leadgen.decision
language plpgsql
stable
as $$
-- A lead that history turned down has no decision: it is gathered from the tables as they are.
declare
  v_recorded leadgen.lead_decisions;
  v_route leadgen.route;
  v_facts leadgen.lead_facts;
  v_decision leadgen.decision;
begin
  v_decision.decided_at := p_at;
  if p_decision_id is not null then
    select d.* into v_recorded from leadgen.lead_decisions d where d.id = p_decision_id;
    v_decision.settings := v_recorded.settings;
    v_decision.exclusivity := v_recorded.exclusivity;
    v_decision.candidates := v_recorded.candidates;
    v_decision.offer_load := v_recorded.offer_load;
    v_decision.adjustments := v_recorded.adjustments;
    return v_decision;
  end if;
  v_route := leadgen.load_route(p_lead.source_id, p_rehearsal.offer_id);
  v_facts := leadgen.recall_facts(p_lead, p_rehearsal.country_code);
  v_facts.decided_at := p_at;
  v_facts.buyers_with_contact := leadgen.find_buyers_with_contact(v_facts, v_route, p_lead.id);
  v_decision.settings := v_route.routing_settings;
  v_decision.exclusivity := leadgen.gather_exclusivity(v_facts, v_route, v_decision.settings);
  v_decision.adjustments := leadgen.find_adjustments(v_route.pricing_rules, leadgen.describe_lead(v_facts), v_facts.local_minute);
  v_decision.candidates := leadgen.gather_candidates(
    v_facts, v_route, leadgen.describe_lead(v_facts), (v_decision.exclusivity).buyer_id, v_decision.adjustments, '{}');
  return v_decision;
end;
$$;
comment on function leadgen.recall_decision(leadgen.rehearsal, leadgen.leads, bigint, timestamptz) is
  'What a lead is decided from at a time at which history did not decide about it.';
