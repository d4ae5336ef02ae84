-- start_sign_in and finish_sign_in: one answer for every failure, the same challenge for nobody, and each attempt once.
begin;
select plan(31);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table people as select testkit.new_user('Ann') as ann, testkit.new_user('Sue') as sue, testkit.new_user('Dan') as dan;
select leadgen.change_user_status(sue, 'suspended', 'a test'), leadgen.change_user_status(dan, 'deactivated', 'a test') from people;
select leadgen.invite_user('pia@people.example', 'Pia', 'analyst');
grant select on people to public;

set local role leadgen_api;
select is(testkit.sign_in('Ann'), 'signed_in', 'the right password signs in');
select is(testkit.sign_in(name, password), 'failed', format('%s fails as everybody does', what))
from (values ('Ann', 'open barley', 'a wrong password'), ('Nobody', 'open sesame', 'an unknown address'),
  ('Sue', 'open sesame', 'a suspended user'), ('Dan', 'open sesame', 'a deactivated user'),
  ('Pia', 'open sesame', 'a user without a password'), ('Ann', '', 'no password')) as t (name, password, what);

-- The challenge.
create function pg_temp.ask(p_email text) returns text language sql as $$
  select format('%s %s %s %s', length(s.salt), s.memory_kib, s.passes, s.lanes) from leadgen.start_sign_in(p_email, '192.0.2.9', null) s
$$;
select is(pg_temp.ask(email), '16 65536 3 4', format('the challenge for %s', what))
from (values ('ann@people.example', 'a user'), ('nobody@people.example', 'nobody'), ('pia@people.example', 'an invited user'),
  ('no address', 'a text that is no address')) as t (email, what);
select is(a.salt, b.salt, 'whoever asks twice for nobody gets the same salt')
from leadgen.start_sign_in('nobody@people.example', '192.0.2.8', null) a,
  leadgen.start_sign_in('NOBODY@people.example', '192.0.2.8', null) b;
select isnt(a.salt, b.salt, 'two who are nobody have two salts')
from leadgen.start_sign_in('nobody@people.example', '192.0.2.7', null) a,
  leadgen.start_sign_in('noone@people.example', '192.0.2.7', null) b;
select is(s.salt, substr(sha256('salt'), 1, 16), 'an address is found however its letters are written')
from leadgen.start_sign_in('  ANN@People.Example ', '192.0.2.7', null) s;

-- An attempt is used once, and soon.
create temp table started as select s.* from leadgen.start_sign_in('ann@people.example', '192.0.2.6', null) s;
create function pg_temp.finish(p_token text, p_old text default null) returns text language sql as $$
  select leadgen.finish_sign_in(attempt_id, testkit.digest_of('open sesame', salt), null, testkit.hash_of(p_token),
    testkit.hash_of(p_token), testkit.hash_of(p_old), repeat('agent ', 100)) ->> 'status' from started
$$;
select is(pg_temp.finish('one'), 'signed_in', 'an attempt ends');
select is(pg_temp.finish('two'), 'failed', 'an attempt ends once');
select is(leadgen.finish_sign_in(0, 'x', null, 'x', 'x', null, null) ->> 'status', 'failed', 'an attempt that nobody began fails');
update started s set (attempt_id, salt) = (select n.attempt_id, n.salt from leadgen.start_sign_in('ann@people.example', '192.0.2.6',
  null) n);
select testkit.at_time('2026-11-20T16:02:01Z');
select is(pg_temp.finish('late'), 'failed', 'an attempt that takes more than two minutes fails');

-- A sign-in is a new session; the one before of the same browser ends.
update started s set (attempt_id, salt) = (select n.attempt_id, n.salt from leadgen.start_sign_in('ann@people.example', '192.0.2.6',
  null) n);
select is(pg_temp.finish('three', 'one'), 'signed_in', 'a browser that is signed in signs in again');
select is(testkit.fault_of(format('select leadgen.show_me(%L)', testkit.hash_of('one'))), 'LG401', 'the session before is over');
select is(leadgen.show_me(testkit.hash_of('three')) #>> '{user,email}', 'ann@people.example', 'the new session is Ann''s');
select is(length(leadgen.show_me(testkit.hash_of('three')) #>> '{session,agent}'), 300, 'a long agent is cut');
reset role;

select is(array_agg(s.ended_because order by s.id), '{null,rotated,null}', 'why sessions ended') from leadgen.user_sessions s;
select bag_eq('select a.outcome, count(*) from leadgen.sign_in_attempts a where a.finished_at is not null group by 1',
  $$values ('signed_in', 3::bigint), ('failed', 6)$$, 'every attempt that ended says how');
select is(u.signed_in_at, '2026-11-20T16:02:01Z'::timestamptz, 'the user has the time of the last') from leadgen.users u, people
where u.id = ann;
select is_empty($$select from leadgen.events e, leadgen.users u where strpos(e::text, u.email) > 0 or strpos(e::text, u.name) > 0$$,
  'no event names a person');

select is(identity.is_password(ann, testkit.digest_of('open sesame')), true, 'is_password: the right one') from people;
select is(identity.is_password(null, testkit.digest_of('open sesame')), false, 'is_password: nobody''s') from people;
select is(identity.read_network(address), network, format('the network of %s', coalesce(address, 'nobody')))
from (values ('192.0.2.1', '192.0.2.1'), ('2001:db8:1:2:3::9', '2001:db8:1:2::/64'), (null, 'unknown')) as t (address, network);

select * from finish();
rollback;
