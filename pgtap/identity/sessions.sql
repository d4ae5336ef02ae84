-- Sessions: how long they last, who ends them, and that nobody sees or ends another's.
begin;
select plan(32);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table people as select testkit.new_user('Ann') as ann, testkit.new_user('Bea', 'buyer') as bea;
grant select on people to public;
create function pg_temp.me(p_token text) returns text language sql as $$
  select leadgen.show_me(testkit.hash_of(p_token)) #>> '{user,name}'
$$;
create function pg_temp.fault(p_token text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.show_me(%L)', testkit.hash_of(p_token)))
$$;
set local role leadgen_api;
select testkit.sign_in('Ann', p_token => 'a1'), testkit.sign_in('Ann', p_token => 'a2'), testkit.sign_in('Bea', p_token => 'b1');
select is(pg_temp.me('a1'), 'Ann', 'a token is its user''s');
select is(pg_temp.me('b1'), 'Bea', 'another token is another''s');
select is(pg_temp.fault('none'), 'LG401', 'a token that never was');
select is(testkit.fault_of('select leadgen.show_me(null)'), 'LG401', 'no token');
select is(leadgen.show_me(testkit.hash_of('b1')) #> '{user}', jsonb_build_object('id', bea, 'email', 'bea@people.example', 'name', 'Bea',
  'role', 'buyer', 'status', 'active', 'member_kind', 'owner', 'buyer_id', b.buyer_id, 'source_id', null, 'has_totp', false),
  'show_me: who it is') from people, lateral (select (leadgen.show_me(testkit.hash_of('b1')) #>> '{user,buyer_id}')::bigint) b (buyer_id);

-- A session is written to at most once a minute.
create function pg_temp.seen() returns text language sql as $$
  select to_char((leadgen.show_me(testkit.hash_of('b1')) #>> '{session,seen_at}')::timestamptz at time zone 'UTC', 'HH24:MI:SS')
$$;
select testkit.at_time('2026-11-20T16:01:00Z');
select is(pg_temp.seen(), '16:00:00', 'a minute later nothing is written');
select testkit.at_time('2026-11-20T16:01:01Z');
select pg_temp.seen();
select is(pg_temp.seen(), '16:01:01', 'after more than a minute it is');

-- Idle, and in any case.
select testkit.at_time('2026-11-20T18:00:00Z');
select is(pg_temp.me('a1'), 'Ann', 'an operator may be idle for two hours');
select leadgen.find_feed_reader(testkit.hash_of('a2')), set_config('leadgen.unattended', 'on', true);
select pg_temp.me('a2'), set_config('leadgen.unattended', '', true);
select testkit.at_time('2026-11-20T18:00:01Z');
select is(pg_temp.fault('a2'), 'LG401', 'a stream, and a page that asks by itself, keep no session alive');
select testkit.at_time('2026-11-20T20:00:01Z');
select is(pg_temp.fault('a1'), 'LG401', 'an operator may not be idle for longer');
select is(pg_temp.me('b1'), 'Bea', 'a buyer may');
select is(leadgen.list_own_sessions(testkit.hash_of('b1')) #>> '{0,is_current}', 'true', 'the session that asks is named');
select testkit.sign_in('Ann', p_token => 'c');
create function pg_temp.use_daily(p_token text) returns text language plpgsql as $$
begin
  for v_hour in 1 .. 24 loop
    perform set_config('leadgen.clock', (timestamptz '2026-11-20T20:00:01Z' + v_hour * interval '1 hour')::text, true);
    if pg_temp.fault(p_token) <> 'none' then
      return format('%s hours', v_hour - 1);
    end if;
  end loop;
  return 'a day and more';
end;
$$;
select is(pg_temp.use_daily('c'), '11 hours', 'an operator''s session ends after 12 hours, however much it is used');
select is(pg_temp.use_daily('b1'), 'a day and more', 'a buyer''s lasts longer');
select testkit.at_time('2026-11-27T16:00:00Z');
select is(pg_temp.fault('b1'), 'LG401', 'a buyer''s ends after 7 days');

-- Listed and ended.
select testkit.at_time('2026-11-28T16:00:00Z');
select testkit.sign_in('Ann', p_token => token) from unnest('{d1,d2,d3}'::text[]) token;
select testkit.sign_in('Bea', p_token => 'e1');
create function pg_temp.revoke(p_token text, p_of text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.revoke_own_sessions(%L, %s)', testkit.hash_of(p_token),
    leadgen.show_me(testkit.hash_of(p_of)) #>> '{session,id}'))
$$;
select is(jsonb_array_length(leadgen.list_own_sessions(testkit.hash_of('d1'))), 3, 'a user sees its sessions in force');
select is(leadgen.list_own_sessions(testkit.hash_of('d1'))::text ~ testkit.hash_of('d2'), false, 'no session shows its token''s hash');
select is(pg_temp.revoke('d1', 'e1'), 'LG404 session_id', 'another user''s session does not exist');
select is(pg_temp.me('e1'), 'Bea', 'it goes on');
select is(pg_temp.revoke('d1', 'd2'), 'none', 'a user ends a session of its own');
select is(pg_temp.fault('d2'), 'LG401', 'it is over');
select is(testkit.fault_of(format('select leadgen.revoke_own_sessions(%L, 1)', testkit.hash_of('d2'))), 'LG401', 'who is out ends nothing');
select leadgen.sign_out(testkit.hash_of('d3'));
select is(pg_temp.fault('d3'), 'LG401', 'whoever signs out is out');
select lives_ok(format('select leadgen.sign_out(%L)', testkit.hash_of('d3')), 'signing out again is no error');
select is(leadgen.revoke_own_sessions(testkit.hash_of('d1')), 1, 'a user ends all its sessions');
select is(pg_temp.fault('d1'), 'LG401', 'the one that asked is over, too');
reset role;

-- By an operator.
select testkit.sign_in('Ann', p_token => 'f1'), testkit.sign_in('Bea', p_token => 'g1');
set local role leadgen_dba;
select is(leadgen.revoke_user_sessions(ann), 1, 'a DBA signs a user out') from people;
select is(pg_temp.fault('f1'), '42501', 'a DBA opens no session');
select is(testkit.fault_of('select leadgen.revoke_user_sessions(0)'), 'LG404 user_id', 'a user that is not there');
select is(leadgen.change_user_status(bea, 'suspended', 'a test'), 'suspended', 'a DBA suspends a user') from people;
reset role;
select is(pg_temp.fault(token), 'LG401', format('session %s is over', token)) from unnest('{f1,g1}'::text[]) token;

select * from finish();
rollback;
