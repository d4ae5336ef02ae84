-- The market's verdicts: each with a planted fault, and without.
begin;
select plan(31);
create function pg_temp.says(p_subject text) returns text language sql as $$
  select format('%s, %s', d.verdict, d.finding) from leadgen.diagnose_market() d where d.subject = p_subject
$$;
create function pg_temp.remedy(p_subject text) returns text language sql as $$
  select d.remedy from leadgen.diagnose_market() d where d.subject = p_subject
$$;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{}', 'Webb', 'Dora') as offer_id;
update leadgen.offers o set slug = 'roofs' from ids where o.id = ids.offer_id;

select is(pg_temp.says('deliveries'), 'ok, open: 0, overdue: 0', 'without leads nothing is open');
select testkit.submit(offer_id, '{}', 1) from ids;
select is(pg_temp.says('deliveries'), 'ok, open: 1, overdue: 1, the oldest for 0 s', 'what was just queued is no fault');
select testkit.at_time('2026-11-20T16:05:00Z');
select is(pg_temp.says('deliveries'), 'warn, open: 1, overdue: 1, the oldest for 5 min', 'minutes are worth a warning');
select testkit.at_time('2026-11-20T16:20:00Z');
select is(pg_temp.says('deliveries'), 'fail, open: 1, overdue: 1, the oldest for 20 min', 'twenty minutes are a fault');
select matches(pg_temp.remedy('deliveries'), '^start another worker: leadgen worker;', 'a verdict says what to do');
update leadgen.endpoints set retry_at = '2026-11-20T16:21:00Z', failures_in_a_row = 3, failing_since = '2026-11-20T16:00:00Z';
select is(pg_temp.says('deliveries'), 'ok, open: 1, overdue: 0', 'what waits for an endpoint that rests is not overdue');
select matches(pg_temp.says('endpoints'), '^warn, in use: \d+, failing: \d+, disabled: 0: \d+ of ', 'an endpoint that fails is named');
update leadgen.endpoints e set disabled_at = '2026-11-20T16:10:00Z', disabled_reason = 'it fails'
from leadgen.buyers b where b.id = e.buyer_id and b.name = 'Webb';
select matches(pg_temp.says('endpoints'), '^fail, .* disabled: 1: \d+ of Webb by webhook$', 'an endpoint that is disabled is a fault');
select matches(pg_temp.remedy('endpoints'), 'leadgen endpoints enable \d+$', 'the endpoint to enable is named');

select is(pg_temp.says('hooks'), null, 'without hooks there is no line of them');
create temp table hook as select * from leadgen.add_hook('chat', 'https://ops.example.com/', '{}');
select is(pg_temp.says('hooks'), 'ok, in use: 1, failing: 0, disabled: 0', 'a hook that does well is counted');
update leadgen.endpoints e set disabled_at = leadgen.clock(), disabled_reason = 'HTTP 410'
from hook h where h.hook_id = e.hook_id;
select is(pg_temp.says('hooks'), 'warn, in use: 1, failing: 0, disabled: 1: chat', 'a hook that is disabled is told');
select leadgen.remove_hook(h.hook_id) from hook h;

select is(pg_temp.says('dead letters'), 'ok, of the last two days: dead 0, unknown 0; parked, of any time: 0', 'there is no dead letter');
set local session_replication_role = replica;
update leadgen.deliveries set status = 'dead', next_attempt_at = null, created_at = leadgen.clock() - interval '1 day';
set local session_replication_role = origin;
select is(pg_temp.says('dead letters'), 'warn, of the last two days: dead 1, unknown 0; parked, of any time: 0', 'a dead letter is told');
select testkit.at_time('2026-11-25T16:20:00Z');
select matches(pg_temp.says('dead letters'), '^ok, .*dead 0', 'one of last week is told no more');
select testkit.at_time('2026-11-20T16:20:00Z');

select matches(pg_temp.says('limits'), '^ok, .*used up: 0$', 'no limit is used up');
update leadgen.buyer_offers set is_active = false
where buyer_id = (select b.id from leadgen.buyers b where b.name = 'Webb');
select testkit.submit(offer_id, '{}', 2) from ids;
select is(pg_temp.says('limits'), 'warn, counted: 1, nearly used up: 0, used up: 1: Dora in roofs, 1 of 1 a day',
  'a cap that is used up is told');
select testkit.at_time('2026-11-21T16:20:00Z');
select matches(pg_temp.says('limits'), '^ok, ', 'on the next day it counts anew');
select testkit.at_time('2026-11-20T16:20:00Z');

select is(pg_temp.says('held leads'), 'ok, held: 0, of these about to lapse within an hour: 0', 'no lead is held');
select testkit.submit(offer_id, '{}', 3) from ids;
update leadgen.leads set hold_until = '2026-11-20T17:00:00Z', next_route_at = '2026-11-20T16:30:00Z'
where id = (select max(id) from leadgen.leads);
select is(pg_temp.says('held leads'), 'warn, held: 1, of these about to lapse within an hour: 1', 'a lead about to lapse is told');
select matches(pg_temp.remedy('held leads'), '^leadgen unsold roofs ', 'its offer is named');
select is(pg_temp.says('chore route_held_lead'), null, 'a chore that is on time has no line');
select testkit.at_time('2026-11-20T16:50:00Z');
select is(pg_temp.says('chore route_held_lead'), 'fail, waiting: 1, the oldest for 20 min', 'a chore that stands still is told');
select is_empty($$select n.chore from roads.list_neglected(leadgen.clock()) n
  where n.chore not in ('e-mails to users', 'fetches', 'scheduled reports') and n.chore not in (select c.name from leadgen.chores c)$$,
  'each chore that may be named is one');
update leadgen.chores set is_active = false where name = 'route_held_lead';
select matches(pg_temp.remedy('chore route_held_lead'), '^it is switched off: update leadgen.chores',
  'one that is switched off is told apart');

select matches(pg_temp.says('quarantine'), '^ok, .* 0$', 'nothing is in quarantine');
insert into leadgen.intake_quarantine (last_seen_at, failed_step, reason, payload, context, request_hash)
values (leadgen.clock(), 'source', 'unknown', '{}', '{}', sha256('1'));
select matches(pg_temp.says('quarantine'), '^warn, .* 1$', 'a submission that nobody claims is told');
select is(pg_temp.says('copy'), 'ok, this database is the real one: workers send from it', 'the database is the real one');
select leadgen.disown_database();
select matches(pg_temp.says('copy'), '^fail, it is a copy', 'a copy is told');
update leadgen.sources set is_active = false;
select matches(pg_temp.says('configuration'), '^warn, faults: \d+: ', 'what cannot work is counted');

set local role leadgen_dba;
select is(pg_temp.says('copy'), 'fail, it is a copy, so workers send nothing from it and do no chores in it', 'a DBA may ask');
reset role;
select * from finish();
rollback;
