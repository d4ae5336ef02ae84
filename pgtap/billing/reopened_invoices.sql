-- What a bank or an operator takes back of a payment opens the invoices again that it paid; won, they are paid once more.
begin;
select plan(24);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
create temp table sale as select testkit.sell_delivered(id, 1) as id from o;
select testkit.bill('2026-11-23 06:00+00');
create temp table b as select i.buyer_id as id, i.id as invoice_id from leadgen.invoices i;
create function pg_temp.lead() returns text language plpgsql as $$
begin
  while leadgen.run_chore('follow_billing') loop
  end loop;
  return (select l.billing_status from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id
    join pg_temp.sale s on s.id = a.id);
end;
$$;

-- 45.00 and 3.71 of tax.
create temp table p as select leadgen.start_checkout(id, 48.71, 'order 1', false, null, invoice_id) as id from b;
update leadgen.payments set provider_id = 'pi_1';
select testkit.stripe_says('2026-11-24 10:00+00', testkit.intent('pi_1', 'succeeded', 4871));
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00', 'a payment pays its invoice');
select is(pg_temp.lead(), 'paid', 'its lead is paid');
select testkit.stripe_says('2026-11-25 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'warning_needs_response', 4871));
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00', 'an inquiry takes nothing');
select testkit.at_time('2026-11-26 12:00+00');
select testkit.stripe_says('2026-11-26 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'needs_response', 4871));
select is(testkit.tell_invoices(), 'INV-2026-00001 sent 45.00+3.71 open 48.71', 'a dispute opens the invoice again');
select is(i.paid_at, null, 'it is paid at no time') from leadgen.invoices i;
select is(pg_temp.lead(), 'disputed', 'its lead is disputed');
select testkit.stripe_says('2026-11-27 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'won', 4871));
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00', 'won: it is paid again');
select is(pg_temp.lead(), 'paid', 'won: so is its lead');
select testkit.at_time('2026-12-20 12:00+00');
select testkit.stripe_says('2026-12-20 10:00+00', testkit.reversal('dispute', 'du_2', 'pi_1', 'lost', 4871));
select is(testkit.tell_invoices(), 'INV-2026-00001 overdue 45.00+3.71 open 48.71', 'lost after its due date: it is overdue');
select is(testkit.tell_money(id), 'balance 0.00, owes 48.71', 'the buyer owes what was taken back') from b;
select is(roads.remind_buyer(), id, 'the buyer is reminded of it') from b;
select is(roads.settle_payments(), null, 'nothing is left that could pay it');
select leadgen.add_payment(id, 48.71, 'check', 'check 1', null, invoice_id) from b;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00', 'paid by another payment');
select is(pg_temp.lead(), 'paid', 'a lead that is paid by another payment is disputed no more');
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');

-- A part is taken back: it is partly paid. What was paid too much is taken first.
select testkit.at_time('2026-12-21 12:00+00');
create temp table n as select testkit.sell_lead(id, 2) as id from o;
select testkit.at_time('2026-12-21 12:01+00');
select leadgen.invoice_buyer(id, null, true) from b;
create temp table q as select leadgen.add_payment(id, 60, 'check', 'check 2') as id from b;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00, INV-2026-00002 paid 45.00+3.71 open 0.00',
  'the second invoice is paid, and 11.29 too much');
select leadgen.refund_payment(id, 11.29, 'refund 1', 'paid too much') from q;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00, INV-2026-00002 paid 45.00+3.71 open 0.00',
  'what was paid too much opens nothing');
select leadgen.refund_payment(id, 8.71, 'refund 2', 'a mistake') from q;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00, INV-2026-00002 partly_paid 45.00+3.71 open 8.71',
  'the rest opens the invoice that was paid last, in part');
select is(testkit.tell_money(id), 'balance 0.00, owes 8.71', 'it is owed') from b;

-- What was paid before the payment was made stays paid.
select leadgen.add_payment(id, 8.71, 'check', 'check 5') from b;
select testkit.at_time('2026-12-22 12:00+00');
select testkit.sell_lead(id, 3) from o;
create temp table u as select leadgen.add_payment(id, 45, 'check', 'check 6') as id from b;
select leadgen.refund_payment(id, 45, 'refund 3', 'a mistake') from u;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00, INV-2026-00002 paid 45.00+3.71 open 0.00',
  'a payment of what is not billed yet opens no earlier invoice');
select leadgen.add_payment(id, 36.29, 'check', 'check 7') from b;

-- Money in advance pays no invoice, so that taking it back opens none.
update leadgen.buyers x set billing_mode = 'prepaid' from b where x.id = b.id;
select leadgen.add_payment(id, 8.71, 'check', 'check 3') from b;
create temp table r as select leadgen.add_payment(id, 100, 'check', 'check 4') as id from b;
select leadgen.debit_buyer(id, 100, 'spent', 'spent on leads') from b;
insert into leadgen.payment_reversals (payment_id, kind, amount, status, key) select id, 'dispute', 100, 'lost', 'dispute a' from r;
select billing.settle_payment(id) from r;
select is(testkit.tell_invoices(), 'INV-2026-00001 paid 45.00+3.71 open 0.00, INV-2026-00002 paid 45.00+3.71 open 0.00',
  'a payment in advance that is taken back opens no invoice');
select is(testkit.tell_money(id), 'balance 0.00, owes 100.00', 'what was spent of it is owed') from b;
select pg_temp.lead();
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold in the end');

-- A clock that stepped back: the invoice is paid before its payment was asked for.
update leadgen.buyers x set billing_mode = 'invoiced' from b where x.id = b.id;
select leadgen.add_payment(id, 100, 'check', 'check 8') from b;
select testkit.at_time('2026-12-23 12:00+00');
select testkit.sell_lead(id, 4) from o;
select testkit.at_time('2026-12-23 12:01+00');
select leadgen.invoice_buyer(id, null, true) from b;
select testkit.at_time('2026-12-23 14:00+00');
create temp table late as
select leadgen.start_checkout(b.id, i.total_amount - i.paid_amount, 'order 2', false, null, i.id) as id, i.id as invoice_id
from b join leadgen.invoices i on i.buyer_id = b.id and i.kind = 'invoice' order by i.id desc limit 1;
update leadgen.payments p set provider_id = 'pi_2' from late where p.id = late.id;
select testkit.at_time('2026-12-23 13:00+00');
select testkit.stripe_says('2026-12-23 13:00+00', testkit.intent('pi_2', 'succeeded', (p.amount * 100)::integer))
from leadgen.payments p join late using (id);
select testkit.stripe_says('2026-12-24 10:00+00', testkit.reversal('dispute', 'du_3', 'pi_2', 'lost', (p.amount * 100)::integer))
from leadgen.payments p join late using (id);
select is(i.total_amount - i.paid_amount - i.credited_amount, p.amount, 'the named invoice is open again, whatever the clock said')
from leadgen.invoices i join late on late.invoice_id = i.id join leadgen.payments p on p.id = late.id;
select * from finish();
rollback;
