-- recompile, and what is checked and compiled when: only what changes. A stricter check of a later deploy stops nobody, a compiler that
-- changed is asked again for everything, and nobody writes what is compiled.
begin;
select plan(48);

create temp table ids as select
  testkit.make_offer('{"consent_required": true}', '{"strategy": "weighted"}', '{"exclusivity_premium": {"amount": 1}}') as offer_id,
  testkit.make_buyer('{"response_rules": [{"when": {"text": {"pattern": "no"}}, "outcome": "refused"}]}') as buyer_id;
create temp table seat as select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id, 'timezone', 'Asia/Tokyo',
  'schedule', '{"mon": [["08:00", "09:00"]]}'::jsonb, 'filters', '{"message": {"pattern": "roof"}}'::jsonb)) as id from ids;
create temp table policies as select o.validation_policy_id as v, o.routing_policy_id as r, o.pricing_policy_id as p
from ids join leadgen.offers o on o.id = offer_id;
create temp table map as select testkit.add('field_maps', '{"name": "A map", "body": {"fields": {"name": "$.n"}}}') as id;

-- Everything that is compiled, as text.
create temp view compiled as
select k.what, k.text
from policies, ids, seat
join leadgen.buyer_offers e on e.id = seat.id
cross join lateral (values
  ('validation', (select x.compiled_rules::text from leadgen.validation_policies x where x.id = policies.v)),
  ('routing', (select x.compiled_config::text from leadgen.routing_policies x where x.id = policies.r)),
  ('pricing', (select x.compiled_rules::text from leadgen.pricing_policies x where x.id = policies.p)),
  ('response rules', (select x.compiled_response_rules::text from leadgen.buyers x where x.id = ids.buyer_id)),
  ('schedule', e.compiled_schedule::text),
  ('filters', e.compiled_filters::text)) as k (what, text);
create temp table good as select * from compiled;
select is(count(good.text), 6::bigint, 'six kinds of things are compiled') from good;

-- What is compiled is nobody's to write: not even the owner's.
create function pg_temp.try(p_sql text) returns text language plpgsql as $$
-- What a statement leaves different from how it was, or how it was refused.
declare
  v_fault text;
begin
  v_fault := testkit.fault_of(p_sql);
  if v_fault <> 'none' then
    return v_fault;
  end if;
  execute p_sql;
  return (
    select coalesce(string_agg(c.what, ', ' order by c.what), 'as it was')
    from compiled c join good using (what) where c.text is distinct from good.text);
end;
$$;
create temp table writes (sql text);
insert into writes values
  ('update leadgen.validation_policies set compiled_rules = ''{}'''),
  ('update leadgen.validation_policies set compiled_rules = ''{"consent_required": false}'''),
  ('update leadgen.routing_policies set compiled_config = null'), ('update leadgen.pricing_policies set compiled_rules = null'),
  ('update leadgen.pricing_policies set compiled_rules = ''{}'', version = 7');
grant select on ids, seat, good, policies, compiled, writes to public;
grant execute on all functions in schema testkit to public;
set local role leadgen_dba;
select is(pg_temp.try(sql), 'as it was', format('DBA: %s', sql)) from writes;
select is(pg_temp.try(sql), '42501', format('DBA: %s', sql))
from unnest(array['update leadgen.buyers set compiled_response_rules = null',
  'update leadgen.buyer_offers set compiled_filters = ''{}''']) sql;
set local role leadgen_owner;
select is(pg_temp.try(sql), 'as it was', format('owner: %s', sql)) from writes;
select is(pg_temp.try(sql), 'as it was', format('owner: %s', sql))
from unnest(array[
  'update leadgen.buyers set compiled_response_rules = null', 'update leadgen.buyers set compiled_response_rules = ''{}''',
  'update leadgen.buyer_offers set compiled_filters = null', 'update leadgen.buyer_offers set compiled_filters = ''{}''',
  'update leadgen.buyer_offers set compiled_schedule = null',
  'update leadgen.buyer_offers set compiled_schedule = ''{[0,10080)}'', compiled_filters = null']) sql;
reset role;
select is(catalog.recompile(), 0, 'recompile: nothing differs');

-- Compiled anew by a deploy, and only that.
create temp table before as
select x.version, count(l.*) as changes from policies
join leadgen.routing_policies x on x.id = r
cross join leadgen.policy_versions l
group by x.version;
create function pg_temp.spoil(p_sql text) returns void language plpgsql as $$
-- As an earlier compiler left it.
begin
  set local session_replication_role = replica;
  execute p_sql;
  set local session_replication_role = origin;
end;
$$;
select pg_temp.spoil(sql) from unnest(array[
  'update leadgen.validation_policies set compiled_rules = ''{}'' where id = (select v from policies)',
  'update leadgen.routing_policies set compiled_config = null where id = (select r from policies)',
  'update leadgen.pricing_policies set compiled_rules = ''{}'' where id = (select p from policies)',
  'update leadgen.buyers set compiled_response_rules = ''{}'' where id = (select buyer_id from ids)',
  'update leadgen.buyer_offers set compiled_schedule = null where id = (select id from seat)']) sql;
select is(count(*), 5::bigint, 'five are spoiled') from compiled c join good using (what) where c.text is distinct from good.text;
select is(catalog.recompile(), 5, 'recompile: each row that differs');
select set_eq('table compiled', 'table good', 'recompile: all as the compilers say');
select pg_temp.spoil('update leadgen.buyer_offers set compiled_filters = null where id = (select id from seat)');
select is(catalog.recompile(), 1, 'recompile: filters, too');
select set_eq('table compiled', 'table good', 'recompile: filters as the compiler says');
select is(catalog.recompile(), 0, 'recompile: once');
select is(array[x.version, (select count(*) from leadgen.policy_versions)], array[before.version, before.changes],
  'recompile: no new version, nothing archived') from before, policies join leadgen.routing_policies x on x.id = r;

-- A stricter check of a later deploy: every check refuses.
create or replace function catalog.check_timezone(p_timezone text, p_path text) returns void language plpgsql stable as
  $$ begin perform kernel.refuse_value(p_path, 'x', 'y'); end $$;
create or replace function catalog.check_hours(p_hours jsonb, p_path text) returns void language plpgsql immutable as
  $$ begin perform kernel.refuse_value(p_path, 'x', 'y'); end $$;
create or replace function catalog.check_patterns(p_body jsonb, p_path text) returns void language plpgsql immutable as
  $$ begin perform kernel.refuse_value(p_path, 'x', 'y'); end $$;
create or replace function catalog.check_regex(p_pattern text, p_path text) returns void language plpgsql volatile as
  $$ begin perform kernel.refuse_value(p_path, 'x', 'y'); end $$;
create or replace function catalog.check_schema(p_value jsonb, p_schema jsonb, p_path text) returns void language plpgsql volatile as
  $$ begin perform kernel.refuse_value(p_path, 'x', 'y'); end $$;
create function pg_temp.spoiling(p_sql text) returns text language plpgsql as $$
begin
  perform pg_temp.spoil('update leadgen.buyer_offers set compiled_filters = null, compiled_schedule = null');
  perform pg_temp.spoil('update leadgen.buyers set compiled_response_rules = ''{}''');
  execute p_sql;
  return (
    select string_agg(c.what, ', ' order by c.what) from compiled c join good using (what) where c.text is not distinct from good.text);
end;
$$;
select is(testkit.fault_of(format(edit, seat.id, ids.buyer_id, ids.offer_id, map.id)), 'none',
  format('goes on under stricter checks: %s', edit))
from ids, seat, map, unnest(array[
  'select testkit.set_balance(%2$s, 1)', 'update leadgen.buyers set is_active = false where id = %2$s',
  'update leadgen.buyers set response_rules = response_rules, name = ''y'' where id = %2$s',
  'update leadgen.buyers set email_notifications = false where id = %2$s',
  'select leadgen.disable_endpoint(id, ''test'') from leadgen.endpoints where buyer_id = %2$s',
  'update leadgen.buyer_offers set is_active = false, capacity_per_day = 3 where id = %1$s',
  'update leadgen.buyer_offers set schedule = schedule, filters = filters, timezone = timezone where id = %1$s',
  'update leadgen.buyer_offers set email_override = ''a@b.example'' where id = %1$s',
  'update leadgen.validation_policies set rules = rules, name = ''y''', 'update leadgen.routing_policies set is_active = true',
  'update leadgen.field_maps set body = body, name = ''y'' where id = %4$s', 'select catalog.recompile()']) edit;
select is(testkit.fault_of(format(edit, seat.id, ids.buyer_id, map.id)), fault, format('is refused: %s', edit))
from ids, seat, map, (values
  ('update leadgen.buyers set response_rules = ''[{"when": {}, "outcome": "failed"}]'' where id = %2$s', 'LG423 response_rules'),
  ('update leadgen.buyer_offers set filters = ''{"city": {"enum": ["Waco"]}}'' where id = %1$s', 'LG423 filters'),
  ('update leadgen.buyer_offers set schedule = ''{"tue": [["08:00", "09:00"]]}'' where id = %1$s', 'LG423 schedule'),
  ('update leadgen.buyer_offers set timezone = ''Europe/Berlin'' where id = %1$s', 'LG423 timezone'),
  ('update leadgen.field_maps set body = ''{"fields": {}}'' where id = %3$s', 'LG423 body')) as t (edit, fault);
select is(pg_temp.spoiling(edit), 'pricing, routing, validation', format('nothing is compiled by it: %s', edit))
from unnest(array['select testkit.set_balance(id, 1) from leadgen.buyers', 'update leadgen.buyers set is_active = true',
  'update leadgen.buyer_offers set capacity_per_day = 4, is_active = true, email_override = null']) edit;
select is(pg_temp.spoiling('select catalog.recompile()'), 'filters, pricing, response rules, routing, schedule, validation',
  'a deploy compiles without checking');

select * from finish();
rollback;
