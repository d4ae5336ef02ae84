-- rank_candidates: priority, round robin, tie-breakers, the id last.
begin;
select plan(17);

create function pg_temp.rank(p_candidates market.candidate_v1[], variadic p_strategy text[]) returns integer[] language sql as $$
  select kernel.rank_candidates(testkit.snapshot(p_candidates), array_fill(null::text, array[cardinality(p_candidates)]), p_strategy);
$$;

select is(pg_temp.rank(testkit.candidates('{"priority": 1}', '{"priority": 9}', '{"priority": 5}'), 'priority'), '{2,3,1}',
  'priority: the higher number first');
select is(pg_temp.rank(testkit.candidates('{}', '{}', '{}'), 'priority'), '{1,2,3}', 'priority: equals by enrollment id');
select is(pg_temp.rank(testkit.candidates('{"buyer_offer_id": 30}', '{"buyer_offer_id": 7}', '{"buyer_offer_id": 12}'), 'priority'),
  '{2,3,1}', 'a tie is broken by id, not by position');
select is(pg_temp.rank(testkit.candidates('{"last_turn": 5}', '{"last_turn": 2}', '{"last_turn": 9}'), 'round_robin'), '{2,1,3}',
  'round_robin: the longest without a lead');
select is(pg_temp.rank(testkit.candidates('{"last_turn": 1}', '{}', '{"last_turn": 2}', '{}'), 'round_robin'), '{2,4,1,3}',
  'round_robin: never served before all, among them by id');
select is(pg_temp.rank(testkit.candidates('{"last_turn": 0}', '{}'), 'round_robin'), '{2,1}', 'round_robin: a first turn is not never');
select is(pg_temp.rank(testkit.candidates('{"priority": 2, "last_turn": 9}', '{"priority": 2, "last_turn": 3}',
  '{"priority": 5, "last_turn": 99}'), 'priority', 'round_robin'),
  '{3,2,1}', 'a tie-breaker decides among equals only');
select is(pg_temp.rank(testkit.candidates('{"priority": 1, "last_turn": 1}', '{"priority": 5, "last_turn": 1}'), 'round_robin',
  'priority'), '{2,1}', 'round robin prefers the lower priority when turns say so');
select is(pg_temp.rank(testkit.candidates('{"weight": 1}', '{"weight": 3}', '{"weight": 2}'), 'weighted'), '{2,3,1}',
  'weighted, nobody served: who would finish first');
select is(pg_temp.rank(testkit.candidates('{"weight": 2}', '{"weight": 2}'), 'weighted'), '{1,2}', 'weighted: equals by id');
select is(pg_temp.rank(testkit.candidates('{"weight": 2, "priority": 1}', '{"weight": 2, "priority": 3}'), 'weighted', 'priority'),
  '{2,1}', 'weighted: then the tie-breaker');
select is(kernel.rank_candidates(testkit.snapshot(testkit.candidates('{"priority": 9}', '{}', '{}')), '{cap_day,NULL,NULL}', '{priority}'),
  '{2,3}', 'who failed a check is not ranked');
select is(kernel.rank_candidates(testkit.snapshot(testkit.candidates('{}')), '{paused}', '{weighted}'), '{}',
  'nobody is ranked when nobody passed');
select is(kernel.rank_candidates(testkit.snapshot('{}'), '{}', '{priority}'), '{}', 'nobody is ranked when nobody is enrolled');


-- The same input gives the same order, whatever the order of the rows.
select is(
  (select array_agg(distinct pg_temp.rank(c, 'weighted', 'round_robin', 'priority')::text) from generate_series(1, 20),
    lateral (select testkit.candidates('{"weight": 3, "last_turn": 4}', '{"weight": 3, "last_turn": 4}', '{"weight": 1}') as c) x),
  '{"{1,2,3}"}', 'twenty runs do not differ');
select is(kernel.rank_candidates(testkit.snapshot(testkit.candidates('{}', '{}')), '{NULL,NULL}', '{no_such}'), '{1,2}',
  'a strategy that there is not decides nothing');
select is(
  (select array_agg((c[p]).buyer_offer_id order by n)
   from (select array[testkit.candidate('{"buyer_offer_id": 3}'), testkit.candidate('{"buyer_offer_id": 1}'),
     testkit.candidate('{"buyer_offer_id": 2}')] as c) x,
     unnest(pg_temp.rank(c, 'priority')) with ordinality as r (p, n)),
  '{1,2,3}'::bigint[], 'the order of the candidates decides nothing');

select * from finish();
rollback;
