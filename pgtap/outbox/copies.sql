-- A copy: leads are taken, and nothing leaves the database.
begin;
select plan(41);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{}', 'Webb') as offer_id;
select testkit.submit(offer_id, '{}', 1) from ids;
insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id) select now(), 'offers', offer_id, offer_id from ids;
create temp table before as select count(*) as changes from leadgen.catalog_changes;
grant select on ids to leadgen_worker;

select leadgen.disown_database();
set local role leadgen_worker;
select is(leadgen.is_copy(), true, 'a worker may ask');
select is_empty($$select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds')$$, 'a worker claims nothing');
select is_empty('select * from leadgen.list_endpoint_checks(10)', 'a worker looks up no name');
select is(leadgen.run_chore(c.name), false, format('%s is not done', c.name)) from leadgen.list_chores() c order by c.name;
reset role;
select is((select count(*) from leadgen.catalog_changes), before.changes, 'changes of the catalogue wait') from before;

select is(testkit.submit(offer_id, '{}', 2) ->> 'status', 'accepted', 'a lead is taken') from ids;
select is(array_agg(d.status::text), '{pending,pending}', 'a lead is sold, and its delivery waits') from leadgen.deliveries d;

-- What was kept back comes once the copy is adopted.
select leadgen.adopt_database();
set local role leadgen_worker;
select is(count(*), 2::bigint, 'a worker claims what waited') from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds');
select is(count(*), 1::bigint, 'a worker looks up a name') from leadgen.list_endpoint_checks(10);
select is(leadgen.run_chore('follow_change'), true, 'a chore is done');
reset role;

-- A new function that hands out work to send has to ask, too.
create temp view bodies as
select p.oid::regproc::text as name, p.prosrc as body, p.proargnames as arguments, p.oid
from pg_proc p
where p.pronamespace in (select n.oid from pg_namespace n where pg_get_userbyid(n.nspowner) = 'leadgen_owner');
select is(array_agg(b.name), '{outbox.lease_deliveries}', 'one function leases deliveries') from bodies b
where strpos(b.body, 'status = ''sending'', lease_token') > 0;
select results_eq(
  $$select b.name, b.body ~ 'is_copy.*lease_deliveries' from bodies b where strpos(b.body, 'outbox.lease_deliveries(') > 0$$,
  $$values ('outbox.claim_deliveries', true)$$, 'one function calls it, and asks before');
select is(array_agg(b.name order by b.name), '{leadgen.claim_deliveries,leadgen.list_endpoint_checks}',
  'workers learn addresses by these functions') from bodies b
where b.arguments @> '{target}' and has_function_privilege('leadgen_worker', b.oid, 'execute');

select * from finish();
rollback;
