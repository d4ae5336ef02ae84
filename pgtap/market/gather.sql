-- gather_snapshot and gather_exclusivity: every number that matters, in the calendar of the enrollment's zone.
begin;
select plan(44);

create temp table ids as select testkit.make_offer() as offer_id;
create temp table seats as
select testkit.enroll_buyer(offer_id, 'Ace',
  '{"price_per_lead": 60, "routing_priority": 7, "weight": 2.5, "capacity_per_hour": 1, "capacity_per_day": 2,
  "capacity_per_week": 3, "capacity_per_month": 4, "min_balance_required": 10, "pause_until": "2026-11-21T00:00:00Z"}') as a,
  testkit.enroll_buyer(offer_id, 'Tanaka') as b from ids;
select testkit.set_balance(testkit.buyer_of(a), 12.50) from seats;

create function pg_temp.gather_of(p_offer_id bigint, p_fields jsonb, p_had bigint[] default '{}') returns market.candidate_v1[]
language sql as $$
  select testkit.candidates_of(testkit.gather(f, catalog.load_route(s.id, s.offer_id), p_had))
  from leadgen.sources s, testkit.facts(p_fields) f
  where s.offer_id = p_offer_id;
$$;
create function pg_temp.gather(p_at timestamptz, p_fields jsonb default '{}',
  p_had bigint[] default '{}') returns market.candidate_v1[] language sql as $$
  select pg_temp.gather_of(offer_id, p_fields || jsonb_build_object('decided_at', p_at), p_had) from ids;
$$;
create temp table seen as select (unnest(pg_temp.gather('2026-11-20T16:00:00Z'))).*;
select is(array_agg(buyer_offer_id), (select array[a, b] from seats), 'every enrollment, by id') from seen;
select is(to_jsonb(s) - '{buyer_offer_id,buyer_id,virtual_time,finish_tag,last_turn}'::text[],
  '{"enrollment_is_active": true, "buyer_is_active": true, "has_channel": true,
  "pause_until": "2026-11-21T00:00:00+00:00", "in_service_area": true, "has_lead": false, "timezone": "America/Chicago", "cap_hour": 1,
    "used_hour": 0, "cap_day": 2,
  "used_day": 0, "cap_week": 3, "used_week": 0, "cap_month": 4, "used_month": 0, "min_balance": 10, "balance": 12.50, "priority": 7,
    "weight": 2.5, "base_price": 60, "in_schedule": true, "schedule": null, "filter_fault": null, "has_contact": false, "price": 60,
    "budget_day": null, "spent_day": null, "budget_month": null, "spent_month": null}',
  'gather_snapshot: the enrollment''s numbers') from seen s, seats where buyer_offer_id = a;
select is(format('%s %s %s', base_price, timezone, coalesce(cap_day::text, 'unlimited')), '45.00 Asia/Tokyo unlimited',
  'the offer''s price, its own zone, no caps')
from seen, seats where buyer_offer_id = b;
select is((pg_temp.gather('2026-11-20T16:00:00Z', '{}', array[testkit.buyer_of(b)]))[2].has_lead, true, 'who had the lead is marked')
  from seats;

-- Windows: uses counted in one instant, looked at from another.
create function pg_temp.used(p_zone text, p_sold timestamptz, p_seen timestamptz) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer();
  v_seat constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', jsonb_build_object('timezone', p_zone, 'capacity_per_hour', 9,
    'capacity_per_day', 9, 'capacity_per_week', 9, 'capacity_per_month', 9));
begin
  perform testkit.sell(v_offer_id, 1, p_sold);
  return (
    select concat_ws(' ', c.used_hour, c.used_day, c.used_week, c.used_month)
    from unnest(pg_temp.gather_of(v_offer_id, jsonb_build_object('decided_at', p_seen))) c);
end;
$$;
select is(pg_temp.used(zone, sold, seen), used, format('%s: sold %s, seen %s', coalesce(zone, 'the market''s'), sold, seen))
from (values
  -- hour, day, week and month of the market's zone (Chicago, UTC-6 in November)
  (null, '2026-11-20T16:00:00Z'::timestamptz, '2026-11-20T16:59:59Z'::timestamptz, '1 1 1 1'),
  (null, '2026-11-20T16:00:00Z', '2026-11-20T17:00:00Z', '0 1 1 1'),
  (null, '2026-11-21T05:59:59Z', '2026-11-21T06:00:00Z', '0 0 1 1'),
  (null, '2026-11-23T05:59:59Z', '2026-11-23T06:00:00Z', '0 0 0 1'),
  (null, '2026-12-01T05:59:59Z', '2026-12-01T06:00:00Z', '0 0 1 0'),
  -- its own zone: midnight in Tokyo is 15:00 UTC; in India an hour starts at the half
  ('Asia/Tokyo', '2026-11-20T14:59:59Z', '2026-11-20T15:00:00Z', '0 0 1 1'),
  ('Asia/Tokyo', '2026-11-20T15:00:00Z', '2026-11-21T05:59:59Z', '0 1 1 1'),
  ('Asia/Kolkata', '2026-11-20T16:29:59Z', '2026-11-20T16:30:00Z', '0 1 1 1'),
  -- spring forward, 2026-03-08: the day has 23 hours, 02:00 to 03:00 is not
  (null, '2026-03-08T07:59:59Z', '2026-03-08T08:00:00Z', '0 1 1 1'),
  (null, '2026-03-08T06:00:00Z', '2026-03-09T04:59:59Z', '0 1 1 1'),
  (null, '2026-03-08T06:00:00Z', '2026-03-09T05:00:00Z', '0 0 0 1'),
  (null, '2026-03-08T05:59:59Z', '2026-03-08T06:00:00Z', '0 0 1 1'),
  -- fall back, 2026-11-01: the day has 25 hours, 01:00 comes twice and is two hours
  (null, '2026-11-01T06:30:00Z', '2026-11-01T06:59:59Z', '1 1 1 1'),
  (null, '2026-11-01T06:30:00Z', '2026-11-01T07:00:00Z', '0 1 1 1'),
  (null, '2026-11-01T07:00:00Z', '2026-11-01T07:59:59Z', '1 1 1 1'),
  (null, '2026-11-01T05:00:00Z', '2026-11-02T05:59:59Z', '0 1 1 1'),
  (null, '2026-11-01T05:00:00Z', '2026-11-02T06:00:00Z', '0 0 0 1')
) as t (zone, sold, seen, used);

-- Service areas.
create function pg_temp.serves(p_areas text[], p_fields jsonb) returns boolean language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer();
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', '{}', p_areas);
  return (pg_temp.gather_of(v_offer_id, p_fields))[1].in_service_area;
end;
$$;
select is(pg_temp.serves(areas, fields), served, format('%s: %s', areas, what))
from (values
  ('{78701}'::text[], '{}'::jsonb, true, 'exact'), ('{78702}', '{}', false, 'another code'), ('{787*}', '{}', true, 'prefix'), ('{788*}',
    '{}', false, 'another prefix'),
  ('{*}', '{}', true, 'the whole market'), ('{}', '{}', false, 'nothing'), ('{Austin}', '{}', true, 'city'), ('{" AUSTIN"}', '{}', true,
    'city as it is compared'),
  ('{Waco}', '{}', false, 'another city'), ('{Waco,78701}', '{}', true, 'one of two is enough'),
  ('{Austin}', '{"city_key": null}', false, 'a lead without city')
) as t (areas, fields, served, what);
update leadgen.buyer_service_areas a set is_active = false from seats where a.buyer_id = testkit.buyer_of(seats.a);
select is((pg_temp.gather('2026-11-20T16:00:00Z'))[1].in_service_area, false, 'an area that is switched off');
select is(pg_temp.gather_of(testkit.make_offer(), '{}'), '{}', 'nobody is enrolled: no candidates, not null');
update leadgen.buyers b set email_notifications = false from seats where b.id = testkit.buyer_of(seats.a);
select is((pg_temp.gather('2026-11-20T16:00:00Z'))[1].has_channel, false, 'neither webhook nor e-mail: no channel');

-- Who owns a postal code or a city.
create function pg_temp.owner(p_config jsonb, p_fields jsonb) returns text language sql as $$
  select nullif(concat_ws(' ', (e).buyer_id, (e).scope_type, (e).scope_value), '')
  from leadgen.sources s join ids using (offer_id),
    market.gather_exclusivity(testkit.facts(p_fields), catalog.load_route(s.id, s.offer_id), testkit.settings(p_config)) e;
$$;
create temp table owned as select testkit.own(a, 'city', 'Austin') as x, testkit.own(a, 'postal_code', '787*') as y, testkit.own(b,
  'postal_code', '7870*') as z from seats;
select is(pg_temp.owner(config, fields), (select format('%s %s', testkit.buyer_of(case who when 'a' then a else b end), what) from seats
  where what is not null), label)
from (values
  ('{}'::jsonb, '{}'::jsonb, 'b', 'postal_code 7870*', 'postal code before city, the longest prefix first'),
  ('{}', '{"postal_patterns": ["78799", "78799*", "7879*", "787*", "*"]}', 'a', 'postal_code 787*', 'a shorter prefix'),
  ('{}', '{"postal_patterns": ["33602", "336*", "*"]}', 'a', 'city Austin', 'city'),
  ('{"exclusivity": {"scopes": ["city"]}}', '{}', 'a', 'city Austin', 'only cities count'),
  ('{"exclusivity": {"scopes": ["city", "postal_code"]}}', '{}', 'a', 'city Austin', 'the policy''s order'),
  ('{}', '{"postal_patterns": ["33602", "*"], "city_key": "tampa"}', null, null, 'nobody owns it')
) as t (config, fields, who, what, label);

-- Functions that are part of the query that reads them: called for themselves they would be planned for each lead.
create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text;
begin
  for v_line in execute format('explain %s', p_query) loop
    v_plan := concat_ws(E'\n', v_plan, v_line);
  end loop;
  return v_plan;
end;
$$;
select unalike(pg_temp.plan_of(format('select * from market.%s', call)), '%Function Scan on%', format('part of its query: %s', call))
from unnest('{"list_candidates(null, null, null, null, null, null)","list_buyers_of_place(1, null, null)","find_due_lead(1, now())"}'
  ::text[]) call;

select * from finish();
rollback;
