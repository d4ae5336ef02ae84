create or replace function leadgen.gather_facts(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_ip_address inet,
  p_key text,
  p_now timestamptz
)
returns leadgen.lead_facts
language plpgsql
stable
as $$
-- Reads every table that a rule depends on, after the offer's lock. Rules are pure functions of what this returns.
-- What only some policies ask for is looked up only for them. The hashes are leadgen.hash_contact's, without three calls.
declare
  v_rules constant jsonb := p_route.validation_rules;
  v_facts leadgen.lead_facts := p_facts;
  v_window_hours numeric;
  v_duplicate record;
begin
  select
    (select l.id from leadgen.leads l where l.source_id = p_route.source_id and l.idempotency_key = p_key),
    exists (
      select from leadgen.disposable_domains d
      where d.domain in (
        p_facts.email_domain,
        split_part(p_facts.email_domain, '.', -2) || '.' || split_part(p_facts.email_domain, '.', -1))),
    coalesce(p_facts.city, p.city),
    case when p_facts.country_code = p_route.country_code then coalesce(leadgen.normalize_city(p_facts.city), p.city_key) end,
    coalesce(p_facts.region_code, p.region_code),
    coalesce((v_rules ->> 'duplicate_window_hours')::numeric, d.default_duplicate_window_hours),
    p_now,
    p.latitude,
    p.longitude,
    leadgen.minute_of_week(p_now, p_route.timezone),
    exists (select from leadgen.suppressions) and exists (
      select from leadgen.suppressions s
      where (s.kind, s.value_hash) in (
        ('phone', sha256(convert_to('phone:' || p_facts.phone, 'UTF8'))),
        ('email', sha256(convert_to('email:' || p_facts.email, 'UTF8'))),
        ('email_domain', sha256(convert_to('email_domain:' || p_facts.email_domain, 'UTF8'))))
        and (s.expires_at is null or s.expires_at > p_now)),
    case when v_rules -> 'mx_lookup_enabled' = 'true' then leadgen.find_mail_status(p_facts.email_domain, p_now) end,
    case when v_rules ? 'max_per_ip_per_hour' then (
      select count(*) from (
        select from leadgen.leads l
        where l.offer_id = p_route.offer_id and l.ip_address = p_ip_address and l.created_at > p_now - interval '1 hour'
        limit (v_rules ->> 'max_per_ip_per_hour')::integer) seen) end,
    case when v_rules ? 'max_per_phone_per_day' then (
      select count(*) from (
        select from leadgen.leads l
        where l.offer_id = p_route.offer_id and l.phone = p_facts.phone and l.created_at > p_now - interval '1 day'
        limit (v_rules ->> 'max_per_phone_per_day')::integer) seen) end
  into
    v_facts.existing_lead_id, v_facts.email_is_disposable, v_facts.city, v_facts.city_key, v_facts.region_code,
    v_window_hours, v_facts.decided_at, v_facts.latitude, v_facts.longitude, v_facts.local_minute, v_facts.is_suppressed,
    v_facts.mail_status, v_facts.ip_count, v_facts.phone_count
  from leadgen.settings d
  left join leadgen.postal_places p on p.country_code = p_facts.country_code and p.postal_code = p_facts.postal_code;

  if v_window_hours > 0 then
    v_duplicate := leadgen.find_duplicate(p_facts, p_route, p_now - v_window_hours * interval '1 hour');
    v_facts.duplicate_lead_id := v_duplicate.lead_id;
    v_facts.duplicate_created_at := v_duplicate.created_at;
    v_facts.duplicate_field := v_duplicate.field;
  end if;
  v_facts.buyers_with_contact := leadgen.find_buyers_with_contact(v_facts, p_route);
  return v_facts;
end;
$$;
comment on function leadgen.gather_facts(leadgen.lead_facts, leadgen.route, inet, text, timestamptz) is
  'What the tables know of a lead: an earlier lead of its key, an earlier lead of its contact, its place, its mail domain, suppression, how many came of its address and phone, who bought its contact.';
