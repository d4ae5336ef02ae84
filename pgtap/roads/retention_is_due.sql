-- retention_rules, forget_old, count_old: what is kept how long, and what becomes of it then.
begin;
select plan(49);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table people as select testkit.new_user('Ann') as ann;
select is(testkit.sign_in('Ann', 'wrong'), 'failed', 'a sign-in that fails');
select is(testkit.sign_in('Ann'), 'signed_in', 'one that does not');
select leadgen.forgot_password('ann@people.example', '192.0.2.9'), testkit.open_mail('reset', 'r');
select leadgen.sign_up(format('%s@people.example', name), name, null, null, substr(sha256('salt'), 1, 16), sha256('x'), '192.0.2.9')
from unnest('{Sid,Liz}'::text[]) name;
select leadgen.invite_user('ivy@people.example', 'Ivy', 'analyst');
select is(testkit.open_mail('verify', 'v'), 'sid@people.example', 'Sid gets a link');
select is(leadgen.verify_user(testkit.hash_of('v')) ->> 'status', 'pending', 'Sid is verified, and not approved');

create function pg_temp.forget() returns bigint language plpgsql as $$
declare
  v_all bigint := 0;
  v_count bigint;
begin
  loop
    v_count := roads.forget_old();
    v_all := v_all + v_count;
    exit when v_count = 0;
  end loop;
  return v_all;
end;
$$;
create function pg_temp.left_over() returns text language sql as $$
  select concat_ws(' ', (select count(*) from leadgen.users), (select count(*) from leadgen.user_sessions),
    (select count(*) from leadgen.sign_in_attempts), (select count(*) from leadgen.sign_in_tries),
    (select count(*) from leadgen.user_tokens), (select count(*) from leadgen.user_mails where due_at is null))
$$;
select is(pg_temp.left_over(), '4 1 2 4 2 2', 'users, sessions, attempts, tries, tokens and mails');
select is(pg_temp.forget(), 0::bigint, 'on the day nothing is over');
select testkit.at_time('2026-11-21T18:00:00Z');
select pg_temp.forget();
select is(pg_temp.left_over(), '4 1 2 0 1 2', 'tries go after a day, a link a day after its end');
select testkit.at_time('2026-11-27T16:00:01Z');
select pg_temp.forget();
select is(array_agg(u.name::text order by u.id), '{Ann,Sid,Ivy}', 'a sign-up that nobody verified goes after a week') from leadgen.users u;
select testkit.at_time('2026-12-21T16:00:01Z');
select pg_temp.forget();
select is(pg_temp.left_over(), '3 1 2 0 0 0', 'mails go after 30 days');
select testkit.at_time('2027-02-20T16:00:01Z');
select pg_temp.forget();
select is(pg_temp.left_over(), '3 0 0 0 0 0', 'sessions and sign-ins go after 90 days');
select is(pg_temp.forget(), 0::bigint, 'nothing of people is left to do');

-- Rules are rows
select is(testkit.fault_of(sql), fault, sql)
from (values
  ($$update leadgen.retention_rules set keep = '59 minutes' where name = 'leads'$$, '23514'),
  ($$select leadgen.forget_old('nothing')$$, 'LG404 name'),
  ($$select leadgen.forget_old(null)$$, 'LG404 name'),
  ($$select leadgen.forget_old('leads')$$, 'LG409 name'),
  ($$select leadgen.count_old('nothing')$$, 'LG404 name')
) as t (sql, fault);
select is(array_agg(r.name order by r.position) filter (where not r.is_active),
  '{answers,delivery_errors,return_notes,comments,evidence,leads}', 'what strikes out is off until somebody says how long it may be kept')
from leadgen.retention_rules r;
set local role leadgen_dba;
select lives_ok($$update leadgen.retention_rules set keep = '30 days', is_active = true
  where name in ('answers', 'delivery_errors', 'return_notes', 'evidence')$$, 'a DBA says how long');
select throws_ok($$update leadgen.retention_rules set condition = 'true'$$, '42501', null, 'a DBA does not say what');
select throws_ok($$update leadgen.retention_rules set table_name = 'invoices'$$, '42501', null, 'a DBA does not say of which table');
reset role;
select is((select e.after from leadgen.audit_entries e where e.table_name = 'retention_rules' and e.row_key @> '{"name": "answers"}'
  order by e.id desc limit 1), '{"keep": "30 days", "is_active": true}', 'the audit has it');

-- Answers, notes, evidence and leads
select testkit.at_time('2027-03-01T12:00:00Z');
create temp table ids as select testkit.open_offer('{"returns": {"window_hours": 72}}', 'Webb') as offer_id;
create temp table sale as select testkit.sell_lead(offer_id, n) as id, n from ids cross join generate_series(1, 3) n order by n;
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome, reply, error)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered', 'no zaphod here', 'zaphod' from leadgen.deliveries d;
update leadgen.deliveries set last_error = 'zaphod';
select testkit.deliver(id), market.settle_assignments(array[id], null, null, leadgen.clock()) from sale;
select leadgen.return_sale(id, 'unreachable', 'zaphod does not answer', jsonb_build_array(jsonb_build_object(
  'url', 'https://files.example/zaphod', 'sha256', repeat('ab', 32), 'bytes', 1, 'media_type', 'audio/mpeg')))
from sale where n = 1;
create function pg_temp.due() returns text language sql as $$
  select string_agg(format('%s %s', c.due, c.name), ', ') from leadgen.count_old() c where c.due > 0;
$$;
create function pg_temp.held() returns text language sql as $$
  select format('%s answers, %s errors, %s notes, %s references, %s leads',
    (select count(*) from leadgen.delivery_attempts where reply is not null or error is not null),
    (select count(*) from leadgen.deliveries where last_error is not null),
    (select count(*) from leadgen.sale_returns where note is not null),
    (select count(*) from leadgen.return_evidence where reference is not null),
    (select count(*) from leadgen.leads where erased_at is null))
$$;
select is(pg_temp.held(), '3 answers, 3 errors, 1 notes, 1 references, 3 leads', 'much is kept');
select is(pg_temp.due(), null, 'on the day nothing is due');
select is(pg_temp.forget(), 0::bigint, 'on the day nothing goes');
select testkit.at_time('2027-03-31T12:00:00Z');
select is(pg_temp.due(), null, 'after 30 days to the second nothing is due');
select testkit.at_time('2027-03-31T12:00:01Z');
select is(pg_temp.due(), '3 answers, 3 delivery_errors, 1 return_notes, 1 evidence', 'a second later it is');
select is(testkit.fault_of($$update leadgen.delivery_attempts set reply = null$$), 'LG409', 'nobody strikes out by hand');
update leadgen.retention_rules set is_active = false where name = 'answers';
select set_config('leadgen.is_erasing', 'on', true);
select is(testkit.fault_of($$update leadgen.delivery_attempts set reply = null, error = null$$), 'LG409',
  'an answer that no rule is about stays, whatever is announced');
select set_config('leadgen.is_erasing', '', true);
update leadgen.retention_rules set is_active = true where name = 'answers';
select is(pg_temp.forget(), 8::bigint, 'what is due goes');
select is(pg_temp.held(), '0 answers, 0 errors, 0 notes, 0 references, 3 leads', 'the leads are still there');
select is((select array_agg(format('%s %s', a.attempt, a.outcome) order by a.id) from leadgen.delivery_attempts a),
  '{"1 delivered","1 delivered","1 delivered"}', 'attempts stay, with their outcome');
select is(pg_temp.forget(), 0::bigint, 'a second time there is nothing to do');
update leadgen.retention_rules set keep = '1 year', is_active = true where name = 'leads';
select testkit.at_time('2028-03-01T12:00:00Z');
select is(pg_temp.forget(), 0::bigint, 'a lead of a year ago is kept');
select testkit.at_time('2028-03-01T12:00:01Z');
select is(pg_temp.due(), '3 leads', 'leads are due one by one');
select is(roads.forget_old(), 1::bigint, 'a call erases one lead');
select is(pg_temp.due(), '2 leads', 'the others wait for the next');
select leadgen.erase_lead((select l.id from leadgen.leads l where l.erased_at is null order by l.id limit 1), 'asked for');
select is(pg_temp.forget(), 1::bigint, 'who was erased meanwhile is passed over');
select is(pg_temp.held(), '0 answers, 0 errors, 0 notes, 0 references, 0 leads', 'all leads are struck out');
select is((select array_agg(e.facts ->> 'reason' order by e.id) from leadgen.events e where e.kind = 'lead_erased'),
  '{"kept for 1 year","asked for","kept for 1 year"}', 'events say why');
select is((select count(*) from leadgen.lead_assignments), 3::bigint, 'sales stay');
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select is_empty('select * from leadgen.list_broken_invariants()', 'everything adds up');

-- Suppressions, mail domains and quarantine
select leadgen.suppress('phone', '+15125550001', null, '2028-03-02T00:00:00Z');
select leadgen.suppress('phone', '+15125550002');
select leadgen.record_mail_domain('one.example', 'has_mail');
select testkit.at_time('2028-04-02T00:00:00Z');
select is(pg_temp.forget(), 1::bigint, 'a suppression goes 30 days after its end');
select is((select l.contacts from leadgen.list_suppression_lists() l), 1::bigint, 'the list is counted anew');
select testkit.at_time('2029-04-02T00:00:00Z');
select is(pg_temp.forget(), 1::bigint, 'a mail domain goes a year after it was asked for');

-- What is not over waits
create temp table manual as select testkit.open_offer('{"returns": {"window_hours": 72, "auto_approve": false}}', 'Ace') as offer_id;
create temp table asked as select testkit.sell_lead(offer_id, n) as id, n from manual cross join generate_series(4, 5) n order by n;
select testkit.deliver(id), market.settle_assignments(array[id], null, null, leadgen.clock()) from asked;
select roads.request_return(id, 'unreachable', format('zaphod %s', n), 'api', null) from asked order by n;
select leadgen.decide_return(r.id, true) from leadgen.sale_returns r where r.note = 'zaphod 5';
create temp table waits as select testkit.sell_lead(offer_id, 6) as id from manual;
update leadgen.deliveries d set last_error = 'zaphod' from waits w where d.assignment_id = w.id and d.next_attempt_at is not null;
select testkit.at_time('2029-06-02T00:00:00Z');
select pg_temp.forget();
select is((select array_agg(r.note::text order by r.id) from leadgen.sale_returns r where r.note is not null), '{"zaphod 4","zaphod 5"}',
  'a return that is not decided keeps its note, and those behind it wait');
select leadgen.decide_return(r.id, true) from leadgen.sale_returns r where r.note = 'zaphod 4';
select pg_temp.forget();
select is((select count(*) from leadgen.sale_returns r where r.note is not null), 0::bigint, 'once it is decided, all of them go');
select is((select count(*) from leadgen.deliveries d where d.last_error is not null and d.created_at < '2029-05-01'), 0::bigint,
  'an error goes with time, though its delivery waits for an endpoint');

set local role leadgen_api;
select throws_ok($$select leadgen.forget_old('leads')$$, '42501', null, 'the API forgets nothing');
reset role;
select * from finish();
rollback;
