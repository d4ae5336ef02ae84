-- What a bank takes back of a payment opens no part of an invoice that came from the buyer's balance.
begin;
select plan(5);
select testkit.at_time('2026-11-20 12:00+00');
update leadgen.billing_settings set company = 'Acme Leads';
select testkit.make_offer();
create temp table b as select testkit.new_buyer('Ace', '{"currency": "USD", "billing_mode": "prepaid", "credit_limit": 1000}') as id;
select leadgen.add_payment(id, 40, 'check', 'check 1') from b;
update leadgen.buyers x set billing_mode = 'invoiced' from b where x.id = b.id;
select leadgen.debit_buyer(id, 48, 'first', 'a campaign') from b;
select testkit.at_time('2026-11-20 12:01+00');
select leadgen.invoice_buyer(id, null, true) from b;
select testkit.at_time('2026-11-21 12:00+00');
select leadgen.debit_buyer(id, 50, 'second', 'a campaign') from b;
select testkit.at_time('2026-11-21 12:01+00');
select leadgen.invoice_buyer(id, null, true) from b;
update leadgen.buyers x set billing_mode = 'prepaid' from b where x.id = b.id;
select roads.settle_payments();
select is(testkit.tell_invoices(), 'INV-2026-00001 partly_paid 48.00+0.00 open 8.00, INV-2026-00002 sent 50.00+0.00 open 50.00',
  'the balance pays the oldest, as far as it goes');

create temp table p as select leadgen.add_payment(b.id, 58, 'check', 'check 2', null, i.id) as id
from b join leadgen.invoices i on i.invoice_number = 'INV-2026-00001';
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 48.00+0.00 open 0.00, INV-2026-00002 paid 50.00+0.00 open 0.00',
  'a payment pays the rest');
insert into leadgen.payment_reversals (payment_id, kind, amount, status, key) select id, 'dispute', 58, 'lost', 'dispute 1' from p;
select billing.settle_payment(id) from p;
select is(testkit.tell_invoices(), 'INV-2026-00001 partly_paid 48.00+0.00 open 8.00, INV-2026-00002 sent 50.00+0.00 open 50.00',
  'what the payment had paid is open');

select leadgen.credit_buyer(id, 20, 'sorry', 'a gift') from b;
select roads.settle_payments();
select is(testkit.tell_money(id), 'balance 0.00, owes 38.00', 'a balance pays what is open, once') from b;
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');

select * from finish();
rollback;
