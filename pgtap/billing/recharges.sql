-- Auto-recharge: one at a time, within the month's budget, paused when it is declined.
begin;
select plan(17);

create temp table t as select testkit.paying_buyer('Ace') as ace;
update leadgen.buyers b set payment_method = 'stripe', payment_method_id = 'pm_1' from t where b.id = t.ace;
select testkit.at_time('2026-11-20 12:00Z');

select is(testkit.fault_of(format('select leadgen.set_recharge(%s, 20, 50, 40)', ace)), 'LG400 budget',
  'a budget covers a recharge') from t;
select is(testkit.fault_of(format('select leadgen.set_recharge(%s, 20, 50, null)', ace)), 'LG400 below, amount, budget',
  'a recharge needs all of its amounts') from t;
select leadgen.set_recharge(ace, 20, 50, 120) from t;
select ok(not leadgen.run_chore('start_recharge'), 'a buyer without a customer at Stripe is not recharged');
update leadgen.payment_profiles f set customer_id = 'cus_1';
select ok(leadgen.run_chore('start_recharge'), 'a buyer whose balance is low is recharged');
select ok(not leadgen.run_chore('start_recharge'), 'no second recharge is begun while one is open');

create temp table claimed as select * from leadgen.claim_payment_calls(10);
select is(call, 'charge', 'a recharge is charged by a worker') from claimed;
select is(parameters - 'metadata' - 'expand', '{"amount": 5000, "currency": "usd", "customer": "cus_1", "payment_method": "pm_1",
  "confirm": true, "off_session": true}', 'the saved method is charged without the buyer') from claimed;
select is(count(*), 0::bigint, 'a call that was claimed is not handed out again at once') from leadgen.claim_payment_calls(10);
select is(leadgen.record_payment_answer(c.subject, c.id, c.asks, c.call, null, '{"kind": "unknown", "message": "timed out"}', null),
  'unknown', 'a charge without an answer is unknown') from claimed c;
select ok(not leadgen.run_chore('start_recharge'), 'an unknown recharge is not paid again');
select leadgen.run_chore('tell_payment');
select testkit.at_time('2026-11-20 12:05Z');
create temp table again as select * from leadgen.claim_payment_calls(10);
select is(call, 'find_intent', 'an unknown charge is looked for') from again;
select testkit.at_time('2026-11-20 12:20Z');
select is((select a.idempotency_key from leadgen.claim_payment_calls(10) a), c.idempotency_key, 'a charge is sent again under its key')
from claimed c;
select testkit.at_time('2026-11-21 13:00Z');
select is(string_agg(call, ' '), 'find_intent', 'a charge whose key may be forgotten is only looked for')
from leadgen.claim_payment_calls(10);

select leadgen.record_payment_answer('payment', c.id, 0, 'find_intent', jsonb_build_array(testkit.intent('pi_1', 'succeeded', 5000,
  jsonb_build_object('metadata', jsonb_build_object('leadgen_payment', c.idempotency_key)))), null, '2026-11-21 13:00Z') from claimed c;
select is(testkit.tell_money(ace), 'balance 50.00, owes 0.00', 'a charge that is found is booked, whoever finds it') from t;
update leadgen.payment_profiles f set recharge_below = 60;
select ok(leadgen.run_chore('start_recharge'), 'the budget allows a second one');
select testkit.stripe_says('2026-11-21 13:30Z', testkit.intent('pi_2', 'requires_payment_method', 5000, jsonb_build_object(
  'metadata', jsonb_build_object('leadgen_payment', p.provider_key), 'last_payment_error', '{"code": "card_declined",
  "decline_code": "insufficient_funds", "message": "Your card has insufficient funds."}'::jsonb)))
from leadgen.payments p where p.status = 'pending';
select leadgen.run_chore('tell_payment') from generate_series(1, 3);
select is(recharge_pause_reason, 'Your card has insufficient funds.', 'a decline pauses recharges') from leadgen.payment_profiles;
select is((select string_agg(e.kind, ', ' order by e.kind) from leadgen.events e where e.kind ~ 'recharge|payment'),
  'payment_unknown, recharge_failed', 'operators are told of what was unknown and of a decline');

select * from finish();
rollback;
