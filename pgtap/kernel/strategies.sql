-- Strategies highest_price and least_filled, as strategy and as tie-breaker; find_fills, rank_fills; who has waited longest wins a tie.
begin;
select plan(47);
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
  '{3,2,1}', 'least_filled: the lowest share, after who had no lead today');
select is(pg_temp.rank(testkit.candidates('{"cap_day": 10, "used_day": 5}', '{"cap_day": 2, "used_day": 1}'), 'least_filled'), '{1,2}',
  'least_filled: equals by id');

select is(pg_temp.rank(testkit.candidates(a, b), 'least_filled', 'priority'), '{2,1}',
  format('least_filled: equals in places and in money, %s', b::text))
from (values ('{"priority": 1, "cap_day": 7, "used_day": 3}'::jsonb,
    '{"priority": 2, "budget_day": 0.07, "spent_day": 0.03}'::jsonb),
  ('{"priority": 1, "budget_month": 300, "spent_month": 100}', '{"priority": 2, "cap_hour": 3, "used_hour": 1}')) as t (a, b);

-- Without a limit: by the leads of the day.
select is(pg_temp.rank(testkit.candidates(variadic fields), 'least_filled'), expected, format('least_filled: %s', what))
from (values
  (array['{"used_day": 3}', '{"used_day": 1}', '{"used_day": 2}']::jsonb[], '{2,3,1}'::integer[],
    'nobody has a limit: the fewest leads today'),
  (array['{"used_day": 1, "used_month": 9}', '{"used_day": 1, "used_month": 2}']::jsonb[], '{1,2}', 'of today, not of the month'),
  (array['{"cap_day": 10, "used_day": 4}', '{"used_day": 3}']::jsonb[], '{2,1}', 'fewer leads than who has a limit: before it'),
  (array['{"used_day": 5}', '{"cap_day": 10, "used_day": 4}']::jsonb[], '{2,1}', 'more leads: after it, though it has no limit'),
  (array['{"used_day": 4, "last_turn": 9}', '{"cap_day": 10, "used_day": 4, "last_turn": 8}']::jsonb[], '{2,1}',
    'as many: a tie, to who waits longest'),
  (array['{"cap_day": 10, "used_day": 4}', '{"cap_day": 100, "used_day": 20}', '{"used_day": 10}']::jsonb[], '{3,2,1}',
    'it is compared with the least filled first'),
  (array['{"cap_day": 10, "used_day": 4}', '{"cap_day": 100, "used_day": 3}', '{"used_day": 4}']::jsonb[], '{2,1,3}',
    'it is compared with each in their order'),
  (array['{"cap_day": 10, "used_day": 1}', '{"used_day": 7}', '{"used_day": 2}']::jsonb[], '{1,3,2}', 'after the last: the fewest first'),
  (array['{"cap_day": 1, "used_day": 0}', '{"used_day": 1}', '{"cap_day": 1000, "used_day": 200}', '{"used_day": 6}']::jsonb[],
    '{1,2,4,3}', 'neither the largest cap nor none is flooded')
) as t (fields, expected, what);
select is(kernel.rank_fills(testkit.snapshot(testkit.candidates('{"cap_day": 10, "used_day": 4}', '{"used_day": 3}', '{"used_day": 1}',
  '{"used_day": 3}')), '{NULL,NULL,paused,NULL}'), '{2,1.000000003,NULL,1.000000003}'::float8[], 'rank_fills: who passes, equals alike');
select is(kernel.rank_fills(testkit.snapshot(testkit.candidates('{"cap_day": 10, "used_day": 4}')), '{NULL}'), '{0.4}'::float8[],
  'rank_fills: all have limits, shares as they are');
select is(kernel.rank_fills(testkit.snapshot('{}'), '{}'), '{}'::float8[], 'rank_fills: nobody');

-- Ties go to who has waited longest, who never had a lead before all.
select is(pg_temp.rank(testkit.candidates('{"last_turn": 7}', '{"last_turn": 3}', '{}'), strategy), '{3,2,1}',
  format('%s: a tie goes to who has waited longest', strategy))
from unnest('{priority,highest_price,least_filled,weighted}'::text[]) strategy;
select is(pg_temp.rank(testkit.candidates('{"last_turn": 7, "priority": 2}', '{"last_turn": 3}'), 'highest_price', 'priority'), '{1,2}',
  'a tie-breaker of the policy comes before');

-- The first edition, by which old records replay: ties by id, and who has no limit is empty.
create function pg_temp.rank_first(p_candidates market.candidate_v1[], p_strategy text) returns integer[] language sql as $$
  select kernel.rank_candidates(jsonb_populate_record(testkit.snapshot(p_candidates), '{"edition": null}'),
    array_fill(null::text, array[cardinality(p_candidates)]), array[p_strategy]);
$$;
select is(pg_temp.rank_first(testkit.candidates('{"last_turn": 7}', '{"last_turn": 3}'), 'priority'), '{1,2}', 'first edition: ties by id');
select is(pg_temp.rank_first(testkit.candidates('{"cap_day": 10, "used_day": 4}', '{"used_day": 900}'), 'least_filled'), '{2,1}',
  'first edition: without a limit always first');
-- Tags that differ by less than binary fractions are good for: a seventeenth lead at weight 1, then weight 100.
select is(format('%s %s', pg_temp.rank(c, 'weighted'), pg_temp.rank_first(c, 'weighted')), '{2,1} {1,2}',
  'equal tags are a tie; by the first edition their last binary digit decided')
from testkit.candidates('{"weight": 100, "finish_tag": 2.13375, "last_turn": 17}',
  '{"weight": 100, "finish_tag": 2.1337500000000005, "last_turn": 11}') c;

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
