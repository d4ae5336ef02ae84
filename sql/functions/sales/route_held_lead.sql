create or replace function leadgen.route_held_lead()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
-- One lead a call, so one lead is one transaction. A held lead keeps its validation; it is routed by today's policy,
-- also when its source was switched off meanwhile, but not while its offer or market is. One that cannot be routed (a
-- policy that raises) is set aside for a while, so that the others flow.
declare
  v_now timestamptz := leadgen.clock();
  v_lead leadgen.leads;
  v_route leadgen.route;
  v_facts leadgen.lead_facts;
  v_decision leadgen.decision;
begin
  select l.* into v_lead
  from leadgen.leads l
  where l.hold_until is not null and l.next_route_at <= v_now
  order by l.next_route_at
  limit 1
  for no key update skip locked;
  if not found then
    return null;
  end if;

  v_route := leadgen.load_route(v_lead.source_id, v_lead.offer_id);
  v_facts.city_key := leadgen.normalize_city(v_lead.city);
  v_facts.postal_patterns := leadgen.match_postal_codes(v_lead.postal_code);
  perform leadgen.lock_offer(v_facts, v_route);
  v_now := leadgen.clock();
  if v_lead.hold_until <= v_now then
    update leadgen.leads
    set hold_until = null, next_route_at = null, updated_at = v_now, unsold_reason = 'hold ended: ' || unsold_reason
    where id = v_lead.id and market_id = v_lead.market_id;
    return v_lead.id;
  elsif v_route.failed_step <> 'source' then
    update leadgen.leads
    set next_route_at = v_now + interval '1 minute', updated_at = v_now
    where id = v_lead.id and market_id = v_lead.market_id;
    return v_lead.id;
  end if;

  begin
    v_facts.decided_at := v_now;
    v_decision := leadgen.route_lead(v_facts, v_route, array(
      select a.buyer_id from leadgen.lead_assignments a where a.lead_id = v_lead.id and a.market_id = v_lead.market_id));
    perform leadgen.record_decision(
      v_lead.id,
      (select max(d.attempt) + 1 from leadgen.lead_decisions d where d.lead_id = v_lead.id and d.market_id = v_lead.market_id),
      v_route, v_decision);
    update leadgen.leads
    set
      updated_at = v_now,
      buyer_id = (v_decision.candidates[v_decision.winners[1]]).buyer_id,
      price = (v_decision.prices[1]).amount,
      unsold_reason = v_decision.unsold_reason,
      hold_until = case when v_decision.unsold_reason is not null then hold_until end,
      next_route_at = case when v_decision.unsold_reason is not null then v_now + interval '1 minute' end,
      routing_policy_version = v_route.routing_policy_version,
      pricing_policy_version = v_route.pricing_policy_version
    where id = v_lead.id and market_id = v_lead.market_id;
  exception
    when serialization_failure or deadlock_detected then
      raise;
    when others then
      raise warning 'held lead % was not routed: %', v_lead.id, sqlstate;
      update leadgen.leads
      set next_route_at = v_now + interval '5 minutes', updated_at = v_now
      where id = v_lead.id and market_id = v_lead.market_id;
  end;
  return v_lead.id;
end;
$$;
comment on function leadgen.route_held_lead() is
  'Routes the held lead that has waited longest past its time; sold, or held on, or its hold ended. Returns its id, null when none is due.';
