-- reserve_capacity and reserve_winners: a place in every window or none; the next candidate when one is full.
begin;
select plan(30);

create temp table ids as select testkit.make_offer(p_config => '{"max_buyers": 2}') as offer_id;
create temp table seats as select testkit.enroll(offer_id) as a, testkit.enroll(offer_id) as b, testkit.enroll(offer_id) as c from ids;
create function pg_temp.reserve(p_fields jsonb, p_at timestamptz, p_turn bigint default 1,
  p_tag float8 default null) returns boolean language sql as $$
  select market.reserve_capacity(testkit.candidate(jsonb_build_object('buyer_offer_id', a) || p_fields), o.market_id, p_at, p_turn,
    p_tag, p_tag)
  from seats, ids join leadgen.offers o on o.id = ids.offer_id;
$$;
create function pg_temp.counts() returns text language sql as $$
  select concat_ws(' ', hour_count, day_count, week_count, month_count, coalesce(last_turn::text, 'never'))
    from leadgen.enrollment_usage u, seats where u.buyer_offer_id = a;
$$;

select is(pg_temp.counts(), '0 0 0 0 never', 'a new enrollment');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-20T16:10:00Z', 11), true, 'a place');
select is(pg_temp.counts(), '1 1 1 1 11', 'is taken in every window');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-20T16:20:00Z', 12), true, 'the last of the hour');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-20T16:59:59Z', 13), false, 'the hour is full');
select is(pg_temp.counts(), '2 2 2 2 12', 'and nothing is taken, no turn either');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-20T17:00:00Z', 13), true, 'the next hour');
select is(pg_temp.counts(), '1 3 3 3 13', 'its count starts again, the others go on');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-20T18:00:00Z', 14), false, 'the day is full');
select is(pg_temp.counts(), '1 3 3 3 13', 'nothing is taken');
select is(pg_temp.reserve('{"cap_hour": 2, "cap_day": 3}', '2026-11-21T06:00:00Z', 14), true, 'the next day in Austin');
select is(pg_temp.counts(), '1 1 4 4 14', 'hour and day start again');
select is(pg_temp.reserve('{"cap_week": 4}', '2026-11-22T20:00:00Z', 15), false, 'the week is full on Sunday');
select is(pg_temp.reserve('{"cap_week": 4}', '2026-11-23T06:00:00Z', 15), true, 'a new one from Monday');
select is(pg_temp.reserve('{"cap_month": 5}', '2026-12-01T05:59:59Z', 16), false, 'the month is full');
select is(pg_temp.reserve('{"cap_month": 5}', '2026-12-01T06:00:00Z', 16), true, 'a new one');
select is(pg_temp.reserve('{"cap_day": 1}', '2026-12-01T07:00:00Z', 17), false, 'what was gathered does not matter, what is there does');
select is(pg_temp.reserve('{}', '2026-12-01T07:00:00Z', 17, 2.5), true, 'no caps');
select is(u.finish_tag || ' ' || u.virtual_time, '2.5 2.5', 'tags are written') from leadgen.enrollment_usage u, seats
  where u.buyer_offer_id = a;
select is(pg_temp.reserve('{}', '2026-12-01T07:00:00Z', 18), true, 'without tags');
select is(u.finish_tag || ' ' || u.virtual_time, '2.5 2.5', 'they stay') from leadgen.enrollment_usage u, seats where u.buyer_offer_id = a;

-- Winners: the best max_buyers of those that still have a place.
create function pg_temp.winners(p_max integer, variadic p_fields jsonb[]) returns integer[] language plpgsql as $$
declare
  v_route catalog.route := (select catalog.load_route(s.id, s.offer_id) from leadgen.sources s join ids using (offer_id));
  v_candidates constant kernel.candidate[] := (select array[testkit.candidate(jsonb_build_object('buyer_offer_id', a) || p_fields[1]),
    testkit.candidate(jsonb_build_object('buyer_offer_id', b) || p_fields[2]),
    testkit.candidate(jsonb_build_object('buyer_offer_id', c) || p_fields[3])] from seats);
begin
  v_route.routing_settings.max_buyers := p_max;
  return market.reserve_winners(v_candidates, null, testkit.verdict_of(v_candidates), v_route, '2027-01-05T12:00:00Z');
end;
$$;
select is(pg_temp.winners(1, '{"priority": 1}', '{"priority": 3}', '{"priority": 2}'), '{2}', 'one winner');
select is(pg_temp.winners(2, '{"priority": 1}', '{"priority": 3}', '{"priority": 2}'), '{2,3}', 'two, the best first');
select is(pg_temp.winners(9, '{}', '{}', '{}'), '{1,2,3}', 'no more than there are');
select is(pg_temp.winners(2, '{"priority": 3}', '{"priority": 9, "cap_day": 2}', '{}'), '{1,3}', 'who was filled meanwhile is passed over');
select is(pg_temp.winners(1, '{"cap_hour": 0}', '{"cap_hour": 0}', '{"cap_hour": 0}'), '{}', 'nobody has a place');

-- A shared sale through the front door: each buyer once, each with its own price, deliveries and count.
select testkit.submit(offer_id) from ids;
select is(array_agg(a.buyer_offer_id order by a.id), (select array[a, b]
  from seats), 'max_buyers 2: two sales, in the order of the ranking') from leadgen.lead_assignments a;
select is((select count(*) from leadgen.deliveries), 2::bigint, 'each has its delivery');
select is(l.buyer_id, testkit.buyer_of(a), 'the lead shows the first') from leadgen.leads l, seats;
select is(d.winners, '{1,2}', 'the decision both') from leadgen.lead_decisions d;

select * from finish();
rollback;
