create or replace function leadgen.insert_lead(
  p_lead_id bigint,
  p_request leadgen.lead_request,
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_key text,
  p_hash bytea,
  p_payload jsonb,
  p_answer jsonb,
  p_failures leadgen.failure[],
  p_decision leadgen.decision
)
returns void
language plpgsql
volatile
as $$
-- The lead is written once, as it was decided; p_decision is null for a lead that failed validation.
declare
  v_is_valid constant boolean := p_failures = '{}';
  v_is_held constant boolean := p_decision.is_held is true;
begin
  insert into leadgen.leads (
    id, created_at, market_id, vertical_id, offer_id, source_id, idempotency_key, request_hash,
    source, name, email, phone, country_code, postal_code, city, region_code, message, attributes,
    consent, gdpr_consent, consent_at, consent_certificate_url,
    status, validation_reason, rejected_at, unsold_reason, hold_until, next_route_at,
    validation_policy_id, validation_policy_version, routing_policy_version, pricing_policy_version,
    buyer_id, price, utm_source, utm_medium, utm_campaign, landing_url, ip_address, user_agent, submitted, answer,
    signals
  )
  overriding system value
  values (
    p_lead_id, p_facts.decided_at, p_route.market_id, p_route.vertical_id, p_route.offer_id, p_route.source_id, p_key, p_hash,
    coalesce(p_request.source, 'landing_page'), coalesce(p_facts.name, ''), left(coalesce(p_facts.email, ''), 200), coalesce(p_facts.phone, ''),
    p_facts.country_code, coalesce(p_facts.postal_code, ''), p_facts.city, p_facts.region_code, p_facts.message, p_facts.attributes,
    p_facts.consent, p_facts.gdpr_consent, p_facts.consent_at, p_facts.consent_certificate_url,
    case when v_is_valid then 'validated' else 'rejected' end::leadgen.lead_status,
    left((p_failures[1]).reason, 500),
    case when not v_is_valid then p_facts.decided_at end,
    p_decision.unsold_reason,
    case when v_is_held then p_facts.decided_at + (p_decision.settings).hold_hours * interval '1 hour' end,
    case when v_is_held then
      least(p_decision.next_route_at, p_facts.decided_at + (p_decision.settings).hold_hours * interval '1 hour') end,
    p_route.validation_policy_id, p_route.validation_policy_version,
    case when v_is_valid then p_route.routing_policy_version end,
    case when v_is_valid then p_route.pricing_policy_version end,
    (p_decision.candidates[p_decision.winners[1]]).buyer_id, (p_decision.prices[1]).amount,
    p_request.utm_source, p_request.utm_medium, p_request.utm_campaign, p_request.landing_url, p_request.ip_address,
    p_request.user_agent, p_payload, p_answer,
    (
      p_facts.phone_country, p_facts.phone_region, p_facts.email_is_disposable,
      p_facts.duplicate_lead_id, p_facts.duplicate_created_at, p_facts.duplicate_field,
      p_facts.latitude, p_facts.longitude, p_facts.local_minute, p_facts.is_suppressed, p_facts.mail_status,
      p_facts.ip_count, p_facts.phone_count
    )::leadgen.lead_signals
  )
  on conflict on constraint leads_idempotency_unique_per_source do nothing;
  if not found then
    raise exception using
      errcode = 'serialization_failure',
      message = 'the same idempotency key was taken by another transaction',
      hint = 'Send the same lead again: it gets the answer of the first.';
  end if;
end;
$$;
comment on function leadgen.insert_lead(bigint, leadgen.lead_request, leadgen.lead_facts, leadgen.route, text, bytea, jsonb, jsonb, leadgen.failure[], leadgen.decision) is
  'Stores a lead with its verdict. A key taken meanwhile through another offer is a serialization failure: the whole call is to be repeated.';
