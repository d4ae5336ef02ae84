-- What Stripe says: booked as its last word says, in whatever order it is heard.
begin;
select plan(19);

create temp table t as select testkit.paying_buyer('Ace') as ace;
select testkit.stripe_payment(ace, 100, 'pi_1') from t;

select is(testkit.stripe_says('2026-11-01 10:00+00', testkit.intent('pi_1', 'processing', 10000)), 'done',
  'a word of our payment is followed');
select is(testkit.tell_money(ace), 'balance 0.00, owes 0.00', 'what is on its way is not booked') from t;
select testkit.stripe_says('2026-11-01 10:05+00', testkit.intent('pi_1', 'succeeded', 10000));
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'what came is the balance') from t;
select is((select t.key from leadgen.ledger_transactions t where t.kind = 'payment'), 'stripe:pi_1',
  'a payment is booked under Stripe''s id');
select is(testkit.stripe_says('2026-11-01 10:00+00', testkit.intent('pi_1', 'requires_payment_method', 10000)), 'late',
  'an older word changes nothing');
select testkit.stripe_says('2026-11-01 10:05+00', testkit.intent('pi_1', 'succeeded', 10000));
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'what is said twice is booked once') from t;
select is(testkit.stripe_says('2026-11-01 10:05+00', testkit.intent('pi_other', 'succeeded', 9900)), 'ignored',
  'a payment that is none of ours is left alone');

select testkit.stripe_says('2026-11-02 10:00+00', testkit.reversal('refund', 're_1', 'pi_1', 'succeeded', 2500));
select is(testkit.tell_money(ace), 'balance 75.00, owes 0.00', 'a refund made at Stripe is taken from the balance') from t;
select testkit.stripe_says('2026-11-03 10:00+00', testkit.reversal('refund', 're_1', 'pi_1', 'failed', 2500));
select is(testkit.tell_money(ace), 'balance 100.00, owes 0.00', 'a refund that failed is given back') from t;

select leadgen.debit_buyer(ace, 60, 'used 1', 'spent on leads') from t;
select testkit.stripe_says('2026-11-04 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'warning_needs_response', 10000));
select is(testkit.tell_money(ace), 'balance 40.00, owes 0.00', 'an inquiry takes no money') from t;
select testkit.stripe_says('2026-11-05 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'needs_response', 10000));
select is(testkit.tell_money(ace), 'balance 0.00, owes 60.00', 'a dispute takes the balance, and what was spent is owed') from t;
select is((select p.status from leadgen.payments p), 'disputed', 'a payment says that it is disputed');
select leadgen.run_chore('tell_payment') from generate_series(1, 3);
select is((select string_agg(e.kind, ', ') from leadgen.events e where e.kind ~ 'payment'), 'payment_disputed',
  'operators are told of a dispute once');
select testkit.stripe_says('2026-11-06 10:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'won', 10000));
select is(testkit.tell_money(ace), 'balance 40.00, owes 0.00', 'a dispute that was won is given back') from t;

select is(testkit.stripe_says('2026-11-06 10:00+00', testkit.reversal('refund', 're_9', 'pi_9', 'succeeded', 100)), 'waiting',
  'a refund of a payment that is not known yet waits');
select testkit.stripe_payment(ace, 7, 'pi_9') from t;
select testkit.stripe_says('2026-11-06 09:00+00', testkit.intent('pi_9', 'succeeded', 700));
select is((select e.outcome from leadgen.payment_events e where e.body like '%re_9%'), 'done',
  'what waited is followed once the payment is known');
select is(testkit.tell_money(ace), 'balance 46.00, owes 0.00', 'what waited is booked') from t;

-- Longer than an index takes, whatever the event is about: it holds up none that comes later.
create temp table long as select string_agg(md5(n::text), '') as id from generate_series(1, 500) n;
select is(testkit.stripe_says('2026-11-07 10:00+00', testkit.reversal('refund', id, 'pi_9', 'failed', 1)), 'failed',
  'an id that is too long') from long;
select is(testkit.stripe_says('2026-11-07 10:00+00', testkit.reversal('refund', 're_8', id, 'failed', 1)), 'waiting',
  'a payment that is not known, whose id is too long') from long;

select * from finish();
rollback;
