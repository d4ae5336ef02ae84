-- The stored lead, its idempotency key and its answer.

create or replace function intake.insert_lead(
  p_lead_id bigint,
  p_request intake.lead_request,
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_key text,
  p_hash bytea,
  p_payload jsonb,
  p_answer jsonb,
  p_failures kernel.failure[],
  p_decision kernel.decision,
  p_is_paid boolean
)
returns void
language plpgsql
volatile
as $$
-- The lead is written once, as it was decided; p_decision is null for a lead that failed validation. Who has a digest
-- key has brought the sealed text (ask_caller), and nothing is stored clear.
declare
  v_is_valid constant boolean := p_failures = '{}';
  v_is_held constant boolean := p_decision.is_held is true;
  v_hold_until constant timestamptz :=
    p_facts.decided_at + (p_route.routing_settings).hold_hours * interval '1 hour';
begin
  if p_request.hash_key is not null then
    p_request.sealed := intake.find_blob(p_request, p_facts);
    p_facts := intake.hide_contact(p_facts);
    p_hash := intake.digest_request(p_hash, p_request.hash_key);
    p_payload := null;
  end if;
  insert into leadgen.leads (
    id, created_at, market_id, vertical_id, offer_id, source_id, idempotency_key, request_hash,
    source, name, email, phone, country_code, postal_code, city, region_code, message, attributes,
    consent, gdpr_consent, consent_at, consent_certificate_url,
    status, validation_reason, rejected_at, unsold_reason, hold_until, next_route_at,
    validation_policy_id, validation_policy_version,
    routing_policy_id, routing_policy_version, pricing_policy_id, pricing_policy_version,
    buyer_id, price, utm_source, utm_medium, utm_campaign, landing_url, ip_address, user_agent, submitted, answer,
    signals, phone_extension, tracking, intake_notes, billing_status, billed_at, paid_at, sealed, seal_due
  )
  overriding system value
  values (
    p_lead_id, p_facts.decided_at, p_route.market_id, p_route.vertical_id, p_route.offer_id, p_route.source_id,
    p_key, p_hash,
    coalesce(p_request.source, 'landing_page'), coalesce(p_facts.name, ''), left(coalesce(p_facts.email, ''), 200),
    coalesce(p_facts.phone, ''), p_facts.country_code, coalesce(p_facts.postal_code, ''), p_facts.city,
    p_facts.region_code, p_facts.message, p_facts.attributes,
    p_facts.consent, p_facts.gdpr_consent, p_facts.consent_at, p_facts.consent_certificate_url,
    case when v_is_valid then 'validated' else 'rejected' end::leadgen.lead_status,
    left((p_failures[1]).reason, 500),
    case when not v_is_valid then p_facts.decided_at end,
    p_decision.unsold_reason,
    case when v_is_held then v_hold_until end,
    case when v_is_held then least(p_decision.next_route_at, v_hold_until) end,
    p_route.validation_policy_id, p_route.validation_policy_version,
    case when v_is_valid then p_route.routing_policy_id end,
    case when v_is_valid then p_route.routing_policy_version end,
    case when v_is_valid then p_route.pricing_policy_id end,
    case when v_is_valid then p_route.pricing_policy_version end,
    p_decision.buyers[1], (p_decision.prices[1]).amount,
    p_request.utm_source, p_request.utm_medium, p_request.utm_campaign, p_request.landing_url, p_request.ip_address,
    p_request.user_agent, case when p_request.notes is null then p_payload - 'attributes' else p_payload end, p_answer,
    (
      p_facts.phone_country, p_facts.phone_region, p_facts.email_is_disposable,
      p_facts.duplicate_lead_id, p_facts.duplicate_created_at, p_facts.duplicate_field,
      p_facts.latitude, p_facts.longitude, p_facts.local_minute, p_facts.is_suppressed, p_facts.mail_status,
      p_facts.ip_count, p_facts.phone_count, p_facts.reading, p_facts.city_key, p_facts.suppressing_buyers,
      p_facts.suppressed_by, p_facts.form_status, p_facts.form_issued_at,
      p_facts.local_timezone, p_facts.line_types
    )::kernel.lead_signals,
    p_facts.phone_extension,
    p_request.tracking,
    case when length(p_request.postal_code) = 5 and p_facts.postal_city is null then p_request.notes
      else intake.list_notes(p_request, p_facts) end,
    case when p_is_paid then 'paid' else 'pending' end::leadgen.billing_status,
    case when p_is_paid then p_facts.decided_at end,
    case when p_is_paid then p_facts.decided_at end,
    p_request.sealed,
    case when p_facts.seals and p_request.sealed is null then true end
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
comment on function intake.insert_lead(
  bigint, intake.lead_request, kernel.lead_facts, catalog.route, text, bytea, jsonb, jsonb, kernel.failure[],
  kernel.decision, boolean) is
  'Stores a lead with its verdict; p_is_paid: its buyers have paid for it. A key taken meanwhile through another offer '
  'is a serialization failure: the whole call is to be repeated.';

create or replace function intake.derive_idempotency_key(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_now timestamptz,
  p_hash_key bytea
)
returns text
language plpgsql
immutable
as $$
begin
  return 'auto:' || encode(intake.digest_request(sha256(convert_to(jsonb_build_array(
    p_route.source_id, p_facts.name, p_facts.email, p_facts.phone, p_facts.postal_code, p_facts.message,
    p_facts.attributes, p_facts.country_code, p_facts.region_code, p_facts.city, p_facts.consent, p_facts.gdpr_consent,
    kernel.write_instant(p_facts.consent_at), p_facts.consent_certificate_url,
    (p_now at time zone p_route.timezone)::date
  )::text, 'UTF8')), p_hash_key), 'hex');
end;
$$;
comment on function intake.derive_idempotency_key(kernel.lead_facts, catalog.route, timestamptz, bytea) is
  'The key of a lead that came without one: the same source, contact, place, message, attributes and consent on the '
  'market''s same day are one lead; who corrects what a rule judges sends another.';

create or replace function intake.compose_answer(
  p_lead_id bigint,
  p_route catalog.route,
  p_failures kernel.failure[],
  p_decision kernel.decision
)
returns jsonb
language plpgsql
immutable
as $$
-- The sum is a call of its own: most sales are exclusive, and a query in this expression would make it one.
declare
  v_is_sold constant boolean := cardinality(p_decision.winners) > 0;
begin
  if p_failures <> '{}' then
    return jsonb_build_object(
      'lead_id', p_lead_id,
      'status', 'rejected',
      'outcome', 'rejected',
      'reason', (p_failures[1]).reason,
      'message', 'Lead did not pass validation',
      'errors', to_jsonb(p_failures)
    );
  end if;
  return jsonb_build_object(
    'lead_id', p_lead_id,
    'status', 'accepted',
    'outcome', case when v_is_sold then 'sold' when p_decision.is_held then 'held' else 'rejected' end,
    'message', case
      when v_is_sold then 'Lead qualified and queued for delivery'
      when p_decision.is_held then 'Lead qualified; no buyer can take it now, it is held and offered again'
      else 'Lead qualified; no buyer can take it now'
    end,
    'buyer_id', case when p_route.disclose_buyer then p_decision.buyers[1] end,
    'offer_id', p_route.offer_id,
    'price', case when p_route.disclose_buyer then (p_decision.prices[1]).amount end,
    'total_price', case
      when not p_route.disclose_buyer then null
      when cardinality(p_decision.prices) > 1 then intake.add_prices(p_decision.prices)
      else (p_decision.prices[1]).amount
    end
  );
end;
$$;
comment on function intake.compose_answer(bigint, catalog.route, kernel.failure[], kernel.decision) is
  'What the sender is told: accepted, with the first buyer and price and the total of all prices (hidden where the '
  'source may not know), or rejected with every failure. outcome: sold, held, or rejected by the rules or because no '
  'buyer takes it.';

create or replace function intake.add_prices(p_prices kernel.price[])
returns numeric
language plpgsql
immutable
as $$
begin
  return (select sum(p.amount) from unnest(p_prices) p);
end;
$$;
comment on function intake.add_prices(kernel.price[]) is 'What all buyers of a shared lead pay together.';

create or replace function intake.repeat_answer(
  p_lead_id bigint,
  p_hash bytea,
  p_request intake.lead_request
)
returns jsonb
language plpgsql
stable
as $$
-- The first lead may be clear or sealed. Who has no digest key cannot compare with a sealed one, and is answered.
declare
  v_answer jsonb;
  v_hash bytea;
  v_is_sealed boolean;
begin
  select l.answer, l.request_hash, l.sealed is not null into v_answer, v_hash, v_is_sealed
  from leadgen.leads l where l.id = p_lead_id;
  if p_request.idempotency_key is not null
    and v_hash not in (p_hash, intake.digest_request(p_hash, p_request.hash_key))
    and (p_request.hash_key is not null or not v_is_sealed) then
    perform kernel.refuse('LG422', 'The idempotency key was used for another lead', 'idempotency_key',
      'a key whose first lead had another body', 'the same body, or a new key');
  end if;
  return v_answer || '{"repeated": true}';
end;
$$;
comment on function intake.repeat_answer(bigint, bytea, intake.lead_request) is
  'The answer a lead''s sender got first, marked as repeated; LG422 when the same key comes with another body.';
