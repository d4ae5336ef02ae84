-- Codes of an app: enrolled, confirmed, each used once, and recovery codes that stand in for it.
begin;
select plan(49);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table people as select testkit.new_user('Ann') as ann;
create function pg_temp.code(p_steps integer default 0) returns text language sql security definer as $$
  select kernel.compute_totp(t.secret, extract(epoch from leadgen.clock())::bigint / 30 + p_steps) from leadgen.user_totp t
$$;
create function pg_temp.hashes(p_letter text) returns text[] language sql as $$
  select array(select testkit.hash_of(format('%s%s', repeat(p_letter, 15), n)) from generate_series(1, 8) n)
$$;
create function pg_temp.confirm(p_code text, p_token text default 'one') returns text language sql as $$
  select leadgen.confirm_totp(testkit.hash_of(p_token), p_code, pg_temp.hashes('A')) ->> 'status'
$$;
create function pg_temp.fault(p_call text, p_token text default 'one') returns text language sql as $$
  select testkit.fault_of(format('select leadgen.%s', format(p_call, quote_literal(testkit.hash_of(p_token)))))
$$;
set local role leadgen_api;
select testkit.sign_in('Ann', p_token => 'one');

-- Enrolled.
select is(pg_temp.fault('confirm_totp(%s, ''000000'', ''{}'')'), 'LG409 totp', 'without an app there is nothing to confirm');
select is(pg_temp.fault('make_recovery_codes(%s, ''000000'', ''{}'')'), 'LG409 totp', 'without an app there are no recovery codes');
select is(pg_temp.fault('enrol_totp(%s)', 'none'), 'LG401', 'who is not signed in enrols no app');
create temp table made as select leadgen.enrol_totp(testkit.hash_of('one')) as answer;
select matches(answer ->> 'secret', '^[A-Z2-7]{32}$', 'enrol_totp: a secret of 160 bits in base32') from made;
select is(answer ->> 'account', 'ann@people.example', 'enrol_totp: for whom') from made;
select isnt(leadgen.enrol_totp(testkit.hash_of('one')) ->> 'secret', answer ->> 'secret', 'enrolled again, there is another secret')
from made;
select is(testkit.sign_in('Ann', p_token => 'two'), 'signed_in', 'an app that is not confirmed is not asked for');
select is(pg_temp.confirm('000000'), 'wrong_code', 'a wrong code confirms nothing');
select is(pg_temp.fault(format('confirm_totp(%%s, %L, ''{x}'')', pg_temp.code())), 'LG400 code_hashes', 'one recovery code is too few');
select is(pg_temp.confirm(pg_temp.code()), 'done', 'a code confirms the app');
select is(pg_temp.fault('enrol_totp(%s)'), 'LG409 totp', 'a confirmed app is not replaced');
select is(leadgen.show_me(testkit.hash_of('one')) #>> '{user,has_totp}', 'true', 'the user has an app');

-- Asked for.
create function pg_temp.enter(p_code text, p_password text default 'open sesame') returns text language sql as $$
  select testkit.sign_in('Ann', p_password, p_code => p_code)
$$;
select is(pg_temp.enter(null), 'code_needed', 'a sign-in needs a code');
select is(pg_temp.enter(null, 'wrong'), 'failed', 'with a wrong password nobody hears of codes');
select is(pg_temp.enter(pg_temp.code()), 'failed', 'the code that confirmed the app was used');
select is(pg_temp.enter(pg_temp.code(1)), 'signed_in', 'a clock may be a step ahead');
select is(pg_temp.enter(pg_temp.code(1)), 'failed', 'a code is used once');
select is(pg_temp.enter(pg_temp.code()), 'failed', 'a code before the last is not taken');
select testkit.at_time('2026-11-20T16:02:00Z');
select is(pg_temp.enter(pg_temp.code(-1)), 'signed_in', 'a clock may be a step behind');
select is(pg_temp.enter(pg_temp.code(-2)), 'failed', 'two steps are too many');
select is(pg_temp.enter(pg_temp.code(), 'wrong'), 'failed', 'a wrong password with a right code');
select is(pg_temp.enter(pg_temp.code()), 'signed_in', 'the code was not used up by that');

-- Guessed.
select is(pg_temp.enter('000000'), 'failed', format('wrong code %s at a sign-in', n)) from generate_series(1, 9) n;
select is(pg_temp.enter(null), 'code_needed', 'the right password without a code');
select is(pg_temp.enter('000000'), 'wait 1', 'it forgets no wrong codes: who guesses them waits');
select testkit.at_time('2026-11-20T16:02:05Z');

-- Recovery codes.
select is(pg_temp.enter('aaaa-aaaa-aaaa-aaa1'), 'signed_in', 'a recovery code signs in, however it is written');
select is(pg_temp.enter('AAAAAAAAAAAAAAA1'), 'failed', 'a recovery code is used once');
select is(pg_temp.enter('BBBBBBBBBBBBBBB1'), 'failed', 'a code that nobody has');
create function pg_temp.renew(p_code text) returns text language sql as $$
  select leadgen.make_recovery_codes(testkit.hash_of('one'), p_code, pg_temp.hashes('B')) ->> 'status'
$$;
select is(pg_temp.renew('AAAAAAAAAAAAAAA2'), 'done', 'new recovery codes by an old one');
select is(pg_temp.enter('AAAAAAAAAAAAAAA3'), 'failed', 'the old ones are void');
select is(pg_temp.renew('000000'), 'wrong_code', format('wrong code %s', n)) from generate_series(1, 5) n;
select is(pg_temp.renew('000000'), 'wait', 'who guesses codes in a session waits');
select testkit.at_time('2026-11-20T16:20:00Z');
select is(pg_temp.enter('BBBBBBBBBBBBBBB2'), 'signed_in', 'a new one signs in');
select is(pg_temp.fault('confirm_totp(%s, ''000000'', ''{}'')'), 'LG403 session', 'an old session confirms no app');
select is(leadgen.remove_own_totp(testkit.hash_of('one'), pg_temp.code()) ->> 'status', 'done', 'a code removes the app');
select is(pg_temp.enter(null), 'signed_in', 'without an app no code is asked for');
reset role;
select is(array_agg(distinct e.kind), '{user_created,user_recovery_code_used,user_totp_changed}', 'what operators hear of')
from leadgen.events e
where e.kind like 'user%';

select * from finish();
rollback;
