-- Closed months: nothing is booked into them, and their totals stand.
begin;
select plan(20);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
select testkit.sell_leads(id, 2) from o;

select is(testkit.fault_of(format('select leadgen.close_month(%L)', month)), fault, what)
from (values
  ('2026-11', 'LG409 month', 'a month that is not over'), ('2026-13', 'LG400 month', 'a month that there is not'),
  ('november', 'LG400 month', 'a word')
) as t (month, fault, what);
select testkit.at_time('2026-12-01 00:59+00');
select is(testkit.fault_of($$select leadgen.close_month('2026-11')$$), 'LG409 month', 'a month is not closed in the hour after it');
select is(testkit.fault_of($$select leadgen.total_month('2026-11')$$), 'LG409 month', 'no totals of an open month');
select testkit.at_time('2026-12-01 01:00+00');
select testkit.make_key(repeat('1', 64), '{"name": "otto", "scopes": ["read", "money"]}');
select is(leadgen.close_month_for(repeat('1', 64), '2026-11'), '{"month": "2026-11"}', 'an operator closes it by key');
select is_empty('select from leadgen.closed_totals', 'sales wait for the end of the month, and not for its sums');
select lives_ok($$select leadgen.close_month('2026-11')$$, 'a month that is closed again stays as it is');
select is(leadgen.total_month_for(repeat('1', 64), '2026-11') ->> 'totals', '2', 'two accounts have moved');
select is(leadgen.total_month('2026-11'), 2, 'they are summed up once');
select is(array_agg(format('%s %s %s', t.account, t.debits, t.credits) order by t.account),
  '{"buyer_receivable 90.00 0.00","revenue 0.00 90.00"}', 'their totals') from leadgen.closed_totals t;
select is(testkit.fault_of($$select leadgen.close_month('2026-10')$$), 'LG409 month', 'a month before a closed one is closed with it');
select is(testkit.fault_of('insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries) '
  'values (''2026-11-30 23:59:59+00'', ''credit'', ''late-1'', ''USD'', 2)'), 'LG409 booked_at', 'nothing is booked into it');
select lives_ok(format('select testkit.sell_lead(%s, 77)', id), 'a lead is sold in the next month') from o;

-- A clock that steps back into it keeps no lead from being sold: what happens then is booked when the open month begins.
select testkit.at_time('2026-11-30 23:00+00');
create temp table early as select testkit.sell_delivered(id, 78) as id from o;
select is(format('%s, %s', t.booked_at at time zone 'UTC', t.memo),
  '2026-12-01 00:00:00, of 2026-11-30T23:00:00+00:00, a month that was closed', 'a sale is booked into the open month, and says so')
from leadgen.ledger_transactions t join early on t.key = format('sale:%s', early.id);
select is(a.created_at, '2026-11-30 23:00+00', 'the sale keeps its time') from leadgen.lead_assignments a join early using (id);
select leadgen.refund_sale(id, 5, 'early refund', 'one answer was wrong') from early;
select is(t.memo, 'one answer was wrong; of 2026-11-30T23:00:00+00:00, a month that was closed', 'a refund keeps its reason')
from leadgen.ledger_transactions t where t.key = 'early refund';
select is(testkit.ask(id, 'spam'), 'returned approved spam', 'a return, too') from early;
select testkit.at_time('2026-12-01 02:00+00');
select is_empty('select * from billing.list_broken_books()', 'the books hold');

-- A planted fault is found.
alter table leadgen.ledger_transactions disable trigger user;
update leadgen.ledger_transactions t set booked_at = '2026-11-30 12:00+00' where t.booked_at > '2026-12-01';
select is(count(*), 2::bigint, 'what was booked into it all the same is found')
from leadgen.list_broken_invariants() f where f.rule = 'closed_month_stands';

select * from finish();
rollback;
