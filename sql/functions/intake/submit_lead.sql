create or replace function leadgen.submit_lead(payload jsonb, context jsonb default '{}')
returns jsonb
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
-- The road of one lead. Everything up to the lock is reading; everything after it sees what the previous lead of this
-- offer left behind; the lead is inserted once, when all is decided.
-- The settings: every statement below is a few probes by key; statistics of a small or new table must not talk the
-- planner into scans and hash joins that grow with history.
declare
  v_request leadgen.lead_request;
  v_route leadgen.route;
  v_facts leadgen.lead_facts;
  v_failures leadgen.failure[];
  v_decision leadgen.decision;
  v_hash bytea;
  v_mail_domain text;
  v_now timestamptz;
  v_key text;
  v_lead_id bigint;
  v_answer jsonb;
begin
  v_request := leadgen.read_request(payload, context);
  v_route := leadgen.find_route(v_request);
  if v_route.failed_step is not null then
    return leadgen.turn_away(v_request, v_route, payload, context);
  end if;
  v_facts := leadgen.normalize_request(v_request, v_route);
  v_hash := leadgen.hash_submission(payload);
  v_mail_domain := leadgen.needs_mail_lookup(v_facts, v_route, context);
  if v_mail_domain is not null then
    return jsonb_build_object('status', 'lookup', 'domain', v_mail_domain);
  end if;

  perform leadgen.lock_offer(v_facts, v_route);
  v_now := leadgen.clock();
  v_key := coalesce(v_request.idempotency_key, leadgen.derive_idempotency_key(v_facts, v_route, v_now));
  v_facts := leadgen.gather_facts(v_facts, v_route, v_request.ip_address, v_key, v_now);
  if v_facts.existing_lead_id is not null then
    return leadgen.replay_answer(v_facts.existing_lead_id, v_hash, v_request.idempotency_key is null);
  end if;

  v_failures := leadgen.judge_lead(v_facts, v_route.validation_rules, v_route.compiled_rules);
  if v_failures = '{}' then
    v_decision := leadgen.route_lead(v_facts, v_route, '{}');
  end if;

  v_lead_id := nextval('leadgen.leads_id_seq');
  v_answer := leadgen.compose_answer(v_lead_id, v_route, v_failures, v_decision);
  perform leadgen.insert_lead(v_lead_id, v_request, v_facts, v_route, v_key, v_hash, payload, v_answer, v_failures, v_decision);
  if v_failures = '{}' then
    perform leadgen.record_decision(v_lead_id, 1, v_route, v_decision);
  end if;
  return v_answer;
end;
$$;
comment on function leadgen.submit_lead(jsonb, jsonb) is
  'Takes one lead: resolves, validates, routes, prices, stores it and queues its deliveries, in the caller''s transaction. Returns status accepted, rejected or quarantined, or lookup when the caller can resolve a mail domain and is to do so first; raises LG400, LG401, LG403, LG422 for a malformed call.';
