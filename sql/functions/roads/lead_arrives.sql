-- Road: a lead arrives.

create or replace function roads.submit_lead(payload jsonb, context jsonb default '{}')
returns jsonb
language plpgsql
volatile
as $$
-- The road of one lead. Everything up to the lock is reading; everything after it sees what the previous lead of this
-- offer left behind; the lead is inserted once, when all is decided.
-- The settings: every statement below is a few probes by key; statistics of a small or new table must not talk the
-- planner into scans and hash joins that grow with history.
declare
  v_request intake.lead_request;
  v_route catalog.route;
  v_facts kernel.lead_facts;
  v_failures kernel.failure[];
  v_decision kernel.decision;
  v_hash bytea;
  v_mail_domain text;
  v_now timestamptz;
  v_key text;
  v_lead_id bigint;
  v_answer jsonb;
begin
  v_request := intake.read_request(payload, context);
  v_route := intake.find_route(v_request);
  if v_route.failed_step is not null then
    return intake.turn_away(v_request, v_route, payload, context);
  end if;
  v_facts := intake.normalize_request(v_request, v_route);
  v_hash := intake.hash_submission(payload);
  v_mail_domain := intake.needs_mail_lookup(v_facts, v_route, context);
  if v_mail_domain is not null then
    return jsonb_build_object('status', 'lookup', 'domain', v_mail_domain);
  end if;

  perform market.lock_offer(v_facts, v_route);
  v_now := leadgen.clock();
  v_key := coalesce(v_request.idempotency_key, intake.derive_idempotency_key(v_facts, v_route, v_now));
  v_facts := intake.gather_facts(v_facts, v_route, v_request.ip_address, v_key, v_now);
  if v_facts.existing_lead_id is not null then
    return intake.replay_answer(v_facts.existing_lead_id, v_hash, v_request.idempotency_key is null);
  end if;

  v_failures := rules.judge_lead(v_facts, v_route.validation_rules, v_route.compiled_rules);
  if v_failures = '{}' then
    v_decision := roads.route_lead(v_facts, v_route, '{}');
  end if;

  v_lead_id := nextval('leadgen.leads_id_seq');
  v_answer := intake.compose_answer(v_lead_id, v_route, v_failures, v_decision);
  perform intake.insert_lead(v_lead_id, v_request, v_facts, v_route, v_key, v_hash, payload, v_answer, v_failures, v_decision);
  if v_failures = '{}' then
    perform roads.record_decision(v_lead_id, 1, v_route, v_decision);
  end if;
  return v_answer;
end;
$$;
comment on function roads.submit_lead(jsonb, jsonb) is 'The work of leadgen.submit_lead.';

create or replace function roads.route_lead(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_buyers_with_lead bigint[]
)
returns kernel.decision
language plpgsql
volatile
as $$
-- gather -> judge -> rank -> reserve, then the price of each sale. The caller holds the offer's lock.
declare
  v_document constant jsonb := kernel.describe_lead(p_facts);
  v_decision kernel.decision;
  v_candidate kernel.candidate;
  v_position integer;
begin
  v_decision.decided_at := p_facts.decided_at;
  v_decision.settings := p_route.routing_settings;
  v_decision.adjustments := kernel.find_adjustments(p_route.pricing_rules, v_document, p_facts.local_minute);
  v_decision.exclusivity := market.gather_exclusivity(p_facts, p_route, v_decision.settings);
  v_decision.offer_load := market.gather_offer_load(p_route, p_facts.decided_at);
  v_decision.candidates := market.gather_candidates(
    p_facts, p_route, v_document, (v_decision.exclusivity).buyer_id, v_decision.adjustments, p_buyers_with_lead);
  v_decision.verdict := kernel.reach_verdict(
    v_decision.candidates, v_decision.offer_load, v_decision.settings, v_decision.exclusivity, v_decision.decided_at);
  v_decision.winners := market.reserve_winners(
    v_decision.candidates, v_decision.offer_load, v_decision.verdict, p_route, v_decision.decided_at);

  foreach v_position in array v_decision.winners loop
    v_candidate := v_decision.candidates[v_position];
    v_decision.prices := v_decision.prices || kernel.price_sale(
      v_candidate.base_price, p_route.currency, v_candidate.buyer_id is not distinct from (v_decision.verdict).exclusive_buyer_id,
      v_decision.adjustments);
  end loop;

  if v_decision.winners = '{}' then
    v_decision.unsold_reason := kernel.describe_unsold((v_decision.verdict).reasons);
    v_decision.is_held := kernel.is_to_be_held(v_decision.settings, v_decision.verdict);
    if v_decision.is_held then
      v_decision.next_route_at := kernel.plan_hold(
        v_decision.candidates, (v_decision.verdict).reasons, v_decision.offer_load, v_decision.decided_at);
    end if;
  end if;
  return v_decision;
end;
$$;
comment on function roads.route_lead(kernel.lead_facts, catalog.route, bigint[]) is
  'One routing attempt: finds the buyers, takes their capacity and prices the sales. Records nothing itself (see record_decision).';

create or replace function roads.record_decision(
  p_lead_id bigint,
  p_attempt integer,
  p_route catalog.route,
  p_decision kernel.decision
)
returns void
language plpgsql
volatile
as $$
declare
  v_decision_id bigint;
  v_candidate kernel.candidate;
  v_price kernel.price;
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
    cross join outbox.list_channels(v_candidate.buyer_id) c
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
    perform outbox.ring_workers();
  end if;
end;
$$;
comment on function roads.record_decision(bigint, integer, catalog.route, kernel.decision) is
  'Writes the trace of a routing attempt, its sales and their deliveries, and wakes the workers that sleep.';
