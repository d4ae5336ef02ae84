-- Sign-up, invitation and reset: what is sent, what its links do, and what a stranger learns: nothing.
begin;
select plan(57);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table known as select testkit.new_buyer('Ace') as buyer, testkit.new_user('Ann') as ann;
grant select on known to public;
create function pg_temp.sign_up(p_email text, p_name text default 'Sid', p_password text default 'open sesame') returns text
language sql as $$
  select testkit.fault_of(format('select leadgen.sign_up(%L, %L, ''Sid & Co.'', ''+15125550100'', %L, %L, ''192.0.2.1'')',
    p_email, p_name, substr(sha256('salt'), 1, 16), testkit.digest_of(p_password)))
$$;
create function pg_temp.verify(p_token text) returns text language sql as $$
  select leadgen.verify_user(testkit.hash_of(p_token)) ->> 'status'
$$;
create function pg_temp.reset(p_token text, p_password text) returns text language sql as $$
  select leadgen.reset_password(testkit.hash_of(p_token), substr(sha256('salt'), 1, 16), testkit.digest_of(p_password),
    testkit.hash_of(p_token)) ->> 'status'
$$;
create function pg_temp.status() returns text language sql security definer as $$
  select u.status from leadgen.users u where u.email = 'sid@people.example'
$$;

-- A buyer signs up.
set local role leadgen_api;
select is(pg_temp.sign_up(email, name), fault, format('sign-up: %s', what))
from (values ('sid', 'Sid', 'LG400 email', 'no address'), ('sid@people.example', '', 'LG400 name', 'no name'),
  ('Sid@People.Example', 'Sid', 'none', 'taken')) as t (email, name, fault, what);
select is(testkit.sign_in('Sid'), 'failed', 'who signed up and did nothing else is not let in');
select is(pg_temp.sign_up('sid@people.example', 'Mallory', 'mallory''s'), 'none', 'a second sign-up looks the same');
reset role;
select is(format('%s %s %s %s %s', u.name, u.role, u.member_kind, u.status, u.buyer_id), 'Sid buyer owner pending ',
  'the first sign-up stands') from leadgen.users u where u.email = 'sid@people.example';
select is(count(*), 1::bigint, 'one mail is due') from leadgen.user_mails;
set local role leadgen_worker;
select is(testkit.open_mail('verify', 'v1'), 'sid@people.example', 'a worker sends the link');
select is(testkit.open_mail('verify', 'v2'), 'no mail', 'once');
reset role;
set local role leadgen_api;
select is(testkit.fault_of(format('select leadgen.verify_user(%L)', hash)), 'LG404 token', format('verify: %s', what))
from (values (testkit.hash_of('never'), 'a token that never was'), ('', 'nothing'), (null, 'null')) as t (hash, what);
select is(testkit.fault_of(format('select leadgen.reset_password(%L, null, null, null)', testkit.hash_of('v1'))), 'LG404 token',
  'a link that verifies sets no password');
select is(pg_temp.verify('v1'), 'pending', 'the link verifies; approval is still to come');
select is(testkit.fault_of(format('select leadgen.verify_user(%L)', testkit.hash_of('v1'))), 'LG404 token', 'a link is used once');
select is(testkit.sign_in('Sid'), 'failed', 'who is not approved is not let in');
reset role;

-- An operator approves.
set local role leadgen_dba;
select is(testkit.fault_of(format('select leadgen.approve_user(%s, %s, %L)', u.id, b, kind)), fault, format('approve: %s', what))
from leadgen.users u, known, lateral (values
  ('0', 'owner', 'LG404 buyer_id', 'no such buyer'), ('null', 'owner', 'LG400 buyer_id', 'no buyer'),
  (buyer::text, 'guest', 'LG400 member_kind', 'no such kind')) as t (b, kind, fault, what)
where u.email = 'sid@people.example';
select is(leadgen.approve_user(u.id, buyer), 'active', 'verified and approved: active') from leadgen.users u, known
where u.email = 'sid@people.example';
select is(testkit.fault_of(format('select leadgen.approve_user(%s, %s)', u.id, buyer)), 'LG409 user_id', 'approved once')
from leadgen.users u, known where u.email = 'sid@people.example';
reset role;
select is(testkit.open_mail('approved', 'x'), 'sid@people.example', 'the user is told');
select is(testkit.sign_in('Sid', 'mallory''s', '192.0.2.5'), 'failed', 'the password of the second sign-up is none');
select is(testkit.sign_in('Sid', p_token => 'sid'), 'signed_in', 'the user signs in');

-- Approved before verified.
select pg_temp.sign_up('liz@people.example', 'Liz');
select is(testkit.open_mail('verify', 'liz'), 'liz@people.example', 'another sign-up');
select is(leadgen.approve_user(u.id, buyer, 'member'), 'pending', 'approved, not verified: pending') from leadgen.users u, known
where u.email = 'liz@people.example';
select is(pg_temp.verify('liz'), 'active', 'the link makes it active');

-- Forgotten.
create function pg_temp.forget(p_email text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.forgot_password(%L, ''192.0.2.3'')', p_email))
$$;
set local role leadgen_api;
select is(pg_temp.forget(email), 'none', format('forgot: %s', email))
from unnest('{sid@people.example,nobody@people.example,no address}'::text[]) email;
reset role;
select is(testkit.open_mail('reset', 'r1'), 'sid@people.example', 'who has a user gets a link');
select is(testkit.open_mail('reset', 'x'), 'no mail', 'nobody else does');
select pg_temp.forget('sid@people.example');
select is(testkit.open_mail('reset', 'r2'), 'sid@people.example', 'asked for again, there is another link');
set local role leadgen_api;
select is(testkit.fault_of(
  format('select leadgen.reset_password(%L, %L, ''x'', null)', testkit.hash_of('r2'), substr(sha256('salt'), 1, 16))),
  'LG400 digest', 'a digest of another length');
select is(pg_temp.reset('r2', 'new words'), 'active', 'the link sets a password');
select is(testkit.fault_of(format('select leadgen.reset_password(%L, null, null, null)', testkit.hash_of(token))), 'LG404 token',
  format('link %s is void then', token)) from unnest('{r1,r2}'::text[]) token;
select is(testkit.fault_of(format('select leadgen.show_me(%L)', testkit.hash_of('sid'))), 'LG401', 'all sessions are over');
select is(testkit.sign_in('Sid', 'open sesame', '192.0.2.6'), 'failed', 'the old password is void');
select is(testkit.sign_in('Sid', 'new words', '192.0.2.6'), 'signed_in', 'the new one signs in');
reset role;
select is(testkit.open_mail('password_changed', 'x'), 'sid@people.example', 'the user is told that it was changed');

-- A link ends; nobody is flooded.
select pg_temp.forget('ann@people.example');
select is(testkit.open_mail('reset', 'a1'), 'ann@people.example', 'a link for Ann');
select testkit.at_time('2026-11-20T17:00:01Z');
select is(testkit.fault_of(format('select leadgen.reset_password(%L, null, null, null)', testkit.hash_of('a1'))), 'LG404 token',
  'a link to set a password ends after an hour');
select pg_temp.forget('ann@people.example'), testkit.open_mail('reset', format('f%s', n)) from generate_series(1, 6) n;
select is(count(*), 3::bigint, 'three of a kind an hour') from leadgen.user_mails m, known
where m.user_id = ann and m.created_at > leadgen.clock() - interval '1 hour';

-- An invitation.
select leadgen.invite_user('ivy@people.example', 'Ivy', 'analyst');
select is(testkit.open_mail('invite', 'i1'), 'ivy@people.example', 'who is invited gets a link');
select is(pg_temp.reset('i1', 'open sesame'), 'active', 'the link sets a password and makes the user active');
select is(testkit.sign_in('Ivy'), 'signed_in', 'the user signs in');
select is(leadgen.send_reset(u.id), 'reset', 'an operator sends a link') from leadgen.users u where u.email = 'ivy@people.example';
select leadgen.change_user_status(u.id, 'suspended', 'a test') from leadgen.users u where u.email = 'ivy@people.example';
select is(testkit.fault_of(format('select leadgen.send_reset(%s)', u.id)), 'LG409 user_id', 'not to who is suspended')
from leadgen.users u where u.email = 'ivy@people.example';

-- What became of a mail.
create function pg_temp.fail(p_outcome text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.record_user_mail(%s, %L, ''SMTP 451'')', m.id, p_outcome))
  from leadgen.user_mails m order by m.id desc limit 1
$$;
select leadgen.invite_user('jon@people.example', 'Jon', 'analyst');
select is(pg_temp.fail('lost'), 'LG400 outcome', 'an outcome that there is not');
update leadgen.user_mails set tries = 1 where due_at is not null;
select pg_temp.fail('failed');
select is(m.due_at, '2026-11-20T17:01:01Z'::timestamptz, 'a mail that failed is due again in a minute') from leadgen.user_mails m
order by m.id desc limit 1;
select pg_temp.fail('refused');
select is(m.due_at, null, 'one that was refused is not') from leadgen.user_mails m order by m.id desc limit 1;

-- A stranger's sign-up is in nobody's way.
select pg_temp.sign_up(format('%s@people.example', who)) from unnest('{mo,max}'::text[]) who;
update leadgen.users u set verified_at = leadgen.clock() where u.email = 'max@people.example';
select is(testkit.fault_of('select leadgen.invite_user(''max@people.example'', ''Max'', ''analyst'')'), 'LG409 email',
  'an address that was verified has a user');
select is(testkit.fault_of('select identity.add_invited_user(''mo@people.example'', ''Mo'', ''analyst'', null, null, null)'), 'LG409 email',
  'an owner of a buyer ends no sign-up');
select is(testkit.fault_of('select leadgen.invite_user(''Mo@people.example'', ''Mo'', ''analyst'')'), 'none',
  'one that nobody has verified makes room for an invitation');
select is(u.role, 'analyst', 'which is another user') from leadgen.users u where u.email = 'mo@people.example';

-- A copy sends nothing.
select leadgen.invite_user('kim@people.example', 'Kim', 'analyst'), leadgen.disown_database();
select is(testkit.open_mail('invite', 'k'), 'no mail', 'a copy sends no links');

select * from finish();
rollback;
