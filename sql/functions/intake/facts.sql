-- What rules judge: the normalised lead and what the tables know of it.

create or replace function intake.normalize_request(p_request intake.lead_request, p_route catalog.route)
returns kernel.lead_facts
language plpgsql
stable
as $$
declare
  v_email constant text := ref.normalize_email(p_request.email);
  v_sent_country constant text := coalesce(p_request.country_code, p_route.country_code);
  v_postal_country constant text := ref.find_postal_country(v_sent_country);
  v_postal_code constant text := ref.normalize_postal_code(
    case when length(p_request.postal_code) <> 5 and v_postal_country = 'US' then ref.restore_zip(p_request.postal_code)
      else p_request.postal_code end, v_postal_country);
  v_country_code constant text := ref.settle_country(v_sent_country, p_route.country_code, v_postal_code);
  v_phone constant ref.phone_number := ref.read_phone(p_request.phone, v_country_code);
  v_facts kernel.lead_facts;
begin
  v_facts := (
    p_request.name,
    v_email,
    nullif(split_part(v_email, '@', -1), ''),
    coalesce(v_phone.e164, left(p_request.phone, 20)),
    v_phone.country_code,
    v_phone.region_code,
    v_country_code,
    case when p_request.region_code is not null then ref.read_region(p_request.region_code, v_postal_country) end,
    v_postal_code,
    case when v_country_code = p_route.country_code then ref.match_postal_codes(v_postal_code) else '{}' end,
    p_request.city,
    case when v_country_code = p_route.country_code then ref.normalize_city(p_request.city) end,
    p_request.message,
    case when p_route.validation_rules ? 'honeypot'
      then intake.drop_honeypot(p_request.attributes, p_route.validation_rules ->> 'honeypot')
      else p_request.attributes end,
    p_request.consent,
    p_request.gdpr_consent,
    p_request.consent_at,
    p_request.consent_certificate_url,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, -- what gather_facts looks up
    v_phone.extension,
    3, -- reading
    null, null, null, -- postal_city, suppressing_buyers, suppressed_by
    p_request.tracking ->> 'form_token',
    case when p_request.api_key_hash is not null then 'keyed' end,
    null, null, -- form_issued_at, local_timezone
    null, null, null, null -- sealed_phone, sealed_email, seals, line_types
  )::kernel.lead_facts;
  if p_request.hash_key is not null then
    v_facts.sealed_phone := ref.seal_phone(v_facts.phone, p_request.hash_key);
    v_facts.sealed_email := ref.seal_email(v_facts.email, p_request.hash_key);
  end if;
  return v_facts;
end;
$$;
comment on function intake.normalize_request(intake.lead_request, catalog.route) is
  'The lead as rules judge it: e-mail, phone and postal code normalised for its country. phone_country null: no valid'
  ' number; postal_patterns empty: another country than the market''s, whose postal codes mean other places.';

create or replace function intake.gather_facts(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_ip_address inet,
  p_key text,
  p_now timestamptz
)
returns kernel.lead_facts
language plpgsql
stable
as $$
-- Reads every table that a rule depends on, after the offer's lock. Rules are pure functions of what this returns.
-- What only some policies ask for is looked up only for them, and what became of a contact's earlier leads only if
-- there are any; whether a mailbox is known is looked up together with what became of its leads.
declare
  v_rules constant jsonb := p_route.validation_rules;
  v_facts kernel.lead_facts := p_facts;
  v_window_hours numeric;
  v_is_known boolean;
  v_duplicate record;
begin
  select
    exists (select from leadgen.leads l where l.phone in (p_facts.phone, p_facts.sealed_phone))
      or exists (select from leadgen.leads l where l.email in (p_facts.email, p_facts.sealed_email)),
    (select l.id from leadgen.leads l where l.source_id = p_route.source_id and l.idempotency_key = p_key),
    exists (
      select from leadgen.disposable_domains d
      where d.domain in (
        p_facts.email_domain,
        split_part(p_facts.email_domain, '.', -2) || '.' || split_part(p_facts.email_domain, '.', -1))),
    coalesce(p_facts.city, p.city),
    case
      when p_facts.country_code <> p_route.country_code then null
      when p.city_key is null or p_facts.city_key = any (p.city_keys) then p_facts.city_key
      else p.city_key end,
    case when p_facts.city_key <> all (p.city_keys) then p.city end,
    coalesce(p_facts.region_code, p.region_code),
    coalesce((v_rules ->> 'duplicate_window_hours')::numeric, d.default_duplicate_window_hours),
    p_now,
    p.latitude,
    p.longitude,
    kernel.minute_of_week(p_now, p_route.timezone),
    s.is_suppressed, s.suppressing_buyers, s.suppressed_by,
    case when (p_route.routing_settings).follows_calling_rules then p.timezone end,
    case when v_rules -> 'mx_lookup_enabled' = 'true' then ref.find_mail_status(p_facts.email_domain, p_now) end,
    case when v_rules ? 'max_per_ip_per_hour' then (
      select count(*) from (
        select from leadgen.leads l
        where l.offer_id = p_route.offer_id and l.ip_address = p_ip_address and l.created_at > p_now - interval '1 hour'
        limit (v_rules ->> 'max_per_ip_per_hour')::integer) seen) end,
    case when v_rules ? 'max_per_phone_per_day' then (
      select count(*) from (
        select from leadgen.leads l
        where l.offer_id = p_route.offer_id and l.phone in (p_facts.phone, p_facts.sealed_phone)
          and l.created_at > p_now - interval '1 day'
        limit (v_rules ->> 'max_per_phone_per_day')::integer) seen) end,
    d.seals
  into
    v_is_known, v_facts.existing_lead_id, v_facts.email_is_disposable, v_facts.city, v_facts.city_key,
    v_facts.postal_city, v_facts.region_code, v_window_hours, v_facts.decided_at, v_facts.latitude, v_facts.longitude,
    v_facts.local_minute, v_facts.is_suppressed, v_facts.suppressing_buyers, v_facts.suppressed_by,
    v_facts.local_timezone, v_facts.mail_status, v_facts.ip_count, v_facts.phone_count, v_facts.seals
  from leadgen.settings d
  left join leadgen.postal_places p
    on p.country_code = ref.find_postal_country(p_facts.country_code) and p.postal_code = p_facts.postal_code
  cross join lateral intake.sum_up_suppressions(
    ref.list_contact_hashes(p_facts.phone, p_facts.email, p_facts.email_domain), p_route.vertical_id, p_now) s;

  if p_facts.form_token is not null then
    v_facts := intake.judge_form_token(v_facts, p_route.source_id);
  end if;
  v_facts.buyers_with_contact := '{}';
  if not v_is_known and (v_rules -> 'duplicate_match' ? 'mailbox') is not true then
    return v_facts;
  end if;
  if v_window_hours > 0 then
    v_duplicate := intake.find_duplicate(p_facts, p_route, p_now - v_window_hours * interval '1 hour');
    v_facts.duplicate_lead_id := v_duplicate.lead_id;
    v_facts.duplicate_created_at := v_duplicate.created_at;
    v_facts.duplicate_field := v_duplicate.field;
  end if;
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, p_route);
  return v_facts;
end;
$$;
comment on function intake.gather_facts(kernel.lead_facts, catalog.route, inet, text, timestamptz) is
  'What the tables know of a lead: an earlier lead of its key, an earlier lead of its contact, its place, its mail '
  'domain, suppression, how many came of its address and phone, who bought its contact.';

create or replace function intake.find_domain_to_look_up(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_context jsonb
)
returns text
language plpgsql
volatile
as $$
begin
  -- A null would not keep the look-up from being made.
  if (p_context -> 'can_look_up_mail' = 'true') is true
    and (p_route.validation_rules -> 'mx_lookup_enabled' = 'true') is true
    and ref.is_email(p_facts.email)
    and ref.find_mail_status(p_facts.email_domain, leadgen.clock()) is null then
    return p_facts.email_domain;
  end if;
  return null;
end;
$$;
comment on function intake.find_domain_to_look_up(kernel.lead_facts, catalog.route, jsonb) is
  'The e-mail domain that the caller must have looked up before this lead can be judged; null: none, or the caller '
  'cannot.';

create or replace function intake.recall_facts(
  p_lead leadgen.leads,
  p_country_code text,
  p_contact jsonb default null
)
returns kernel.lead_facts
language plpgsql
immutable
as $$
-- A sealed lead has digests and masks for a contact: p_contact is what it was before, if somebody has opened it.
declare
  v_is_sealed constant boolean := p_lead.sealed is not null;
  v_signals constant kernel.lead_signals := p_lead.signals;
  v_is_local constant boolean := p_lead.country_code = p_country_code;
  v_facts kernel.lead_facts;
begin
  v_facts := (
    nullif(case when v_is_sealed then p_contact ->> 0 else p_lead.name end, ''),
    nullif(case when v_is_sealed then p_contact ->> 1 else p_lead.email end, ''),
    nullif(split_part(case when v_is_sealed then p_contact ->> 1 else p_lead.email end, '@', -1), ''),
    nullif(case when v_is_sealed then p_contact ->> 2 else p_lead.phone end, ''),
    v_signals.phone_country,
    v_signals.phone_region,
    p_lead.country_code,
    p_lead.region_code,
    nullif(p_lead.postal_code, ''),
    case when v_is_local then ref.match_postal_codes(nullif(p_lead.postal_code, '')) else '{}' end,
    p_lead.city,
    case
      when not v_is_local then null
      when v_signals.reading >= 2 then v_signals.city_key
      else ref.squeeze_city(p_lead.city) end,
    case when v_is_sealed then p_contact ->> 4 else p_lead.message end,
    p_lead.attributes,
    p_lead.consent,
    p_lead.gdpr_consent,
    p_lead.consent_at,
    p_lead.consent_certificate_url,
    v_signals.email_is_disposable,
    v_signals.duplicate_lead_id,
    v_signals.duplicate_created_at,
    v_signals.duplicate_field,
    null,
    p_lead.created_at,
    v_signals.latitude,
    v_signals.longitude,
    v_signals.local_minute,
    v_signals.is_suppressed,
    v_signals.mail_status,
    v_signals.ip_count,
    v_signals.phone_count,
    '{}',
    case when v_is_sealed then p_contact ->> 3 else p_lead.phone_extension end,
    v_signals.reading,
    null,
    v_signals.suppressing_buyers,
    v_signals.suppressed_by,
    null,
    v_signals.form_status,
    v_signals.form_issued_at,
    v_signals.local_timezone,
    case when v_is_sealed then nullif(p_lead.phone, '') end,
    case when v_is_sealed then nullif(p_lead.email, '') end,
    null, null
  )::kernel.lead_facts;
  return v_facts;
end;
$$;
comment on function intake.recall_facts(leadgen.leads, text, jsonb) is
  'The facts that a stored lead was judged by, from its own fields and its signals; the country is its market''s. Of a '
  'sealed lead contact and message are p_contact''s, as intake.list_contact made it; null: they are not known.';

create or replace function intake.read_city_anew(p_facts kernel.lead_facts)
returns kernel.lead_facts
language plpgsql
immutable
as $$
declare
  v_facts kernel.lead_facts := p_facts;
begin
  if v_facts.city_key is not null and (v_facts.reading >= 2) is not true then
    v_facts.city_key := ref.normalize_city(v_facts.city);
  end if;
  return v_facts;
end;
$$;
comment on function intake.read_city_anew(kernel.lead_facts) is
  'The facts of a stored lead with its city as areas and filters are compared now, for a decision that is made anew; '
  'a lead from before reading 2 was judged by another key.';
