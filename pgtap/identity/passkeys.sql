-- Passkeys: challenges are used once, a key is its user's, and a counter that goes back lets nobody in.
begin;
select plan(30);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table people as select testkit.new_user('Ann') as ann, testkit.new_user('Bob') as bob;
grant select on people to public;
create function pg_temp.add(p_who text, p_challenge text, p_credential text, p_count bigint default 0) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.add_passkey(%L, %L, %L, %L, %L, %s)', testkit.hash_of(p_who),
    testkit.hash_of(p_challenge), format('key %s', p_credential), sha256(convert_to(p_credential, 'UTF8')),
    sha256(convert_to(p_credential, 'UTF8')), p_count))
$$;
create function pg_temp.enter(p_challenge text, p_credential text, p_count bigint, p_token text default gen_random_uuid()::text)
returns text language sql as $$
  select leadgen.finish_passkey_sign_in(testkit.hash_of(p_challenge), sha256(convert_to(p_credential, 'UTF8')), p_count,
    testkit.hash_of(p_token), null, null, '192.0.2.1', 'pgTAP') ->> 'status'
$$;
create function pg_temp.challenge(p_challenge text) returns void language sql as $$
  select leadgen.start_passkey_sign_in(testkit.hash_of(p_challenge))
$$;

set local role leadgen_api;
select testkit.sign_in('Ann', p_token => 'ann'), testkit.sign_in('Bob', p_token => 'bob');
select is(leadgen.start_passkey(testkit.hash_of('ann'), testkit.hash_of('c1')) - 'user_id',
  '{"email": "ann@people.example", "name": "Ann", "known": []}', 'start_passkey: for whom');
select is(pg_temp.add('bob', 'c1', 'phone'), 'LG400 credential', 'a challenge is its user''s');
select is(pg_temp.add('ann', 'other', 'phone'), 'LG400 credential', 'a challenge that was never given');
select is(pg_temp.add('ann', 'c1', 'phone', 5), 'none', 'a passkey is added');
select is(pg_temp.add('ann', 'c1', 'laptop'), 'LG400 credential', 'a challenge is used once');
select leadgen.start_passkey(testkit.hash_of('bob'), testkit.hash_of('c2'));
select is(pg_temp.add('bob', 'c2', 'phone'), 'LG409 credential', 'a passkey is one user''s');
select is(jsonb_array_length(leadgen.start_passkey(testkit.hash_of('ann'), testkit.hash_of('c3')) -> 'known'), 1,
  'start_passkey: which are known');
select is(leadgen.list_own_passkeys(testkit.hash_of('ann')) #>> '{0,name}', 'key phone', 'list_own_passkeys: one''s own');
select is(leadgen.list_own_passkeys(testkit.hash_of('bob')), '[]', 'list_own_passkeys: nobody else''s');
select is(testkit.fault_of('select leadgen.start_passkey(''x'', ''y'')'), 'LG401', 'start_passkey: without a session');

-- In by it.
select is((select p.sign_count from leadgen.find_passkey(sha256('phone')) p), 5::bigint, 'find_passkey: by what to verify');
select is((select p.public_key from leadgen.find_passkey(sha256('none')) p), null, 'find_passkey: of nobody');
select is(pg_temp.enter('s1', 'phone', 6), 'failed', 'no challenge was given');
select is(pg_temp.enter('c3', 'phone', 6), 'failed', 'a challenge to add a passkey lets nobody in');
select pg_temp.challenge('s1');
select is(pg_temp.enter('s1', 'phone', 6, 'in'), 'signed_in', 'the user is in');
select is(leadgen.show_me(testkit.hash_of('in')) #>> '{user,name}', 'Ann', 'by a session of its own');
select is(pg_temp.enter('s1', 'phone', 7), 'failed', 'the same challenge again');
select pg_temp.challenge('s2');
select is(pg_temp.enter('s2', 'phone', 6), 'failed', 'a counter that does not go on');
select pg_temp.challenge('s3');
select is(pg_temp.enter('s3', 'none', 1), 'failed', 'a passkey that nobody has');
select pg_temp.challenge('s4');
select testkit.at_time('2026-11-20T16:05:00Z');
select is(pg_temp.enter('s4', 'phone', 9), 'failed', 'a challenge of 5 minutes ago');
reset role;
select is((select count(*) from leadgen.events e where e.kind = 'user_passkey_suspect'), 1::bigint, 'a copy is told to operators');
select is((select string_agg(a.outcome, ' ' order by a.id) from leadgen.sign_in_attempts a where a.subjects = '{}'),
  'failed failed signed_in failed failed failed failed', 'each attempt is kept');

-- Whoever may not sign in, may not by a passkey.
select leadgen.change_user_status(ann, 'suspended', 'test') from people;
set local role leadgen_api;
select pg_temp.challenge('s5');
select is(pg_temp.enter('s5', 'phone', 9), 'failed', 'a suspended user');
reset role;
select leadgen.change_user_status(ann, 'active', 'test') from people;
update leadgen.user_passkeys set sign_count = 0;
set local role leadgen_api;
select pg_temp.challenge('s6'), pg_temp.challenge('s7');
select is(array[pg_temp.enter('s6', 'phone', 0), pg_temp.enter('s7', 'phone', 0, 'ann2')], '{signed_in,signed_in}',
  'a passkey without a counter');

-- Removed.
create function pg_temp.remove(p_who text, p_id bigint) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.remove_own_passkey(%L, %s)', testkit.hash_of(p_who), p_id))
$$;
reset role;
create temp table phone as select p.id from leadgen.user_passkeys p;
grant select on phone to public;
set local role leadgen_api;
select is(pg_temp.remove('bob', id), 'LG404 passkey_id', 'another''s is one that does not exist') from phone;
select is(pg_temp.remove('ann2', id), 'none', 'one''s own goes') from phone;
select leadgen.start_passkey(testkit.hash_of('ann2'), testkit.hash_of('c4'));
select pg_temp.add('ann2', 'c4', 'laptop');
reset role;
select is(leadgen.remove_user_passkeys(ann, 'lost'), 1, 'an operator removes all') from people;
select is(leadgen.remove_user_passkeys(ann, 'lost'), 0, 'when there is none, none') from people;
select leadgen.start_passkey(testkit.hash_of('bob'), testkit.hash_of('c6'));
select pg_temp.add('bob', 'c6', 'tablet');
select leadgen.set_user_password(bob, substr(sha256('salt'), 1, 16), testkit.digest_of('a new one')) from people;
select is((select count(*) from leadgen.user_passkeys), 0::bigint, 'a password that is set anew ends them, too');
select testkit.sign_in('Bob', 'a new one', p_token => 'bob2');
select testkit.at_time('2026-11-20T16:30:00Z');
select is(testkit.fault_of(format('select leadgen.start_passkey(%L, %L)', testkit.hash_of('bob2'), testkit.hash_of('c5'))), 'LG403 session',
  'a session of more than 15 minutes adds none');

select * from finish();
rollback;
