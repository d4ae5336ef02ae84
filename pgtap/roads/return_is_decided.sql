-- decide_return: returns that wait for an operator, and those of sales that end otherwise (is_approved_at_once, check_not_ended,
-- has_ended).
begin;
select plan(36);
select testkit.at_time('2026-11-20T16:00:00Z');

-- Not auto-approved: the sale stands until somebody decides.
create temp table judged as select testkit.open_offer('{"returns": {"auto_approve": false, "quota": {"count": 3}}}') as offer_id;
create temp table s10 as select n, testkit.sell_delivered(offer_id, n) as id from judged, generate_series(1, 4) n;
select is(market.is_approved_at_once(testkit.sale(id)), false, 'is_approved_at_once: an operator does') from s10 where n = 1;
select is(testkit.ask(id, 'other', 'John was rude'), 'accepted requested other', 'a return is requested') from s10 where n = 1;
select is(testkit.tell_return(id), 'accepted | accepted | requested api', 'a sale stands while its return is requested') from s10
where n = 1;
select is(u.month_count, 4, 'a requested return keeps the place') from testkit.offer_usage u join judged using (offer_id);
select is(testkit.ask(id, 'duplicate'), 'accepted requested other', 'asked again: the same answer') from s10 where n = 1;
select is(testkit.return_events(offer_id), '{return_requested}', 'the operator hears of it, once') from judged;
select unalike(concat_ws(' ', e.message, e.facts), '%rude%', 'the event does not repeat the buyer''s words')
from leadgen.events e join judged using (offer_id) where e.kind = 'return_requested';
create temp table r1 as select r.id from leadgen.sale_returns r join s10 on s10.id = r.assignment_id;
select testkit.at_time('2026-12-20T16:00:00Z');
select is(leadgen.decide_return(id, true, ' fair enough ') #>> '{return,status}', 'approved', 'decide_return: approved, whenever that is')
from r1;
select is(testkit.tell_return(id), format('returned released | validated held | approved api %s fair enough', session_user),
  'now it is returned')
from s10 where n = 1;
select is(leadgen.decide_return(id, true, 'again') ->> 'outcome', 'returned', 'decide_return: the same again is no fault') from r1;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, false)', id)), 'LG409 status', 'decide_return: decided is decided')
from r1;
select is(testkit.fault_of('select leadgen.decide_return(0, true)'), 'LG404 return_id', 'decide_return: no such return');
select is(testkit.fault_of(format('select leadgen.decide_return(%s, null)', id)), 'LG400 approve', 'decide_return: yes or no') from r1;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, false, repeat(%L, 501))', id, 'x')), 'LG400 note',
  'decide_return: a short note') from r1;
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.ask(id) from s10 where n = 2;
select is(leadgen.decide_return(r.id, false, 'the number is right') ->> 'outcome', 'accepted', 'decide_return: refused, the sale stands')
from leadgen.sale_returns r join s10 on s10.id = r.assignment_id and n = 2;
select is(testkit.refusal(id), 'LG409 return', 'what an operator refused is not asked for again') from s10 where n = 2;
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'an operator may return what an operator refused') from s10 where n = 2;
select testkit.ask(id) from s10 where n = 3;
select leadgen.return_sale(id, 'spam') from s10 where n = 3 and exists (select
from leadgen.return_reasons where code = 'spam' and is_active);
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'return_sale approves what was asked for') from s10 where n = 3;
select is(testkit.tell_return(id), format('returned released | validated held | approved api %s', session_user),
  'return_sale makes no second return') from s10
where n = 3;
select is(testkit.refusal(id), 'LG409 quota', 'a request that was refused is not counted, three that stand are') from s10 where n = 4;

-- A request is no silence.
create temp table quiet as select testkit.open_offer('{"acceptance": {"mode": "auto_after", "window_hours": 1},
  "returns": {"auto_approve": false}}') as offer_id;
create temp table s11 as select n, testkit.sell_delivered(offer_id, n) as id from quiet, generate_series(1, 2) n;
select testkit.ask(id) from s11;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 return',
  'accept_sale: not while its return is being decided') from s11 where n = 1;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(leadgen.settle_answers(), 0, 'settle_answers: silence does not accept what is asked to be returned');
select leadgen.decide_return(r.id, n = 1) from leadgen.sale_returns r join s11 on s11.id = r.assignment_id;
select is(leadgen.settle_answers(), 1, 'settle_answers: once that is refused, it does');
select is(array_agg(testkit.tell_return(id) order by n), array[format('returned released | validated held | approved api %s', session_user),
  format('accepted | accepted | refused api %s', session_user)], 'an approved request returns its sale, a refused one accepts it') from s11;
select testkit.at_time('2026-11-20T16:00:00Z');

-- A sale that ends otherwise takes its request with it.
create temp table slow as select testkit.open_offer('{"returns": {"auto_approve": false}}', 'Ace') as offer_id;
create temp table s14 as select testkit.sell_lead(offer_id) as id from slow;
select testkit.ask(id) from s14;
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from s14 where s14.id = a.id;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, true)', r.id)), 'LG409 outcome',
  'decide_return: not of a sale that failed')
from leadgen.sale_returns r join s14 on s14.id = r.assignment_id;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'unreachable')), 'LG409 outcome',
  'return_sale: nor does an operator give it back, though that was asked for') from s14;
select is(testkit.tell_return(id), 'failed | validated | requested api', 'a failed sale keeps its request') from s14;
select is(testkit.detail_of(format('select leadgen.return_sale(%s, %L)', id, 'unreachable')) ->> 'allowed',
  'pending, delivered, accepted, unknown, failed', 'check_not_ended: what may be returned') from s14;
select is(market.has_ended(testkit.sale(id)), true, 'has_ended: it failed') from s14;
select leadgen.release_due_sale();
select is(format('%s %s', r.status, r.decision_note), 'refused the sale had ended: failed', 'release_sale: the request is moot')
from leadgen.sale_returns r join s14 on s14.id = r.assignment_id;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'accept_sale: a sale that ended')
from s14;

-- One that failed and is not offered to others is its buyer's, to return as well.
create temp table kept as select testkit.open_offer('{"returns": {"auto_approve": false}, "reroute": {"on_failure": false}}') as offer_id;
create temp table s16 as select testkit.sell_lead(offer_id, 1) as id from kept;
update leadgen.deliveries d set status = 'sending', attempts = 1, lease_token = gen_random_uuid() from s16 where d.assignment_id = s16.id;
update leadgen.deliveries d set status = 'dead', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
from s16 where d.assignment_id = s16.id;
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'refused' from leadgen.deliveries d join s16 on s16.id = d.assignment_id;
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s16;
select is(testkit.tell_return(id), 'failed | validated |', 'a failed sale is kept without a reroute') from s16;
select is(market.has_ended(testkit.sale(id)), false, 'has_ended: not what is kept') from s16;
select is((market.describe_link_state('return', testkit.sale(id), leadgen.clock())).state, 'open', 'the link of a kept failure is open')
from s16;
select is(testkit.ask(id), 'failed requested unreachable', 'a return of a kept failure is requested') from s16;
select is(leadgen.decide_return(r.id, true) ->> 'outcome', 'returned', 'decide_return: and approved')
from leadgen.sale_returns r join s16 on s16.id = r.assignment_id;

select * from finish();
rollback;
