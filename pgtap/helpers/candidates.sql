-- Candidates, snapshots and decisions by the names of their fields, for the functions that read no table.
create or replace function testkit.candidate(p_fields jsonb default '{}')
returns market.candidate_v1
language sql
as $$
  select jsonb_populate_record(null::market.candidate_v1, '{
    "buyer_offer_id": 1, "buyer_id": 101, "enrollment_is_active": true, "buyer_is_active": true, "has_channel": true,
    "in_service_area": true, "has_lead": false, "timezone": "America/Chicago",
    "used_hour": 0, "used_day": 0, "used_week": 0, "used_month": 0, "spent_day": 0, "spent_month": 0, "balance": 100,
    "priority": 1, "weight": 1, "finish_tag": 0, "virtual_time": 0, "base_price": 45, "price": 45, "in_schedule": true,
    "has_contact": false}'::jsonb || p_fields);
$$;
comment on function testkit.candidate(jsonb) is 'A candidate that passes every check and has never been served, some of it replaced.';

create or replace function testkit.candidates(variadic p_fields jsonb[])
returns market.candidate_v1[]
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
returns market.offer_load_v1
language sql
as $$
  select jsonb_populate_record(null::market.offer_load_v1, '{"timezone": "America/Chicago", "used_hour": 0, "used_day": 0, "used_week": 0,
    "used_month": 0, "spent_day": 0, "spent_month": 0}'::jsonb || p_fields);
$$;
comment on function testkit.load(jsonb) is 'What an offer has sold: nothing yet and no caps, some of it replaced.';

create or replace function testkit.snapshot(
  p_candidates market.candidate_v1[],
  p_load market.offer_load_v1 default null,
  p_now timestamptz default '2026-11-20T16:00:00Z',
  p_exclusive_buyer_id bigint default null
)
returns kernel.snapshot
language plpgsql
as $$
declare
  v_snapshot kernel.snapshot;
begin
  v_snapshot.decided_at := p_now;
  v_snapshot.timezone := coalesce(p_load.timezone, 'America/Chicago');
  v_snapshot.decimals := 2;
  v_snapshot.adjustments := '{}';
  v_snapshot.exclusivity := (p_exclusive_buyer_id, 'postal_code', '78701')::kernel.exclusivity;
  v_snapshot := market.read_snapshot_v1(v_snapshot, p_candidates, p_load);
  v_snapshot.edition := 2;
  v_snapshot.sales_today := array(select c.used_day from unnest(p_candidates) c);
  return v_snapshot;
end;
$$;
comment on function testkit.snapshot(market.candidate_v1[], market.offer_load_v1, timestamptz, bigint) is
  'A snapshot of these candidates at 2026-11-20 16:00 UTC, in Austin.';

create or replace function testkit.verdict_of(
  p_candidates market.candidate_v1[],
  p_config jsonb default '{}',
  p_exclusive_buyer_id bigint default null,
  p_load market.offer_load_v1 default null
)
returns kernel.decision
language sql
as $$
  select kernel.decide(testkit.snapshot(p_candidates, p_load, p_exclusive_buyer_id => p_exclusive_buyer_id), testkit.settings(p_config));
$$;
comment on function testkit.verdict_of(market.candidate_v1[], jsonb, bigint, market.offer_load_v1) is
  'Decides about candidates at 2026-11-20 16:00 UTC.';

create or replace function testkit.judge_candidates(
  p_candidates market.candidate_v1[],
  p_load market.offer_load_v1,
  p_now timestamptz,
  p_exclusive_buyer_id bigint
)
returns text[]
language sql
as $$
  select kernel.judge_candidates(testkit.snapshot(p_candidates, p_load, p_now), p_exclusive_buyer_id);
$$;
comment on function testkit.judge_candidates(market.candidate_v1[], market.offer_load_v1, timestamptz, bigint) is
  'Why each of these candidates loses.';

create or replace function testkit.find_cause(
  p_candidates market.candidate_v1[],
  p_reasons text[],
  out cause text,
  out price numeric,
  out place integer
)
language sql
as $$
  select f.cause, f.price, f.place from kernel.find_cause(testkit.snapshot(p_candidates), p_reasons) f;
$$;
comment on function testkit.find_cause(market.candidate_v1[], text[]) is 'kernel.find_cause of these candidates.';

create view testkit.enrollment_usage as
select u.buyer_offer_id, u.market_id, u.offer_id, u.last_turn, u.finish_tag, u.virtual_time,
  u.starts[1] as hour_start, u.sales[1] as hour_count, u.starts[2] as day_start, u.sales[2] as day_count, u.money[2] as day_spent,
  u.starts[3] as week_start, u.sales[3] as week_count, u.starts[4] as month_start, u.sales[4] as month_count, u.money[4] as month_spent
from leadgen.enrollment_usage u;
comment on view testkit.enrollment_usage is 'The counters of enrollments by the names of their windows.';

create view testkit.offer_usage as
select u.offer_id, u.market_id,
  u.starts[1] as hour_start, u.sales[1] as hour_count, u.starts[2] as day_start, u.sales[2] as day_count, u.money[2] as day_spent,
  u.starts[3] as week_start, u.sales[3] as week_count, u.starts[4] as month_start, u.sales[4] as month_count, u.money[4] as month_spent
from leadgen.offer_usage u;
comment on view testkit.offer_usage is 'The counters of offers by the names of their windows.';

create or replace function testkit.candidates_of(p_snapshot kernel.snapshot)
returns market.candidate_v1[]
language sql
as $$
  select coalesce(array_agg(jsonb_populate_record(null::market.candidate_v1, jsonb_build_object(
    'buyer_offer_id', c.id, 'buyer_id', c.buyer_id, 'enrollment_is_active', c.flags & 1 > 0, 'buyer_is_active', c.flags & 2 > 0,
    'has_channel', c.flags & 4 > 0, 'in_service_area', c.flags & 8 > 0, 'in_schedule', c.flags & 16 > 0, 'has_lead', c.flags & 32 > 0,
    'has_contact', c.flags & 64 > 0, 'pause_until', upper(c.pause), 'timezone', coalesce(c.zone, p_snapshot.timezone),
    'min_balance', c.min_balance, 'balance', c.balance, 'priority', c.priority, 'weight', c.weight, 'last_turn', c.last_turn,
    'finish_tag', c.finish_tag, 'virtual_time', c.virtual_time, 'base_price', c.base_price, 'price', c.price,
    'filter_fault', c.filter_fault) || coalesce((
      select jsonb_object_agg(l.code, l.cap)
        || jsonb_object_agg(replace(replace(l.code, 'cap_', 'used_'), 'budget_', 'spent_'), l.used)
      from unnest(p_snapshot.limit_owners, p_snapshot.limit_codes, p_snapshot.limit_caps, p_snapshot.limit_uses)
        as l (owner, code, cap, used)
      where l.owner = c.place), '{}')) order by c.place), '{}')
  from unnest(p_snapshot.enrollments, p_snapshot.buyers, p_snapshot.flags, p_snapshot.pauses, p_snapshot.zones,
    p_snapshot.min_balances, p_snapshot.balances, p_snapshot.priorities, p_snapshot.weights, p_snapshot.last_turns,
    p_snapshot.finish_tags, p_snapshot.virtual_times, p_snapshot.base_prices, p_snapshot.prices, p_snapshot.filter_faults)
    with ordinality as c (id, buyer_id, flags, pause, zone, min_balance, balance, priority, weight, last_turn, finish_tag,
      virtual_time, base_price, price, filter_fault, place);
$$;
comment on function testkit.candidates_of(kernel.snapshot) is 'The candidates of a snapshot by the names of what was judged.';

create or replace function testkit.gather(p_facts kernel.lead_facts, p_route catalog.route, p_buyers_with_lead bigint[] default '{}')
returns kernel.snapshot
language sql
as $$
  select market.gather_snapshot(p_facts, p_route, kernel.describe_lead(p_facts), p_buyers_with_lead);
$$;
comment on function testkit.gather(kernel.lead_facts, catalog.route, bigint[]) is 'The snapshot that a lead would be decided from.';
