-- release_due_sale, pass_lead_on: who gets a lead next when its sale fails, is unknown, is shared or cannot be released.
begin;
select plan(34);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';

-- Failures: the next buyer, as often as the policy says.
create temp table failing as select testkit.open_offer('{"reroute": {"max_attempts": 2}}', 'Ace', 'Best', 'Cole', 'Dunn',
  'Eads') as offer_id;
create temp table s9 as select testkit.sell_lead(offer_id, 1) as id from failing;
create function pg_temp.fail_latest(p_outcome text default 'refused') returns bigint language plpgsql as $$
declare
  v_sale_id constant bigint := (select max(a.id) from leadgen.lead_assignments a);
begin
  perform testkit.attempt(v_sale_id, p_outcome);
  perform testkit.tend();
  return v_sale_id;
end;
$$;
select pg_temp.fail_latest();
select is(testkit.tell_sales(id), '{"failed released",pending}', 'on_failure: the next buyer has it') from s9;
select is(testkit.tell_sale(id), 'failed released | validated', 'on_failure: the lead is still sold') from s9;
select pg_temp.fail_latest();
select is(testkit.tell_sales(id), '{"failed released","failed released",pending}', 'on_failure: the third buyer has the lead') from s9;
select pg_temp.fail_latest();
select is(testkit.tell_sales(id), '{"failed released","failed released","failed released"}', 'max_attempts: two reroutes and no more')
from s9;
select is(testkit.tell_sale(id), 'failed released | validated delivery failed', 'nobody refused it: unsold, not rejected')
from s9;
select is(testkit.tell_usage(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'a failed sale takes no place') from failing;

create temp table stubborn as select testkit.open_offer('{"reroute": {"on_failure": false}}') as offer_id;
create temp table s10 as select testkit.sell_lead(offer_id, 1) as id from stubborn;
select pg_temp.fail_latest();
select is(testkit.tell_sale(id), 'failed | validated', 'on_failure false: no other buyer, the sale keeps its place') from s10;
select leadgen.return_sale(id, 'unreachable') from s10;
select is(testkit.tell_sale(id), 'returned released | validated returned held',
  'on_failure false: a return by the operator offers the lead again') from s10;
create temp table s11 as select testkit.sell_lead(offer_id, 2) as id from stubborn;
select testkit.attempt(id, 'delivered') from s11;
select leadgen.return_sale(id, 'wrong_number') from s11;
select testkit.tend();
select is(testkit.tell_sales(id), '{"returned released",pending}', 'on_failure false says nothing about returns') from s11;

-- Unknown: kept with the buyer, unless the policy says resell.
create temp table careful as select testkit.open_offer('{}') as offer_id;
create temp table s12 as select testkit.sell_lead(offer_id, 1) as id from careful;
select pg_temp.fail_latest('unknown');
select is(testkit.tell_sale(id), 'unknown | validated', 'unknown: the buyer may have it, nobody else gets it') from s12;
select is(leadgen.accept_sale(id)::text, 'accepted', 'unknown: the buyer has it') from s12;
create temp table bold as select testkit.open_offer('{"delivery": {"resell_on_unknown": true}}') as offer_id;
create temp table s13 as select testkit.sell_lead(offer_id, 1) as id from bold;
select pg_temp.fail_latest('unknown');
select is(testkit.tell_sales(id), '{"unknown released",pending}', 'resell_on_unknown: the next buyer has it, the first sale stays unknown')
from s13;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'resell_on_unknown: the first comes too late')
from s13;

-- A shared sale: who keeps the lead keeps it, only the place that came free is sold again.
create temp table shared as select testkit.open_offer('{"max_buyers": 2}', 'Ace', 'Best', 'Cole') as offer_id;
create temp table s14 as select testkit.sell_lead(offer_id, 1) - 1 as id from shared;
select testkit.attempt(id, 'delivered') from s14;
select testkit.attempt(id + 1, 'delivered') from s14;
select leadgen.return_sale(id, 'wrong_number') from s14;
select is(testkit.tell_sale(id), 'returned released | accepted held',
  'shared: a lead that one buyer keeps is offered again') from s14;
select is(roads.summarize_lead(a.lead_id), 'Sold to Best for 45.00 USD; no longer sold to Ace (returned); '
  'held for one more buyer until 2026-11-21T16:00:00Z, because: one place is free', 'summarize_lead: sold, and a place is free')
from leadgen.lead_assignments a join s14 on s14.id = a.id;
select testkit.tend();
select is(testkit.tell_sales(id), '{"returned released",accepted,pending}', 'shared: one more buyer') from s14;
select is(testkit.tell_sale(id), 'returned released | accepted', 'shared: all places are sold') from s14;
select leadgen.return_sale(id + 1, 'wrong_number') from s14;
select testkit.tend();
select is(format('%s %s', l.status, l.rejection_reason is null), 'accepted t', 'shared: with a buyer left it is not rejected')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s14 on s14.id = a.id;

-- explicit, and a failure that is kept: it lapses like the others, and cannot be sent again after that.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table kept as select testkit.open_offer('{"acceptance": {"mode": "explicit", "window_hours": 5},
  "reroute": {"on_failure": false}}') as offer_id;
create temp table s20 as select testkit.sell_lead(offer_id, 1) as id from kept;
select testkit.attempt(id, 'refused') from s20;
select is((market.pick_due_sale(leadgen.clock())).id, null, 'pick_due_sale: not what is kept');
select is(market.lock_free_offer('{}'), null, 'lock_free_offer: of none');
select is(market.lock_free_offer(array[offer_id, 0]), offer_id, 'lock_free_offer: the first that is free') from kept;
select testkit.at_time('2026-11-20T20:59:59Z');
select is(leadgen.settle_answers(), 0, 'settle_answers: there is time to send it again');
select is(outbox.find_resend_fault(d, e), null, 'find_resend_fault: in time')
from s20 join leadgen.deliveries d on d.assignment_id = s20.id join leadgen.endpoints e on e.id = d.endpoint_id;
select testkit.at_time('2026-11-20T21:00:00Z');
select is(outbox.find_resend_fault(d, e), 'the time to accept its sale has ended', 'find_resend_fault: too late')
from s20 join leadgen.deliveries d on d.assignment_id = s20.id join leadgen.endpoints e on e.id = d.endpoint_id;
select is(leadgen.settle_answers(), 1, 'settle_answers: it lapses');
select is(leadgen.settle_answers(), 0, 'settle_answers: a sale lapses once');
select is((market.pick_due_sale(leadgen.clock())).id, id, 'pick_due_sale: now it is due') from s20;
select testkit.tend();
select is(testkit.tell_sales(id), '{"lapsed released",pending}', 'a lapsed sale goes to the next buyer') from s20;
select testkit.at_time('2026-11-20T16:00:00Z');

-- One that cannot be released does not hold up the others.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table broken as select testkit.open_offer('{"reroute": {"max_attempts": 1}}') as offer_id;
create temp table s15 as select n, testkit.sell_lead(offer_id, n) as id from broken, generate_series(1, 2) n;
select testkit.attempt(id, 'refused') from s15 where n = 1;
select testkit.at_time('2026-11-20T16:01:00Z');
select testkit.attempt(id, 'refused') from s15 where n = 2;
select testkit.at_time('2026-11-20T16:02:00Z');
create function pg_temp.break_down() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
do $$ begin execute format('create trigger break_down before update of released_at on leadgen.lead_assignments for each row
  when (new.id = %s and new.released_at is not null) execute function pg_temp.break_down()', (select id from s15 where n = 1)); end $$;
set local client_min_messages = error; -- it warns the log
select is(leadgen.release_due_sale(), id, 'release_due_sale: the one that raises comes first') from s15 where n = 1;
select is(testkit.tell_sale(id), 'failed due | validated', 'release_due_sale: the sale that raises stays due') from s15 where n = 1;
set local client_min_messages = notice;
select is(leadgen.release_due_sale(), id, 'release_due_sale: the next is released') from s15 where n = 2;
select is(leadgen.release_due_sale(), null, 'release_due_sale: the first is put off');
select testkit.at_time('2026-11-20T16:03:00Z');
drop trigger break_down on leadgen.lead_assignments;
select is(leadgen.release_due_sale(), id, 'release_due_sale: the first is tried again after a minute') from s15 where n = 1;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
