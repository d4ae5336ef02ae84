-- The facts of a lead, and what a validation policy says of them.
create or replace function testkit.facts(p_fields jsonb default '{}')
returns kernel.lead_facts
language sql
as $$
  select jsonb_populate_record(null::kernel.lead_facts, '{
    "name": "John Smith", "email": "john@example.com", "email_domain": "example.com",
    "phone": "+15125550123", "phone_country": "US", "phone_region": "US-TX",
    "country_code": "US", "region_code": "US-TX", "postal_code": "78701",
    "postal_patterns": ["78701", "78701*", "7870*", "787*", "78*", "7*", "*"],
    "city": "Austin", "city_key": "austin", "message": "Emergency plumbing needed", "attributes": {},
    "consent": true, "gdpr_consent": true, "email_is_disposable": false, "decided_at": "2026-11-20T16:00:00Z",
    "latitude": 30.2711, "longitude": -97.7437, "local_minute": 6360, "is_suppressed": false, "mail_status": "has_mail",
    "ip_count": 0, "phone_count": 0, "buyers_with_contact": [], "reading": 3}'::jsonb || p_fields);
$$;
comment on function testkit.facts(jsonb) is 'The facts of a good lead in Austin at 2026-11-20 16:00 UTC, some of them replaced.';

create or replace function testkit.codes(p_failures kernel.failure[])
returns text[]
language sql
as $$
  select coalesce(array_agg(format('%s %s', f.code, f.field) order by f.ordinality), '{}') from unnest(p_failures) with ordinality as f;
$$;
comment on function testkit.codes(kernel.failure[]) is 'Failures as {"field_required name", …}.';

create or replace function testkit.failures(p_rules jsonb, p_fields jsonb default '{}')
returns kernel.failure[]
language sql
as $$
  select rules.judge_lead(testkit.facts(p_fields), p_rules, catalog.compile_rules(p_rules));
$$;
comment on function testkit.failures(jsonb, jsonb) is 'Every failure of testkit.facts(p_fields) under a validation policy''s rules.';

create or replace function testkit.judge(p_rules jsonb, p_fields jsonb default '{}')
returns text[]
language sql
as $$
  select testkit.codes(testkit.failures(p_rules, p_fields));
$$;
comment on function testkit.judge(jsonb, jsonb) is 'What a validation policy finds wrong with testkit.facts(p_fields), as {"code field"}.';
