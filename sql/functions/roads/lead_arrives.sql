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
  v_snapshot kernel.snapshot;
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
    v_snapshot := market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), '{}');
    v_decision := kernel.decide(v_snapshot, v_route.routing_settings);
    perform market.reserve(v_snapshot, v_decision, v_route);
  end if;

  v_lead_id := nextval('leadgen.leads_id_seq');
  v_answer := intake.compose_answer(v_lead_id, v_route, v_failures, v_decision);
  perform intake.insert_lead(v_lead_id, v_request, v_facts, v_route, v_key, v_hash, payload, v_answer, v_failures, v_decision);
  if v_failures = '{}' then
    perform roads.record_sales(v_lead_id, 1, v_route, v_snapshot, v_decision);
  end if;
  return v_answer;
end;
$$;
comment on function roads.submit_lead(jsonb, jsonb) is 'The work of leadgen.submit_lead.';

create or replace function roads.record_sales(
  p_lead_id bigint,
  p_attempt integer,
  p_route catalog.route,
  p_snapshot kernel.snapshot,
  p_decision kernel.decision
)
returns void
language plpgsql
volatile
as $$
declare
  v_decision_id constant bigint := market.record_decision(p_lead_id, p_attempt, p_route, p_snapshot, p_decision);
  v_settings constant kernel.routing_settings := p_route.routing_settings;
  v_now constant timestamptz := p_snapshot.decided_at;
  v_sales bigint[];
  v_enrollments bigint[];
begin
  if p_decision.winners = '{}' then
    return;
  end if;
  with sale as (
    insert into leadgen.lead_assignments (
      created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive,
      price, currency, price_steps, pricing_policy_id, pricing_policy_version, acceptance, answer_by, return_by
    )
    select
      v_now, p_route.market_id, p_lead_id, v_decision_id, p_route.offer_id, w.buyer_id, p_snapshot.enrollments[w.place],
      w.buyer_id is not distinct from p_decision.exclusive_buyer_id, w.price, p_route.currency, w.price_steps,
      p_route.pricing_policy_id, p_route.pricing_policy_version, v_settings.acceptance,
      case when v_settings.acceptance <> 'on_delivery' then v_now + v_settings.acceptance_hours * interval '1 hour' end,
      v_now + interval '1 hour' * case v_settings.acceptance
        when 'auto_after' then v_settings.acceptance_hours
        else coalesce(v_settings.returns_hours, 168) end
    from unnest(p_decision.winners, p_decision.buyers, p_decision.prices) with ordinality
      as w (place, buyer_id, price, price_steps, turn)
    order by w.turn
    returning id, buyer_offer_id
  )
  select array_agg(s.id), array_agg(s.buyer_offer_id) into v_sales, v_enrollments from sale s;
  perform outbox.queue_deliveries(
    p_route.market_id, p_lead_id, v_sales, v_enrollments, v_settings.delivery_timeout_seconds, v_settings.delivery_retry_seconds, v_now);
end;
$$;
comment on function roads.record_sales(bigint, integer, catalog.route, kernel.snapshot, kernel.decision) is
  'Writes the trace of a routing attempt, its sales and their deliveries, and wakes the workers that sleep.';
