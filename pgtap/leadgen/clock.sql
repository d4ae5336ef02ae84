-- clock: the one "now"; the override is for who may act as the owner.
begin;
select plan(11);

select is(leadgen.clock() between clock_timestamp() - interval '1 second' and clock_timestamp(), true, 'no override: the wall''s clock');
select testkit.at_time('2026-03-08T01:59:00-06:00');
select is(leadgen.clock(), '2026-03-08T07:59:00Z'::timestamptz, 'a superuser''s override');
set local role leadgen_api;
select is(testkit.fault_of('select leadgen.clock()'), '42501', 'the API may not even ask');
reset role;
select set_config('leadgen.clock', '', true);
select is(leadgen.clock() between clock_timestamp() - interval '1 second' and clock_timestamp(), true, 'an empty override is none');
select set_config('leadgen.clock', 'tomorrow-ish', true);
select is(testkit.fault_of('select leadgen.clock()'), '22007', 'an override that is no time is an error, not the wall''s clock');
select testkit.at_time('2026-03-08T01:59:00-06:00');

-- A login without rights to act as the owner (session_user) has no override, also inside security definer functions.
create function pg_temp.told() returns timestamptz language sql security definer as 'select leadgen.clock()';
grant execute on function pg_temp.told() to public;
set local session authorization leadgen_api;
select is(pg_temp.told() between clock_timestamp() - interval '1 second' and clock_timestamp(), true, 'a session of the API');
set local session authorization leadgen_worker;
select is(pg_temp.told() between clock_timestamp() - interval '1 second' and clock_timestamp(), true, 'a session of the worker');
set local session authorization leadgen_dba;
select is(pg_temp.told() between clock_timestamp() - interval '1 second' and clock_timestamp(), true, 'a session of a DBA');
set local session authorization leadgen_migrator;
select is(pg_temp.told(), '2026-03-08T07:59:00Z'::timestamptz, 'a session of the migrator, a member of the owner');
reset session authorization;

-- So a lead that the API hands in cannot be dated.
create temp table ids as select testkit.make_offer() as offer_id;
create temp table lead as select testkit.given_lead(offer_id) as payload from ids;
grant select on lead to public;
set local session authorization leadgen_api;
select is(leadgen.submit_lead(payload) ->> 'status', 'accepted', 'the API submits') from lead;
reset session authorization;
select cmp_ok(l.created_at, '>', clock_timestamp() - interval '1 minute', 'the API''s lead has the time of the wall') from leadgen.leads l
  join ids using (offer_id);

select * from finish();
rollback;
