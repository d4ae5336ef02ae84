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
  v_decision leadgen.decision;
  v_position integer;
begin
  v_decision.decided_at := p_facts.decided_at;
  v_decision.settings := p_route.routing_settings;
  v_decision.exclusivity := leadgen.gather_exclusivity(p_facts, p_route, v_decision.settings);
  v_decision.candidates := leadgen.gather_candidates(p_facts, p_route, p_buyers_with_lead);
  v_decision.verdict := leadgen.reach_verdict(
    v_decision.candidates, v_decision.settings, v_decision.exclusivity, v_decision.decided_at);
  v_decision.winners := leadgen.reserve_winners(
    v_decision.candidates, v_decision.verdict, v_decision.settings, p_route.market_id, v_decision.decided_at);

  foreach v_position in array v_decision.winners loop
    v_decision.prices := v_decision.prices || leadgen.price_sale(
      (v_decision.candidates[v_position]).base_price,
      p_route.currency,
      (v_decision.candidates[v_position]).buyer_id = (v_decision.verdict).exclusive_buyer_id,
      p_route.pricing_rules);
  end loop;

  if v_decision.winners = '{}' then
    v_decision.unsold_reason := leadgen.describe_unsold((v_decision.verdict).reasons);
    v_decision.is_held := 'hold' = case
      when (v_decision.verdict).exclusive_buyer_id is null then (v_decision.settings).on_no_buyer
      else (v_decision.settings).when_unavailable
    end;
  end if;
  return v_decision;
end;
$$;
comment on function leadgen.route_lead(leadgen.lead_facts, leadgen.route, bigint[]) is
  'One routing attempt: finds the buyers, takes their capacity and prices the sales. Records nothing itself (see record_decision).';
