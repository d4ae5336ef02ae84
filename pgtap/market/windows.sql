-- recount_usage, move_windows: a change of zone counts the caps anew, so that no place is given twice.
begin;
select plan(18);

create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as offer_id;
create temp table seats as
select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_day": 2}') as follows,
  testkit.enroll_buyer(offer_id, 'Best', '{"timezone": "Asia/Tokyo", "is_active": false}') as own from ids;
create function pg_temp.usage(p_id bigint) returns text language sql as $$
  select concat_ws(' ', u.hour_count, u.day_count, u.week_count, u.month_count, to_char(u.day_start at time zone 'UTC', 'DD HH24:MI'))
  from testkit.enrollment_usage u where u.buyer_offer_id = p_id;
$$;

-- Sold at 23:30 on the 19th in Austin, which is 00:30 on the 20th in New York; and at 00:30 on the 20th in Austin.
select testkit.sell(offer_id, 1, '2026-11-20T05:30:00Z') from ids;
select testkit.sell(offer_id, 2, '2026-11-20T06:30:00Z') from ids;
select is(pg_temp.usage(follows), '1 1 2 2 20 06:00', 'in Austin: one today') from seats;
update leadgen.buyer_offers bo set timezone = 'America/New_York' from seats where bo.id = follows;
select is(pg_temp.usage(follows), '1 2 2 2 20 05:00', 'in New York: two today') from seats;
select is(testkit.sell(offer_id, 3, '2026-11-20T07:00:00Z'), null, 'two sales fill its day in New York') from ids;
update leadgen.buyer_offers bo set timezone = null from seats where bo.id = follows;
select is(pg_temp.usage(follows), '0 1 2 2 20 06:00', 'back in Austin: one today, none this hour') from seats;
select is(testkit.sell(offer_id, 4, '2026-11-20T07:10:00Z'), follows, 'in Austin there is a place left') from ids, seats;
update leadgen.buyer_offers bo set timezone = null from seats where bo.id = follows;
select is(pg_temp.usage(follows), '1 2 3 3 20 06:00', 'the same zone again changes nothing') from seats;

-- The market moves: those that follow it move along, one with a zone of its own does not.
create temp table before as select pg_temp.usage(own) as usage from seats;
update leadgen.markets m set timezone = 'America/New_York' from ids join leadgen.offers o on o.id = offer_id where m.id = o.market_id;
select is(pg_temp.usage(follows), '1 3 3 3 20 05:00', 'the market moves to New York: all three are today''s') from seats;
select is(pg_temp.usage(own) is not distinct from before.usage, true, 'who has its own zone stays') from seats, before;
select is(testkit.sell(offer_id, 5, '2026-11-20T07:20:00Z'), null, 'more than the cap, so none until midnight there') from ids;
select is(testkit.sell(offer_id, 6, '2026-11-21T05:00:00Z'), follows, 'which comes at 05:00 UTC') from ids, seats;

-- A counter that went wrong is mended by counting.
update leadgen.enrollment_usage u set sales[2] = 0, sales[1] = 7 from seats where u.buyer_offer_id = follows;
select is(array_agg(distinct rule), '{usage_row_is_true}', 'the invariants see it') from leadgen.list_broken_invariants();
select lives_ok(format('select market.recount_usage(%s)', follows), 'recount_usage') from seats;
select is(pg_temp.usage(follows), '1 1 4 4 21 05:00', 'counted from the sales') from seats;
-- The offer as a whole, in the market's zone, and at a moment of the past. Sold at 45.00: 05:30, 06:30 and 07:10 UTC on the
-- 20th, 05:00 on the 21st.
create function pg_temp.standing(p_seat bigint, p_now timestamptz, p_until timestamptz) returns text language sql as $$
  select concat_ws(' ', s.sales[1], s.sales[2], s.money[2], s.sales[3], s.sales[4], s.money[4])
  from ids, market.count_standing_sales(offer_id, p_seat, p_now, 'America/New_York', p_until) s;
$$;
select is(pg_temp.standing(null, '2026-11-21T05:00:00Z', 'infinity'), '1 1 45.00 4 4 180.00', 'count_standing_sales: the offer now');
select is(pg_temp.standing(follows, '2026-11-20T06:45:00Z', '2026-11-20T06:45:00Z'), '1 2 90.00 2 2 90.00',
  'count_standing_sales: before the third sale') from seats;
select is(pg_temp.standing(own, '2026-11-21T05:00:00Z', 'infinity'), '0 0 0 0 0 0', 'count_standing_sales: who sold nothing') from seats;
update leadgen.offer_usage u set sales[2] = 9, money[4] = 1 from ids where u.offer_id = ids.offer_id;
select market.recount_offer_usage(offer_id, 'America/New_York') from ids;
select is(concat_ws(' ', u.day_count, u.day_spent, u.month_count, u.month_spent), '1 45.00 4 180.00', 'recount_offer_usage')
from testkit.offer_usage u join ids using (offer_id);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
