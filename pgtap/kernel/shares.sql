-- Strategy weighted: find_start_tag, find_virtual_time; shares exact to within about one lead at every moment.
begin;
select plan(18);
select testkit.at_time('2026-11-20T16:00:00Z');

select is(kernel.find_start_tag(5, 1, 3), 5::float8, 'find_start_tag: its latest lead is not paid off yet');
select is(kernel.find_start_tag(0, 2, 100), 99.5::float8, 'find_start_tag: who was away is at most one lead behind');
select is(kernel.find_virtual_time(testkit.snapshot(testkit.candidates(variadic fields)), reasons), expected,
  format('find_virtual_time: %s', what))
from (values
  (array['{"finish_tag": 3}', '{"finish_tag": 2, "weight": 3}']::jsonb[], '{NULL,NULL}'::text[], 2.25::float8,
    'the mean of the starts by weight'),
  (array['{"finish_tag": 3}', '{"finish_tag": 9}']::jsonb[], '{NULL,paused}', 3, 'who failed a check does not count'),
  (array['{"finish_tag": 3, "virtual_time": 9}', '{"finish_tag": 9}']::jsonb[], '{NULL,NULL}', 8.5, 'who was away is one lead behind'),
  (array['{}']::jsonb[], '{paused}', null, 'nobody passes')
) as t (fields, reasons, expected, what);

-- Leads of an offer, one a second; who got each.
create temp table served (offer_id bigint, n integer, seat bigint);
create function pg_temp.run(p_offer_id bigint, p_from integer, p_to integer) returns void language sql as $$
  insert into served select p_offer_id, n, testkit.sell(p_offer_id, n, '2026-11-20T16:00:00Z'::timestamptz + n * interval '1 second')
  from generate_series(p_from, p_to) n;
$$;
-- How far each enrollment ever was from its exact share, counted from lead p_from + 1.
create function pg_temp.drift(p_offer_id bigint, p_from integer default 0) returns numeric language sql as $$
  with total as (
    select bo.id, bo.weight / sum(bo.weight) over () as share from leadgen.buyer_offers bo where bo.offer_id = p_offer_id
  )
  select max(abs(got - share * (n - p_from)))
  from (
    select s.n, t.share, count(*) filter (where s.seat = t.id) over (partition by t.id order by s.n) as got
    from served s cross join total t where s.offer_id = p_offer_id and s.n > p_from
  ) x;
$$;
create temp table offers as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"strategy": "weighted"}') as a,
  testkit.make_offer('{"duplicate_window_hours": 0}', '{"strategy": "weighted"}') as b,
    testkit.make_offer('{"duplicate_window_hours": 0}', '{"strategy": "weighted"}') as c,
  testkit.make_offer('{"duplicate_window_hours": 0}') as d;

create temp table seats as select w, testkit.enroll_buyer(a, 'Ace', jsonb_build_object('weight', w)) as id from offers,
  generate_series(1, 3) w;
select pg_temp.run(a, 1, 60) from offers;
select is((select array_agg(n order by w) from (select w, count(*) as n from served s
  join seats on seats.id = s.seat group by w) x), '{10,20,30}'::bigint[],
  'weights 1, 2, 3 over 60 leads');
select cmp_ok(pg_temp.drift(a), '<=', 1.1, 'shares are never further than about a lead from exact') from offers;

-- Odd weights, many of them.
create temp table odd as select testkit.enroll_buyer(b, 'Ace', jsonb_build_object('weight', w)) as id
  from offers, unnest('{0.5,7,7,1.25,13}'::numeric[]) w;
select pg_temp.run(b, 1, 100) from offers;
select cmp_ok(pg_temp.drift(b), '<=', 1.3, 'odd weights: within about a lead') from offers;

-- A pause: the others share; the one that comes back gets its share, no burst.
create temp table pair as select testkit.enroll_buyer(c, 'Ace') as x, testkit.enroll_buyer(c, 'Best') as y from offers;
update leadgen.buyer_offers bo set pause_until = '2026-11-20T16:00:40.5Z' from pair where bo.id = pair.y;
select pg_temp.run(c, 1, 80) from offers;
select is((select count(*) from served s, pair where s.seat = y and n <= 40), 0::bigint, 'paused: no lead');
select is((select count(*) from served s, pair where s.seat = x and n <= 40), 40::bigint, 'the other buyer has all leads meanwhile');
select cmp_ok((select count(*) from served s, pair where s.seat = y and n between 41 and 50), '<=', 6::bigint,
  'who is back gets its share of the next ten and at most one more');
select cmp_ok(pg_temp.drift(c, 40), '<=', 1.5, 'shares are exact after the pause') from offers;

-- A newcomer does not catch up on what was sold before it came.
create temp table newcomer as select testkit.enroll_buyer(c, 'Ace') as z from offers;
select pg_temp.run(c, 81, 110) from offers;
select is((select count(*) between 9 and 11 from served s, newcomer where s.seat = z), true, 'a newcomer has a third of the next thirty');

-- The strategy changes: what was sold under another one is no debt.
create temp table late as select testkit.enroll_buyer(d, 'Ace', '{"routing_priority": 9}') as x, testkit.enroll_buyer(d, 'Best') as y
from offers;
select pg_temp.run(d, 1, 20) from offers;
select is((select count(*) from served s, late where s.seat = x), 20::bigint, 'by priority: one has them all');
update leadgen.routing_policies p set config = '{"strategy": "weighted"}' from leadgen.offers o, offers
  where o.id = d and p.id = o.routing_policy_id;
select pg_temp.run(d, 21, 40) from offers;
select is((select count(*) between 9 and 11 from served s, late
  where s.seat = x and n > 20), true, 'weighted from now on: half of the next twenty');

-- A full buyer's turns go to the others, in their proportion.
update leadgen.buyer_offers bo set capacity_per_day = 30 from seats where bo.id = seats.id and w = 3;
select pg_temp.run(a, 61, 90) from offers;
select is((select array_agg(n order by w) from (select w, count(s.*) as n from seats left
  join served s on s.seat = seats.id and s.n > 60 group by w) x),
  '{10,20,0}'::bigint[], 'one is full: 1 to 2 for the rest');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
