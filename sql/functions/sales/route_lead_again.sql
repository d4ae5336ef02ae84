create or replace function leadgen.route_lead_again(p_lead leadgen.leads, p_route leadgen.route, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- A lead that cannot be routed (a policy that raises) is set aside for a while, so that the others flow. After a return
-- only the places that came free are sold again.
declare
  v_route leadgen.route := p_route;
  v_live_sales constant integer := leadgen.count_live_sales(p_lead);
  v_facts leadgen.lead_facts := leadgen.recall_facts(p_lead, p_route.country_code);
  v_decision leadgen.decision;
begin
  if v_live_sales >= (p_route.routing_settings).max_buyers then
    perform leadgen.end_hold(p_lead, p_now);
    return;
  end if;
  v_facts.decided_at := p_now;
  v_facts.local_minute := leadgen.minute_of_week(p_now, p_route.timezone);
  v_facts.buyers_with_contact := leadgen.find_buyers_with_contact(v_facts, p_route, p_lead.id);
  v_route.routing_settings.max_buyers := (p_route.routing_settings).max_buyers - v_live_sales;
  v_decision := leadgen.route_lead(v_facts, v_route, array(
    select a.buyer_id from leadgen.lead_assignments a where a.lead_id = p_lead.id and a.market_id = p_lead.market_id));
  perform leadgen.record_decision(
    p_lead.id,
    (select max(d.attempt) + 1 from leadgen.lead_decisions d where d.lead_id = p_lead.id and d.market_id = p_lead.market_id),
    v_route, v_decision);
  update leadgen.leads l
  set
    updated_at = p_now,
    buyer_id = coalesce(l.buyer_id, (v_decision.candidates[v_decision.winners[1]]).buyer_id),
    price = coalesce(l.price, (v_decision.prices[1]).amount),
    unsold_reason = case when v_live_sales = 0 then v_decision.unsold_reason end,
    hold_until = case when v_decision.is_held then l.hold_until end,
    next_route_at = case when v_decision.is_held then least(l.hold_until, v_decision.next_route_at) end,
    routing_policy_version = p_route.routing_policy_version,
    pricing_policy_version = p_route.pricing_policy_version
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
  if v_decision.is_held is false then
    perform leadgen.end_hold(p_lead, p_now);
  end if;
exception
  when deadlock_detected then
    raise;
  when query_canceled or others then
    raise warning 'held lead % was not routed: %', p_lead.id, sqlstate;
    perform leadgen.put_off_lead(p_lead, p_now + interval '5 minutes', p_now);
end;
$$;
comment on function leadgen.route_lead_again(leadgen.leads, leadgen.route, timestamptz) is
  'One more routing attempt for a stored lead, recorded like its first. The caller holds the offer''s lock and the lead''s row.';
