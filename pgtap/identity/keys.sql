-- Keys: what each may do, when it is refused, how it is replaced, and that nobody sees or ends another's.
begin;
select plan(83);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer() as offer_id;
create temp table people as select testkit.new_user('Ann') as ann, testkit.new_user('Fay', 'finance') as fay,
  testkit.new_user('Lyn', 'analyst') as lyn, testkit.new_user('Bea', 'buyer') as bea;
create temp table known as select u.buyer_id, (select min(s.id) from leadgen.sources s) as source_id from leadgen.users u, people
where u.id = people.bea;
grant select on people, known to public;
create function pg_temp.make(p_kind text, p_owner bigint, p_key text, p_scopes text[] default null, p_end timestamptz default null)
returns jsonb language sql as $$
  select leadgen.create_key(p_kind, p_owner, format('for %s', p_key), p_scopes, p_end,
    translate(left(testkit.hash_of(p_key), 8), '01', 'xy'), testkit.hash_of(p_key))
$$;
create function pg_temp.buyer(p_key text, p_scope text default 'read') returns text language sql as $$
  select testkit.fault_of(format('select identity.authenticate_buyer(%L, %L)', testkit.hash_of(p_key), p_scope))
$$;
create function pg_temp.operator(p_key text, p_scope text default 'read') returns text language sql as $$
  select testkit.fault_of(format('select identity.authorize_operator(%L, %L)', testkit.hash_of(p_key), p_scope))
$$;
create function pg_temp.source(p_key text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.check_source_key(%L)', testkit.hash_of(p_key)))
$$;

-- What a key may do.
set local role leadgen_dba;
select is(pg_temp.make('source', source_id, 'sue') -> 'scopes', '["leads"]', 'a source''s key hands leads in') from known;
select is(pg_temp.make('buyer', buyer_id, 'ben') -> 'scopes', '["read", "answer", "pay"]', 'a buyer''s key may all') from known;
select is(pg_temp.make('buyer', buyer_id, 'bot', '{read}') -> 'scopes', '["read"]', 'a buyer''s key may be given less') from known;
select is(pg_temp.make('operator', null, 'otto') -> 'scopes', '["read"]', 'an operator''s key reads');
select is(pg_temp.make('operator', null, 'moe', '{money,read,money}') -> 'scopes', '["read", "money"]', 'scopes have one order, once each');
select is(pg_temp.make('user', fay, 'fay', '{read,money}') -> 'scopes', '["read", "money"]', 'a user''s key may what its role may')
from people;
select is(pg_temp.make('user', bea, 'bea', '{read,pay}') -> 'scopes', '["read", "pay"]', 'a user of a buyer has one for its buyer')
from people;
reset role;
select is(pg_temp.buyer(key, scope), fault, format('buyer''s door, %s: %s', scope, key))
from (values ('ben', 'read', 'none'), ('ben', 'answer', 'none'), ('ben', 'pay', 'none'), ('bot', 'read', 'none'),
  ('bot', 'answer', 'LG403 scopes'), ('bot', 'pay', 'LG403 scopes'), ('bea', 'pay', 'none'), ('bea', 'answer', 'LG403 scopes'),
  ('otto', 'read', 'LG401'), ('fay', 'read', 'LG401'), ('sue', 'read', 'LG401'), ('nobody', 'read', 'LG401'))
as t (key, scope, fault);
select is(pg_temp.operator(key, scope), fault, format('operator''s door, %s: %s', scope, key))
from (values ('otto', 'read', 'none'), ('otto', 'money', 'LG403 scopes'), ('moe', 'money', 'none'), ('fay', 'money', 'none'),
  ('ben', 'read', 'LG401'), ('bea', 'read', 'LG401'), ('sue', 'read', 'LG401'))
as t (key, scope, fault);
select is(pg_temp.source(key), fault, format('source''s door: %s', key))
from (values ('sue', 'none'), ('ben', 'LG401'), ('otto', 'LG401'), ('fay', 'LG401')) as t (key, fault);
select is(identity.authorize_operator(testkit.hash_of('fay'), 'money'), format('user %s', fay), 'what a user''s key does is the user''s')
from people;
select is(identity.authorize_operator(testkit.hash_of('moe'), 'money'), 'for moe', 'an operator''s key has its name');

-- Malformed.
set local role leadgen_dba;
select is(testkit.fault_of(format('select leadgen.create_key(%s)', arguments)), fault, format('create_key: %s', what))
from known, people, lateral (values
  ('''robot'', 1, ''a'', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 kind', 'no such kind'),
  ('''buyer'', 0, ''a'', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG404 owner_id', 'no such buyer'),
  ('''user'', 0, ''a'', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG404 owner_id', 'no such user'),
  ('''buyer'', null, ''a'', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 owner_id', 'a buyer is needed'),
  ('''operator'', 1, ''a'', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 owner_id', 'an operator has no row'),
  ('''operator'', null, '' '', null, null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 name', 'a blank name'),
  ('''operator'', null, ''a'', ''{leads}'', null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 scopes', 'another kind''s scope'),
  ('''operator'', null, ''a'', ''{}'', null, ''abcdefgh'', repeat(''a'', 64)', 'LG400 scopes', 'no scope'),
  (format('''user'', %s, ''a'', ''{money}'', null, ''abcdefgh'', repeat(''a'', 64)', lyn), 'LG400 scopes', 'more than the role may'),
  ('''operator'', null, ''a'', null, ''2026-11-20T16:00:00Z'', ''abcdefgh'', repeat(''a'', 64)', 'LG400 expires_at', 'an end that is over'),
  ('''operator'', null, ''a'', null, ''9999-01-01Z'', ''abcdefgh'', repeat(''a'', 64)', 'LG400 expires_at', 'an end too far'),
  ('''operator'', null, ''a'', null, ''infinity'', ''abcdefgh'', repeat(''a'', 64)', 'LG400 expires_at', 'an end that never comes'),
  ('''operator'', null, ''a'', null, null, ''ABC'', repeat(''a'', 64)', 'LG400 prefix, key_hash', 'an odd prefix'),
  ('''operator'', null, ''a'', null, null, ''abcdefgh'', ''a''', 'LG400 prefix, key_hash', 'an odd hash'),
  (format('''operator'', null, ''a'', null, null, ''abcdefgh'', %L', testkit.hash_of('otto')), 'LG409 prefix, key_hash',
    'a key that is there'))
as t (arguments, fault, what);
reset role;

-- Expired, revoked, replaced.
create temp table made as select
  pg_temp.make('buyer', buyer_id, 'short', null, '2026-11-20T17:00:00Z') as short,
  pg_temp.make('source', source_id, 'old', null, '2026-12-20T16:00:00Z') as old from known;
grant select on made to public;
select testkit.at_time('2026-11-20T16:59:59Z');
select is(pg_temp.buyer('short'), 'none', 'a key is taken until it expires');
select testkit.at_time('2026-11-20T17:00:00Z');
select is(pg_temp.buyer('short'), 'LG401', 'a key that has expired is refused as one that never was');
select is(leadgen.rotate_key((old ->> 'id')::bigint, '1 hour', null, 'newnewne', testkit.hash_of('new')) #>> '{replaces,expires_at}',
  '2026-11-20T18:00:00+00:00', 'rotate_key: the old key ends with the overlap') from made;
select is((select k.expires_at from leadgen.api_keys k where k.prefix = 'newnewne'), '2026-12-20T17:00:00Z'::timestamptz,
  'rotate_key: the new key lives as long as the old one was made for');
select is(array[pg_temp.source('old'), pg_temp.source('new')], '{none,none}', 'both are taken meanwhile');
select testkit.at_time('2026-11-20T18:00:00Z');
select is(array[pg_temp.source('old'), pg_temp.source('new')], '{LG401,none}', 'after the overlap the new one alone is taken');
select is(testkit.fault_of(format('select leadgen.rotate_key(%s, ''1 hour'', null, ''aaaaaaaa'', repeat(''a'', 64))', old ->> 'id')),
  'LG409 key_id', 'rotate_key: not one that has expired') from made;
select is(leadgen.revoke_key(k.id), true, 'revoke_key: at once') from leadgen.api_keys k where k.prefix = 'newnewne';
select is(pg_temp.source('new'), 'LG401', 'a revoked key is refused as one that never was');
select is(leadgen.revoke_key(k.id), false, 'revoke_key: again changes nothing') from leadgen.api_keys k where k.prefix = 'newnewne';
select is(testkit.fault_of('select leadgen.revoke_key(0)'), 'LG404 key_id', 'revoke_key: there is none');

-- The catalogue's own key.
update leadgen.sources set api_key_hash = testkit.hash_of('mine') where id = (select k.source_id from known k);
select is(array[pg_temp.source('mine'), pg_temp.source('sue')], '{none,none}', 'a key of the catalogue is one beside others');
select leadgen.revoke_key(k.id) from leadgen.api_keys k where k.key_hash = testkit.hash_of('mine');
select is((select s.api_key_hash from leadgen.sources s join known k on k.source_id = s.id), null, 'revoked, it leaves the catalogue');

-- A user's key ends with its user, and never may more than the user.
update leadgen.users set role = 'analyst' where id = (select p.fay from people p);
select is(array[pg_temp.operator('fay'), pg_temp.operator('fay', 'money')], '{none,LG403 scopes}',
  'a user who may less has a key that may less');
select leadgen.change_user_status(fay, 'suspended', 'test') from people;
select is(pg_temp.operator('fay'), 'LG401', 'the key of a suspended user is refused');
select leadgen.change_user_status(fay, 'active', 'test') from people;
select is(pg_temp.operator('fay'), 'LG401', 'a key that ended with its user does not come back');

-- People make their own.
set local role leadgen_api;
select testkit.sign_in('Bea', p_token => 'b'), testkit.sign_in('Lyn', p_token => 'l');
select is(leadgen.create_own_key(testkit.hash_of('b'), 'buyer', 'our CRM', '{read,answer}', null, 'crmcrmcr', testkit.hash_of('crm'))
  ->> 'buyer_id', buyer_id::text, 'an owner makes a key of its buyer') from known;
select is(testkit.fault_of(format('select leadgen.create_own_key(%L, ''buyer'', ''a'', null, null, ''abcdefgh'', repeat(''a'', 64))',
  testkit.hash_of('l'))), 'LG400 kind', 'who is no owner makes none');
select is((select jsonb_agg(k ->> 'name' order by k ->> 'name') from jsonb_array_elements(leadgen.list_own_keys(testkit.hash_of('b'))) k),
  '["for bea", "for ben", "for bot", "for short", "our CRM"]', 'list_own_keys: its own and its buyer''s');
select is(leadgen.list_own_keys(testkit.hash_of('l')), '[]', 'list_own_keys: nobody else''s');
reset role;
create temp table crm as select k.id from leadgen.api_keys k where k.prefix = 'crmcrmcr';
grant select on crm to public;
set local role leadgen_api;
select is(testkit.fault_of(format(sql, testkit.hash_of('l'), id)), 'LG404 key_id', 'another''s key is one that does not exist')
from crm, unnest(array['select leadgen.revoke_own_key(%L, %s)',
  'select leadgen.rotate_own_key(%L, %s, ''0'', null, ''abcdefgh'', repeat(''a'', 64))']) sql;
select is(leadgen.rotate_own_key(testkit.hash_of('b'), id, '0', null, 'crmcrmcs', testkit.hash_of('crm2')) ->> 'prefix', 'crmcrmcs',
  'an owner replaces one') from crm;
select is(leadgen.revoke_own_key(testkit.hash_of('b'), id), true, 'an owner revokes one') from crm;
reset role;
select testkit.at_time('2026-11-20T18:16:00Z');
set local role leadgen_api;
select is(testkit.fault_of(format('select leadgen.create_own_key(%L, ''user'', ''a'', null, null, ''abcdefgh'', repeat(''a'', 64))',
  testkit.hash_of('b'))), 'LG403 session', 'a session of more than 15 minutes makes no key');

select is(testkit.fault_of(format('select leadgen.check_reader(%L)', testkit.hash_of(shown))), fault, format('check_reader: %s', what))
from (values ('b', 'none', 'a session'), ('sue', 'none', 'a key of any kind'), ('old', 'LG401', 'a key that has expired'),
  ('nobody', 'LG401', 'neither')) as t (shown, fault, what);

-- Uses, in blocks.
select is(leadgen.note_key_uses(array[testkit.hash_of('crm2'), testkit.hash_of('crm2'), 'x'],
  '{2026-11-20T18:10:00Z,2026-11-20T18:11:00Z,2026-11-20T18:11:00Z}'), 1, 'note_key_uses: once for each key, of unknown ones nothing');
select is(leadgen.note_key_uses(array[testkit.hash_of('crm2')], '{2026-11-20T18:11:59Z}'), 0, 'note_key_uses: not again within a minute');
select is(leadgen.note_key_uses(array[testkit.hash_of('crm2')], '{2099-01-01}'), 1, 'note_key_uses: after it');
reset role;
select is((select k.last_used_at from leadgen.api_keys k where k.prefix = 'crmcrmcs'), '2026-11-20T18:16:00Z'::timestamptz,
  'note_key_uses: nothing was used in the future');
select is((select count(*) from leadgen.audit_entries e where e.table_name = 'api_keys' and e.after ? 'last_used_at'), 0::bigint,
  'a use is no entry of the audit');

create function pg_temp.another(p_number integer) returns jsonb language sql as $$
  select leadgen.create_key('operator', null, 'many', null, null,
    translate(left(testkit.hash_of(format('many %s', p_number)), 8), '01', 'xy'), testkit.hash_of(format('many %s', p_number)))
$$;
select is(count(pg_temp.another(n)), 20::bigint, 'an owner has up to 20 keys in force') from generate_series(1, 20) n;
select is(testkit.fault_of('select pg_temp.another(21)'), 'LG409 keys', 'the next is refused');

select * from finish();
rollback;
