-- Rights of the console: by role, by session, and with a reason where one is asked for.
begin;
select plan(23);
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.make_source(testkit.open_offer('{}', 'Best'));
select testkit.new_user('Ann'), testkit.new_user('Oda', 'operator'), testkit.new_user('Fay', 'finance'),
  testkit.new_user('Una', 'analyst'), testkit.new_user('Bea', 'buyer');
create temp table people as
select u.name, testkit.hash_of(lower(u.name)) as token from leadgen.users u;
grant select on people to public;
set local role leadgen_api;
select testkit.sign_in(p.name, p_token => lower(p.name)) from people p;
reset role;

select is(identity.list_rights(role), rights::text[], format('the rights of %s', coalesce(role, 'nobody')))
from (values
  ('admin', '{read,work,decide,open,erase,configure,manage}'), ('operator', '{read,work,decide,open,configure}'),
  ('finance', '{read,decide}'), ('analyst', '{read}'), ('buyer', '{buy}'), ('source', '{}'), (null, '{}')
) as t (role, rights);

select is((identity.admit_user(token, 'read')).name::text, name::text, format('%s may read', name))
from people where name <> 'Bea';
select is(testkit.fault_of(format('select identity.admit_user(%L, %L)', testkit.hash_of(who), what)), 'LG403 role',
  format('%s may not %s', who, what))
from (values ('bea', 'read'), ('una', 'work'), ('fay', 'open'), ('oda', 'erase'), ('una', 'decide'), ('ann', 'fly')) as t (who, what);
select is(testkit.fault_of('select identity.admit_user(''nothing'', ''read'')'), 'LG401', 'a token of nobody admits nobody is admitted');
select is(testkit.detail_of(format('select identity.admit_user(%L, ''decide'')', testkit.hash_of('una'))) ->> 'allowed',
  'admin, operator, finance', 'a refusal names the roles that have the right');
select is(testkit.fault_of(format('select identity.admit_for(%L, ''work'', %L)', testkit.hash_of('oda'), reason)), 'LG400 reason',
  format('%s is no reason', what))
from (values (null, 'nothing'), (E' \t', 'blanks'), (repeat('x', 501), '501 characters')) as t (reason, what);
select identity.admit_for(testkit.hash_of('oda'), 'configure', '  they   asked ');
select is(current_setting('leadgen.reason', true), 'they asked', 'the reason is what the audit keeps of the transaction');
select * from finish();
rollback;
