-- adopt_database and disown_database: a copy becomes the real database, what waits is sent or parked, and an event says who did it.
begin;
select plan(30);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{"max_buyers": 3}', 'Webb', 'Ace', 'Tess') as offer_id;
create function pg_temp.states() returns text language sql as $$
  select string_agg(format('%s %s', d.channel, d.status), ', ' order by d.channel) from leadgen.deliveries d;
$$;
create function pg_temp.told(p_kind text) returns jsonb language sql as $$
  select e.facts from leadgen.events e where e.kind = p_kind order by e.id desc limit 1;
$$;

-- The real one.
select is(leadgen.adopt_database(), null, 'adopt: no copy, nothing to do');
select is(count(*), 0::bigint, 'adopt: nothing done, no event') from leadgen.events e where e.kind = 'database_adopted';
select testkit.submit(offer_id, '{}', 1) from ids;
create temp table claimed as select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds');
select leadgen.release_deliveries(array_agg(delivery_id), array_agg(lease_token)) from claimed where channel = 'email';
select is(pg_temp.states(), 'webhook sending, email pending, sms sending', 'two deliveries are claimed, and one waits');
insert into leadgen.resends (statuses, per_minute, last_id) values ('{dead}', 1, 0);

-- Disown.
select is(leadgen.disown_database(), true, 'disown: the database is a copy');
select is(leadgen.is_copy(), true, 'disown: and says so');
select is(leadgen.disown_database(), false, 'disown: a copy stays one');
select is(pg_temp.told('database_disowned') ->> 'by', session_user::text, 'disown: an event says who did it');

-- What waits.
select is(leadgen.show_adoption() - '{adopted_at,adopted_by}'::text[], jsonb_build_object('is_copy', true, 'deliveries', 2, 'endpoints', 2,
  'oldest_at', leadgen.clock(), 'resends', 1, 'held_leads', 0), 'show_adoption: what waits');
select isnt(leadgen.show_adoption() ->> 'adopted_by', null, 'show_adoption: who adopted the original');

-- Adopt, and park what waits.
select testkit.at_time('2026-11-20T17:00:00Z');
select is(leadgen.adopt_database(true), '{"parked": 2, "resends_cancelled": 1}', 'park: how much of it');
select is(leadgen.is_copy(), false, 'park: the database is the real one');
select is(pg_temp.states(), 'webhook parked, email parked, sms sending', 'park: a text message that may have gone out is left alone');
select is(d.attempts, 1, 'park: a claimed delivery may have arrived') from leadgen.deliveries d where d.channel = 'webhook';
select is(r.status, 'cancelled', 'park: no resend run goes on') from leadgen.resends r;
select is(leadgen.run_chore('pass_on_cold_sale'), false, 'park: no sale passes on: what it was sent elsewhere nobody knows');
select is_empty($$select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds')$$, 'park: nothing is sent');
select is(pg_temp.told('database_adopted') - '{adopted_at,adopted_by}'::text[], jsonb_build_object('deliveries', 2, 'endpoints', 2,
  'oldest_at', '2026-11-20T16:00:00Z'::timestamptz, 'resends', 1, 'held_leads', 0, 'parked', 2, 'resends_cancelled', 1,
  'by', session_user), 'park: the event says what waited');
select is((a.adopted_at, a.adopted_by)::text, format('("%s",%s)', leadgen.clock(), session_user), 'the row says who adopted it and when')
from leadgen.adoption a;
select is((a.system_identifier, a.database_oid), (s.system_identifier, d.oid::bigint), 'the row says which database it is')
from leadgen.adoption a, pg_control_system() s, pg_database d where d.datname = current_database();
select is(leadgen.retry_delivery(d.id), 'pending', 'park: an operator sends one') from leadgen.deliveries d where d.channel = 'webhook';
select is(count(*), 0::bigint, 'park: the invariants hold') from leadgen.list_broken_invariants();

-- Adopt, and send what waits.
select leadgen.disown_database();
select is_empty($$select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds')$$, 'a copy sends nothing');
select is(leadgen.adopt_database(), '{"parked": 0, "resends_cancelled": 0}', 'adopt: nothing is parked');
select is((select array_agg(c.channel) from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds') c), '{webhook}',
  'adopt: what waits is sent');
select is(count(*), 2::bigint, 'adopt: each time is an event') from leadgen.events e where e.kind = 'database_adopted';

-- The owner and the administrator only.
select is(testkit.fault_of(format('set local role %s; %s', role, sql)), '42501', format('%s: %s', role, sql))
from unnest('{leadgen_dba,leadgen_worker}'::text[]) role,
  unnest('{"select leadgen.adopt_database()","select leadgen.disown_database()"}'::text[]) sql;
set local role leadgen_migrator;
select is(leadgen.disown_database(), true, 'the migrator may');
reset role;

select * from finish();
rollback;
