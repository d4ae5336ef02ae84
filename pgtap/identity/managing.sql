-- Users managed over HTTP, passwords that users change themselves, and links that an operator is shown.
begin;
select plan(64);
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.make_source(testkit.open_offer('{}', 'Best'));
create temp table known as
select testkit.new_user('Ann') as ann, testkit.new_user('Bea', 'buyer') as bea, testkit.new_user('Cat', 'buyer') as cat,
  testkit.new_user('Fay', 'finance') as fay;
alter table known add buyer bigint, add other bigint;
update known k set buyer = (select u.buyer_id from leadgen.users u where u.id = k.bea),
  other = (select u.buyer_id from leadgen.users u where u.id = k.cat);
grant select on known to public;
create function pg_temp.fault(p_sql text, p_who text) returns text language sql as $$
  select testkit.fault_of(format(replace(p_sql, '#', '%1$L'), testkit.hash_of(p_who)))
$$;

set local role leadgen_api;
select testkit.sign_in('Ann', p_token => 'ann'), testkit.sign_in('Bea', p_token => 'bea'), testkit.sign_in('Cat', p_token => 'cat'),
  testkit.sign_in('Fay', p_token => 'fay');

-- Who sees whom.
create function pg_temp.seen(p_who text, p_status text default null, p_after bigint default null, p_limit integer default 100)
returns text language sql as $$
  select string_agg(u ->> 'name', ' ' order by (u ->> 'id')::bigint)
  from jsonb_array_elements(leadgen.list_users_for(testkit.hash_of(p_who), p_status, p_after, p_limit)) u
$$;
select is(pg_temp.seen('ann'), 'Ann Bea Cat Fay', 'an admin sees all');
select is(pg_temp.seen('bea'), 'Bea', 'an owner sees those of its buyer');
select is(pg_temp.seen('ann', null, (select k.bea from known k), 1), 'Cat', 'list_users_for: after an id, so many');
select is(pg_temp.seen('ann', 'pending'), null, 'list_users_for: of a status');
select is(pg_temp.fault('select leadgen.list_users_for(#, null, null, 100)', who), fault, format('list_users_for: %s', who))
from (values ('fay', 'LG403 role'), ('nobody', 'LG401')) as t (who, fault);

-- Invitations.
select is(leadgen.invite_user_for(testkit.hash_of('bea'), 'ben@p.example', 'Ben', 'buyer', null, null, 'member') ->> 'buyer_id',
  buyer::text, 'an owner invites for its buyer') from known;
select is(leadgen.invite_user_for(testkit.hash_of('ann'), 'ada@p.example', 'Ada', 'admin', null, null, null) ->> 'status', 'pending',
  'an admin invites anybody');
select is(pg_temp.fault(format('select leadgen.invite_user_for(#, ''x@p.example'', ''X'', %s)', arguments), who), fault,
  format('%s: %s', who, what))
from known, lateral (values
  ('bea', '''admin'', null, null, null', 'LG400 role', 'an owner invites no admin'),
  ('bea', '''source'', null, 1, null', 'LG400 role', 'an owner invites no source'),
  ('bea', 'null, null, null, null', 'LG400 role', 'no role'),
  ('bea', format('''buyer'', %s, null, ''member''', other), 'LG404 buyer_id', 'an owner invites nobody for another buyer'),
  ('bea', '''buyer'', null, null, ''guest''', 'LG400 member_kind', 'no such kind'),
  ('ann', '''buyer'', null, null, ''owner''', 'LG400 buyer_id', 'an admin says for which buyer'),
  ('fay', '''admin'', null, null, null', 'LG403 role', 'who manages nobody'),
  ('nobody', '''admin'', null, null, null', 'LG401', 'without a session')) as t (who, arguments, fault, what);
reset role;
create temp table ids as select (select u.id from leadgen.users u where u.email = 'ben@p.example') as ben,
  (select u.id from leadgen.users u where u.email = 'ada@p.example') as ada;
grant select on ids to public;

-- What is done to them, and by whom not.
set local role leadgen_api;
select is(pg_temp.fault(format(sql, user_id), who), fault, format('%s: %s: %s', who, what, fault))
from known, ids, unnest(array['select leadgen.change_user_status_for(#, %s, ''deactivated'', ''a test'')',
  'select leadgen.send_reset_for(#, %s)', 'select leadgen.revoke_user_sessions_for(#, %s)']) sql,
  lateral (values ('bea', cat, 'LG404 user_id', 'another buyer''s'), ('bea', ann, 'LG404 user_id', 'an admin'),
    ('bea', bea, 'LG409 user_id', 'herself'), ('fay', ben, 'LG403 role', 'a buyer''s'), ('nobody', ben, 'LG401', 'a buyer''s'))
  as t (who, user_id, fault, what);
select is(leadgen.revoke_user_sessions_for(testkit.hash_of('bea'), ben), 0, 'an owner signs a member out') from ids;
select is(leadgen.send_reset_for(testkit.hash_of('bea'), ben), 'invite', 'an owner sends a link again') from ids;
select is(leadgen.change_user_status_for(testkit.hash_of('bea'), ben, 'deactivated', 'left') ->> 'status', 'deactivated',
  'an owner stops a member') from ids;
select leadgen.sign_up('sue@p.example', 'Sue', 'Sue Ltd', null, substr(sha256('salt'), 1, 16), testkit.digest_of('x'), '192.0.2.9');
reset role;
create temp table sue as select u.id from leadgen.users u where u.email = 'sue@p.example';
grant select on sue to public;
set local role leadgen_api;
select is(pg_temp.fault(format('select leadgen.approve_user_for(#, %s, %s, ''owner'')', id, buyer), 'bea'), 'LG404 user_id',
  'an owner approves no sign-up') from known, sue;
select is(leadgen.approve_user_for(testkit.hash_of('ann'), id, buyer, 'member') ->> 'member_kind', 'member', 'an admin approves one')
from known, sue;
reset role;

-- Whom the operator has suspended no owner lets in again.
create temp table mia as select leadgen.create_user('mia@p.example', 'Mia', 'buyer', buyer, null, 'member', substr(sha256('salt'), 1, 16),
  testkit.digest_of('x')) as id from known;
grant select on mia to public;
create function pg_temp.move(p_who text, p_status text) returns text language sql as $$
  select pg_temp.fault(format('select leadgen.change_user_status_for(#, %s, %L, ''a test'')', id, p_status), p_who) from mia
$$;
select is(pg_temp.move('bea', 'suspended'), 'LG403 status', 'an owner suspends nobody');
select is(pg_temp.move('ann', 'suspended'), 'none', 'an admin does');
select is(pg_temp.move('bea', status), 'LG403 status', format('an owner lifts no suspension: %s', status))
from unnest('{active,deactivated}'::text[]) status;
select is(pg_temp.move('ann', 'active'), 'none', 'an admin does that, too');
select is(pg_temp.move('bea', 'deactivated'), 'none', 'a member who leaves is the owner''s');
delete from leadgen.users u using mia where u.id = mia.id;

-- There is always an admin.
select is(testkit.fault_of(format('select leadgen.change_user_status(%s, %L, ''a test'')', ann, status)), 'LG409 user_id',
  format('the only active admin is not %s', status)) from known, unnest('{suspended,deactivated}'::text[]) status;
select is(leadgen.change_user_status(ada, 'deactivated', 'a test'), 'deactivated', 'an admin who never came may be') from ids;
select testkit.new_user('Zoe');
select is(leadgen.change_user_status(ann, 'suspended', 'a test'), 'suspended', 'with another beside it may') from known;
select leadgen.change_user_status(ann, 'active', 'a test') from known;

-- An old session reads, and changes nothing.
set local role leadgen_api;
select testkit.at_time('2026-11-20T16:15:01Z');
select is(pg_temp.seen('bea'), 'Bea Ben Sue', 'an old session reads');
select is(pg_temp.fault(format('select leadgen.change_user_status_for(#, %s, ''active'', ''a test'')', ben), 'bea'), 'LG403 session',
  'an old session changes nothing') from ids;

-- A password that its user changes.
select testkit.sign_in('Fay', p_token => 'fay2');
create function pg_temp.change(p_now text) returns jsonb language sql as $$
  select leadgen.change_own_password(testkit.hash_of('fay2'), testkit.digest_of(p_now), substr(sha256('salt'), 1, 16),
    testkit.digest_of('a new password'))
$$;
select is((select c.salt from leadgen.find_own_challenge(testkit.hash_of('fay2')) c), substr(sha256('salt'), 1, 16),
  'find_own_challenge: the salt of one''s own');
select is(pg_temp.change('wrong') ->> 'status', 'wrong_password', 'the old password is asked for');
select is(pg_temp.change('open sesame'), '{"status": "done", "ended": 1}', 'it is changed, and other sessions end');
select is(pg_temp.fault('select leadgen.show_me(#)', who), fault, format('session %s', who))
from (values ('fay', 'LG401'), ('fay2', 'none')) as t (who, fault);
select is(array_agg(pg_temp.change('wrong') ->> 'status'),
  array_fill('wrong_password'::text, '{5}') || '{wait}'::text[], 'who guesses waits') from generate_series(1, 6);
select is(testkit.sign_in('Fay', 'a new password'), 'signed_in', 'the new one signs in');
reset role;

-- Cost.
update leadgen.user_passwords set memory_kib = 8192 where user_id = (select k.cat from known k);
set local role leadgen_api;
select is(leadgen.finish_sign_in(s.attempt_id, testkit.digest_of('open sesame', s.salt), null, testkit.hash_of('cheap'), null, null, null)
  ->> 'is_cheap', 'true', 'finish_sign_in: says that a digest was cheap')
from leadgen.start_sign_in('cat@people.example', '192.0.2.1', null) s;
select is(leadgen.renew_own_digest(testkit.hash_of('cheap'), testkit.digest_of(shown), substr(sha256('salt'), 1, 16),
  testkit.digest_of('open sesame')), is_done, format('renew_own_digest: %s', what))
from (values ('wrong', false, 'not without the password'), ('open sesame', true, 'with it'), ('open sesame', false, 'once'))
  as t (shown, is_done, what);
reset role;

-- A link in the place of an e-mail.
select is(leadgen.make_user_link(ada.id, testkit.hash_of('link')), 'invite', 'make_user_link: to somebody invited')
from (select leadgen.invite_user('eve@p.example', 'Eve', 'admin') as id) ada;
select is(leadgen.reset_password(testkit.hash_of('link'), substr(sha256('salt'), 1, 16), testkit.digest_of('x'), null),
  '{"status": "active"}', 'the link lets somebody invited in');
select is((select count(*) from leadgen.user_mails m join leadgen.users u on u.id = m.user_id
  where u.email = 'eve@p.example' and m.kind = 'invite' and m.due_at is not null), 0::bigint, 'no e-mail is sent beside the link');
select is(testkit.fault_of(format('select leadgen.make_user_link(%s, repeat(''a'', 64))', ben)), 'LG409 user_id',
  'make_user_link: not to somebody stopped') from ids;
set local role leadgen_dba;
select is(testkit.fault_of('select leadgen.make_user_link(1, repeat(''a'', 64))'), '42501', 'make_user_link: not for a DBA');
reset role;

select * from finish();
rollback;
