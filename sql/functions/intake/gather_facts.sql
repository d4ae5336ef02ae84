create or replace function leadgen.gather_facts(p_facts leadgen.lead_facts, p_route leadgen.route, p_key text, p_now timestamptz)
returns leadgen.lead_facts
language plpgsql
stable
as $$
-- Reads every table that a rule depends on, after the offer's lock. Rules are pure functions of what this returns.
declare
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
    coalesce((p_route.validation_rules ->> 'duplicate_window_hours')::numeric, d.default_duplicate_window_hours),
    p_now
  into
    v_facts.existing_lead_id, v_facts.email_is_disposable, v_facts.city, v_facts.city_key, v_facts.region_code,
    v_window_hours, v_facts.decided_at
  from leadgen.settings d
  left join leadgen.postal_places p on p.country_code = p_facts.country_code and p.postal_code = p_facts.postal_code;

  if v_window_hours > 0 then
    v_duplicate := leadgen.find_duplicate(p_facts, p_route, p_now - v_window_hours * interval '1 hour');
    v_facts.duplicate_lead_id := v_duplicate.lead_id;
    v_facts.duplicate_created_at := v_duplicate.created_at;
    v_facts.duplicate_field := v_duplicate.field;
  end if;
  return v_facts;
end;
$$;
comment on function leadgen.gather_facts(leadgen.lead_facts, leadgen.route, text, timestamptz) is
  'What the tables know of a lead: an earlier lead of its key, an earlier lead of its contact, its place, its mail domain.';
