-- post, check_booked, check_balanced: what can be booked, once, and that nothing booked ever changes.
begin;
select plan(43);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table offer as select testkit.open_offer('{"on_no_buyer": "reject"}', 'Pia') as id;
create temp table pia as
select bo.id as seat, bo.buyer_id as id from leadgen.buyer_offers bo join offer on offer.id = bo.offer_id;

-- Money in advance.
create temp table paid as select leadgen.top_up(id, 100, 'bank:1', ' paid  by wire ') as id from pia;
select is(testkit.money(seat), '100.00 0.00 0.00', 'a deposit') from pia;
select is(leadgen.top_up(pia.id, 100, 'bank:1'), paid.id, 'the same deposit again is the same transaction') from pia, paid;
select is(leadgen.top_up(pia.id, 100.00, 'bank:1'), paid.id, 'the same amount with its zeros, too') from pia, paid;
select is(testkit.money(seat), '100.00 0.00 0.00', 'a deposit that comes twice is booked once') from pia;
select is(testkit.fault_of(format('select leadgen.top_up(%s, %s, %L)', id, 99, 'bank:1')), 'LG422 key',
  'another amount under its key') from pia;
select is(testkit.fault_of(format('select leadgen.withdraw(%s, %s, %L)', id, 100, 'bank:1')), 'LG422 key', 'something else under its key')
from pia;
select is(t.memo, 'paid by wire', 'the memo is on one line') from leadgen.ledger_transactions t
join paid on t.key = format('payment:%s', paid.id);
select is(testkit.fault_of(format('select leadgen.top_up(%s, %s, %L)', id, amount, 'bank:2')), 'LG400 amount',
  format('no amount: %s', coalesce(amount, 'nothing')))
from pia, unnest(array['0', '-1', '0.001', '100000000', '''NaN''', '''Infinity''', 'null']) amount;
select is(testkit.fault_of(format('select leadgen.top_up(%s, 1, %L)', id, key)), 'LG400 key', format('no key: %s', left(key, 20)))
from pia, unnest(array['', 'ab', repeat('k', 201), E'a\nb', 'sale:1', 'return:1']) key;
select is(testkit.fault_of('select leadgen.top_up(0, 1, ''bank:3'')'), 'LG404 buyer_id', 'no such buyer');
select is(testkit.fault_of(format('select leadgen.top_up(%s, 1, ''bank:3'')', testkit.make_buyer())), 'LG409 currency',
  'a buyer without a currency');
select is(testkit.fault_of(format('select leadgen.top_up(%s, 99999999, ''bank:3'')', id)), 'LG409 amount', 'a balance has bounds') from pia;

-- Paid back, credited, debited: never below zero.
select is(testkit.fault_of(format('select leadgen.withdraw(%s, 100.01, ''out:1'')', id)), 'LG409 amount', 'more than it has') from pia;
select leadgen.withdraw(id, 60, 'out:1', 'closed') from pia;
select leadgen.debit_buyer(id, 40, 'debit:1', 'a fee') from pia;
select is(testkit.money(seat), '0.00 0.00 0.00', 'paid back and debited') from pia;
select is(testkit.fault_of(format('select leadgen.debit_buyer(%s, 0.01, ''debit:2'', ''a fee'')', id)), 'LG409 amount',
  'a debit never goes below zero') from pia;
select is(testkit.fault_of(format('select leadgen.credit_buyer(%s, 5, ''credit:1'', ''  '')', id)), 'LG400 reason',
  'a credit has a reason') from pia;
select leadgen.credit_buyer(id, 5, 'credit:1', 'sorry') from pia;
select is(testkit.money(seat), '5.00 0.00 0.00', 'credited') from pia;
select is(array_agg(format('%s %s %s', p.transaction_type, p.amount, p.balance_after) order by p.id),
  '{deposit 100.00 100.00,manual_debit -60.00 40.00,manual_debit -40.00 0.00,manual_credit 5.00 5.00}',
  'the ledger by the words of the first specification')
from report.provider_ledger p join pia on pia.id = p.provider_id;

-- Nothing that was booked changes, for any role; a transaction and its entries come together.
select throws_ok(format('%s leadgen.%s', verb, t), 'LG409', null, format('%s: %s is refused', t, verb))
from unnest(array['ledger_transactions', 'ledger_entries']) t, unnest(array['delete from', 'truncate']) verb;
select throws_ok('update leadgen.ledger_transactions set memo = null', 'LG409', null, 'ledger_transactions: update is refused');
select throws_ok('update leadgen.ledger_entries set amount = 1', 'LG409', null, 'ledger_entries: update is refused');
select throws_ok($$insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries)
  values (now(), 'credit', 'planted', 'USD', 2)$$, 'LG409', null, 'a transaction without entries is refused');
select throws_ok(format($$insert into leadgen.ledger_entries (transaction_id, position, account, currency, amount)
  values (%s, 3, 'revenue', 'USD', 1), (%s, 4, 'returns', 'USD', -1)$$, id, id), 'LG409', null,
  'entries added to an earlier transaction are refused, though they sum to zero') from paid;
select throws_ok(format($$select billing.post('credit', 'crooked', 'USD', array[
  ('buyer_prepaid', %s, null, null, -1)::billing.entry, ('returns', null, null, null, 2)::billing.entry], now())$$, id), 'LG409', null,
  'a transaction that does not sum to zero is refused') from pia;

-- Not even the owner writes what bookings keep.
set local role leadgen_owner;
select is(testkit.fault_of(format('update leadgen.buyers set %s = %1$s + 1', field)), format('LG409 %s', field),
  format('%s written by hand is refused', field))
from unnest(array['balance', 'receivable']) field;
select is(testkit.fault_of('update leadgen.buyers set balance = balance, receivable = receivable, name = ''P'''), 'none',
  'an update that leaves them as they are is none of theirs');
reset role;
select is(leadgen.credit_buyer(id, 1, 'credit:by hand', 'sorry') > 0, true, 'a booking changes them') from pia;

select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select * from finish();
rollback;
