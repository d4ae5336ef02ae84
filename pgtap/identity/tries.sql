-- Who has to wait before the next sign-in, and that nobody is locked out by what others try.
begin;
select plan(34);
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.new_user('Ann'), testkit.new_user('Bob');
set local role leadgen_api;

-- From one network.
select is(testkit.sign_in('Ann', 'wrong'), 'failed', format('try %s is free', n)) from generate_series(1, 5) n;
select is(testkit.sign_in('Ann'), 'wait 1', 'the sixth waits, also with the right password');
select is(testkit.sign_in('Nobody', 'wrong', '192.0.2.2'), 'failed', 'an address that nobody has: free') from generate_series(1, 5);
select is(testkit.sign_in('Nobody', 'wrong', '192.0.2.2'), 'wait 1', 'an address that nobody has waits as others do');
select is(testkit.sign_in('Bob', 'wrong'), 'failed', 'another account from there does not wait');
select is(testkit.sign_in('Ann', 'wrong', '2001:db8::1'), 'failed', 'the account from another network does not wait');
select is(testkit.sign_in('Ann', 'wrong', '2001:db8::ffff'), 'failed', 'one /64 is one network') from generate_series(1, 4);
select is(testkit.sign_in('Ann', 'wrong', '2001:db8::2'), 'wait 1', 'another address of a /64 is no way around');
select testkit.at_time('2026-11-20T16:00:01Z');
select is(testkit.sign_in('Ann', 'wrong'), 'failed', 'after the wait there is one try');
select is(testkit.sign_in('Ann', 'wrong'), 'wait 2', 'each wait is twice the one before');
select testkit.at_time('2026-11-20T16:00:03Z');
select is(testkit.sign_in('Ann', p_device => 'laptop'), 'signed_in', 'the right password signs in after the wait');
select is(testkit.sign_in('Ann', 'wrong'), 'failed', 'a success forgets the tries');
reset role;

-- The longest wait, and when tries are forgotten.
create function pg_temp.take(p_kind text, p_free integer) returns integer language sql as $$
  select identity.take_try(array[p_kind], array[identity.name_subject(p_kind, 'x')], array[p_free])
$$;
select pg_temp.take('pair', 5);
update leadgen.sign_in_tries set tries = 60 where subject = identity.name_subject('pair', 'x');
select is(pg_temp.take('pair', 5), 0, 'a try after many');
select is(pg_temp.take('pair', 5), 900, 'no wait is longer than 15 minutes');
select testkit.at_time('2026-11-20T17:30:00Z');
select is(pg_temp.take('pair', 5), 0, 'an hour and more later');
select is(t.tries, 1, 'an hour without a try forgets those before') from leadgen.sign_in_tries t
where t.subject = identity.name_subject('pair', 'x');

-- Strangers from everywhere try one account.
set local role leadgen_api;
select testkit.sign_in('Ann', 'wrong', format('198.51.100.%s', n)) from generate_series(1, 101) n;
select is(testkit.sign_in('Ann', 'wrong', '203.0.113.1'), 'wait 1', 'strangers wait, wherever they are');
select is(testkit.sign_in('Ann', p_address => '203.0.113.1', p_device => 'laptop', p_token => 'a'), 'signed_in',
  'the owner''s browser does not wait, wherever it is');
select is(testkit.sign_in('Ann', p_device => 'phone', p_token => 'b'), 'signed_in',
  'a new browser where the owner signed in before does not wait');
reset role;
select is(count(*), 0::bigint, 'no address can be read from the tries') from leadgen.sign_in_tries t where t::text like '%ann%';

-- E-mails that one network asks for.
set local role leadgen_api;
select lives_ok($$select leadgen.forgot_password(format('p%s@people.example', n), '203.0.113.9') from generate_series(1, 20) n$$,
  'twenty e-mails are free');
select is(leadgen.forgot_password('ann@people.example', '203.0.113.9'), 1, 'the next waits');
select is(leadgen.sign_up('new@people.example', 'New', null, null, 'x', 'x', '203.0.113.9'), 1, 'a sign-up from there waits, too');
reset role;

select * from finish();
rollback;
