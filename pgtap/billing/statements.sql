-- The statement of a buyer, and what is read of a document.
begin;
select plan(20);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
create temp table ace as select testkit.buyer('Ace') as id;
select testkit.sell_leads(id, 2) from o;
select testkit.bill('2026-11-23 06:00+00');
select leadgen.credit_buyer(id, 20, 'key-1', 'sorry') from ace;

select is(format('%s | %s | %s', s ->> 'opening',
    (select string_agg(concat_ws(' ', m ->> 'kind', m ->> 'amount', m ->> 'balance', m ->> 'invoice'), ', ')
      from jsonb_array_elements(s -> 'movements') m), s ->> 'closing'), said, what)
from ace
cross join (values
  ('2026-11-01'::date, '2026-11-30'::date,
    '0.00 | sale 45.00 45.00 INV-2026-00001, sale 45.00 90.00 INV-2026-00001, invoice 7.42 97.42, credit -20.00 77.42 | 77.42',
    'all of a month'),
  ('2026-11-21', '2026-11-23', '90.00 | invoice 7.42 97.42, credit -20.00 77.42 | 77.42', 'what was before is the opening'),
  ('2026-11-01', '2026-11-20',
    '0.00 | sale 45.00 45.00 INV-2026-00001, sale 45.00 90.00 INV-2026-00001 | 90.00', 'what comes later is left out'),
  ('2026-12-01', '2026-12-31', '77.42 |  | 77.42', 'a month in which nothing was booked')
) as t (starts, ends, said, what)
cross join lateral leadgen.make_statement(ace.id, starts, ends) s;
select is(testkit.fault_of(format('select leadgen.make_statement(%s, %L, %L)', id, '2026-11-02', '2026-11-01')), 'LG400 to',
  'a period that ends before it begins')
from ace;
select is(testkit.fault_of($$select leadgen.make_statement(0, '2026-11-01', '2026-11-02')$$), 'LG404 buyer_id',
  'a buyer that is not there');

-- A document.
select is(leadgen.show_invoice('INV-2026-00001') #>> '{from,company}', 'Acme Leads', 'the letterhead is that of when it was sent');
update leadgen.billing_settings set company = 'Other';
update leadgen.buyers b set company = 'Ace Inc.' from ace where b.id = ace.id;
select is(format('%s, %s', d #>> '{from,company}', d #>> '{to,name}'), 'Acme Leads, Ace', 'later changes do not show')
from leadgen.show_invoice('INV-2026-00001') d;
select is(d ->> 'open', '97.42', 'what is open') from leadgen.show_invoice('INV-2026-00001') d;
select is(array_agg(l.invoice ->> 'number'), '{INV-2026-00001}', 'the list') from leadgen.list_invoices((select id from ace)) l;
select is(count(*), 0::bigint, 'by state') from leadgen.list_invoices(null, 'overdue');
select is(testkit.fault_of($$select leadgen.list_invoices(null, 'lost')$$), 'LG400 status', 'a state that there is not');

-- By a buyer's key.
select testkit.make_key(repeat('a', 64), jsonb_build_object('buyer_id', id)) from ace;
select testkit.make_key(repeat('b', 64), jsonb_build_object('buyer_id', testkit.new_buyer('Best')));
select is(leadgen.list_own_invoices(repeat('a', 64)) #>> '{invoices,0,number}', 'INV-2026-00001', 'a buyer lists its own');
select is(leadgen.list_own_invoices(repeat('b', 64)) ->> 'invoices', '[]', 'another''s is not in its list');
select is(testkit.fault_of(format('select leadgen.show_own_invoice(%L, %L)', repeat('b', 64), 'INV-2026-00001')), 'LG404 number',
  'a buyer does not see another''s');
select is(leadgen.make_own_statement(repeat('a', 64), '2026-11-01', '2026-11-30') ->> 'closing', '77.42', 'its statement');

-- What was before is not read: its sum is the balance of the last entry.
select testkit.at_time('2026-12-20 12:00+00');
select leadgen.debit_buyer(ace.id, n, format('debit %s', n), 'a fee') from ace, generate_series(1, 5) n;
select leadgen.add_payment(ace.id, 200, 'check', 'check 1') from ace;
update leadgen.buyers b set billing_mode = 'prepaid' from ace where b.id = ace.id;
select leadgen.add_payment(ace.id, 50, 'check', 'check 2') from ace;
create function pg_temp.owed_before(p_day date) returns numeric language sql as $$
  select coalesce(sum(e.amount), 0)::numeric(14, 2)
  from leadgen.ledger_entries e join leadgen.ledger_transactions t on t.id = e.transaction_id
  where e.account in ('buyer_prepaid', 'buyer_receivable') and t.booked_at < p_day::timestamp at time zone 'America/Chicago';
$$;
select is(array_agg(leadgen.make_statement(ace.id, day, day + 9) ->> 'opening' order by day),
  array_agg(pg_temp.owed_before(day)::text order by day), 'the opening is all that was booked before, from whichever day')
from ace, lateral (select d::date as day from generate_series('2026-11-15'::timestamp, '2026-12-31', '1 day') d) d;
select is(array_agg(leadgen.make_statement(ace.id, day - 9, day) ->> 'closing' order by day),
  array_agg(pg_temp.owed_before(day + 1)::text order by day), 'the closing is all that was booked until then, to whichever day')
from ace, lateral (select d::date as day from generate_series('2026-11-15'::timestamp, '2026-12-31', '1 day') d) d;

-- However long the ledger is: a day of it is a day's entries, and thirty looks by key.
with t as (
  insert into leadgen.ledger_transactions (booked_at, kind, key, currency, entries, buyer_id)
  select timestamptz '2027-01-01 12:00+00' + i * interval '1 hour', 'debit', format('long %s', i), 'USD', 2, ace.id
  from ace, generate_series(1, 3000) i
  returning id, buyer_id
)
insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount, balance_after)
select t.id, 1, 'buyer_prepaid'::leadgen.ledger_account, t.buyer_id, 'USD', 1, 0 from t
union all
select t.id, 2, 'returns', null::bigint, 'USD', -1, null from t;
analyze leadgen.ledger_transactions, leadgen.ledger_entries;
create function pg_temp.count_read() returns bigint language sql volatile as $$
  select sum(seq_tup_read + idx_tup_fetch)::bigint from pg_stat_xact_user_tables
  where relname in ('ledger_transactions', 'ledger_entries') and schemaname = 'leadgen'
$$;
create temp table counted as select pg_temp.count_read() as before;
select leadgen.make_statement(id, '2027-03-01', '2027-03-01') from ace;
select cmp_ok(pg_temp.count_read() - before, '<', 500::bigint, 'find_entries_before, list_movements: a day reads a day') from counted;
select is(testkit.fault_of(format($$select billing.check_movements(%s, '{0,0}', '{999999999,999999999}', 2999)$$, id)), 'LG400 to',
  'check_movements: so much is not one statement') from ace;

select * from finish();
rollback;
