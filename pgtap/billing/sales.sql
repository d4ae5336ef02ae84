-- take_funds, post_sales, earn_sales, give_money_back: a sale and its money, in the lead's own transaction.
begin;
select plan(40);
select testkit.at_time('2026-11-20T16:00:00Z');

-- Pia pays in advance: 100.00 pays for two leads at 45.00.
create temp table advance as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table pia as select testkit.enroll_buyer(offer_id, 'Pia') as id from advance;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'funds 1, held', 'prepaid: with nothing paid, nothing is sold') from advance;
select is(count(*), 1::bigint, 'a deposit is one transaction') from pia cross join lateral testkit.pay_in(id, 100) t;
select is(testkit.money(id), '100.00 0.00 0.00', 'a deposit is what the buyer has left') from pia;
select is(testkit.work_holds() > 0, true, 'a deposit wakes the lead that waited for it');
select is(testkit.money(id), '55.00 0.00 0.00', 'the held lead was sold to it') from pia;
select is(testkit.outcome(offer_id, '2026-11-20T16:01:00Z'), 'Pia 45.00', 'the rest pays for one more') from advance;
select is(testkit.money(id), '10.00 0.00 0.00', 'prepaid: each sale is taken from the balance') from pia;
select is(testkit.outcome(offer_id, '2026-11-20T16:02:00Z'), 'funds 1, held', 'prepaid: 10.00 does not pay for 45.00') from advance;
select is(testkit.book(max(a.id)), '{"sale: buyer_prepaid 45.00, revenue -45.00"}', 'a sale is two entries')
from leadgen.lead_assignments a join advance using (offer_id);
select is(a.billing_mode, 'prepaid', 'a sale says how it was paid')
from leadgen.lead_assignments a join advance using (offer_id) order by a.id limit 1;
select matches(testkit.why(offer_id), 'funds: 10.00, price 45.00', 'explain says what was left, and the price') from advance;

-- Exactly the price, and a cent less.
create temp table exact as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as offer_id;
create temp table eve as select testkit.enroll_buyer(offer_id, 'Pia') as id from exact;
select testkit.pay_in(id, 44.99) from eve;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'funds 1', 'a cent less than the price') from exact;
select testkit.pay_in(id, 0.01) from eve;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:01Z'), 'Pia 45.00', 'exactly the price') from exact;
select is(testkit.money(id), '0.00 0.00 0.00', 'nothing is left') from eve;

-- Ivo is invoiced up to 100.00.
create temp table credit as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as offer_id;
create temp table ivo as
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.new_buyer('Ivo'))) as id from credit;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), testkit.outcome(offer_id, '2026-11-20T16:00:01Z') from credit;
select is(testkit.money(id), '0.00 90.00 0.00', 'invoiced: each sale adds to what it owes') from ivo;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:02Z'), 'credit 1', 'the credit limit is never exceeded') from credit;
select matches(testkit.why(offer_id), 'credit: 10.00 left of 100.00, price 45.00', 'explain says what was left of the credit') from credit;
update leadgen.buyers b set credit_limit = null from ivo where b.id = testkit.buyer_of(ivo.id);
select is(testkit.outcome(offer_id, '2026-11-20T16:00:03Z'), 'Ivo 45.00', 'without a limit it owes whatever it buys') from credit;
update leadgen.buyers b set billing_mode = 'none' from ivo where b.id = testkit.buyer_of(ivo.id);
select is(testkit.outcome(offer_id, '2026-11-20T16:00:04Z'), 'Ivo 45.00', 'none: it is sold to') from credit;
select is(testkit.money(id), '0.00 135.00 0.00', 'none: nothing is booked') from ivo;

-- Two buyers of one lead, one of them out of money.
create temp table shared as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject", "max_buyers": 2}') as offer_id;
create temp table two as
select n, testkit.enroll_buyer(offer_id, 'Pia', '{"price_per_lead": 60}') as id from shared cross join generate_series(1, 2) n order by n;
select testkit.pay_in(id, 60 * n) from two order by n;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'Pia 60.00, Pia 60.00', 'a shared lead: each of two pays its price')
from shared;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:01Z'), 'Pia 60.00', 'a shared lead: who can pay has it') from shared;
select is(array_agg(testkit.money(id) order by n), '{0.00 0.00 0.00,0.00 0.00 0.00}', 'both have spent what they had') from two;

-- A return gives it back, once; so does a sale that lapses. What was reserved is earned by acceptance.
select testkit.pay_in(id, 90) from eve;
create temp table back as select testkit.sell_delivered(offer_id, 1) as sale_id from exact;
select is(testkit.ask(sale_id, 'spam'), 'returned approved spam', 'a return') from back;
select is(testkit.book(sale_id), '{"sale: buyer_prepaid 45.00, revenue -45.00","return: buyer_prepaid -45.00, returns 45.00"}',
  'a return is booked against returns, and points at the sale') from back;
select is(testkit.money(id), '90.00 0.00 0.00', 'a return gives the price back') from eve;
select is(t.key, format('return:%s', r.id), 'a return is booked under its id')
from back join leadgen.sale_returns r on r.assignment_id = back.sale_id
join leadgen.ledger_transactions t on t.assignment_id = back.sale_id and t.kind = 'return';

create temp table careful as
select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "acceptance": {"mode": "explicit", "window_hours": 24}}') as offer_id;
create temp table una as select testkit.enroll_buyer(offer_id, 'Pia') as id from careful;
select testkit.pay_in(id, 100) from una;
create temp table first_sale as select testkit.sell_delivered(offer_id, 1) as sale_id from careful;
select is(testkit.money(id), '55.00 0.00 45.00', 'explicit: the price is reserved') from una;
select is(leadgen.accept_sale(sale_id), 'accepted', 'explicit: it is accepted') from first_sale;
select is(testkit.money(id), '55.00 0.00 0.00', 'explicit: what was reserved is earned') from una;
select is(testkit.book(sale_id), '{"sale: buyer_prepaid 45.00, buyer_reserved -45.00","acceptance: buyer_reserved 45.00, revenue -45.00"}',
  'explicit: a sale and its acceptance') from first_sale;
create temp table second_sale as select testkit.sell_delivered(offer_id, 2) as sale_id from careful;
select is(testkit.money(id), '10.00 0.00 45.00', 'explicit: reserved once more') from una;
select testkit.at_time('2026-11-21T16:03:00Z');
select leadgen.run_chore('settle_answers'), leadgen.run_chore('release_due_sale'), leadgen.run_chore('release_due_sale');
select is(testkit.money(id), '55.00 0.00 0.00', 'explicit: a sale that lapsed gives its reserve back') from una;
select is(testkit.book(sale_id),
  '{"sale: buyer_prepaid 45.00, buyer_reserved -45.00","release: buyer_prepaid -45.00, buyer_reserved 45.00"}',
  'explicit: a lapse earns nothing') from second_sale;

-- What is given back before it is accepted is not earned.
create temp table partly as select testkit.sell_delivered(offer_id, 3) as sale_id from careful;
select leadgen.refund_sale(sale_id, 15, 'partly', 'half of it'), leadgen.accept_sale(sale_id) from partly;
select is(testkit.money(id), '25.00 0.00 0.00', 'explicit: a part is given back, the rest is earned') from una;
select is((testkit.book(sale_id))[3], 'acceptance: buyer_reserved 30.00, revenue -30.00', 'explicit: the rest is 30.00') from partly;

-- Decisions that looked at money replay, and a what-if without changes is history.
select is(count(*) filter (where leadgen.replay_lead(l.id) <> '{"identical": true}'), 0::bigint, 'every decision replays')
from leadgen.leads l;
select is(leadgen.what_if(offer_id, '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z', '{}') ->> 'is_identical', 'true',
  'a what-if that changes nothing is history') from exact;
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
