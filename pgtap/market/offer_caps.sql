-- Routing key caps: what an offer as a whole may sell, in each window of its market and in money.
begin;
select plan(59);

create function pg_temp.offer(p_config jsonb, p_buyers integer default 1) returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  for v_number in 1 .. p_buyers loop
    perform testkit.enroll_buyer(v_offer_id, ('{Ace,Best,Cole}'::text[])[v_number], jsonb_build_object(
      'routing_priority', 10 - v_number, 'price_per_lead', (array[60, 50, 40])[v_number]));
  end loop;
  return v_offer_id;
end;
$$;

-- At the last place, after it, and when the window begins anew. Midnight in Austin is 06:00 UTC; 23 November is a Monday.
create temp table tried (round integer, n integer, config jsonb, at timestamptz, expected text);
insert into tried values
  (1, 1, '{"caps": {"per_hour": 2}}', '2026-11-20T16:10:00Z', 'Ace 60.00'), (1, 2, null, '2026-11-20T16:50:00Z', 'Ace 60.00'),
  (1, 3, null, '2026-11-20T16:59:59Z', 'offer_cap_hour 1, held'), (1, 4, null, '2026-11-20T17:00:00Z', 'Ace 60.00'),
  (2, 1, '{"caps": {"per_day": 1}, "on_no_buyer": "reject"}', '2026-11-20T16:00:00Z', 'Ace 60.00'),
  (2, 2, null, '2026-11-21T05:59:59Z', 'offer_cap_day 1'),
  (2, 3, null, '2026-11-21T06:00:00Z', 'Ace 60.00'),
  (3, 1, '{"caps": {"per_week": 1}, "on_no_buyer": "reject"}', '2026-11-20T16:00:00Z', 'Ace 60.00'),
  (3, 2, null, '2026-11-23T05:59:59Z', 'offer_cap_week 1'),
  (3, 3, null, '2026-11-23T06:00:00Z', 'Ace 60.00'),
  (4, 1, '{"caps": {"per_month": 1}, "on_no_buyer": "reject"}', '2026-11-20T16:00:00Z', 'Ace 60.00'),
  (4, 2, null, '2026-12-01T05:59:59Z', 'offer_cap_month 1'),
  (4, 3, null, '2026-12-01T06:00:00Z', 'Ace 60.00'),
  (5, 1, '{"caps": {"per_hour": 0}}', '2026-11-20T16:00:00Z', 'offer_cap_hour 1, held'),
  (6, 1, '{"caps": {"budget_per_day": 120}}', '2026-11-20T16:00:00Z', 'Ace 60.00'), (6, 2, null, '2026-11-20T16:00:01Z', 'Ace 60.00'),
  (6, 3, null, '2026-11-20T16:00:02Z', 'offer_budget_day 1, held'), (6, 4, null, '2026-11-21T06:00:00Z', 'Ace 60.00'),
  (7, 1, '{"caps": {"budget_per_day": 119.99}}', '2026-11-20T16:00:00Z', 'Ace 60.00'),
  (7, 2, null, '2026-11-20T16:00:01Z', 'offer_budget_day 1, held'),
  (8, 1, '{"caps": {"budget_per_month": 60}, "on_no_buyer": "reject"}', '2026-11-20T16:00:00Z', 'Ace 60.00'),
  (8, 2, null, '2026-12-01T05:59:59Z', 'offer_budget_month 1'), (8, 3, null, '2026-12-01T06:00:00Z', 'Ace 60.00'),
  (9, 1, '{"caps": {"per_day": 0}, "on_no_buyer": "reject"}', '2026-11-20T16:00:00Z', 'offer_cap_day 1');
create temp table offers as select t.round, pg_temp.offer(t.config) as id from tried t where t.n = 1 order by t.round;
select is(testkit.outcome(o.id, t.at, '{}'), t.expected, format('round %s, lead %s at %s: %s', t.round, t.n, t.at, t.expected))
from (select * from tried order by round, n offset 0) t join offers o using (round) order by t.round, t.n;

-- A shared sale takes a place for each buyer, and only what is left.
create temp table shared as select pg_temp.offer('{"max_buyers": 3, "caps": {"per_day": 4}}', 3) as places,
  pg_temp.offer('{"max_buyers": 3, "caps": {"budget_per_day": 100}}', 3) as money,
  pg_temp.offer('{"max_buyers": 3}', 3) as free;
select is(testkit.outcome(places, '2026-11-20T16:00:00Z'), 'Ace 60.00, Best 50.00, Cole 40.00', 'three of four places') from shared;
select is(testkit.outcome(places, '2026-11-20T16:00:01Z'), 'Ace 60.00', 'one place left: the best of three') from shared;
select is(testkit.outcome(places, '2026-11-20T16:00:02Z'), 'offer_cap_day 3, held', 'shared sales fill the offer''s cap') from shared;
select is(testkit.outcome(money, '2026-11-20T16:00:00Z'), 'Ace 60.00, Cole 40.00',
  'a hundred: the second would make 110 and is passed over, the third makes it full') from shared;
select is(testkit.outcome(money, '2026-11-20T16:00:01Z'), 'offer_budget_day 3, held', 'to the cent: nothing left') from shared;
select is(testkit.outcome(free, '2026-11-20T16:00:00Z'), 'Ace 60.00, Best 50.00, Cole 40.00', 'without caps all places are sold')
from shared;
select is(concat_ws(' ', u.hour_count, u.day_count, u.week_count, u.month_count, u.day_spent, u.month_spent), expected,
  format('offer_usage counts: %s', expected))
from shared cross join lateral (values (places, '4 4 4 4 210.00 210.00'), (money, '2 2 2 2 100.00 100.00'),
  (free, '3 3 3 3 150.00 150.00')) as t (id, expected)
join testkit.offer_usage u on u.offer_id = t.id;
create function pg_temp.offer_limits(p_offer_id bigint, p_at timestamptz) returns text language sql as $$
  select string_agg(concat_ws(' ', l.code, l.used, 'of', l.cap), ', ' order by l.place)
  from leadgen.sources s
  cross join lateral testkit.gather(testkit.facts(jsonb_build_object('decided_at', p_at)), catalog.load_route(s.id, s.offer_id)) as g
  cross join lateral unnest(g.limit_owners, g.limit_codes, g.limit_uses, g.limit_caps) with ordinality as l (owner, code, used, cap, place)
  where s.offer_id = p_offer_id and l.owner = 0;
$$;
select is(pg_temp.offer_limits(id, at), expected, format('the offer''s own limits: %s', coalesce(expected, 'none')))
from shared cross join lateral (values (places, '2026-11-20T16:30:00Z'::timestamptz, 'offer_cap_day 4 of 4'),
  (free, '2026-11-20T16:30:00Z', null),
  (places, '2026-11-21T06:00:00Z', 'offer_cap_day 0 of 4')) as t (id, at, expected);

-- The parts.
select is(kernel.choose_winners(testkit.snapshot(c, testkit.load(load)),
  (testkit.verdict_of(c, '{"strategy": "highest_price"}')).ranking, most), winners,
  format('choose_winners: %s of at most %s with %s', winners, most, load))
from (select testkit.candidates('{"price": 40}', '{"price": 60}', '{"price": 50}') as c) x,
  (values ('{}'::jsonb, 2, '{2,3}'::integer[]), ('{}', 9, '{2,3,1}'), ('{"cap_day": 1}', 2, '{2}'), ('{"cap_day": 0}', 2, '{}'),
  ('{"cap_hour": 5, "used_hour": 3}', 3, '{2,3}'), ('{"cap_hour": 9, "cap_month": 1}', 3, '{2}'),
    ('{"cap_week": 2, "used_week": 3}', 3, '{}'),
    ('{"budget_day": 100}', 2, '{2,1}'), ('{"budget_month": 59}', 2, '{3}'), ('{"budget_day": 100, "spent_day": 55}', 2, '{1}'),
    ('{"budget_day": 100, "spent_day": 60.01}', 2, '{}'),
    ('{"budget_day": 500, "budget_month": 100}', 3, '{2,1}')) as t (load, most, winners);

select is(testkit.policy_fault('routing', body), fault, format('as a policy: %s', body::text))
from (values
  ('{"caps": {"per_hour": 0, "per_day": 1, "per_week": 2, "per_month": 3, "budget_per_day": 0.01, "budget_per_month": 9}}'::jsonb, 'none'),
  ('{"caps": {}}', 'LG423 config.caps'), ('{"caps": 5}', 'LG423 config.caps'), ('{"caps": {"per_year": 1}}', 'LG423 config.caps.per_year'),
  ('{"caps": {"per_day": -1}}', 'LG423 config.caps.per_day'), ('{"caps": {"per_day": 1.5}}', 'LG423 config.caps.per_day'),
  ('{"caps": {"per_day": "9"}}', 'LG423 config.caps.per_day'), ('{"caps": {"budget_per_day": -0.01}}', 'LG423 config.caps.budget_per_day'),
  ('{"caps": {"budget_per_month": null}}', 'LG423 config.caps.budget_per_month')
) as t (body, fault);
select is(array_agg(r.answer), '{}'::jsonb[] || array_fill('{"identical": true}'::jsonb, array[count(*)::integer]), 'every lead replays')
from (select leadgen.replay_lead(l.id) as answer from leadgen.leads l) r;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
