-- warn_of_money: who is told that money runs low, once, and for how long it lasts.
begin;
select plan(25);
create temp table offer as select testkit.open_offer('{"on_no_buyer": "reject"}', 'Pia', 'Ivo') as id;
create temp table pia as
select bo.id as seat, bo.buyer_id as id from leadgen.buyer_offers bo join offer on offer.id = bo.offer_id order by bo.id limit 1;
create function pg_temp.look(p_at timestamptz) returns text language plpgsql as $$
begin
  perform testkit.at_time(p_at);
  perform roads.warn_of_money();
  return (select format('%s, %s', count(*), (array_agg(e.facts order by e.id desc))[1])
    from leadgen.events e where e.kind in ('balance_low', 'credit_low'));
end;
$$;
select is(pg_temp.look('2026-11-20T16:00:00Z'), '0, ', 'a buyer that never had money is not told');
select testkit.pay_in(seat, 200) from pia;
select is(pg_temp.look('2026-11-20T16:00:01Z'), '0, ', 'above its line of 100.00');
select testkit.outcome(id, '2026-11-20T17:00:00Z'), testkit.outcome(id, '2026-11-20T17:00:01Z') from offer;
select is(pg_temp.look('2026-11-21T17:00:00Z'), '0, ', '110.00 is above the line');
select testkit.outcome(id, '2026-11-21T17:00:00Z') from offer;
select is(pg_temp.look('2026-11-21T17:00:00Z'), '1, {"left": "65.00", "line": "100.00", "currency": "USD", "days_left": 0.5}',
  'below the line: what is left, and 135.00 a day lasts half a day');
select is(e.message, format('buyer %s has 65.00 USD left, less than 100.00; at the pace of the last 7 days that lasts 0.5 days', pia.id),
  'operators read it as a sentence') from leadgen.events e, pia where e.kind = 'balance_low';
select is(n.kind, 'balance.low', 'the buyer has a notice') from leadgen.notices n join pia on pia.id = n.buyer_id;
select is(count(*), 1::bigint, 'by e-mail') from leadgen.deliveries d join pia on pia.id = d.buyer_id where d.notice_id is not null;
select testkit.outcome(id, '2026-11-21T18:00:00Z') from offer;
select is(left(pg_temp.look('2026-11-21T18:00:01Z'), 2), '1,', 'lower still: it was told');
select testkit.set_balance(id, 105) from pia;
select is(left(pg_temp.look('2026-11-21T18:00:02Z'), 2), '1,', 'a little above the line');
select is(b.low_since is not null, true, 'it is low until it is a tenth above the line') from leadgen.buyers b join pia using (id);
select testkit.set_balance(id, 110) from pia;
select is(left(pg_temp.look('2026-11-21T18:00:03Z'), 2), '1,', 'a tenth above the line');
select is(b.low_since, null, 'it is no longer low') from leadgen.buyers b join pia using (id);
select testkit.set_balance(id, 99.99) from pia;
select is(left(pg_temp.look('2026-11-21T18:00:04Z'), 2), '2,', 'low again: it is told again');

-- The minimum of an enrollment, and a quarter more.
update leadgen.buyers b set low_balance_at = 0 from pia where b.id = pia.id;
select testkit.set_balance(id, 126) from pia;
select pg_temp.look('2026-11-22T18:00:00Z');
update leadgen.buyer_offers bo set min_balance_required = 100 from pia where bo.id = pia.seat;
select is(left(pg_temp.look('2026-11-22T18:00:01Z'), 2), '2,', '126.00 of at least 100.00');
select testkit.set_balance(id, 124.99) from pia;
select is(left(pg_temp.look('2026-11-22T18:00:02Z'), 2), '3,', 'less than a quarter above the minimum');
update leadgen.buyer_offers bo set is_active = false from pia where bo.id = pia.seat;
select is(left(pg_temp.look('2026-11-22T18:00:03Z'), 2), '3,', 'an enrollment that is off has no minimum');

-- A webhook is told, too; and the credit of who is invoiced.
create temp table webb as select testkit.enroll_buyer(id, 'Webb') as seat from offer;
update leadgen.buyers b set credit_limit = 100 from webb where b.id = testkit.buyer_of(webb.seat);
update leadgen.buyer_offers bo set is_active = false from offer, webb where bo.offer_id = offer.id and bo.id <> webb.seat;
select testkit.outcome(id, '2026-11-23T16:00:00Z') from offer;
select is(pg_temp.look('2026-11-23T16:00:01Z'), '4, {"left": "55.00", "line": "100.00", "currency": "USD", "days_left": 1.2}',
  'credit: what is left of the limit');
select is(array_agg(d.channel::text order by d.channel::text), '{email,webhook}', 'by e-mail and webhook')
from leadgen.deliveries d join webb on d.buyer_id = testkit.buyer_of(webb.seat) where d.notice_id is not null;
update leadgen.buyers b set credit_limit = null from webb where b.id = testkit.buyer_of(webb.seat);
select is(left(pg_temp.look('2026-11-23T16:00:02Z'), 2), '4,', 'without a limit nothing runs low');
select is(b.low_since, null, 'what was low is not low without a line')
from leadgen.buyers b join webb on b.id = testkit.buyer_of(webb.seat);

-- The forecast: by all seven days, once the first sale is that old.
create temp table rare as select testkit.enroll_buyer(id, 'Cole') as enrollment_id from offer;
update leadgen.buyers b set billing_mode = 'prepaid' from rare where b.id = testkit.buyer_of(enrollment_id);
update leadgen.buyer_offers bo set is_active = bo.id = rare.enrollment_id from rare;
select testkit.pay_in(enrollment_id, 1000) from rare;
select testkit.at_time('2026-11-24T16:00:00Z');
select is(billing.forecast_days(testkit.buyer_of(enrollment_id), 450, '2026-11-24T16:00:00Z'), null,
  'who bought nothing has no forecast') from rare;
select testkit.outcome(id, '2026-11-24T16:00:00Z') from offer;
select is(billing.forecast_days(testkit.buyer_of(enrollment_id), 450, '2026-11-24T18:00:00Z'), 10.0,
  'a first sale today: one a day') from rare;
select is(billing.forecast_days(testkit.buyer_of(enrollment_id), 450, '2026-11-26T16:00:00Z'), 20.0,
  'two days later: one in two days') from rare;
select testkit.outcome(id, '2026-12-24T16:00:00Z') from offer;
select is(billing.forecast_days(testkit.buyer_of(enrollment_id), 450, '2026-12-24T18:00:00Z'), 70.0,
  'who bought one lead a month ago and one today bought one in seven days') from rare;
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select * from finish();
rollback;
