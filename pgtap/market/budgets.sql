-- Budgets of an enrollment: by day and month, exact to the cent, from midnight to midnight of its zone.
begin;
select plan(41);

create temp table tried (round integer, n integer, seat jsonb, at timestamptz, expected text);
insert into tried values
  -- 90.00 is two leads at 45.00 and no third
  (1, 1, '{"budget_per_day": 90}', '2026-11-20T16:00:00Z', 'Ace 45.00'), (1, 2, null, '2026-11-20T17:00:00Z', 'Ace 45.00'),
  (1, 3, null, '2026-11-21T05:59:59Z', 'budget_day 1'), (1, 4, null, '2026-11-21T06:00:00Z', 'Ace 45.00'),
  (2, 1, '{"budget_per_day": 89.99}', '2026-11-20T16:00:00Z', 'Ace 45.00'), (2, 2, null, '2026-11-20T17:00:00Z', 'budget_day 1'),
  (3, 1, '{"budget_per_day": 45}', '2026-11-20T16:00:00Z', 'Ace 45.00'), (3, 2, null, '2026-11-20T16:00:01Z', 'budget_day 1'),
  (4, 1, '{"budget_per_day": 44.99}', '2026-11-20T16:00:00Z', 'budget_day 1'),
  (5, 1, '{"budget_per_day": 0}', '2026-11-20T16:00:00Z', 'budget_day 1'),
  (6, 1, '{"budget_per_month": 90}', '2026-11-20T16:00:00Z', 'Ace 45.00'), (6, 2, null, '2026-11-25T16:00:00Z', 'Ace 45.00'),
  (6, 3, null, '2026-12-01T05:59:59Z', 'budget_month 1'), (6, 4, null, '2026-12-01T06:00:00Z', 'Ace 45.00'),
  -- its own zone: the day of Tokyo begins at 15:00 UTC
  (7, 1, '{"budget_per_day": 45, "timezone": "Asia/Tokyo"}', '2026-11-20T14:00:00Z', 'Ace 45.00'),
  (7, 2, null, '2026-11-20T14:59:59Z', 'budget_day 1'), (7, 3, null, '2026-11-20T15:00:00Z', 'Ace 45.00'),
  -- its own price, with cents
  (8, 1, '{"budget_per_day": 1, "price_per_lead": 0.33}', '2026-11-20T16:00:00Z', 'Ace 0.33'),
  (8, 2, null, '2026-11-20T16:00:01Z', 'Ace 0.33'), (8, 3, null, '2026-11-20T16:00:02Z', 'Ace 0.33'),
  (8, 4, null, '2026-11-20T16:00:03Z', 'budget_day 1'),
  -- the day before the month, and both after the caps
  (9, 1, '{"budget_per_day": 1, "budget_per_month": 1}', '2026-11-20T16:00:00Z', 'budget_day 1'),
  (10, 1, '{"budget_per_day": 1, "capacity_per_month": 0}', '2026-11-20T16:00:00Z', 'cap_month 1'),
  -- a day of 25 hours is one day
  (11, 1, '{"budget_per_day": 45}', '2026-11-01T05:00:00Z', 'Ace 45.00'), (11, 2, null, '2026-11-02T05:59:59Z', 'budget_day 1'),
  (11, 3, null, '2026-11-02T06:00:00Z', 'Ace 45.00');
create function pg_temp.offer(p_seat jsonb) returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}');
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', p_seat);
  return v_offer_id;
end;
$$;
create temp table offers as select t.round, pg_temp.offer(t.seat) as id from tried t where t.n = 1 order by t.round;
select is(testkit.outcome(o.id, t.at), t.expected, format('round %s, lead %s at %s: %s', t.round, t.n, t.at, t.expected))
from (select * from tried order by round, n offset 0) t join offers o using (round) order by t.round, t.n;
select is(concat_ws(' ', u.day_count, u.day_spent, u.month_count, u.month_spent), '1 45.00 3 135.00',
  'what is spent, in the windows of now')
from testkit.enrollment_usage u join offers o on o.id = u.offer_id where o.round = 1;

-- The price that counts is the price of the sale: premium and adjustment included.
create temp table priced as select testkit.make_offer('{"duplicate_window_hours": 0}', '{}',
  '{"adjustments": [{"name": "big", "when": {"attributes.size": {"minimum": 100}}, "amount": 10}]}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace', '{"budget_per_day": 99.99, "routing_priority": 2}'), testkit.enroll_buyer(offer_id, 'Best')
from priced;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'Ace 45.00', '45.00 fits into 99.99') from priced;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z', '{"attributes": {"size": 100}}'), 'Best 55.00',
  '55 more would be 100: the next buyer')
  from priced;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'Ace 45.00', 'another 45.00 fits, which makes 90.00') from priced;
select is((select c.reason from leadgen.leads l join priced using (offer_id) cross join lateral leadgen.explain_candidates(l.id) c
  where l.price = 55 and c.buyer_name = 'Ace'),
    'budget_day: 45.00 of 99.99, price 55.00, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'the reason carries its numbers');

-- Funds: who has to have a balance must be able to pay the lead, too.
create function pg_temp.pay(p_minimum numeric, p_balance numeric) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{}', '{"on_no_buyer": "reject"}');
  v_seat constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', jsonb_build_object('min_balance_required', p_minimum));
  v_said text;
begin
  perform testkit.set_balance(testkit.buyer_of(v_seat), p_balance);
  v_said := testkit.outcome(v_offer_id, '2026-11-20T16:00:00Z');
  return concat_ws(' | ', v_said, (select c.reason from leadgen.leads l
    cross join lateral leadgen.explain_candidates(l.id) c where l.offer_id = v_offer_id));
end;
$$;
select is(pg_temp.pay(minimum, balance), expected, format('funds %s of at least %s: %s', balance, coalesce(minimum::text, 'nothing'),
  expected))
from (values (null::numeric, 0::numeric, 'Ace 45.00'), (10, 9.99, 'minimum_balance 1 | minimum_balance: 9.99 of 10.00'),
  (10, 10, 'funds 1 | funds: 10.00, price 45.00'), (10, 44.99, 'funds 1 | funds: 44.99, price 45.00'), (10, 45, 'Ace 45.00'),
  (50, 49.99, 'minimum_balance 1 | minimum_balance: 49.99 of 50.00'), (50, 50, 'Ace 45.00')) as t (minimum, balance, expected);

select is(testkit.fault_of(format('select testkit.enroll_buyer(testkit.make_offer(), ''Ace'', %L)', seat)), '23514',
  format('as a seat: %s', seat))
from (values ('{"budget_per_day": -0.01}'::jsonb), ('{"budget_per_month": -1}')) as t (seat);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
