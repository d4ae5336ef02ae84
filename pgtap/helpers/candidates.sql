create or replace function testkit.candidate(p_fields jsonb default '{}')
returns kernel.candidate
language sql
as $$
  select jsonb_populate_record(null::kernel.candidate, '{
    "buyer_offer_id": 1, "buyer_id": 101, "enrollment_is_active": true, "buyer_is_active": true, "has_channel": true,
    "in_service_area": true, "has_lead": false, "timezone": "America/Chicago",
    "used_hour": 0, "used_day": 0, "used_week": 0, "used_month": 0, "spent_day": 0, "spent_month": 0, "balance": 100,
    "priority": 1, "weight": 1, "finish_tag": 0, "virtual_time": 0, "base_price": 45, "price": 45, "in_schedule": true,
    "has_contact": false}'::jsonb || p_fields);
$$;
comment on function testkit.candidate(jsonb) is 'A candidate that passes every check and has never been served, some of it replaced.';

create or replace function testkit.candidates(variadic p_fields jsonb[])
returns kernel.candidate[]
language sql
as $$
  select array_agg(testkit.candidate(jsonb_build_object('buyer_offer_id', n, 'buyer_id', 100 + n) || f) order by n)
  from unnest(p_fields) with ordinality as t (f, n);
$$;
comment on function testkit.candidates(jsonb[]) is 'Candidates with enrollments 1, 2, … of buyers 101, 102, …';

create or replace function testkit.settings(p_config jsonb default '{}')
returns kernel.routing_settings
language sql
as $$
  select catalog.read_routing_config(p_config);
$$;
comment on function testkit.settings(jsonb) is 'Routing settings of a policy''s config.';

create or replace function testkit.load(p_fields jsonb default '{}')
returns kernel.offer_load
language sql
as $$
  select jsonb_populate_record(null::kernel.offer_load, '{"timezone": "America/Chicago", "used_hour": 0, "used_day": 0, "used_week": 0,
    "used_month": 0, "spent_day": 0, "spent_month": 0}'::jsonb || p_fields);
$$;
comment on function testkit.load(jsonb) is 'What an offer has sold: nothing yet and no caps, some of it replaced.';

create or replace function testkit.verdict_of(
  p_candidates kernel.candidate[],
  p_config jsonb default '{}',
  p_exclusive_buyer_id bigint default null,
  p_load kernel.offer_load default null
)
returns kernel.verdict
language sql
as $$
  select kernel.reach_verdict(p_candidates, p_load, testkit.settings(p_config),
    (p_exclusive_buyer_id, 'postal_code', '78701')::kernel.exclusivity, '2026-11-20T16:00:00Z');
$$;
comment on function testkit.verdict_of(kernel.candidate[], jsonb, bigint, kernel.offer_load) is
  'Judges and ranks candidates at 2026-11-20 16:00 UTC.';
