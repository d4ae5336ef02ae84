-- settle_return: what becomes of a lead that a webhook's reply rejected (judge_return, refuse_return, pick_received_return,
-- describe_answer).
begin;
select plan(16);
select testkit.at_time('2026-11-20T16:00:00Z');

-- By a webhook's reply.
create temp table replying as select testkit.open_offer('{"returns": {"quota": {"count": 1}}}', 'Ace') as offer_id;
create temp table s12 as select n, testkit.sell_lead(offer_id, n) as id from replying, generate_series(1, 3) n;
select testkit.reply(id) from s12 order by n;
select is(testkit.tell_return(id), 'delivered | delivered | received reply', 'by reply: delivered, until it is looked at') from s12
where n = 1;
select is(testkit.ask(id), 'delivered received rejected_on_delivery', 'by reply: asking as well changes nothing') from s12 where n = 1;
select is(array[leadgen.settle_return(), leadgen.settle_return(), leadgen.settle_return(), leadgen.settle_return()],
  (select array_agg(r.id order by r.id) || null::bigint
    from leadgen.sale_returns r join s12 on s12.id = r.assignment_id), 'settle_return: one a call, then none');
select is(array_agg(testkit.tell_return(id) order by n), array['returned released | validated held | approved reply auto',
  'accepted | accepted | refused reply auto 1 of 1 returns of sales in November 2026',
  'accepted | accepted | refused reply auto 1 of 1 returns of sales in November 2026'],
  'settle_return: a return over the quota is refused and the sale accepted') from s12;
select is(testkit.return_events(offer_id), '{return_approved,return_refused,return_refused}',
  'the operator hears how returns were decided') from replying;
create temp table late as select testkit.open_offer('{"returns": {"window_hours": 0}}', 'Ace') as offer_id;
create temp table s13 as select testkit.sell_lead(offer_id, 1) as id from late;
select testkit.reply(id) from s13;
select testkit.tend();
select is(testkit.tell_return(id), 'accepted | accepted | refused reply auto the time to return it had ended',
  'judge_return: where there are no returns') from s13;
create temp table slow as select testkit.open_offer('{"returns": {"auto_approve": false}}', 'Ace') as offer_id;
create temp table s14 as select testkit.sell_lead(offer_id) as id from slow;
select testkit.reply(id, 'wrong_number') from s14;
select testkit.tend();
select is(testkit.tell_return(id), 'delivered | delivered | requested reply', 'judge_return: left to the operator') from s14;
select leadgen.decide_return(r.id, false) from leadgen.sale_returns r join s14 on s14.id = r.assignment_id;
select is(testkit.tell_return(id), format('accepted | accepted | refused reply %s', session_user), 'refuse_return: it stands, accepted')
from s14;

-- One that raises does not hold up the others.
create temp table broken as select testkit.open_offer('{}', 'Ace') as offer_id;
create temp table s15 as select n, testkit.sell_lead(offer_id, n) as id from broken, generate_series(1, 2) n;
select testkit.reply(id) from s15 order by n;
create function pg_temp.break_down() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
do $$ begin execute format('create trigger break_down before update of released_at on leadgen.lead_assignments for each row
  when (new.id = %s and new.released_at is not null) execute function pg_temp.break_down()', (select id from s15 where n = 1)); end $$;
set local client_min_messages = error; -- it warns the log
select isnt(leadgen.settle_return(), null, 'settle_return: the one that raises comes first');
set local client_min_messages = notice;
select is(testkit.tell_return(id), 'delivered | delivered | requested reply could not be settled: P0001',
  'settle_return: it is left to the operator') from s15 where n = 1;
select isnt(leadgen.settle_return(), null, 'settle_return: the next');
select is(testkit.tell_return(id), 'returned released | validated held | approved reply auto', 'settle_return: is settled') from s15
where n = 2;
select is((market.pick_received_return()).id, null, 'pick_received_return: none is left');
select is(market.describe_answer(0), null, 'describe_answer: of no sale');
create temp table kept as select testkit.sell_lead(offer_id, 4) as id from slow;
select is(market.describe_answer(id) -> 'return', 'null', 'describe_answer: no return') from kept;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
