-- What is held of a person on the way in: the fields of a lead, submissions in quarantine, fetches.

create or replace function intake.export_fields(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
-- The one place at which an export reads what a lead says of its person.
begin
  return jsonb_build_object(
    'contact', jsonb_build_object(
      'name', p_lead.name, 'email', p_lead.email, 'phone', p_lead.phone, 'phone_extension', p_lead.phone_extension,
      'country_code', p_lead.country_code, 'region_code', p_lead.region_code, 'postal_code', p_lead.postal_code,
      'city', p_lead.city),
    'message', p_lead.message,
    'attributes', p_lead.attributes,
    'consent', jsonb_build_object(
      'consent', p_lead.consent, 'gdpr_consent', p_lead.gdpr_consent, 'consent_at', p_lead.consent_at,
      'certificate_url', p_lead.consent_certificate_url,
      'certificate_id', p_lead.tracking ->> 'consent_certificate_id',
      'text', catalog.find_consent_text(p_lead.tracking),
      'ip_address', host(p_lead.ip_address), 'page_url', p_lead.landing_url)
      || catalog.describe_consent_text(p_lead.tracking),
    'came_from', jsonb_build_object(
      'said', p_lead.source, 'ip_address', host(p_lead.ip_address), 'user_agent', p_lead.user_agent,
      'landing_url', p_lead.landing_url, 'utm_source', p_lead.utm_source, 'utm_medium', p_lead.utm_medium,
      'utm_campaign', p_lead.utm_campaign, 'tracking', p_lead.tracking),
    'submitted', p_lead.submitted,
    'mended', coalesce(to_jsonb(p_lead.intake_notes), '[]'),
    'idempotency_key', p_lead.idempotency_key,
    'known_of_it', case when p_lead.signals is not null then to_jsonb(p_lead.signals) end);
end;
$$;
comment on function intake.export_fields(leadgen.leads) is
  'What a lead says of its person: contact, consent, where it came from, what was submitted and what was known.';

create or replace function intake.export_submission(p_quarantine_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'quarantine_id', q.id, 'created_at', q.created_at, 'last_seen_at', q.last_seen_at, 'times_seen', q.times_seen,
      'reason', q.reason, 'payload', q.payload, 'context', q.context, 'answered', q.answered,
      'resubmitted_at', q.resubmitted_at, 'lead_id', q.lead_id)
    from leadgen.intake_quarantine q
    where q.id = p_quarantine_id);
end;
$$;
comment on function intake.export_submission(bigint) is 'A submission in quarantine as it came; null: there is none.';

create or replace function intake.list_fetches_of(
  p_email text,
  p_phone text,
  p_country_code text,
  p_key bytea
)
returns setof bigint
language plpgsql
stable
as $$
-- Few rows wait there: each that is clear is looked at. One that is in quarantine too is found there.
begin
  return query
  select f.id from leadgen.lead_fetches f
  where f.quarantine_id is null and f.sealed is null
    and intake.is_submission_of(f.lead, p_email, p_phone, p_country_code)
  union
  select f.id from leadgen.lead_fetches f
  where f.quarantine_id is null and f.sealed is not null and f.digests && intake.digest_contact(p_email, p_phone, p_key)
  order by 1;
end;
$$;
comment on function intake.list_fetches_of(text, text, text, bytea) is
  'Leads that wait to be fetched, or to be submitted after a network''s post, and carry an e-mail or a phone; sealed '
  'ones by the digest key p_key.';

create or replace function intake.export_fetch(p_fetch_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'fetch_id', f.id, 'created_at', f.created_at, 'source_id', f.source_id, 'lead', f.lead,
      'next_fetch_at', f.next_fetch_at)
    from leadgen.lead_fetches f
    where f.id = p_fetch_id);
end;
$$;
comment on function intake.export_fetch(bigint) is 'A lead that a network''s post named or had; null: there is none.';

create or replace function intake.erase_fetch(p_fetch_id bigint)
returns boolean
language plpgsql
volatile
as $$
begin
  delete from leadgen.lead_fetches f where f.id = p_fetch_id;
  return found;
end;
$$;
comment on function intake.erase_fetch(bigint) is
  'Deletes a lead that waits to be fetched or submitted; false when there is none.';
