-- accept_sale, settle_answers, release_due_sale: how a sale is accepted by delivery, by the buyer's answer or by silence.
begin;
select plan(40);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';

-- on_delivery.
create temp table plain as select testkit.open_offer('{}') as offer_id;
create temp table s1 as select testkit.sell_lead(offer_id, 1) as id from plain;
select is(format('%s %s', a.acceptance, coalesce(a.answer_by::text, 'no window')), 'on_delivery no window',
  'on_delivery: the mode is stored with the sale')
from leadgen.lead_assignments a join s1 using (id);
select is(testkit.tell_sale(id), 'pending | validated', 'on_delivery: not accepted yet') from s1;
select testkit.attempt(id, 'delivered') from s1;
select is(testkit.tell_sale(id), 'accepted | accepted', 'on_delivery: accepted with the delivery') from s1;
select is(leadgen.accept_sale(id)::text, 'accepted', 'accept_sale: what is accepted stays so') from s1;
select is(leadgen.settle_answers(), 0, 'settle_answers: nobody has to answer');
select is(leadgen.release_due_sale(), null, 'release_due_sale: nothing has ended');

-- explicit: the buyer has to answer in time.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table asked as select testkit.open_offer('{"acceptance": {"mode": "explicit", "window_hours": 2}}') as offer_id;
create temp table s2 as select testkit.sell_lead(offer_id, 1) as id from asked;
select is(format('%s %s', a.acceptance, a.answer_by = '2026-11-20T18:00:00Z'), 'explicit t',
  'explicit: the sale says until when it can be accepted')
from leadgen.lead_assignments a join s2 using (id);
select testkit.attempt(id, 'delivered') from s2;
select is(testkit.tell_sale(id), 'delivered | delivered', 'explicit: delivered is not accepted') from s2;
select testkit.at_time('2026-11-20T17:59:59Z');
select is(leadgen.settle_answers(), 0, 'explicit: a second before its end the window is open');
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: accepted in time') from s2;
select is(testkit.tell_sale(id), 'accepted | accepted', 'explicit: the lead is accepted with its sale') from s2;
select is(array[a.accepted_at, l.accepted_at], array_fill('2026-11-20T17:59:59Z'::timestamptz, '{2}'),
  'explicit: sale and lead say when they were accepted')
from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id join s2 on s2.id = a.id;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(leadgen.settle_answers(), 0, 'explicit: an accepted sale does not lapse');
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: accepting again is no fault then') from s2;
select testkit.at_time('2026-11-27T16:00:00Z');
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by',
  'explicit: an accepted sale is not returned after return_by') from s2;

select testkit.at_time('2026-11-20T16:00:00Z');
create temp table s3 as select testkit.sell_lead(offer_id, 2) as id from asked;
create temp table s4 as select testkit.sell_lead(offer_id, 3) as id from asked;
create temp table s5 as select testkit.sell_lead(offer_id, 4) as id from asked;
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: a buyer who answers before we know that it got through') from s4;
select is(a.delivered_at = '2026-11-20T16:00:00Z', true, 'explicit: a buyer who answers has the lead') from leadgen.lead_assignments a
  join s4 using (id);
select leadgen.return_sale(id, 'not_interested') from s4;
select is(testkit.tell_sale(id), 'returned released | validated returned held',
  'explicit: an accepted sale may be returned within the window') from s4;
select testkit.attempt(id, 'delivered') from s3;
create temp table late_claim as select c.* from leadgen.claim_deliveries('slow', '{"webhook": 100, "email": 100}', '1 day') c
  join leadgen.deliveries d on d.id = c.delivery_id join s5 on s5.id = d.assignment_id;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 answer_by', 'explicit: at its end the window is over')
from s3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 answer_by',
  'explicit: a return after the window is refused')
from s3;
select is(leadgen.settle_answers(), 2, 'explicit: silent buyers let their sales lapse, also one that we still try to reach');
select is(leadgen.settle_answers(), 0, 'explicit: a sale lapses once');
select is(testkit.tell_sale(id), 'lapsed due | delivered', 'explicit: lapsed, its place due to go back') from s3;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'explicit: nobody accepts it any more') from s3;
create temp table released as select n, leadgen.release_due_sale() as id from generate_series(1, 3) n;
select is(array_agg(r.id order by n), array[s3.id, s5.id, null], 'release_due_sale: one sale a call, then none')
from released r, s3, s5 group by s3.id, s5.id;
select is(testkit.tell_sale(id), 'lapsed released | validated not accepted in time held', 'explicit: offered again')
from s3;
select is(array_agg(format('%s %s', d.status, coalesce(d.next_attempt_at::text, 'never'))), '{"cancelled never"}',
  'what was not delivered yet is cancelled') from leadgen.deliveries d join s5 on s5.id = d.assignment_id;
select testkit.tend();
select is(testkit.tell_sales(id), '{"lapsed released",pending}', 'explicit: the next buyer is asked') from s3;
select is((select max(a.answer_by) from leadgen.lead_assignments a join asked using (offer_id)), '2026-11-20T20:00:00Z'::timestamptz,
  'explicit: with a window of its own');
select testkit.at_time('2026-11-20T20:00:00Z');
select testkit.tend();
select is(testkit.tell_sales(id), '{"lapsed released","lapsed released"}', 'explicit: who is as silent loses it too') from s3;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- auto_after: silence is acceptance.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table silent as select testkit.open_offer('{"acceptance": {"mode": "auto_after", "window_hours": 24}}') as offer_id;
create temp table s6 as select n, testkit.sell_lead(offer_id, n) as id from silent, generate_series(1, 4) n;
select testkit.attempt(id, 'delivered') from s6 where n < 4;
select is(array_agg(testkit.tell_sale(id) order by n),
  '{"delivered | delivered","delivered | delivered","delivered | delivered","pending | validated"}',
  'auto_after: not accepted yet') from s6;
select is(leadgen.accept_sale(id)::text, 'accepted', 'auto_after: who says so accepts at once') from s6 where n = 1;
select testkit.at_time('2026-11-21T15:59:59Z');
select is(leadgen.return_sale(id, 'spam')::text, 'returned', 'auto_after: a return in the last second') from s6 where n = 2;
select testkit.at_time('2026-11-21T16:00:00Z');
select is(leadgen.settle_answers(), 1, 'auto_after: the silent one');
select is(array_agg(split_part(testkit.tell_sale(id), ' |', 1) order by n),
  '{accepted,"returned released",accepted,pending}', 'auto_after: accepted; what never arrived is not')
from s6;
select is(a.accepted_at = '2026-11-21T16:00:00Z' and l.status = 'accepted', true, 'auto_after: the lead is accepted with its sale')
from s6 join leadgen.lead_assignments a using (id) join leadgen.leads l on l.id = a.lead_id where n = 3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by',
  'auto_after: no return after that')
from s6 where n = 3;
select testkit.attempt(id, 'delivered') from s6 where n = 4;
select is(leadgen.settle_answers(), 1, 'auto_after: accepted when it arrives late');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
