-- What the holder of a buyer's key does about payments; and its ledger, where a payment has two entries.
begin;
select plan(10);

create temp table t as select testkit.paying_buyer('Ace') as ace, testkit.paying_buyer('Best') as best;
select testkit.make_key(repeat('a', 64), jsonb_build_object('buyer_id', ace)),
  testkit.make_key(repeat('b', 64), jsonb_build_object('buyer_id', best)) from t;
grant select on t to leadgen_api;

set local role leadgen_api;
create temp table asked as select leadgen.request_deposit(repeat('a', 64), 250, 'order 1', false) as payment;
select is(payment ->> 'status', 'pending', 'a buyer asks for a payment') from asked;
select is(leadgen.request_deposit(repeat('a', 64), 250, 'order 1', false), payment, 'asked again under its key it is the same') from asked;
select isnt(leadgen.request_deposit(repeat('b', 64), 250, 'order 1', false) ->> 'payment_id', payment ->> 'payment_id',
  'the keys of two buyers have nothing to do with each other') from asked;
select is(leadgen.show_payment(repeat('a', 64), (payment ->> 'payment_id')::bigint), payment, 'a buyer sees its payment') from asked;
do $$begin
  perform leadgen.request_deposit(repeat('a', 64), 250, format('more %s', n), false) from generate_series(1, 19) n;
end$$;
select is(testkit.fault_of($$select leadgen.request_deposit(repeat('a', 64), 250, 'order 21', false)$$), 'LG409 key',
  'nobody has more than 20 payments that wait to be paid');
select is(leadgen.request_deposit(repeat('a', 64), 250, 'order 1', false), payment, 'one that is asked for already is none more')
from asked;
reset role;
select is(testkit.fault_of(format('select leadgen.show_payment(%L, %s)', repeat('b', 64), payment ->> 'payment_id')), 'LG404 payment_id',
  'a buyer sees no payment of another') from asked;
select is(testkit.fault_of($$select leadgen.request_deposit('c', 250, 'order 1', false)$$), 'LG401', 'without a key nothing is asked for');

select testkit.stripe_payment(ace, 100, 'pi_1') from t;
select testkit.stripe_says('2026-11-01 10:00+00', testkit.intent('pi_1', 'succeeded', 10000));
select testkit.stripe_says('2026-11-01 11:00+00', testkit.reversal('dispute', 'du_1', 'pi_1', 'lost', 10000));
select leadgen.add_payment(ace, 30, 'check', 'check 1') from t;
select leadgen.debit_buyer(ace, 10, 'used 1', 'spent') from t;
select testkit.stripe_says('2026-11-02 11:00+00', testkit.reversal('dispute', 'du_2', 'pi_1', 'lost', 2500));
select is(testkit.tell_money(ace), 'balance 0.00, owes 5.00', 'a dispute takes the balance first') from t;
select is(jsonb_array_length(leadgen.list_ledger(repeat('a', 64), null, 1) -> 'entries'), 2,
  'a page of the ledger ends with a whole transaction');

select * from finish();
rollback;
