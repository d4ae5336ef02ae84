-- Invoices of prepaid buyers, sales that wait for their buyer, one invoice for all offers, yen.
begin;
select plan(19);

-- Prepaid: paid from the balance at once, the tax as far as the balance goes.
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books('Best', '{"billing_mode": "prepaid"}') as id;
select leadgen.top_up(testkit.buyer('Best'), 140, 'top-1');
select testkit.sell_leads(id, 3) from o;
select is(testkit.bill('2026-11-23 06:00+00'), 'INV-2026-00001 partly_paid 135.00+11.13 open 6.13',
  'the balance pays the leads and some tax');
select is(format('%s %s', b.balance, b.receivable), '0.00 6.13', 'the rest of the tax is owed') from leadgen.buyers b where b.name = 'Best';
select leadgen.top_up(testkit.buyer('Best'), 100, 'top-2');
select is(testkit.bill('2026-11-23 07:00+00'), 'INV-2026-00001 paid 135.00+11.13 open 0.00',
  'the next payment pays it, and nothing new is billed');
select is(roads.settle_payments(), null, 'at once: nothing is left for the chore');
select is(format('%s %s', b.balance, b.receivable), '93.87 0.00', 'the rest is the balance') from leadgen.buyers b where b.name = 'Best';
select leadgen.credit_invoice('INV-2026-00001', 'bad', 1);
select is(format('%s %s', b.balance, b.receivable), '142.58 0.00', 'a credit note gives price and tax back to the balance')
from leadgen.buyers b where b.name = 'Best';
select is(testkit.fault_of($$select leadgen.cancel_invoice('INV-2026-00001', 'x')$$), 'LG409 status', 'what is paid is not cancelled');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
update leadgen.buyers set is_active = false;

-- A sale that its buyer must accept waits for that.
select testkit.at_time('2026-11-24 12:00+00');
create temp table e as select testkit.open_offer('{"acceptance": {"mode": "explicit", "window_hours": 300}}', 'Cole') as id;
create temp table waiting as select testkit.sell_leads(id, 2) as ids from e;
select unalike(testkit.bill('2026-11-30 06:00+00'), '%INV-2026-00002%', 'what may still lapse is not billed');
select leadgen.accept_sale(ids[1]) from waiting;
select leadgen.refund_sale(ids[2], null, 'all of it', 'spoilt') from waiting;
select matches(testkit.bill('2026-12-07 06:00+00'), 'INV-2026-00002 sent 45.00[+]0.00 open 45.00', 'what was accepted is billed');
select is(array_agg(l.amount order by l.position), '{45.00,45.00,-45.00}',
  'what was given back in full waits for nobody, and is billed too')
from leadgen.invoice_lines l join leadgen.invoices i on i.id = l.invoice_id and i.invoice_number = 'INV-2026-00002';

-- One invoice for all offers.
select testkit.enroll_buyer(testkit.make_offer('{}'), 'Cole', jsonb_build_object('buyer_id', b.id))
from leadgen.buyers b where b.name = 'Cole';
update leadgen.buyers set invoices_by = 'buyer' where name = 'Cole';
create temp table third as select testkit.sell_lead(id, 50) as id from e;
select leadgen.accept_sale(id) from third;
select testkit.sell_lead(max(f.id), 51) from leadgen.offers f;
select matches(testkit.bill('2026-12-14 06:00+00'), 'INV-2026-00003 sent 90.00[+]0.00 open 90.00', 'one invoice for two offers');
select is(format('%s %s', i.offer_id, i.total_leads), ' 2', 'it names none')
from leadgen.invoices i where i.number = 3 and i.series = 'INV';
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- Tax that was never paid is not given back: it is owed no more.
select testkit.at_time('2026-12-15 12:00+00');
select set_config('testkit.offer_id', id::text, true) from o;
update leadgen.buyers set is_active = true;
select leadgen.withdraw(b.id, b.balance, 'out-1') from leadgen.buyers b where b.name = 'Best';
select leadgen.top_up(testkit.buyer('Best'), 90, 'top-3');
select testkit.sell_leads(id, 2) from o;
select matches(testkit.bill('2026-12-21 06:00+00'), 'INV-2026-00004 partly_paid 90.00[+]7.42 open 7.42', 'the balance pays no tax');
select leadgen.cancel_invoice('INV-2026-00004', 'wrong');
select is(format('%s %s', b.balance, b.receivable), '90.00 0.00', 'a cancelled invoice leaves nothing owed')
from leadgen.buyers b where b.name = 'Best';
select is(count(*), 0::bigint, 'the invariants hold in the end') from leadgen.list_broken_invariants();

-- Opened again, the same amount is taken from the balance once more.
select leadgen.credit_buyer(b.id, 0.71, 'enough', 'two leads and some of their tax')
from leadgen.buyers b where b.name = 'Best';
select testkit.at_time('2026-12-22 12:00+00');
select testkit.sell_leads(id, 2) from o;
select testkit.bill('2026-12-28 06:00+00');
create temp table part as
select n, leadgen.add_payment(b.id, 1, 'check', format('part %s', n)) as id
from leadgen.buyers b, generate_series(1, 2) n where b.name = 'Best';
select leadgen.add_payment(b.id, b.receivable, 'check', 'rest') from leadgen.buyers b where b.name = 'Best';
create function pg_temp.take_back(p_n integer) returns text language sql as $$
  insert into leadgen.payment_reversals (payment_id, kind, amount, status, key)
  select p.id, 'dispute', 1, 'lost', format('dispute %s', p.n) from pg_temp.part p where p.n = p_n;
  select billing.settle_payment(p.id) from pg_temp.part p where p.n = p_n;
  select leadgen.credit_buyer(b.id, 1, format('sorry %s', p_n), 'for the trouble') from leadgen.buyers b where b.name = 'Best';
  select roads.settle_payments();
  select format('%s %s', b.balance, b.receivable) from leadgen.buyers b where b.name = 'Best';
$$;
select is(array_agg(pg_temp.take_back(n) order by n), '{0.00 0.00,0.00 0.00}',
  'two payments that are taken back: each time the balance pays what is open again') from generate_series(1, 2) n;
select is(array_agg(t.key order by t.id), '{invoice:INV-2026-00005:1,invoice:INV-2026-00005:2,invoice:INV-2026-00005:3}',
  'each time is a transaction of its own')
from leadgen.ledger_transactions t where t.kind = 'settlement';
select * from finish();
rollback;
