create or replace function leadgen.record_decision(
  p_lead_id bigint,
  p_attempt integer,
  p_route leadgen.route,
  p_decision leadgen.decision
)
returns void
language plpgsql
volatile
as $$
declare
  v_decision_id bigint;
  v_candidate leadgen.candidate;
  v_price leadgen.price;
begin
  insert into leadgen.lead_decisions (
    market_id, lead_id, offer_id, attempt, decided_at,
    routing_policy_id, routing_policy_version, pricing_policy_id, pricing_policy_version,
    settings, exclusivity, candidates, reasons, ranking, exclusive_buyer_id, winners, unsold_reason,
    offer_load, adjustments, is_held, next_route_at
  )
  values (
    p_route.market_id, p_lead_id, p_route.offer_id, p_attempt, p_decision.decided_at,
    p_route.routing_policy_id, p_route.routing_policy_version, p_route.pricing_policy_id, p_route.pricing_policy_version,
    p_decision.settings, p_decision.exclusivity, p_decision.candidates, (p_decision.verdict).reasons, (p_decision.verdict).ranking,
    (p_decision.verdict).exclusive_buyer_id, p_decision.winners, p_decision.unsold_reason,
    p_decision.offer_load, p_decision.adjustments, p_decision.is_held, p_decision.next_route_at
  )
  returning id into v_decision_id;

  for v_index in 1 .. cardinality(p_decision.winners) loop
    v_candidate := p_decision.candidates[p_decision.winners[v_index]];
    v_price := p_decision.prices[v_index];
    with sale as (
      insert into leadgen.lead_assignments (
        created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive,
        price, currency, price_steps, pricing_policy_id, pricing_policy_version, acceptance, answer_by, return_by
      )
      values (
        p_decision.decided_at, p_route.market_id, p_lead_id, v_decision_id, p_route.offer_id,
        v_candidate.buyer_id, v_candidate.buyer_offer_id, v_candidate.buyer_id is not distinct from (p_decision.verdict).exclusive_buyer_id,
        v_price.amount, p_route.currency, v_price.steps, p_route.pricing_policy_id, p_route.pricing_policy_version,
        (p_decision.settings).acceptance,
        case when (p_decision.settings).acceptance <> 'on_delivery' then
          p_decision.decided_at + (p_decision.settings).acceptance_hours * interval '1 hour' end,
        p_decision.decided_at + interval '1 hour' * case (p_decision.settings).acceptance
          when 'auto_after' then (p_decision.settings).acceptance_hours
          else coalesce((p_decision.settings).returns_hours, 168) end
      )
      returning id
    )
    insert into leadgen.deliveries (
      created_at, market_id, lead_id, assignment_id, buyer_id, endpoint_id, channel, target, next_attempt_at, timeout_seconds, retry_seconds
    )
    select
      p_decision.decided_at, p_route.market_id, p_lead_id, sale.id, e.buyer_id, e.id, e.channel, e.target, p_decision.decided_at,
      case e.channel when 'webhook' then (p_decision.settings).delivery_timeout_seconds end,
      (p_decision.settings).delivery_retry_seconds
    from sale
    cross join leadgen.list_channels(v_candidate.buyer_id) c
    join leadgen.endpoints e on e.buyer_id = v_candidate.buyer_id and e.channel = c.channel and e.target = c.target
    where c.buyer_offer_id = v_candidate.buyer_offer_id;
    if not found then
      raise exception using
        errcode = 'serialization_failure',
        message = 'the buyer''s channels changed while the lead was sold to it',
        hint = 'Send the same lead again.';
    end if;
  end loop;

  if p_decision.winners <> '{}' then
    perform leadgen.ring_workers();
  end if;
end;
$$;
comment on function leadgen.record_decision(bigint, integer, leadgen.route, leadgen.decision) is
  'Writes the trace of a routing attempt, its sales and their deliveries, and wakes the workers that sleep.';
