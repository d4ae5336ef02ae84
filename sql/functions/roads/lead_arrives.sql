-- Road: a lead arrives.

create or replace function roads.submit_lead(payload jsonb, context jsonb default '{}', p_waits boolean default true)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_request constant intake.lead_request := intake.read_request(payload, context);
begin
  return roads.take_lead(v_request, intake.find_route(v_request), payload, context, p_waits);
end;
$$;
comment on function roads.submit_lead(jsonb, jsonb, boolean) is 'The work of leadgen.submit_lead.';

create or replace function roads.submit_leads(p_payloads jsonb[], p_contexts jsonb[], p_waits boolean)
returns setof jsonb
language plpgsql
volatile
as $$
-- All locks are taken before the first lead; each lead is a subtransaction, so that what one raises undoes that one.
-- A lead that waits (lock_timeout) or takes long keeps the others waiting: the batch ends, and the caller goes on.
-- Only the first lead waits for a buyer's row: nobody waits for one with another in hand.
declare
  v_count constant integer := cardinality(p_payloads);
  v_answers jsonb[] := array_fill(null::jsonb, array[v_count]);
  v_requests intake.lead_request[];
  v_routes catalog.route[];
  v_route catalog.route;
  v_offers bigint[] := array_fill(null::bigint, array[v_count]);
  v_keys integer[];
  v_contacts integer[] := '{}';
  v_locked bigint[];
  v_end timestamptz;
  v_is_first boolean := true;
  v_detail text;
  v_hint text;
begin
  for v_n in 1 .. v_count loop
    begin
      v_requests[v_n] := intake.read_request(p_payloads[v_n], p_contexts[v_n]);
      v_route := intake.find_route(v_requests[v_n]);
      v_routes[v_n] := v_route;
      if v_route.failed_step is not null then
        v_answers[v_n] := '{"status": "alone"}'; -- quarantine locks a row, and rows come after all offers
        continue;
      end if;
      if market.locks_contacts(v_route) then
        v_keys := market.list_contact_keys(intake.normalize_request(v_requests[v_n], v_route));
        if p_waits then
          v_contacts := v_contacts || v_keys;
        elsif not market.try_lock_contacts(v_keys) then
          v_answers[v_n] := roads.answer_busy(v_route.offer_id);
          continue;
        end if;
      end if;
      v_offers[v_n] := v_route.offer_id;
    exception
      when others then
        get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
        v_answers[v_n] := roads.answer_fault(sqlstate, sqlerrm, v_detail, v_hint);
        if v_answers[v_n] is null then
          raise;
        end if;
    end;
  end loop;
  perform market.lock_contacts(v_contacts);
  v_locked := market.lock_free_offers(v_offers, p_waits);

  v_end := clock_timestamp() + interval '1 second';
  for v_n in 1 .. v_count loop
    continue when v_answers[v_n] is not null;
    if v_offers[v_n] <> all (v_locked) or clock_timestamp() > v_end then
      v_answers[v_n] := roads.answer_busy(v_offers[v_n]);
      continue;
    end if;
    begin
      v_answers[v_n] := roads.take_lead(
        v_requests[v_n], v_routes[v_n], p_payloads[v_n], p_contexts[v_n], p_waits and v_is_first);
      v_is_first := false;
    exception
      when others then
        get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
        v_answers[v_n] := roads.answer_fault(sqlstate, sqlerrm, v_detail, v_hint);
        if v_answers[v_n] is null then
          raise;
        end if;
    end;
  end loop;
  return query select u from unnest(v_answers) u;
end;
$$;
comment on function roads.submit_leads(jsonb[], jsonb[], boolean) is 'The work of leadgen.submit_leads.';

create or replace function roads.answer_busy(p_offer_id bigint)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object('status', 'busy', 'offer_id', p_offer_id);
end;
$$;
comment on function roads.answer_busy(bigint) is
  'The answer to a lead that has to come again, because somebody holds its offer, its contact or its buyer.';

create or replace function roads.answer_fault(p_sqlstate text, p_message text, p_detail text, p_hint text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case
    when kernel.is_passing_fault(p_sqlstate) then null
    when p_sqlstate in ('LG400', 'LG401', 'LG403', 'LG422') then jsonb_build_object(
      'status', 'refused', 'sqlstate', p_sqlstate, 'message', p_message, 'detail', p_detail, 'hint', p_hint)
    else '{"status": "alone"}'
  end;
end;
$$;
comment on function roads.answer_fault(text, text, text, text) is
  'What submit_leads answers for a lead that raised: refused, with the error, or alone, because the lead has to be '
  'sent by itself. Null: the error is the server''s, and ends the batch.';

create or replace function roads.take_lead(
  p_request intake.lead_request,
  p_route catalog.route,
  p_payload jsonb,
  p_context jsonb,
  p_waits boolean,
  p_lead_id bigint default null
)
returns jsonb
language plpgsql
volatile
as $$
-- The road of one lead. Everything up to the lock is reading; everything after it sees what the previous lead of this
-- offer left behind, and the catalogue as it is now: p_route may be older than the lock. The lead is inserted once,
-- when all is decided.
declare
  v_route catalog.route;
  v_facts kernel.lead_facts;
  v_failures kernel.failure[];
  v_snapshot kernel.snapshot;
  v_decision kernel.decision;
  v_funds record;
  v_went_first bigint[];
  v_held bigint[];
  v_hash bytea;
  v_now timestamptz;
  v_key text;
  v_is_paid boolean := false;
  v_lead_id bigint;
  v_answer jsonb;
begin
  if p_route.failed_step is not null then
    return intake.turn_away(p_request, p_route, p_payload, p_context);
  end if;
  v_facts := intake.normalize_request(p_request, p_route);
  v_hash := intake.hash_submission(p_payload);
  v_answer := intake.ask_caller(p_request, v_facts, p_route, p_payload, p_context);
  if v_answer is not null then
    return v_answer;
  end if;

  if not market.lock_offer(v_facts, p_route, p_waits) then
    return roads.answer_busy(p_route.offer_id);
  end if;
  v_route := roads.reload_route(p_route);
  v_now := leadgen.clock();
  v_key := coalesce(
    p_request.idempotency_key, intake.derive_idempotency_key(v_facts, v_route, v_now, p_request.hash_key));
  v_facts := intake.gather_facts(v_facts, v_route, p_request.ip_address, v_key, v_now);
  if v_facts.existing_lead_id is not null then
    return intake.repeat_answer(v_facts.existing_lead_id, v_hash, p_request);
  end if;

  v_failures := rules.judge_lead(v_facts, v_route.validation_rules, v_route.compiled_rules);
  if v_failures = '{}' then
    v_snapshot := market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), '{}');
    if v_snapshot.behind_lead_id is not null then
      v_snapshot := roads.let_held_leads_go_first(v_facts, v_route, kernel.describe_lead(v_facts));
    end if;
    loop
      v_decision := kernel.decide(v_snapshot, v_route.routing_settings);
      v_funds := billing.take_funds(v_snapshot, v_decision, p_waits);
      exit when v_funds.outcome = 'enough';
      if v_funds.outcome = 'busy' then
        return roads.answer_busy(p_route.offer_id);
      end if;
      v_held := v_held || v_funds.held;
      v_went_first := v_snapshot.went_first;
      v_snapshot := billing.mark_held(
        market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), '{}'), v_held);
      v_snapshot.went_first := v_went_first;
    end loop;
    v_snapshot.balances := v_funds.balances;
    v_snapshot.credits := v_funds.credits;
    perform market.reserve(v_snapshot, v_decision, v_route);
    v_is_paid := billing.is_paid_at_once(v_snapshot, v_decision, (v_route.routing_settings).acceptance);
  end if;

  v_lead_id := coalesce(p_lead_id, nextval('leadgen.leads_id_seq'));
  v_answer := intake.compose_answer(v_lead_id, v_route, v_failures, v_decision);
  perform intake.insert_lead(
    v_lead_id, p_request, v_facts, v_route, v_key, v_hash, p_payload, v_answer, v_failures, v_decision, v_is_paid);
  if v_failures = '{}' then
    perform roads.record_sales(v_lead_id, 1, v_route, v_snapshot, v_decision);
  end if;
  return v_answer;
end;
$$;
comment on function roads.take_lead(intake.lead_request, catalog.route, jsonb, jsonb, boolean, bigint) is
  'What becomes of a lead whose source and offer are known: it is turned away, answered as before, or validated, '
  'routed, priced and stored. p_lead_id: the id of a lead that is undone afterwards; null: the next one.';

create or replace function roads.reload_route(p_route catalog.route)
returns catalog.route
language plpgsql
stable
as $$
-- An edit made while the lead waited for its offer counts: zone, policies and what is active are read again.
declare
  v_route constant catalog.route := catalog.load_route(p_route.source_id, p_route.offer_id);
begin
  if v_route.failed_step is not null
    or (market.locks_contacts(v_route) and market.locks_contacts(p_route) is not true) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'the offer was changed while the lead waited for it',
      hint = 'Send the same lead again.';
  end if;
  return v_route;
end;
$$;
comment on function roads.reload_route(catalog.route) is
  'The route of a lead as it is under the offer''s lock. A serialization failure when the offer takes no leads any '
  'more, or when the contact must be locked first.';
