-- request_return and return_sale: which words are taken, what a return does at once, and until when (read_return_note,
-- find_answer_end, is_declinable).
begin;
select plan(52);
select testkit.at_time('2026-11-20T16:00:00Z');

-- Reasons and notes.
create temp table plain as select testkit.open_offer('{}', 'Ace', 'Best', 'Cole') as offer_id;
create temp table s1 as select testkit.sell_delivered(offer_id, 1) as id from plain;
select is(testkit.tell_return(id), 'accepted | accepted |', 'mark_accepted has nothing to do: accepted with the delivery') from s1;
select is(testkit.refusal(id, reason), 'LG400 reason', format('reason: %s', coalesce(reason, 'none')))
from s1, unnest(array[null, '', 'WRONG_NUMBER', 'wrong number', 'rejected_on_delivery', repeat('x', 10000), E'spam\n',
  'spam; drop table']) reason;
select matches(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'John is ill', 'api'))::text,
  '"found": "another value", "allowed": "wrong_number, invalid_phone, wrong_line_type, unreachable, ',
  'reason: which there are; nobody''s words are repeated') from s1;
select is(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'no_reason', 'api')) ->> 'found', 'no_reason',
  'reason: what is shaped as a code is repeated') from s1;
select is(testkit.refusal(id, 'spam', repeat('x', 501)), 'LG400 note', 'note: at most 500 characters') from s1;
select is(market.read_return_note('spam', format(E' a\t\u0001 b\r\n%s', repeat(' ', 600))), 'a b',
  'note: on one line, without control characters');
select is(market.read_return_note('spam', '   '), null, 'note: of nothing');
select is(length(market.read_return_note('spam', repeat('é', 500))), 500, 'note: 500 characters are taken');
update leadgen.return_reasons set is_active = false where code = 'spam';
select is(testkit.refusal(id, 'spam'), 'LG400 reason', 'reason: one that was switched off') from s1;
insert into leadgen.return_reasons (code, description) values ('wrong_roof', 'The roof is thatched');
select is(testkit.refusal(0), 'LG404 assignment_id', 'request_return: no such sale');
select is(testkit.tell_return(id), 'accepted | accepted |', 'refused requests change nothing') from s1;

-- Approved at once: returned, released, rerouted; never to the same buyer again.
select is(testkit.ask(id, 'wrong_roof', ' straw '), 'returned approved wrong_roof', 'a reason that an operator added is taken') from s1;
select is(testkit.tell_return(id), 'returned released | validated held | approved api auto', 'the lead of a returned sale is offered again')
from s1;
select is(array[r.reason_code, r.note], '{wrong_roof,straw}', 'the return has the buyer''s reason and words')
from leadgen.sale_returns r join s1 on s1.id = r.assignment_id;
select is(market.find_refusal(l), 'returned', 'find_refusal: why nobody has it')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1 on s1.id = a.id;
select is(u.month_count, 0, 'its place is free again') from testkit.offer_usage u join plain using (offer_id);
select is(testkit.ask(id, 'duplicate', 'other words', 'link'), 'returned approved wrong_roof',
  'asked again: the same answer, the reason as it was') from s1;
select is(count(*), 1::bigint, 'asking twice makes one return') from leadgen.sale_returns r join s1 on s1.id = r.assignment_id;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'nobody accepts what is returned') from s1;
select testkit.tend();
create temp table s1b as select max(a.id) as id from leadgen.lead_assignments a join plain using (offer_id);
select isnt(s1b.id, s1.id, 'the next buyer has the lead') from s1, s1b;
select testkit.ask(id) from s1b;
select testkit.tend();
select testkit.ask(max(a.id)) from leadgen.lead_assignments a join plain using (offer_id);
select testkit.tend();
select is(array_agg(distinct a.buyer_id), array_agg(a.buyer_id order by a.buyer_id), 'three returns make three buyers, none twice')
from leadgen.lead_assignments a join plain using (offer_id);
select is(l.unsold_reason, 'no buyer could take it: already_had_lead 3', 'the lead is unsold when every buyer has had it')
from leadgen.leads l join plain using (offer_id);
select is(leadgen.replay_lead(l.id), '{"identical": true}', 'each decision of a returned lead replays') from leadgen.leads l
  join plain using (offer_id);
select is(jsonb_array_length(leadgen.explain_lead(l.id) -> 'sales'), 3, 'explain_lead shows three sales')
from leadgen.leads l join plain using (offer_id);
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21') -> 'is_identical', 'true', 'what_if without changes is history')
from plain;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- The window, from both sides, for each outcome that a sale may be returned in.
create temp table short as select testkit.open_offer('{"returns": {"window_hours": 1}}') as offer_id;
create temp table s2 as select n, case when n > 2 then testkit.sell_delivered(offer_id, n)
  else testkit.sell_lead(offer_id, n) end as id from short, generate_series(1, 6) n;
update leadgen.lead_assignments a set outcome = 'unknown' from s2 where s2.id = a.id and n = 2;
select is(market.find_answer_end(testkit.sale(id), 'returned')::text, '(return_by,"2026-11-20 17:00:00+00")',
  'find_answer_end: return_by')
from s2 where n = 3;
select testkit.at_time('2026-11-20T16:59:59.999Z');
select is(testkit.ask(id), 'returned approved unreachable', format('in its last moment: %s', n)) from s2 where n < 4 order by n;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(testkit.refusal(id), 'LG409 return_by', 'request_return: the window is over at its end') from s2 where n = 4;
select is(testkit.ask(id), 'returned approved unreachable', 'a return in time is answered alike after the end') from s2 where n = 3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by',
  'return_sale: the window is over for the operator, too')
from s2 where n = 4;
update leadgen.lead_assignments a set return_by = null from s2 where s2.id = a.id and n = 5;
select is(market.find_answer_end(testkit.sale(id), 'returned')::text, '(answer_by,)',
  'from before there were returns: answer_by, here without end')
from s2 where n = 5;
select is(testkit.ask(id), 'returned approved unreachable', 'a sale without return_by can be returned') from s2 where n = 5;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table none as select testkit.open_offer('{"returns": {"window_hours": 0}}') as offer_id;
create temp table s3 as select testkit.sell_delivered(offer_id, 1) as id from none;
select is(testkit.refusal(id), 'LG409 return_by', 'a window of 0: no returns') from s3;

-- explicit: declining before acceptance, returning after it.
create temp table asked as select testkit.open_offer('{"acceptance": {"mode": "explicit", "window_hours": 2},
  "returns": {"auto_approve": false, "quota": {"count": 0}}}') as offer_id;
create temp table s4 as select n, testkit.sell_delivered(offer_id, n) as id from asked, generate_series(1, 4) n;
select is(market.is_declinable(testkit.sale(id)), true, 'is_declinable: explicit, not accepted') from s4 where n = 1;
select is(market.is_declinable(testkit.sale(id)), false, 'is_declinable: on_delivery') from s3;
select is(testkit.ask(id), 'returned approved unreachable', 'explicit: declined at once, without quota and approval') from s4 where n = 1;
select leadgen.accept_sale(id) from s4 where n = 2;
select is(market.is_declinable(testkit.sale(id)), false, 'is_declinable: not once it is accepted') from s4 where n = 2;
select is(testkit.refusal(id), 'LG409 quota', 'explicit: what was accepted counts') from s4 where n = 2;
select testkit.reply(id) from s4 where n = 3;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(testkit.refusal(id), 'LG409 answer_by', 'explicit: too late to decline') from s4 where n = 4;
select is(leadgen.settle_answers(), 1, 'settle_answers: one lapses; who declined by its reply is not silent');
select isnt(leadgen.settle_return(), null, 'settle_return: there is one');
select is(testkit.tell_return(id), 'returned released | validated held | approved reply auto',
  'settle_return: declined when it was delivered, in time')
from s4 where n = 3;
select testkit.tend();
select testkit.at_time('2026-11-20T16:00:00Z');

select * from finish();
rollback;
