-- Sign-in by a provider: a state is used once, an account is bound once, and nobody is made.
begin;
select plan(30);
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.ask_key(p_who text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.start_passkey(%L, %L)', testkit.hash_of(p_who), testkit.hash_of('c')))
$$;
create temp table people as select testkit.new_user('Ann') as ann, testkit.new_user('Bob') as bob,
  leadgen.invite_user('ivy@people.example', 'Ivy', 'finance') as ivy;
grant select on people to public;
create function pg_temp.enter(p_state text, p_subject text, p_email text, p_token text default gen_random_uuid()::text,
  p_is_mfa boolean default false, p_proved_at timestamptz default '2026-11-20T16:00:00Z') returns text language plpgsql as $$
declare
  v_answer jsonb;
begin
  if p_state is not null then
    perform leadgen.start_provider_sign_in(testkit.hash_of(p_state));
  end if;
  v_answer := leadgen.finish_provider_sign_in(
    (select t.attempt_id from leadgen.take_provider_state(testkit.hash_of(p_state), '192.0.2.1') t), 'https://id.example',
    p_subject, p_email, p_is_mfa, p_proved_at, testkit.hash_of(p_token), null, null, 'pgTAP');
  return coalesce(v_answer ->> 'failure', v_answer ->> 'status');
end
$$;

set local role leadgen_api;
select is(pg_temp.enter(null, 'a', 'ann@people.example'), 'too_late', 'a browser without a state does not come in');
select leadgen.start_provider_sign_in(testkit.hash_of('s1'));
select ok(t.attempt_id is not null and t.retry_after = 0, 'a state that was given is taken')
from leadgen.take_provider_state(testkit.hash_of('s1'), '192.0.2.1') t;
select is(t.attempt_id, null, 'a state is taken once') from leadgen.take_provider_state(testkit.hash_of('s1'), '192.0.2.1') t;
select leadgen.start_passkey_sign_in(testkit.hash_of('p1'));
select is(pg_temp.enter('s2', null, null), 'not_verified', 'nobody comes in whom nothing verifies');
select is(pg_temp.enter('s3', 'z', 'zoe@people.example'), 'no_user', 'nobody is made');
select is(pg_temp.enter('s4', 'a', 'ann@people.example', 'ann'), 'signed_in', 'an active user comes in by its verified address');
select is(leadgen.show_me(testkit.hash_of('ann')) #>> '{user,name}', 'Ann', 'it has a session of its own');
select is(pg_temp.enter('s5', 'a', 'bob@people.example', 'ann2'), 'signed_in', 'a bound account comes in whatever address it has');
select is(leadgen.show_me(testkit.hash_of('ann2')) #>> '{user,name}', 'Ann', 'it is still the same user');
select is(pg_temp.enter('s6', 'b', 'ann@people.example'), 'no_user', 'another account with the same address is refused');
select is(pg_temp.enter('s7', 'i', 'IVY@people.example', 'ivy'), 'signed_in', 'an invited user comes in');
select is(leadgen.show_me(testkit.hash_of('ivy')) #>> '{user,status}', 'active', 'it is active from then on');
reset role;
select is((select count(*) from leadgen.users), 3::bigint, 'there are the users that there were');
select is((select count(*) from leadgen.user_mails m where m.kind = 'invite' and m.due_at is not null), 0::bigint,
  'the link of the invitation is not sent any more');
select is((select string_agg(e.facts ->> 'is', ' ') from leadgen.events e where e.kind = 'user_binding_changed'), 'added added',
  'each binding is an event');
select is((select max(t.tries) from leadgen.sign_in_tries t where t.kind = 'network'), 6, 'what failed is counted for the network');

-- Who has an app
insert into leadgen.user_totp (user_id, created_at, secret, confirmed_at)
select bob, leadgen.clock(), decode(repeat('00', 20), 'hex'), leadgen.clock() from people;
set local role leadgen_api;
select is(pg_temp.enter('s8', 'b', 'bob@people.example'), 'second_factor', 'who has an app does not come in by one factor');
select is(pg_temp.enter('s9', 'b', 'bob@people.example', p_is_mfa => true), 'signed_in', 'it does by two factors of the provider');

-- How new a session is
select is(pg_temp.enter('t1', 'a', 'ann@people.example', 'old', p_proved_at => '2026-11-20T15:44:00Z'), 'signed_in',
  'the provider may have asked long ago');
select is(pg_temp.ask_key('old'), 'LG403 session',
  'such a session is no new one');
select pg_temp.enter('t2', 'a', 'ann@people.example', 'unsaid', p_proved_at => null);
select is(pg_temp.ask_key('unsaid'), 'LG403 session',
  'a session is no new one where the provider does not say when it asked');
select is(pg_temp.ask_key('ann'), 'none',
  'a session of just now is a new one');
reset role;

-- Who is stopped, and whose binding is removed
select leadgen.change_user_status(ann, 'suspended', 'test') from people;
select is(pg_temp.enter('u1', 'a', 'ann@people.example'), 'no_user', 'who is suspended stays out');
select leadgen.change_user_status(ann, 'active', 'test') from people;
select is(testkit.fault_of(format('select leadgen.remove_user_bindings(%s, null)', ann)), 'LG400 reason', 'a removal has a reason')
from people;
select is(leadgen.remove_user_bindings(ann, 'a new account'), 1, 'an operator removes a binding') from people;
select is(leadgen.remove_user_bindings(ann, 'a new account'), 0, 'when there is none, none') from people;
select is(pg_temp.enter('u2', 'b2', 'ann@people.example'), 'signed_in', 'another account is bound then');
select is(testkit.fault_of(format('select leadgen.remove_user_bindings_for(%L, %s, %L)', testkit.hash_of('ivy'), ann, 'test')),
  'LG403 role',
  'who is no admin removes none') from people;

-- What is over
select leadgen.start_provider_sign_in(testkit.hash_of('v1'));
select testkit.at_time('2026-11-20T16:10:00Z');
select is(t.attempt_id, null, 'a state of 10 minutes ago is not taken')
from leadgen.take_provider_state(testkit.hash_of('v1'), '192.0.2.1') t;
select is((select count(*) from leadgen.sign_in_attempts a where a.finished_at is null), 1::bigint,
  'an attempt that nobody finished stays open');

select * from finish();
rollback;
