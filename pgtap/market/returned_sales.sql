-- return_sale and release_sale: the place, the lead and the next buyer of a sale that is returned (lock_sale, check_answer, pass_lead_on).
begin;
select plan(26);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';
create temp table plain as select testkit.open_offer() as offer_id;
create temp table s1 as select testkit.sell_lead(offer_id) as id from plain;
select testkit.attempt(id, 'delivered') from s1;

-- Refusals.
select is(testkit.fault_of('select leadgen.accept_sale(0)'), 'LG404 assignment_id', 'accept_sale: no such sale');
select is(testkit.fault_of($$select leadgen.return_sale(0, 'other')$$), 'LG404 assignment_id', 'return_sale: no such sale');
select is(testkit.fault_of($$select roads.release_sale(0)$$), 'LG404 assignment_id', 'release_sale: no such sale');
select is(testkit.fault_of('select roads.lock_sale(0, false)'), 'LG404 assignment_id', 'lock_sale: no such sale');
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, reason)), 'LG400 reason', 'return_sale: a reason is needed')
from s1, unnest(array[null, '', 'wrong number', 'rejected_on_delivery']) reason;
select is(testkit.fault_of(format('select roads.release_sale(%s)', id)), 'LG409 outcome', 'release_sale: not while it stands')
from s1;

-- A return: place, lead, next buyer.
select is(testkit.tell_usage(offer_id), '1 1 1 1 45.00 45.00 / 1 1 1 1 45.00 45.00', 'return_sale: a place is taken') from plain;
select is(leadgen.return_sale(id, 'wrong_number', E'  nobody\n there ')::text, 'returned', 'return_sale: returned') from s1;
select is(testkit.tell_sale(id), 'returned released | validated returned held',
  'return_sale: the lead waits for the next buyer; the buyer''s words stay with the sale') from s1;
select is(testkit.tell_usage(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'return_sale: the place is free again') from plain;
select is(leadgen.return_sale(id, 'spam')::text, 'returned', 'return_sale: what is returned stays so') from s1;
select is(testkit.tell_usage(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'return_sale: a second return gives no second place')
from plain;
select is(roads.release_sale(id), false, 'release_sale: done before') from s1;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'accept_sale: not after a return') from s1;
select is(testkit.detail_of(format('select leadgen.accept_sale(%s)', id)) ->> 'allowed', 'pending, delivered, unknown, failed',
  'accept_sale: the detail says which outcomes can be accepted') from s1;
select testkit.tend();
select is(testkit.tell_sales(id), '{"returned released",pending}', 'the next buyer has the lead') from s1;
select is(count(distinct s.buyer_id), 2::bigint, 'the next sale is to another buyer')
from leadgen.lead_assignments s join leadgen.lead_assignments a using (lead_id) join s1 on s1.id = a.id;
select is(format('%s %s %s %s', l.status, l.buyer_id = a.buyer_id, l.price = a.price, coalesce(l.unsold_reason, 'sold')),
  'validated t t sold', 'buyer and price of the lead are still the first sale''s')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1 on s1.id = a.id;
create temp table s1b as select max(a.id) as id from leadgen.lead_assignments a join plain using (offer_id);
select testkit.attempt(id, 'delivered') from s1b;
select is(testkit.tell_sale(id), 'accepted | accepted', 'the next buyer accepts the lead') from s1b;
select leadgen.return_sale(id, 'other') from s1b;
select testkit.tend();
select is(testkit.tell_sales(id), '{"returned released","returned released"}',
  'no buyer gets a lead twice')
from s1b;
select matches(testkit.tell_sale(id), '^returned released \| validated no buyer could take it: already_had_lead 2 held$',
  'the lead is offered until its hold ends') from s1b;
select testkit.at_time('2026-11-21T16:00:01Z');
select testkit.tend();
select is(format('%s %s %s', l.status, l.rejection_reason is not null, l.hold_until is null), 'rejected t t',
  'the lead is rejected with a reason when its hold ends')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1b on s1b.id = a.id;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
