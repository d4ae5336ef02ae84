-- Secrets of ad networks: set one by one, removed together; never in an error, an event or a DBA's query.
begin;
select plan(37);
create temp table ids as
select testkit.make_source(o, '{"kind": "partner_api", "source_key": "meta"}') as source_id,
  testkit.make_source(o, '{"kind": "partner_api", "source_key": "other"}') as other_id
from testkit.make_offer() o;
grant select on ids to leadgen_dba;
create temp view own as
select concat_ws(' ', coalesce(n.app_secret, '-'), coalesce(n.access_token, '-'), coalesce(n.verify_token, '-')) as secrets
from leadgen.network_secrets n join ids on ids.source_id = n.source_id;

-- set_network_secrets: what is null stays.
create temp table steps as
select t.* from (values
  (1, 'p_app_secret => ''hush 1''', 'hush 1 - -'),
  (2, 'p_access_token => ''hush 2'', p_verify_token => ''hush 3''', 'hush 1 hush 2 hush 3'),
  (3, 'p_access_token => ''hush 4''', 'hush 1 hush 4 hush 3'), (4, '''hush 5'', null, ''hush 6''', 'hush 5 hush 4 hush 6')
) as t (n, arguments, expected);
create function pg_temp.step(p_arguments text) returns text language plpgsql as $$
begin
  execute format('select leadgen.set_network_secrets(%s, %s)', (select source_id from ids), p_arguments);
  return (select secrets from own);
end;
$$;
select is(pg_temp.step(s.arguments), s.expected, format('set_network_secrets: %s', s.arguments)) from steps s order by s.n;
select is(array_agg(format('%s, by %s', regexp_replace(e.message, '[0-9]+', 'N'), e.facts ->> 'by') order by e.id), array[
  format('source N: app_secret set, by %s', session_user), format('source N: access_token, verify_token set, by %s', session_user),
  format('source N: access_token set, by %s', session_user), format('source N: app_secret, verify_token set, by %s', session_user)],
  'an event says which, and by whom')
from leadgen.events e where e.kind = 'secrets_changed';
select is(count(*), 0::bigint, 'no event has a secret in it') from leadgen.events e where e::text ~ 'hush';
select is(testkit.fault_of(format('select leadgen.set_network_secrets(%L, %s)', id, arguments)), fault, arguments)
from ids, lateral (values
  (source_id, 'null', 'LG400 p_app_secret'), (source_id, 'p_app_secret => chr(9)', 'LG423 p_app_secret'),
  (source_id, 'p_access_token => ''''', 'LG423 p_access_token'), (source_id, 'p_verify_token => ''  ''', 'LG423 p_verify_token'),
  (0, '''hush''', 'LG404 source_id'), (null, '''hush''', 'LG404 source_id')
) as t (id, arguments, fault);
select is(secrets, 'hush 5 hush 4 hush 6', 'set_network_secrets: what is refused changes nothing') from own;

-- write_source_map: signatures need the secret first, and keep it.
select is(testkit.fault_of(format($$insert into leadgen.source_maps (source_id, field_map_id)
  select %s, id from leadgen.field_maps where slug = 'meta-lead-ads'$$, id)), fault, what)
from ids, lateral (values (other_id, 'LG423 app_secret', 'a source without the secret'),
  (source_id, 'none', 'a source with it')) as t (id, fault, what);
select lives_ok(format('select leadgen.set_network_secrets(%s, p_verify_token => ''hush'')', other_id), 'another secret alone') from ids;
select is(testkit.fault_of(format($$insert into leadgen.source_maps (source_id, field_map_id)
  select %s, id from leadgen.field_maps where slug = 'meta-lead-ads'$$, other_id)), 'LG423 app_secret', 'is not enough') from ids;

-- remove_network_secrets.
select is(testkit.fault_of(format('select leadgen.remove_network_secrets(%s)', source_id)), 'LG409 source_id',
  'remove_network_secrets: not while its map checks signatures') from ids;
delete from leadgen.source_maps;
select is(array[leadgen.remove_network_secrets(source_id), leadgen.remove_network_secrets(source_id),
  leadgen.remove_network_secrets(0)], '{t,f,f}', 'remove_network_secrets: true once') from ids;
select is((select count(*) from own), 0::bigint, 'remove_network_secrets: nothing is left');
select matches(e.message, '^source [0-9]+: all secrets removed$', 'remove_network_secrets: an event')
from leadgen.events e order by e.id desc limit 1;
delete from leadgen.sources s using ids where s.id = ids.other_id;
select is((select count(*) from leadgen.network_secrets), 0::bigint, 'a source that is deleted leaves no secret');

-- A DBA writes them by these functions, and reads none.
set local role leadgen_dba;
select is(testkit.fault_of(format(sql, source_id)), 'none', format('DBA: %s', sql))
from ids, unnest(array['select leadgen.set_network_secrets(%s, ''a'', ''b'', ''c'')',
  'select source_id, created_at, updated_at from leadgen.network_secrets', 'select * from leadgen.source_maps',
  'select leadgen.remove_network_secrets(%s)']) sql;
select is(testkit.fault_of(sql), '42501', format('DBA: %s', sql))
from unnest(array['select * from leadgen.network_secrets', 'select app_secret from leadgen.network_secrets',
  'select access_token from leadgen.network_secrets', 'select verify_token from leadgen.network_secrets',
  'update leadgen.network_secrets set app_secret = null', 'delete from leadgen.network_secrets',
  'insert into leadgen.network_secrets (source_id) values (1)',
  'select intake.set_network_secrets(1, ''a'')']) sql;
reset role;
select is(testkit.fault_of(format($$set local role %s; select leadgen.set_network_secrets(1, 'a')$$, role)), '42501', role)
from unnest('{leadgen_api,leadgen_worker,leadgen_reporting}'::text[]) role;

select * from finish();
rollback;
