-- Payments that people book: what is owed is paid first, what is over is the balance; refunds and write-offs.
begin;
select plan(18);

create temp table t as select testkit.paying_buyer('Ace') as ace, testkit.paying_buyer('Best', '{"billing_mode": "invoiced"}') as best;

select leadgen.add_payment(ace, 100, 'bank_transfer', 'transfer 1', 'January') from t;
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'a prepaid buyer''s payment is its balance') from t;
select is(testkit.tell_accounts(), 'buyer_prepaid -100.00, cash 100.00', 'a payment is booked to cash') from t;
select leadgen.add_payment(ace, 100, 'bank_transfer', 'transfer 1', 'January') from t;
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'a payment sent again under its key is booked once') from t;
select is(testkit.fault_of(format($$select leadgen.add_payment(%s, 90, 'bank_transfer', 'transfer 1')$$, ace)), 'LG422 key',
  'another payment under a used key is refused') from t;
select is(testkit.fault_of(format($$select leadgen.add_payment(%s, 90, 'stripe', 'transfer 2')$$, ace)), 'LG400 method',
  'a payment by Stripe is not booked by hand') from t;
select is(testkit.fault_of(format($$select leadgen.add_payment(%s, 0.001, 'check', 'transfer 3')$$, ace)), 'LG400 amount',
  'an amount with too many decimals is refused') from t;

select leadgen.debit_buyer(best, 70, 'setup 1', 'Setup') from t;
select leadgen.add_payment(best, 50, 'check', 'check 1') from t;
select is(testkit.tell_money(best), 'balance 0.00, owes 20.00', 'a part of what an invoiced buyer owes may be paid') from t;
select leadgen.add_payment(best, 50, 'paypal', 'paypal 1') from t;
select is(testkit.tell_money(best), 'balance 0.00, owes -30.00', 'what an invoiced buyer pays too much stays its own') from t;

select leadgen.refund_payment(p.id, 40, 'refund a', 'asked for it') from t, leadgen.payments p where p.buyer_id = ace;
select is(testkit.tell_money(ace), 'balance 60.00, owes 0.00', 'a refund takes from the balance') from t;
select is((select p.status from leadgen.payments p where p.buyer_id = ace), 'completed', 'a payment refunded in part stands') from t;
select is(testkit.fault_of(format('select leadgen.refund_payment(%s, 61, %L)', p.id, 'refund b')), 'LG409 amount',
  'no more is refunded than is left of a payment') from t, leadgen.payments p where p.buyer_id = ace;
select leadgen.refund_payment(p.id, 40, 'refund a') from t, leadgen.payments p where p.buyer_id = ace;
select is(testkit.tell_money(ace), 'balance 60.00, owes 0.00', 'a refund sent again under its key is made once') from t;
select leadgen.refund_payment(p.id, null, 'refund c') from t, leadgen.payments p where p.buyer_id = ace;
select is((select p.status from leadgen.payments p where p.buyer_id = ace), 'refunded', 'a refund of no amount is all that is left') from t;
insert into leadgen.payment_reversals (payment_id, kind, amount, status, key)
select p.id, 'dispute', 100, 'lost', 'dispute a' from t, leadgen.payments p where p.buyer_id = ace;
select is(testkit.fault_of(format('select leadgen.refund_payment(%s, null, %L)', p.id, 'refund d')), 'LG409 amount',
  'of what the bank took back as well nothing is left') from t, leadgen.payments p where p.buyer_id = ace;

select leadgen.debit_buyer(best, 45.50, 'setup 2', 'More') from t;
select is(testkit.fault_of(format('select leadgen.write_off_receivable(%s, 15.51, %L, %L)', best, 'gone 1', 'insolvent')),
  'LG409 amount', 'no more is written off than is owed') from t;
select leadgen.write_off_receivable(best, 15.50, 'gone 1', 'insolvent') from t;
select is(testkit.tell_money(best), 'balance 0.00, owes 0.00', 'what is written off is owed no more') from t;
select is(testkit.fault_of(format('select leadgen.write_off_receivable(%s, 1, %L, %L)', best, 'gone 2', ' ')), 'LG400 reason',
  'a write-off needs a reason') from t;
select is(testkit.tell_accounts(), 'returns -115.50, cash 100.00, write_off 15.50', 'the ledger holds what came in and what was given up')
from t;

select * from finish();
rollback;
