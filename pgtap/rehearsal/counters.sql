-- start_play, turn_clock, count_sales, give_back: how much of each limit is used in a rehearsal.
begin;
select plan(25);
-- Seats with changes.
select is(concat_ws(' ', s.changes, s.changed_codes, s.limit_codes, s.limit_caps, s.schedule, cardinality(s.tests)), expected,
  format('change_seat: %s', fields))
from (values
  ('{}'::jsonb, '{} {} {}'),
  ('{"capacity_per_day": 3, "capacity_per_week": null, "budget_per_month": 90.5}',
    '{"budget_per_month": 90.5, "capacity_per_day": 3, "capacity_per_week": null} {budget_month,cap_day,cap_week} '
      '{cap_day,budget_month} {3,90.5}'),
  ('{"price_per_lead": null}', '{"price_per_lead": 45} {} {} {}'),
  ('{"schedule": {"mon": [["00:00", "01:00"]]}, "filters": {"city": {"enum": ["Austin"]}}}',
    '{"filters": {"city": {"enum": ["Austin"]}}, "schedule": {"mon": [["00:00", "01:00"]]}} {} {} {} {[0,60)} 1')
) as t (fields, expected), lateral testkit.rehearsal_seat(1, fields) s;

-- A rehearsal of two enrollments, both of Austin unless their zone says otherwise: an offer that sold nothing yet.
create temp table p as select testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7), testkit.rehearsal_seat(8)) as plan;
create temp table begun as select rehearsal.start_play(plan, '2026-11-20T16:30:00Z') as play from p;
select is(concat_ws(' ', (play).zones, (play).sold, cardinality((play).money), (play).has_left),
  '{America/Chicago,America/Chicago,America/Chicago} {0,0,0,0,0,0,0,0,0,0,0,0} 12 f',
  'start_play: a seat for the offer and one for each enrollment, nothing sold') from begun;
select is((play).starts[1:4], array['2026-11-20T16:00:00Z', '2026-11-20T06:00:00Z', '2026-11-16T06:00:00Z',
  '2026-11-01T05:00:00Z']::timestamptz[], 'start_play: in the windows of its time') from begun;

-- Sales in the windows of a time. 16:30 UTC on Friday 20 November 2026.
create function pg_temp.show(p_numbers numeric[], p_seat integer) returns text language sql as $$
  select string_agg(trim_scale(n)::text, ' ' order by place) from unnest(p_numbers) with ordinality as x (n, place)
  where (place - 1) / 4 = p_seat;
$$;
create temp table sold as select rehearsal.count_sales(plan, rehearsal.turn_clock(play, '2026-11-20T16:30:00Z'), '{7}', '{45}') as play
  from p, begun;
select is(format('%s / %s / %s', pg_temp.show((play).sold, n), pg_temp.show((play).paid, n), pg_temp.show((play).sales, n)), expected,
  format('count_sales: what history sold, seat %s', n))
from sold, (values (0, '1 1 1 1 / 45 45 45 45 / 0 0 0 0'), (1, '1 1 1 1 / 45 45 45 45 / 0 0 0 0'), (2, '0 0 0 0 / 0 0 0 0 / 0 0 0 0'))
  as t (n, expected);
select is(format('%s / %s', pg_temp.show(t.sold, 1), pg_temp.show(t.paid, 1)), expected, format('turn_clock: at %s', at))
from sold, (values ('2026-11-20T16:59:59Z'::timestamptz, '1 1 1 1 / 45 45 45 45'), ('2026-11-20T17:00:00Z', '0 1 1 1 / 0 45 45 45'),
  ('2026-11-21T06:00:00Z', '0 0 1 1 / 0 0 45 45'), ('2026-11-23T06:00:00Z', '0 0 0 1 / 0 0 0 45'),
  ('2026-12-01T06:00:00Z', '0 0 0 0 / 0 0 0 0')) as w (at, expected), lateral rehearsal.turn_clock(sold.play, at) t;
select is((rehearsal.turn_clock(play, '2026-11-20T17:10:00Z')).windows_end, '2026-11-20T18:00:00Z'::timestamptz,
  'turn_clock: until the next of them ends') from sold;
create temp table moved as select rehearsal.count_sales(plan, rehearsal.turn_clock(play, '2026-11-20T16:30:00Z'), '{7}', '{45}', true,
  '{8}', '{60}') as play from p, begun;
select is(format('%s / %s / %s', pg_temp.show((play).sales, n), pg_temp.show((play).money, n), pg_temp.show((play).sold, n)), expected,
  format('count_sales: from one to the other, seat %s', n))
from moved, (values (0, '0 0 0 0 / 15 15 15 15 / 1 1 1 1'), (1, '-1 -1 -1 -1 / -45 -45 -45 -45 / 1 1 1 1'),
  (2, '1 1 1 1 / 60 60 60 60 / 0 0 0 0')) as t (n, expected);
select is(rehearsal.count_sales(plan, play, '{}', '{}')::text, play::text, 'count_sales: an unsold lead changes nothing') from p, moved;
-- A zone of its own has days of its own: in Tokyo Saturday has begun.
create temp table tokyo as select rehearsal.turn_clock(jsonb_populate_record(play,
  '{"zones": ["America/Chicago", "America/Chicago", "Asia/Tokyo"], "windows_end": "-infinity"}'), '2026-11-20T16:30:00Z') as play
    from moved;
select is(format('%s %s', (play).starts[10], pg_temp.show((play).sales, 2)), '2026-11-20 15:00:00+00 1 0 1 1',
  'turn_clock: a zone that moved; what is over by it begins anew') from tokyo;
-- A sale of 15:30 UTC given back at 16:30: the hour has passed, the day has not.
create temp table back as select jsonb_populate_record(null::leadgen.lead_assignments, '{"buyer_offer_id": 7, "price": 45,
  "created_at": "2026-11-20T15:30:00Z"}') as sale;
create temp table two as select rehearsal.turn_clock(rehearsal.count_sales(plan, rehearsal.turn_clock(s, '2026-11-20T15:30:00Z'),
  '{7,7}', '{45,45}', true), '2026-11-20T16:30:00Z') as play from p,
  lateral rehearsal.start_play(plan, '2026-11-20T15:30:00Z') s;
select is(format('%s / %s / %s', pg_temp.show(b.sold, n), pg_temp.show(b.paid, n), pg_temp.show(b.sales, n)), expected,
  format('give_back: seat %s, stray %s', n, left_before))
from p, two, back, (values (0, false, '0 1 1 1 / 0 45 45 45 / 0 -2 -2 -2'), (1, false, '0 1 1 1 / 0 45 45 45 / 0 -2 -2 -2'),
  (1, true, '0 1 1 1 / 0 45 45 45 / 0 -1 -1 -1'), (2, true, '0 0 0 0 / 0 0 0 0 / 0 0 0 0')) as t (n, left_before, expected),
  lateral rehearsal.give_back(plan, two.play, sale, left_before) b;
select is(pg_temp.show((rehearsal.give_back(plan, rehearsal.turn_clock(play, '2026-11-21T16:30:00Z'), sale, false)).sold, 1), '0 0 1 1',
  'give_back: what comes back the next day') from p, two, back;

select * from finish();
rollback;
