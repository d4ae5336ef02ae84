-- What changes how somebody gets in is told by e-mail, once it has changed: passkeys, apps, keys. Keys of a buyer stay when
-- the user goes who made them, and people are told which: tell_of_key, tell_owners, list_keys_left, settle_keys_left.
begin;
select plan(26);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table known as select testkit.new_user('Ann') as ann, testkit.new_user('Bea', 'buyer') as bea;
alter table known add buyer bigint, add bob bigint, add may bigint;
update known k set buyer = (select u.buyer_id from leadgen.users u where u.id = k.bea);
update known k set
  bob = leadgen.create_user('bob@people.example', 'Bob', 'buyer', buyer, null, 'owner', substr(sha256('salt'), 1, 16), sha256('x')),
  may = leadgen.create_user('may@people.example', 'May', 'buyer', buyer, null, 'member', substr(sha256('salt'), 1, 16), sha256('x'));
select testkit.sign_in('Bea', p_token => 'bea');
-- What is due, and done with.
create function pg_temp.mails() returns text[] language sql as $$
  with told as (update leadgen.user_mails m set due_at = null, created_at = m.created_at - interval '1 day'
    from leadgen.users u where u.id = m.user_id and m.due_at is not null returning format('%s %s', u.name, m.kind) as word)
  select coalesce(array_agg(word order by word), '{}') from told
$$;
create function pg_temp.make(p_kind text, p_key text) returns bigint language sql as $$
  select (leadgen.create_own_key(testkit.hash_of('bea'), p_kind, 'a key', '{read}', null,
    translate(left(testkit.hash_of(p_key), 8), '01', 'xy'), testkit.hash_of(p_key)) ->> 'id')::bigint
$$;

-- Keys.
create temp table made as select pg_temp.make('user', 'own') as own;
select is(pg_temp.mails(), '{Bea key_added}', 'tell_of_key: a user of its own key');
alter table made add of_buyer bigint;
update made set of_buyer = pg_temp.make('buyer', 'of buyer');
select is(pg_temp.mails(), '{Bea buyer_key_added,Bob buyer_key_added}', 'tell_owners: the owners of the buyer''s, and no member');
select leadgen.revoke_own_key(testkit.hash_of('bea'), own) from made;
select is(pg_temp.mails(), '{Bea key_removed}', 'tell_of_key: a key was revoked');
select leadgen.revoke_own_key(testkit.hash_of('bea'), own) from made;
select is(pg_temp.mails(), '{}', 'tell_of_key: nothing, where it was revoked already');
select leadgen.create_key('operator', null, 'olga', null, null, 'abcdefgh', testkit.hash_of('operator'));
select is(pg_temp.mails(), '{}', 'tell_of_key: an operator''s key is no user''s');

-- Passkeys.
create function pg_temp.add_passkey(p_name text) returns jsonb language sql as $$
  select leadgen.start_passkey(testkit.hash_of('bea'), testkit.hash_of(p_name));
  select leadgen.add_passkey(testkit.hash_of('bea'), testkit.hash_of(p_name), p_name, sha256(convert_to(p_name, 'UTF8')), sha256('key'), 0)
$$;
create temp table passkey as select (pg_temp.add_passkey('phone') ->> 'id')::bigint as id;
select is(pg_temp.mails(), '{Bea passkey_added}', 'add_passkey: its user is told');
select is(testkit.fault_of(format('select leadgen.remove_own_passkey(%L, 0)', testkit.hash_of('bea'))), 'LG404 passkey_id',
  'no such passkey');
select is(pg_temp.mails(), '{}', 'remove_passkeys: nothing, where none was removed');
select leadgen.remove_own_passkey(testkit.hash_of('bea'), id) from passkey;
select is(pg_temp.mails(), '{Bea passkey_removed}', 'remove_passkeys: its user is told');

-- An app.
select leadgen.enrol_totp(testkit.hash_of('bea'));
select is(pg_temp.mails(), '{}', 'enrol_totp: nothing is asked for yet');
select leadgen.remove_user_totp(bea, 'a test') from known;
select is(pg_temp.mails(), '{}', 'remove_totp: nothing, where no code was asked for');
select is(count(*), 0::bigint, 'remove_totp: then there is no event either') from leadgen.events where kind = 'user_totp_changed';
select leadgen.enrol_totp(testkit.hash_of('bea'));
select leadgen.confirm_totp(testkit.hash_of('bea'), kernel.compute_totp(t.secret, extract(epoch from leadgen.clock())::bigint / 30),
  array(select testkit.hash_of(n::text) from generate_series(1, 8) n)) from leadgen.user_totp t;
select is(pg_temp.mails(), '{Bea app_added}', 'confirm_totp: its user is told');
select leadgen.remove_user_totp(bea, 'a test') from known;
select is(pg_temp.mails(), '{Bea app_removed}', 'remove_totp: its user is told');

-- Nobody adds a fourth unseen.
select pg_temp.add_passkey('one');
update leadgen.user_mails set due_at = null;
select pg_temp.add_passkey('two');
update leadgen.user_mails set due_at = null;
select pg_temp.add_passkey('three');
update leadgen.user_mails set due_at = null;
select pg_temp.add_passkey('four');
select is(m.due_at, '2026-11-20T17:00:00Z', 'queue_mail: of what has changed the fourth in an hour comes later')
from leadgen.user_mails m where m.due_at is not null;
select pg_temp.mails();

-- The user goes who made keys of its buyer.
select leadgen.change_user_status(bea, 'suspended', 'a test') from known;
select is((select k.revoked_at from leadgen.api_keys k where k.id = of_buyer), null, 'settle_keys_left: the buyer''s key stays') from made;
select is(pg_temp.mails(), '{Bob keys_left}', 'settle_keys_left: the remaining owners are told');
select is(e.facts - 'by', jsonb_build_object('user_id', bea, 'keys', array[of_buyer], 'owners', 1),
  'settle_keys_left: the event names the keys')
from known, made, leadgen.events e where e.kind = 'keys_left';
select is(e.buyer_id, buyer, 'settle_keys_left: the event names the buyer') from known, leadgen.events e where e.kind = 'keys_left';
select leadgen.change_user_status(may, 'deactivated', 'a test') from known;
select is(pg_temp.mails(), '{}', 'list_keys_left: who made none leaves none');
select leadgen.change_user_status(bea, 'suspended', 'a test', true) from known;
select is((select k.revoked_at from leadgen.api_keys k where k.id = of_buyer), leadgen.clock(),
  'settle_keys_left: they end where somebody says so, also afterwards') from made;
select is(pg_temp.mails(), '{Bob buyer_key_removed}', 'settle_keys_left: of that the owners are told');

-- What an operator made, or somebody has replaced, is not the user's to know.
select leadgen.change_user_status(bea, 'active', 'a test') from known;
select testkit.at_time('2026-11-20T16:01:00Z');
select testkit.sign_in('Bea', p_token => 'bea again');
create temp table later as
select (leadgen.create_key('buyer', buyer, 'ours', null, null, 'abcdefgj', testkit.hash_of('ours')) ->> 'id')::bigint as ours
from known;
select is(count(*), 0::bigint, 'list_keys_left: not an operator''s') from known, identity.list_keys_left(bea);
select pg_temp.mails();
select leadgen.rotate_own_key(testkit.hash_of('bea again'), ours, '0', null, 'abcdefgk', testkit.hash_of('new')) from later;
select is((select string_agg(k.prefix, ',') from known cross join lateral identity.list_keys_left(bea) as k), 'abcdefgk',
  'rotate_own_key: who replaces a key knows the new one');
select is(pg_temp.mails(), '{Bea buyer_key_added,Bob buyer_key_added}', 'rotate_own_key: there is a new key');
select is(testkit.fault_of(format('select identity.check_holder(%s)', call)), fault, format('check_role_field: %s', fault))
from (values ('''buyer'', null, null, ''owner''', 'LG400 buyer_id')) as t (call, fault);

select * from finish();
rollback;
