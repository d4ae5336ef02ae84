-- Strategies highest_price and least_filled, as strategy and as tie-breaker; find_fills.
begin;
select plan(27);
create function pg_temp.rank(p_candidates market.candidate_v1[], variadic p_strategy text[]) returns integer[] language sql as $$
  select kernel.rank_candidates(testkit.snapshot(p_candidates), array_fill(null::text, array[cardinality(p_candidates)]), p_strategy);
$$;
select is(pg_temp.rank(testkit.candidates('{"price": 40}', '{"price": 60}', '{"price": 50}'), 'highest_price'), '{2,3,1}',
  'highest_price: who pays most first');
select is(pg_temp.rank(testkit.candidates('{"price": 40}', '{"price": 40.01}'), 'highest_price'), '{2,1}', 'highest_price: a cent decides');
select is(pg_temp.rank(testkit.candidates('{"price": 40}', '{"price": 40.00}'), 'highest_price'), '{1,2}', 'highest_price: equals by id');
select is(pg_temp.rank(testkit.candidates('{"price": 40, "priority": 1}', '{"price": 40, "priority": 2}', '{"price": 41}'),
  'highest_price', 'priority'), '{3,2,1}', 'highest_price: then the tie-breaker');
select is(pg_temp.rank(testkit.candidates('{"priority": 5, "price": 40}', '{"priority": 5, "price": 60}', '{"priority": 9, "price": 1}'),
  'priority', 'highest_price'), '{3,2,1}', 'highest_price as a tie-breaker');
select is((kernel.find_fills(testkit.snapshot(testkit.candidates(fields))))[1], fill::float8, format('find_fills: %s of %s', fill, fields))
from (values
  ('{}'::jsonb, 0), ('{"used_day": 7}', 0), ('{"cap_day": 4, "used_day": 3}', 0.75), ('{"cap_day": 4}', 0),
  ('{"cap_hour": 2, "used_hour": 1, "cap_day": 10, "used_day": 1}', 0.5), ('{"cap_week": 10, "used_week": 9}', 0.9),
  ('{"cap_month": 100, "used_month": 1}', 0.01), ('{"budget_day": 100, "spent_day": 60, "cap_day": 10, "used_day": 1}', 0.6),
  ('{"budget_month": 200, "spent_month": 50}', 0.25), ('{"cap_day": 0}', 0), ('{"cap_day": 2, "used_day": 3}', 1.5)
) as t (fields, fill);
select is(pg_temp.rank(testkit.candidates('{"cap_day": 10, "used_day": 5}', '{"cap_day": 100, "used_day": 40}', '{}'), 'least_filled'),
  '{3,2,1}', 'least_filled: the lowest share, who has no cap is empty');
select is(pg_temp.rank(testkit.candidates('{"cap_day": 10, "used_day": 5}', '{"cap_day": 2, "used_day": 1}'), 'least_filled'), '{1,2}',
  'least_filled: equals by id');

select is(pg_temp.rank(testkit.candidates(a, b), 'least_filled', 'priority'), '{2,1}',
  format('least_filled: equals in places and in money, %s', b::text))
from (values ('{"priority": 1, "cap_day": 7, "used_day": 3}'::jsonb,
    '{"priority": 2, "budget_day": 0.07, "spent_day": 0.03}'::jsonb),
  ('{"priority": 1, "budget_month": 300, "spent_month": 100}', '{"priority": 2, "cap_hour": 3, "used_hour": 1}')) as t (a, b);

-- Through the front door.
create temp table ids as select testkit.make_offer('{}', '{"strategy": "highest_price"}') as rich,
  testkit.make_offer('{}', '{"strategy": "least_filled"}') as empty,
  testkit.make_offer('{}', '{"strategy": "highest_price"}', '{"exclusivity_premium": {"percent": 100}}') as owned;
select testkit.enroll_buyer(rich, 'Ace', '{"price_per_lead": 45, "routing_priority": 9}'), testkit.enroll_buyer(rich, 'Best',
  '{"price_per_lead": 46, "capacity_per_day": 1}'), testkit.enroll_buyer(empty, 'Ace', '{"capacity_per_day": 1}'),
  testkit.enroll_buyer(empty, 'Best', '{"capacity_per_day": 3}'), testkit.enroll_buyer(owned, 'Ace', '{"price_per_lead": 60}') from ids;
select is(testkit.outcome(rich, '2026-11-20T16:00:00Z'), 'Best 46.00', 'highest_price: who pays more, whatever the priority') from ids;
select is(testkit.outcome(rich, '2026-11-20T16:00:00Z'), 'Ace 45.00', 'highest_price: and the next when it is full') from ids;
select is((select array_agg(testkit.outcome(empty, '2026-11-20T16:00:00Z') order by n) from generate_series(1, 5) n),
  '{"Ace 45.00","Best 45.00","Best 45.00","Best 45.00","cap_day 2, held"}',
    'least_filled: 0 and 0, 1 and 0, 1 and 1/3, 1 and 2/3, both full')
  from ids;
select testkit.own(testkit.enroll_buyer(owned, 'Best', '{"price_per_lead": 31}'), 'postal_code', '78701') from ids;
select is(testkit.outcome(owned, '2026-11-20T16:00:00Z'), 'Best 62.00', 'who owns the place is the only candidate, at twice the price')
  from ids;
select is(testkit.outcome(owned, '2026-11-20T16:00:00Z', '{"postal_code": "78702"}'), 'Ace 60.00', 'elsewhere who pays most') from ids;
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select is(testkit.policy_fault('routing', '{"strategy": "lowest_price"}'), 'LG423 config.strategy', 'an unknown strategy is refused');

select * from finish();
rollback;
