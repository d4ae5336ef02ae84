-- Users: who can be made, how their status moves, and what is written of it.
begin;
select plan(55);
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.make_source(testkit.open_offer('{}', 'Best'));
create temp table known as
select testkit.new_buyer('Ace') as buyer, (select min(id) from leadgen.sources) as source,
  testkit.new_user('Ann') as ann, testkit.new_user('Zed') as zed;
grant select on known to public;

-- Who can be invited.
create function pg_temp.invite(p_email text, p_name text, p_role text, p_buyer text, p_source text, p_kind text) returns text
language sql as $$
  select testkit.fault_of(format('select leadgen.invite_user(%L, %L, %L, %s, %s, %L)', p_email, p_name, p_role,
    case p_buyer when 'buyer' then (select buyer::text from known) else coalesce(p_buyer, 'null') end,
    case p_source when 'source' then (select source::text from known) else coalesce(p_source, 'null') end, p_kind))
$$;
set local role leadgen_dba;
select is(pg_temp.invite(email, name, role, buyer, source, kind), fault, format('%s: %s', role, what))
from (values
  ('u1@p.example', 'U', 'admin', null, null, null, 'none', 'alone'),
  ('u2@p.example', 'U', 'operator', null, null, null, 'none', 'alone'),
  ('u3@p.example', 'U', 'analyst', null, null, null, 'none', 'alone'),
  ('u4@p.example', 'U', 'finance', null, null, null, 'none', 'alone'),
  ('u5@p.example', 'U', 'buyer', 'buyer', null, 'owner', 'none', 'with its buyer, an owner'),
  ('u6@p.example', 'U', 'buyer', 'buyer', null, 'member', 'none', 'with its buyer, a member'),
  ('u7@p.example', 'U', 'source', null, 'source', null, 'none', 'with its source'),
  ('u8@p.example', 'U', 'buyer', null, null, 'owner', 'LG400 buyer_id', 'without its buyer'),
  ('u8@p.example', 'U', 'buyer', '0', null, 'owner', 'LG404 buyer_id', 'with a buyer that is not there'),
  ('u8@p.example', 'U', 'buyer', 'buyer', null, null, 'LG400 member_kind', 'of no kind'),
  ('u8@p.example', 'U', 'buyer', 'buyer', null, 'guest', 'LG400 member_kind', 'of another kind'),
  ('u8@p.example', 'U', 'buyer', 'buyer', 'source', 'owner', 'LG400 source_id', 'with a source'),
  ('u8@p.example', 'U', 'source', null, null, null, 'LG400 source_id', 'without its source'),
  ('u8@p.example', 'U', 'source', null, '0', null, 'LG404 source_id', 'with a source that is not there'),
  ('u8@p.example', 'U', 'admin', 'buyer', null, null, 'LG400 buyer_id', 'with a buyer'),
  ('u8@p.example', 'U', 'admin', null, null, 'owner', 'LG400 member_kind', 'as an owner'),
  ('u8@p.example', 'U', 'root', null, null, null, 'LG400 role', 'no such role'),
  ('u8', 'U', 'admin', null, null, null, 'LG400 email', 'no address'),
  (null, 'U', 'admin', null, null, null, 'LG400 email', 'null for an address'),
  (format('%s@p.example', repeat('u', 200)), 'U', 'admin', null, null, null, 'LG400 email', 'an address that is too long'),
  ('u8@p.example', ' ', 'admin', null, null, null, 'LG400 name', 'no name'),
  ('u8@p.example', repeat('u', 201), 'admin', null, null, null, 'LG400 name', 'a name that is too long'),
  ('u8@p.example', E'U\nX', 'admin', null, null, null, 'LG400 name', 'a name of two lines'),
  ('U1@P.Example', 'U', 'admin', null, null, null, 'LG409 email', 'an address that has a user, in other letters')
) as t (email, name, role, buyer, source, kind, fault, what);
select is(u.status, 'pending', 'who was invited is pending') from leadgen.users u where u.email = 'u1@p.example';

-- Who a DBA is not.
select is(testkit.fault_of(sql), '42501', format('a DBA: %s', sql))
from unnest(array['select leadgen.create_user(''x@p.example'', ''X'', ''admin'', null, null, null, null, null)',
  'select leadgen.set_user_password(1, null, null)', 'update leadgen.users set role = ''admin''',
  'insert into leadgen.users (email, name, role) values (''x@p.example'', ''X'', ''admin'')', 'delete from leadgen.users',
  'select leadgen.start_sign_in(''x@p.example'', null, null)', 'select * from leadgen.claim_user_mails(''{x}'')']) sql;

-- The status, and the event of each move.
create function pg_temp.move(p_status text, p_reason text default 'a test') returns text language sql as $$
  select testkit.fault_of(format('select leadgen.change_user_status(%s, %L, %L)', ann, p_status, p_reason)) from known
$$;
select is(pg_temp.move(status), fault, format('Ann becomes %s: %s', status, fault))
from (values ('suspended', 'none'), ('active', 'none'), ('deactivated', 'none'), ('suspended', 'LG409 status'), ('active', 'none'),
  ('pending', 'LG400 status'), (null, 'LG400 status')) as t (status, fault);
select is(leadgen.change_user_status(ann, 'active', 'again'), null, 'a move to where the user is does nothing') from known;
select is(pg_temp.move('suspended', reason), 'LG400 reason', format('a reason that is %s', what))
from (values (null, 'null'), (' ', 'blank'), (E'a\nb', 'of two lines'), (repeat('x', 301), 'longer than 300')) as t (reason, what);
select is(testkit.fault_of('select leadgen.change_user_status(0, ''active'', ''x'')'), 'LG404 user_id', 'a user that is not there');
select is(testkit.fault_of(format('select leadgen.change_user_status(%s, ''active'', ''x'')', u.id)), 'LG409 status',
  'an invitation is not accepted by an operator') from leadgen.users u where u.email = 'u1@p.example';
select is(leadgen.change_user_status(u.id, 'deactivated', 'x'), 'deactivated', 'an invitation can be taken back') from leadgen.users u
where u.email = 'u1@p.example';
select is(leadgen.change_user_status(u.id, 'active', 'x'), 'pending', 'it stands again, and still has to be accepted') from leadgen.users u
where u.email = 'u1@p.example';
reset role;
select results_eq(format($$select e.facts ->> 'was', e.facts ->> 'is', e.facts ->> 'reason', e.facts ->> 'by' from leadgen.events e
  where e.kind = 'user_status_changed' and (e.facts ->> 'user_id')::bigint = %s order by e.id$$, ann), format($$values
  ('active', 'suspended', 'a test', %1$L), ('suspended', 'active', 'a test', %1$L), ('active', 'deactivated', 'a test', %1$L),
  ('deactivated', 'active', 'a test', %1$L)$$, session_user), 'each move is an event: from what, to what, why and by whom') from known;

-- The table refuses what the functions do not do.
select is(testkit.fault_of(format('update leadgen.users set %s where id = %s', change, ann)), fault, format('users: %s', change))
from known,
  (values ('role = ''buyer''', '23514'), ('verified_at = null', '23514'), ('email = ''Ann@people.example''', '23514'),
    ('status = ''pending''', 'LG409 status')) as t (change, fault);
create function pg_temp.words_of(p_sql text) returns text language plpgsql as $$
declare
  v_message text;
  v_detail text;
begin
  execute p_sql;
  return 'Secret: it was not refused';
exception
  when others then
    get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail;
    return concat_ws(' ', v_message, v_detail);
end;
$$;
select is(pg_temp.words_of(format('update leadgen.users set email = ''Secret@people.example'' where id = %s', ann)) ~ 'Secret', false,
  'a refusal does not repeat the row') from known;
-- Row-level security is forced on people: what a unique key finds is not printed to the owner's functions, either.
set local role leadgen_owner;
select matches(pg_temp.words_of($$insert into leadgen.users (email, name, role)
  select u.email, 'Secret', 'operator' from leadgen.users u limit 1$$), '^duplicate key value .*users_email_unique"[^@]*$',
  'an address that is taken is not repeated');
reset role;

select * from finish();
rollback;
