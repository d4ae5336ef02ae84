-- Policies on the workbench: compared, published by one of two, and told with who and why.
begin;
select plan(15);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{"max_buyers": 2}', 'Best') as offer_id;
alter table ids add id bigint;
update ids i set id = (select o.routing_policy_id from leadgen.offers o where o.id = i.offer_id);
create function pg_temp.live() returns jsonb language sql as $$
  select p.config from leadgen.routing_policies p, ids where p.id = ids.id
$$;

select is(console.compare_policy('routing', id, pg_temp.live()) -> 'changes', '[]', 'the live body changes nothing') from ids;
select is(console.compare_policy('routing', id, pg_temp.live() || '{"max_buyers": 3}'::jsonb) ->> 'changes', '["max_buyers: 2 -> 3"]',
  'what differs is a line') from ids;
select is(console.patch_policy('routing', id, (pg_temp.live() - '{max_buyers}'::text[]) || '{"weight": 1}'::jsonb),
  '{"routing": {"max_buyers": null, "weight": 1}}', 'a patch takes keys away and puts keys in') from ids;
select is(console.patch_policy('routing', id, pg_temp.live()), '{"routing": {}}', 'the live body is no patch') from ids;
select is(testkit.fault_of(sql), fault, what) from (values
  ('select console.find_policy(''fishing'', 1)', 'LG400 kind', 'there is no such kind'),
  ('select console.find_policy(''routing'', 999999)', 'LG404 id', 'there is no such policy')) as t (sql, fault, what);

select is(catalog.publish_policy('routing', id, pg_temp.live() || '{"max_buyers": 3}'::jsonb, 1), 2, 'publishing makes a version') from ids;
select is(pg_temp.live() ->> 'max_buyers', '3', 'it is live');
select is(testkit.fault_of(format('select catalog.publish_policy(''routing'', %s, ''{"max_buyers": 4}'', 1)', id)), 'LG409 version',
  'whoever edited the version before is told') from ids;
select is(testkit.fault_of(format('select catalog.publish_policy(''routing'', %s, ''{"max_buyers": 4}'', null)', id)), 'LG409 version',
  'without a version nothing is published') from ids;
select is(testkit.fault_of(format('select catalog.publish_policy(''routing'', %s, %L, 2)', id, pg_temp.live())), 'LG409 body',
  'the same body is no version') from ids;
select is(testkit.fault_of(format('select catalog.publish_policy(''routing'', %s, ''{"max_byers": 4}'', 2)', id)), 'LG423 config.max_byers',
  'a body is checked as any other is') from ids;
select is(pg_temp.live() ->> 'max_buyers', '3', 'what is refused changes nothing');

select set_config('leadgen.actor', 'user 7', true), set_config('leadgen.reason', 'more buyers', true);
select catalog.publish_policy('routing', id, pg_temp.live() || '{"max_buyers": 5}'::jsonb, 2) from ids;
select is(h ->> 'by', 'user 7', 'the history says who') from ids, jsonb_array_elements(console.list_policy_history('routing', id)) h
where h ->> 'version' = '3';
select is(h ->> 'reason', 'more buyers', 'the history says why')
from ids, jsonb_array_elements(console.list_policy_history('routing', id)) h where h ->> 'version' = '3';
select * from finish();
rollback;
