-- request_return, return_sale, decide_return, settle_return and their parts: read_return_note, check_not_ended, find_answer_end,
-- is_declinable, find_quota_fault, is_approved_at_once, approve_return, refuse_return, await_decision, announce_return, judge_return,
-- pick_received_return, has_ended, mark_accepted, describe_answer.
begin;
select plan(126);
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.offer(p_config jsonb, p_buyers integer default 2) returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  perform testkit.enroll(v_offer_id, jsonb_build_object('routing_priority', 100 - n)) from generate_series(1, p_buyers) n;
  return v_offer_id;
end;
$$;
create function pg_temp.sell(p_offer_id bigint, p_number integer, p_delivered boolean default true) returns bigint language plpgsql as $$
-- A sale whose delivery got through, by hand: what the outbox does is not the subject here.
declare
  v_id bigint;
begin
  perform testkit.submit(p_offer_id, '{}', p_number);
  v_id := (select max(a.id) from leadgen.lead_assignments a where a.offer_id = p_offer_id);
  if p_delivered then
    update leadgen.deliveries set status = 'sending', attempts = 1, lease_token = gen_random_uuid() where assignment_id = v_id;
    update leadgen.deliveries set status = 'delivered', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
    where assignment_id = v_id;
    insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
    select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered' from leadgen.deliveries d where d.assignment_id = v_id;
    perform market.settle_assignments(array[v_id], null, null, leadgen.clock());
  end if;
  return v_id;
end;
$$;
create function pg_temp.reply(p_sale_id bigint, p_code text default 'rejected_on_delivery', p_note text default null) returns bigint
language sql as $$
-- As record_attempts notes that a webhook's reply rejected the lead.
  update leadgen.deliveries set status = 'sending', attempts = 1, lease_token = gen_random_uuid()
    where assignment_id = p_sale_id and status = 'pending';
  update leadgen.deliveries set status = 'delivered', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
  where assignment_id = p_sale_id and status = 'sending';
  insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
  select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered' from leadgen.deliveries d where d.assignment_id = p_sale_id
    and not exists (select from leadgen.delivery_attempts t where t.delivery_id = d.id);
  select market.settle_assignments(array[p_sale_id], null, array[p_sale_id], leadgen.clock());
  insert into leadgen.sale_returns (created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via,
    status)
  select leadgen.clock(), a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, p_code, p_note, 'reply', 'received'
  from leadgen.lead_assignments a where a.id = p_sale_id returning id;
$$;
create function pg_temp.ask(p_sale_id bigint, p_reason text default 'unreachable', p_note text default null, p_via text default 'api')
returns text language sql as $$
  select concat_ws(' ', a ->> 'outcome', a #>> '{return,status}', a #>> '{return,reason}')
  from roads.request_return(p_sale_id, p_reason, p_note, p_via) a;
$$;
create function pg_temp.refusal(p_sale_id bigint, p_reason text default 'unreachable',
  p_note text default null) returns text language sql as $$
  select testkit.fault_of(format('select roads.request_return(%s, %L, %L, %L)', p_sale_id, p_reason, p_note, 'api'));
$$;
create function pg_temp.state(p_sale_id bigint) returns text language sql as $$
  select concat_ws(' ', a.outcome, case when a.released_at is not null
    then 'released' end, '|', l.status, case when l.hold_until is not null then 'held' end,
    '|', (select string_agg(concat_ws(' ', r.status, r.via, r.decided_by, r.decision_note), ', ' order by r.id)
      from leadgen.sale_returns r where r.assignment_id = a.id))
  from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id where a.id = p_sale_id;
$$;
create function pg_temp.events(p_offer_id bigint) returns text[] language sql as $$
  select array_agg(e.kind order by e.id) from leadgen.events e where e.offer_id = p_offer_id and e.kind like 'return%';
$$;
create function pg_temp.tend() returns void language plpgsql as $$
begin
  perform leadgen.settle_answers();
  while leadgen.settle_return() is not null loop null; end loop;
  while leadgen.release_due_sale() is not null loop null; end loop;
  while leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null loop null; end loop;
end;
$$;
create function pg_temp.row_of(p_sale_id bigint) returns leadgen.lead_assignments language sql as $$
  select a from leadgen.lead_assignments a where a.id = p_sale_id;
$$;

-- Reasons and notes.
create temp table plain as select pg_temp.offer('{}', 3) as offer_id;
create temp table s1 as select pg_temp.sell(offer_id, 1) as id from plain;
select is(pg_temp.state(id), 'accepted | accepted |', 'mark_accepted has nothing to do: accepted with the delivery') from s1;
select is(pg_temp.refusal(id, reason), 'LG400 reason', 'reason: ' || coalesce(reason, 'none'))
from s1, unnest(array[null, '', 'WRONG_NUMBER', 'wrong number', 'rejected_on_delivery', repeat('x', 10000), E'spam\n',
  'spam; drop table']) reason;
select matches(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'John is ill', 'api'))::text,
  '"found": "another value", "allowed": "wrong_number, unreachable, ', 'reason: which there are; nobody''s words are repeated') from s1;
select is(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'no_reason', 'api')) ->> 'found', 'no_reason',
  'reason: what is shaped as a code is repeated') from s1;
select is(pg_temp.refusal(id, 'spam', repeat('x', 501)), 'LG400 note', 'note: at most 500 characters') from s1;
select is(market.read_return_note('spam', E' a\t\u0001 b\r\n' || repeat(' ', 600)), 'a b',
  'note: on one line, without control characters');
select is(market.read_return_note('spam', '   '), null, 'note: of nothing');
select is(length(market.read_return_note('spam', repeat('é', 500))), 500, 'note: 500 characters are taken');
update leadgen.return_reasons set is_active = false where code = 'spam';
select is(pg_temp.refusal(id, 'spam'), 'LG400 reason', 'reason: one that was switched off') from s1;
insert into leadgen.return_reasons (code, description) values ('wrong_roof', 'The roof is thatched');
select is(pg_temp.refusal(0), 'LG404 assignment_id', 'no such sale');
select is(pg_temp.state(id), 'accepted | accepted |', 'and all that changed nothing') from s1;

-- Approved at once: returned, released, rerouted; never to the same buyer again.
select is(pg_temp.ask(id, 'wrong_roof', ' straw '), 'returned approved wrong_roof', 'a reason of one''s own') from s1;
select is(pg_temp.state(id), 'returned released | validated held | approved api auto', 'returned, and its lead is offered again') from s1;
select is(array[r.reason_code, r.note], '{wrong_roof,straw}', 'with the buyer''s words')
from leadgen.sale_returns r join s1 on s1.id = r.assignment_id;
select is(market.find_refusal(l), 'returned', 'find_refusal: why nobody has it')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1 on s1.id = a.id;
select is(u.month_count, 0, 'its place is free again') from testkit.offer_usage u join plain using (offer_id);
select is(pg_temp.ask(id, 'duplicate', 'other words', 'link'), 'returned approved wrong_roof',
  'asked again: the same answer, the reason as it was') from s1;
select is(count(*), 1::bigint, 'and one return') from leadgen.sale_returns r join s1 on s1.id = r.assignment_id;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'nobody accepts what is returned') from s1;
select pg_temp.tend();
create temp table s1b as select max(a.id) as id from leadgen.lead_assignments a join plain using (offer_id);
select isnt(s1b.id, s1.id, 'the next buyer has it') from s1, s1b;
select pg_temp.ask(id) from s1b;
select pg_temp.tend();
select pg_temp.ask(max(a.id)) from leadgen.lead_assignments a join plain using (offer_id);
select pg_temp.tend();
select is(array_agg(distinct a.buyer_id), array_agg(a.buyer_id order by a.buyer_id), 'three returns, three buyers, none twice')
from leadgen.lead_assignments a join plain using (offer_id);
select is(l.unsold_reason, 'no buyer could take it: already_had_lead 3', 'then there is nobody who has not had it')
from leadgen.leads l join plain using (offer_id);
select is(leadgen.replay_lead(l.id), '{"identical": true}', 'and each decision replays') from leadgen.leads l join plain using (offer_id);
select is(jsonb_array_length(leadgen.explain_lead(l.id) -> 'sales'), 3, 'and is explained')
from leadgen.leads l join plain using (offer_id);
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21') -> 'is_identical', 'true', 'and what_if without changes is history')
from plain;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- The window, from both sides, for each outcome that a sale may be returned in.
create temp table short as select pg_temp.offer('{"returns": {"window_hours": 1}}') as offer_id;
create temp table s2 as select n, pg_temp.sell(offer_id, n, n > 2) as id from short, generate_series(1, 6) n;
update leadgen.lead_assignments a set outcome = 'unknown' from s2 where s2.id = a.id and n = 2;
select is(market.find_answer_end(pg_temp.row_of(id), 'returned')::text, '(return_by,"2026-11-20 17:00:00+00")',
  'find_answer_end: return_by')
from s2 where n = 3;
select testkit.at_time('2026-11-20T16:59:59.999Z');
select is(pg_temp.ask(id), 'returned approved unreachable', 'in its last moment: ' || n) from s2 where n < 4 order by n;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(pg_temp.refusal(id), 'LG409 return_by', 'at its end it is over') from s2 where n = 4;
select is(pg_temp.ask(id), 'returned approved unreachable', 'but who returned it in time hears the same') from s2 where n = 3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by', 'for the operator, too')
from s2 where n = 4;
update leadgen.lead_assignments a set return_by = null from s2 where s2.id = a.id and n = 5;
select is(market.find_answer_end(pg_temp.row_of(id), 'returned')::text, '(answer_by,)',
  'of before there were returns: answer_by, here without end')
from s2 where n = 5;
select is(pg_temp.ask(id), 'returned approved unreachable', 'and so it can be returned') from s2 where n = 5;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table none as select pg_temp.offer('{"returns": {"window_hours": 0}}') as offer_id;
create temp table s3 as select pg_temp.sell(offer_id, 1) as id from none;
select is(pg_temp.refusal(id), 'LG409 return_by', 'a window of 0: no returns') from s3;

-- explicit: declining before acceptance, returning after it.
create temp table asked as select pg_temp.offer('{"acceptance": {"mode": "explicit", "window_hours": 2},
  "returns": {"auto_approve": false, "quota": {"count": 0}}}') as offer_id;
create temp table s4 as select n, pg_temp.sell(offer_id, n) as id from asked, generate_series(1, 4) n;
select is(market.is_declinable(pg_temp.row_of(id)), true, 'is_declinable: explicit, not accepted') from s4 where n = 1;
select is(market.is_declinable(pg_temp.row_of(id)), false, 'is_declinable: on_delivery') from s3;
select is(pg_temp.ask(id), 'returned approved unreachable', 'explicit: declined at once, without quota and approval') from s4 where n = 1;
select leadgen.accept_sale(id) from s4 where n = 2;
select is(market.is_declinable(pg_temp.row_of(id)), false, 'is_declinable: not once it is accepted') from s4 where n = 2;
select is(pg_temp.refusal(id), 'LG409 quota', 'explicit: what was accepted counts') from s4 where n = 2;
select pg_temp.reply(id) from s4 where n = 3;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(pg_temp.refusal(id), 'LG409 answer_by', 'explicit: too late to decline') from s4 where n = 4;
select is(leadgen.settle_answers(), 1, 'settle_answers: one lapses; who declined by its reply is not silent');
select isnt(leadgen.settle_return(), null, 'settle_return: there is one');
select is(pg_temp.state(id), 'returned released | validated held | approved reply auto',
  'settle_return: declined when it was delivered, in time')
from s4 where n = 3;
select pg_temp.tend();
select testkit.at_time('2026-11-20T16:00:00Z');

-- The quota, by the numbers; of the month in the enrollment's zone.
create temp table five as select pg_temp.offer('{"returns": {"quota": {"count": 2}}}', 1) as offer_id;
create temp table s5 as select n, pg_temp.sell(offer_id, n) as id from five, generate_series(1, 6) n;
select is(market.find_quota_fault(pg_temp.row_of(id)), null, 'find_quota_fault: none yet') from s5 where n = 1;
select pg_temp.ask(id) from s5 where n < 3 order by n;
select is(market.find_quota_fault(pg_temp.row_of(id)), '2 of 2 returns of sales in November 2026', 'find_quota_fault: with the numbers')
from s5 where n = 3;
select is(pg_temp.refusal(id), 'LG409 quota', 'over the quota') from s5 where n = 3;
select is(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'other', 'api')) ->> 'found',
  '2 of 2 returns of sales in November 2026', 'and it says so') from s5 where n = 3;
select is(pg_temp.state(id), 'accepted | accepted |', 'nothing is stored of it') from s5 where n = 3;
select is(leadgen.return_sale(id, 'other', 'goodwill')::text, 'returned', 'the operator may all the same') from s5 where n = 3;
select is(pg_temp.state(id), 'returned released | validated held | approved operator ' || session_user, 'and is named') from s5 where n = 3;
select matches(market.find_quota_fault(pg_temp.row_of(id)), '^3 of 2', 'that counts as well') from s5 where n = 4;
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'return_sale: what is returned stays so') from s5 where n = 3;
select testkit.at_time('2026-12-01T05:59:59Z');
create temp table s6 as select pg_temp.sell(offer_id, 7) as id from five;
select is(pg_temp.refusal(id), 'LG409 quota', 'the last second of November in Austin') from s6;
select testkit.at_time('2026-12-01T06:00:00Z');
create temp table s7 as select pg_temp.sell(offer_id, 8) as id from five;
select is(pg_temp.ask(id), 'returned approved unreachable', 'December has a quota of its own') from s7;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table weekly as select pg_temp.offer('{"returns": {"quota": {"count": 1, "cycle": "week"}}}', 1) as offer_id;
create temp table s8 as select n, pg_temp.sell(offer_id, n) as id from weekly, generate_series(1, 2) n;
select pg_temp.ask(id) from s8 where n = 1;
select is(market.find_quota_fault(pg_temp.row_of(id)), '1 of 1 returns of sales in the week of 2026-11-16', 'a quota of the week')
from s8 where n = 2;
select testkit.at_time('2026-11-23T06:00:00Z');
select is(pg_temp.ask(pg_temp.sell(offer_id, 3)), 'returned approved unreachable', 'that ends on Sunday') from weekly;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table share as select pg_temp.offer('{"returns": {"quota": {"percent": 34}}}', 1) as offer_id;
create temp table s9 as select n, pg_temp.sell(offer_id, n) as id from share, generate_series(1, 2) n;
select is(market.find_quota_fault(pg_temp.row_of(id)), '0 of 0 returns of 2 sales in November 2026', 'percent: 34 % of 2 sales are none')
from s9 where n = 1;
select pg_temp.sell(offer_id, 3) from share;
select is(pg_temp.ask(id), 'returned approved unreachable', 'percent: of 3 sales one') from s9 where n = 1;
select is(market.find_quota_fault(pg_temp.row_of(id)), '1 of 1 returns of 3 sales in November 2026',
  'percent: and no second; a returned sale is a sale')
from s9 where n = 2;
create temp table s9b as select pg_temp.sell(offer_id, 4, false) as id from share;
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from s9b where s9b.id = a.id;
select matches(market.find_quota_fault(pg_temp.row_of(id)), ' of 3 sales ', 'percent: what never arrived is no sale') from s9 where n = 2;

-- Not auto-approved: the sale stands until somebody decides.
create temp table judged as select pg_temp.offer('{"returns": {"auto_approve": false, "quota": {"count": 3}}}') as offer_id;
create temp table s10 as select n, pg_temp.sell(offer_id, n) as id from judged, generate_series(1, 4) n;
select is(market.is_approved_at_once(pg_temp.row_of(id)), false, 'is_approved_at_once: an operator does') from s10 where n = 1;
select is(pg_temp.ask(id, 'other', 'John was rude'), 'accepted requested other', 'asked for') from s10 where n = 1;
select is(pg_temp.state(id), 'accepted | accepted | requested api', 'the sale stands') from s10 where n = 1;
select is(u.month_count, 4, 'and keeps its place') from testkit.offer_usage u join judged using (offer_id);
select is(pg_temp.ask(id, 'duplicate'), 'accepted requested other', 'asked again: the same answer') from s10 where n = 1;
select is(pg_temp.events(offer_id), '{return_requested}', 'the operator hears of it, once') from judged;
select unalike(e.message || e.facts, '%rude%', 'without the buyer''s words')
from leadgen.events e join judged using (offer_id) where e.kind = 'return_requested';
create temp table r1 as select r.id from leadgen.sale_returns r join s10 on s10.id = r.assignment_id;
select testkit.at_time('2026-12-20T16:00:00Z');
select is(leadgen.decide_return(id, true, ' fair enough ') #>> '{return,status}', 'approved', 'decide_return: approved, whenever that is')
from r1;
select is(pg_temp.state(id), 'returned released | validated held | approved api ' || session_user || ' fair enough', 'now it is returned')
from s10 where n = 1;
select is(leadgen.decide_return(id, true, 'again') ->> 'outcome', 'returned', 'decide_return: the same again is no fault') from r1;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, false)', id)), 'LG409 status', 'decide_return: decided is decided')
from r1;
select is(testkit.fault_of('select leadgen.decide_return(0, true)'), 'LG404 return_id', 'decide_return: no such return');
select is(testkit.fault_of(format('select leadgen.decide_return(%s, null)', id)), 'LG400 approve', 'decide_return: yes or no') from r1;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, false, repeat(%L, 501))', id, 'x')), 'LG400 note',
  'decide_return: a short note') from r1;
select testkit.at_time('2026-11-20T16:00:00Z');
select pg_temp.ask(id) from s10 where n = 2;
select is(leadgen.decide_return(r.id, false, 'the number is right') ->> 'outcome', 'accepted', 'decide_return: refused, the sale stands')
from leadgen.sale_returns r join s10 on s10.id = r.assignment_id and n = 2;
select is(pg_temp.refusal(id), 'LG409 return', 'what an operator refused is not asked for again') from s10 where n = 2;
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'but the operator may change its mind') from s10 where n = 2;
select pg_temp.ask(id) from s10 where n = 3;
select leadgen.return_sale(id, 'spam') from s10 where n = 3 and exists (select
from leadgen.return_reasons where code = 'spam' and is_active);
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'return_sale approves what was asked for') from s10 where n = 3;
select is(pg_temp.state(id), 'returned released | validated held | approved api ' || session_user, 'as one return') from s10 where n = 3;
select is(pg_temp.refusal(id), 'LG409 quota', 'a request that was refused is not counted, three that stand are') from s10 where n = 4;

-- A request is no silence.
create temp table quiet as select pg_temp.offer('{"acceptance": {"mode": "auto_after", "window_hours": 1},
  "returns": {"auto_approve": false}}') as offer_id;
create temp table s11 as select n, pg_temp.sell(offer_id, n) as id from quiet, generate_series(1, 2) n;
select pg_temp.ask(id) from s11;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 return',
  'accept_sale: not while its return is being decided') from s11 where n = 1;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(leadgen.settle_answers(), 0, 'settle_answers: silence does not accept what is asked to be returned');
select leadgen.decide_return(r.id, n = 1) from leadgen.sale_returns r join s11 on s11.id = r.assignment_id;
select is(leadgen.settle_answers(), 1, 'settle_answers: once that is refused, it does');
select is(array_agg(pg_temp.state(id) order by n), array['returned released | validated held | approved api ' || session_user,
  'accepted | accepted | refused api ' || session_user], 'one returned, one accepted') from s11;
select testkit.at_time('2026-11-20T16:00:00Z');

-- By a webhook's reply.
create temp table replying as select pg_temp.offer('{"returns": {"quota": {"count": 1}}}', 1) as offer_id;
create temp table s12 as select n, pg_temp.sell(offer_id, n, false) as id from replying, generate_series(1, 3) n;
select pg_temp.reply(id) from s12 order by n;
select is(pg_temp.state(id), 'delivered | delivered | received reply', 'by reply: delivered, until it is looked at') from s12 where n = 1;
select is(pg_temp.ask(id), 'delivered received rejected_on_delivery', 'by reply: asking as well changes nothing') from s12 where n = 1;
select is(array[leadgen.settle_return(), leadgen.settle_return(), leadgen.settle_return(), leadgen.settle_return()],
  (select array_agg(r.id order by r.id) || null::bigint
    from leadgen.sale_returns r join s12 on s12.id = r.assignment_id), 'settle_return: one a call, then none');
select is(array_agg(pg_temp.state(id) order by n), array['returned released | validated held | approved reply auto',
  'accepted | accepted | refused reply auto 1 of 1 returns of sales in November 2026',
  'accepted | accepted | refused reply auto 1 of 1 returns of sales in November 2026'],
  'settle_return: within the quota returned; over it refused, and accepted as the delivery would have made it') from s12;
select is(pg_temp.events(offer_id), '{return_refused,return_refused}', 'which the operator hears') from replying;
create temp table late as select pg_temp.offer('{"returns": {"window_hours": 0}}', 1) as offer_id;
create temp table s13 as select pg_temp.sell(offer_id, 1, false) as id from late;
select pg_temp.reply(id) from s13;
select pg_temp.tend();
select is(pg_temp.state(id), 'accepted | accepted | refused reply auto the time to return it had ended',
  'judge_return: where there are no returns') from s13;
create temp table slow as select pg_temp.offer('{"returns": {"auto_approve": false}}', 1) as offer_id;
create temp table s14 as select n, pg_temp.sell(offer_id, n, n = 2) as id from slow, generate_series(1, 3) n;
select pg_temp.reply(id, 'wrong_number') from s14 where n = 1;
select pg_temp.tend();
select is(pg_temp.state(id), 'delivered | delivered | requested reply', 'judge_return: left to the operator') from s14 where n = 1;
select leadgen.decide_return(r.id, false) from leadgen.sale_returns r join s14 on s14.id = r.assignment_id and n = 1;
select is(pg_temp.state(id), 'accepted | accepted | refused reply ' || session_user, 'refuse_return: it stands, accepted')
from s14 where n = 1;

-- A sale that ends otherwise takes its request with it.
select pg_temp.ask(id) from s14 where n = 3;
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from s14 where s14.id = a.id and n = 3;
select is(testkit.fault_of(format('select leadgen.decide_return(%s, true)', r.id)), 'LG409 outcome',
  'decide_return: not of a sale that failed')
from leadgen.sale_returns r join s14 on s14.id = r.assignment_id and n = 3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'unreachable')), 'LG409 outcome',
  'return_sale: nor does an operator give it back, though that was asked for') from s14 where n = 3;
select is(pg_temp.state(id), 'failed | validated | requested api', 'and nothing has moved') from s14 where n = 3;
select is(testkit.detail_of(format('select leadgen.return_sale(%s, %L)', id, 'unreachable')) ->> 'allowed',
  'pending, delivered, accepted, unknown, failed', 'check_not_ended: what may be returned') from s14 where n = 3;
select is(market.has_ended(pg_temp.row_of(id)), true, 'has_ended: it failed') from s14 where n = 3;
select leadgen.release_due_sale();
select is(r.status || ' ' || r.decision_note, 'refused the sale had ended: failed', 'release_sale: the request is moot')
from leadgen.sale_returns r join s14 on s14.id = r.assignment_id and n = 3;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'accept_sale: a sale that ended')
from s14 where n = 3;

-- One that failed and is not offered to others is its buyer's, to return as well.
create temp table kept as select pg_temp.offer('{"returns": {"auto_approve": false}, "reroute": {"on_failure": false}}') as offer_id;
create temp table s16 as select pg_temp.sell(offer_id, 1, false) as id from kept;
update leadgen.deliveries d set status = 'sending', attempts = 1, lease_token = gen_random_uuid() from s16 where d.assignment_id = s16.id;
update leadgen.deliveries d set status = 'dead', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
from s16 where d.assignment_id = s16.id;
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'refused' from leadgen.deliveries d join s16 on s16.id = d.assignment_id;
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s16;
select is(pg_temp.state(id), 'failed | validated |', 'failed, and kept') from s16;
select is(market.has_ended(pg_temp.row_of(id)), false, 'has_ended: not what is kept') from s16;
select is((market.describe_link_state('return', pg_temp.row_of(id), leadgen.clock())).state, 'open', 'its link says so') from s16;
select is(pg_temp.ask(id), 'failed requested unreachable', 'asked for') from s16;
select is(leadgen.decide_return(r.id, true) ->> 'outcome', 'returned', 'decide_return: and approved')
from leadgen.sale_returns r join s16 on s16.id = r.assignment_id;

-- The time to return begins with the delivery.
create temp table days as select pg_temp.offer('{"returns": {"window_hours": 24}}', 1) as offer_id;
create temp table s17 as select pg_temp.sell(offer_id, 1, false) as id from days;
select is(return_by, '2026-11-21T16:00:00Z'::timestamptz, 'return_by: from the sale') from s17, pg_temp.row_of(id);
select testkit.at_time('2026-11-27T16:00:00Z');
update leadgen.deliveries d set status = 'sending', attempts = 1, lease_token = gen_random_uuid() from s17 where d.assignment_id = s17.id;
update leadgen.deliveries d set status = 'delivered', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
from s17 where d.assignment_id = s17.id;
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s17;
select is(return_by, '2026-11-28T16:00:00Z'::timestamptz, 'settle_assignments: from the delivery, a week later')
from s17, pg_temp.row_of(id);
select testkit.at_time('2026-11-28T15:59:59Z');
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s17;
select is(return_by, '2026-11-28T16:00:00Z'::timestamptz, 'settle_assignments: once') from s17, pg_temp.row_of(id);
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered' from leadgen.deliveries d join s17 on s17.id = d.assignment_id;
select is(pg_temp.ask(id), 'returned approved unreachable', 'asked back in time') from s17;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table silent as select pg_temp.offer('{"acceptance": {"mode": "auto_after", "window_hours": 2}}', 1) as offer_id;
create temp table s18 as select pg_temp.sell(offer_id, 1, false) as id from silent;
select testkit.at_time('2026-11-20T17:00:00Z');
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s18;
select is(return_by, answer_by, 'auto_after: with the time to answer') from s18, pg_temp.row_of(id);
select testkit.at_time('2026-11-20T16:00:00Z');

-- One that raises does not hold up the others.
create temp table broken as select pg_temp.offer('{}', 1) as offer_id;
create temp table s15 as select n, pg_temp.sell(offer_id, n, false) as id from broken, generate_series(1, 2) n;
select pg_temp.reply(id) from s15 order by n;
create function pg_temp.break_down() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
do $$ begin execute format('create trigger break_down before update of released_at on leadgen.lead_assignments for each row
  when (new.id = %s and new.released_at is not null) execute function pg_temp.break_down()', (select id from s15 where n = 1)); end $$;
set local client_min_messages = error; -- it warns the log
select isnt(leadgen.settle_return(), null, 'settle_return: the one that raises comes first');
set local client_min_messages = notice;
select is(pg_temp.state(id), 'delivered | delivered | requested reply could not be settled: P0001',
  'settle_return: it is left to the operator') from s15 where n = 1;
select isnt(leadgen.settle_return(), null, 'settle_return: the next');
select is(pg_temp.state(id), 'returned released | validated held | approved reply auto', 'settle_return: is settled') from s15 where n = 2;
select is((market.pick_received_return()).id, null, 'pick_received_return: none is left');
select is(market.describe_answer(0), null, 'describe_answer: of no sale');
select is(market.describe_answer(id) -> 'return', 'null', 'describe_answer: no return') from s5 where n = 6;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
