create or replace function leadgen.route_lead(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_buyers_with_lead bigint[]
)
returns leadgen.decision
language plpgsql
volatile
as $$
-- gather -> judge -> rank -> reserve, then the price of each sale. The caller holds the offer's lock.
declare
  v_document constant jsonb := leadgen.describe_lead(p_facts);
  v_decision leadgen.decision;
  v_candidate leadgen.candidate;
  v_position integer;
begin
  v_decision.decided_at := p_facts.decided_at;
  v_decision.settings := p_route.routing_settings;
  v_decision.adjustments := leadgen.find_adjustments(p_route.pricing_rules, v_document, p_facts.local_minute);
  v_decision.exclusivity := leadgen.gather_exclusivity(p_facts, p_route, v_decision.settings);
  v_decision.offer_load := leadgen.gather_offer_load(p_route, p_facts.decided_at);
  v_decision.candidates := leadgen.gather_candidates(
    p_facts, p_route, v_document, (v_decision.exclusivity).buyer_id, v_decision.adjustments, p_buyers_with_lead);
  v_decision.verdict := leadgen.reach_verdict(
    v_decision.candidates, v_decision.offer_load, v_decision.settings, v_decision.exclusivity, v_decision.decided_at);
  v_decision.winners := leadgen.reserve_winners(
    v_decision.candidates, v_decision.offer_load, v_decision.verdict, p_route, v_decision.decided_at);

  foreach v_position in array v_decision.winners loop
    v_candidate := v_decision.candidates[v_position];
    v_decision.prices := v_decision.prices || leadgen.price_sale(
      v_candidate.base_price, p_route.currency, v_candidate.buyer_id is not distinct from (v_decision.verdict).exclusive_buyer_id,
      v_decision.adjustments);
  end loop;

  if v_decision.winners = '{}' then
    v_decision.unsold_reason := leadgen.describe_unsold((v_decision.verdict).reasons);
    v_decision.is_held := leadgen.is_to_be_held(v_decision.settings, v_decision.verdict);
    if v_decision.is_held then
      v_decision.next_route_at := leadgen.plan_hold(
        v_decision.candidates, (v_decision.verdict).reasons, v_decision.offer_load, v_decision.decided_at);
    end if;
  end if;
  return v_decision;
end;
$$;
comment on function leadgen.route_lead(leadgen.lead_facts, leadgen.route, bigint[]) is
  'One routing attempt: finds the buyers, takes their capacity and prices the sales. Records nothing itself (see record_decision).';
