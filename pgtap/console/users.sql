-- Users and keys on the console's pages: who waits, who signs in how, what an admin changes, whose key is whose to make.
begin;
select plan(59);
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.make_source(testkit.open_offer('{}', 'Best'));
create function pg_temp.sign_in(p_name text, p_role text) returns text language sql as $$
  select testkit.new_user(p_name, p_role);
  select testkit.sign_in(p_name, p_token => p_name);
  select testkit.hash_of(p_name)
$$;
create temp table tokens as select pg_temp.sign_in('Ada', 'admin') as ada, pg_temp.sign_in('Olga', 'operator') as olga,
  pg_temp.sign_in('Ana', 'analyst') as ana, pg_temp.sign_in('Bea', 'buyer') as bea;
create function pg_temp.id_of(p_name text) returns bigint language sql as $$
  select u.id from leadgen.users u where u.name = p_name
$$;
create function pg_temp.fault(p_sql text, p_who text) returns text language sql as $$
  select testkit.fault_of(format(replace(p_sql, '#', '%1$L'), testkit.hash_of(p_who)))
$$;
select leadgen.sign_up('new@buyer.example', 'Nan', 'Ace Roofing', null, substr(sha256('salt'), 1, 16), sha256('x'), null);
update leadgen.buyers b set company = 'ACE Roofing' where b.id = (select u.buyer_id from leadgen.users u where u.name = 'Bea');

-- The list.
create function pg_temp.names(p_text text, p_role text, p_status text, p_before bigint default null)
returns text language sql as $$
  select string_agg(r ->> 'name', ' ' order by n)
  from tokens, jsonb_array_elements(leadgen.show_users_for(ada, p_text, p_role, p_status, p_before) -> 'rows')
    with ordinality as t (r, n)
$$;
select is(pg_temp.names(null, null, null), 'Nan Bea Ana Olga Ada', 'users are listed, the newest first');
select is(pg_temp.names('OLG', null, null), 'Olga', 'a part of a name finds a user');
select is(pg_temp.names('ace roof', null, null), 'Nan', 'the company of a sign-up finds it');
select is(pg_temp.names(null, 'analyst', null), 'Ana', 'a role finds its users');
select is(pg_temp.names(null, null, 'waiting'), 'Nan', 'waiting finds sign-ups that nobody approved');
select is(pg_temp.names(null, null, null, pg_temp.id_of('Ana')), 'Olga Ada', 'a list goes on before a key');
select is(leadgen.show_users_for(ada) -> 'waiting', '0', 'a sign-up whose address nobody verified does not wait for an admin')
from tokens;
select is(leadgen.show_today(ada) #> '{needs,sign_ups}', '0', 'Today does not say so, either') from tokens;
update leadgen.users u set verified_at = leadgen.clock() where u.name = 'Nan';
select is(leadgen.show_users_for(ada) -> 'waiting', '1', 'one that was verified waits') from tokens;
select is(leadgen.show_today(ada) #> '{needs,sign_ups}', '1', 'Today says so, too') from tokens;

-- One user.
create temp table page as select leadgen.show_user_for(ada, pg_temp.id_of('Nan')) as nan,
  leadgen.show_user_for(ada, pg_temp.id_of('Olga')) as olga from tokens;
select is(nan #>> '{likely_buyers,0,company}', 'ACE Roofing', 'a sign-up names the buyers with its company') from page;
select is(nan #>> '{user,waits_for}', 'approval', 'what a user waits for is said') from page;
select is(olga #>> '{sessions,0,state}', 'active', 'the sessions of a user are listed') from page;
select is(olga -> 'roles', '["admin", "operator", "finance", "analyst"]', 'a user of the house may have any role of it') from page;
select is(nan -> 'roles', '["buyer"]', 'a user of a buyer stays one') from page;
select is((olga -> 'factors') - '{bindings,recovery_codes}'::text[], '{"has_password": true, "totp_since": null, "passkeys": []}',
  'how a user signs in is said') from page;
select unalike(page::text, '%salt%', 'no secret is on the page') from page;
select is(pg_temp.fault(sql, who), fault, format('%s: %s', who, sql))
from (values ('select leadgen.show_users_for(#)'), (format('select leadgen.show_user_for(#, %s)', pg_temp.id_of('Ada')))) as s (sql),
  (values ('Olga', 'LG403 role'), ('Bea', 'LG403 role')) as t (who, fault);
select is(pg_temp.fault('select leadgen.show_user_for(#, 0)', 'Ada'), 'LG404 id', 'there is no user of another id');

-- Roles.
create function pg_temp.change(p_name text, p_role text, p_kind text, p_who text default 'Ada') returns text language sql as $$
  select pg_temp.fault(format('select leadgen.change_user_role_for(#, %s, %L, %L, ''moved'')', pg_temp.id_of(p_name),
    p_role, p_kind), p_who)
$$;
select is(pg_temp.change(who, role, kind, manager), fault, format('%s: %s %s, by %s', who, role, kind, manager)) from (values
  ('Olga', 'buyer', 'owner', 'Ada', 'LG400 role'), ('Olga', 'admin', 'owner', 'Ada', 'LG400 member_kind'),
  ('Olga', null, null, 'Ada', 'LG400 role'), ('Bea', 'admin', null, 'Ada', 'LG400 role'),
  ('Nan', 'buyer', 'owner', 'Ada', 'LG409 user_id'), ('Ada', 'finance', null, 'Ada', 'LG409 user_id'),
  ('Ana', 'admin', null, 'Olga', 'LG403 role')) as t (who, role, kind, manager, fault);
select is(leadgen.change_user_role_for(ada, pg_temp.id_of('Olga'), 'operator', '', 'moved'), false, 'the same role is no change')
from tokens;
select is(leadgen.change_user_role_for(ada, pg_temp.id_of('Olga'), 'finance', '', 'moved'), true, 'an admin gives another role')
from tokens;
select is(e.message, format('user %s is finance, was operator: moved', pg_temp.id_of('Olga')), 'an event says who is what and why')
from leadgen.events e where e.kind = 'user_role_changed';
select is(a.reason, 'moved', 'the audit has the reason') from leadgen.audit_entries a
where a.table_name = 'users' and a.after ? 'role' and a.action = 'update';
select is(testkit.fault_of(format('select leadgen.show_today(%L)', olga)), 'LG401', 'its sessions are over') from tokens;
select is(pg_temp.change('Bea', 'buyer', 'member'), 'none', 'an owner of a buyer becomes a member');
update leadgen.user_sessions s set created_at = leadgen.clock() - interval '16 minutes', proved_at = null
where s.user_id = pg_temp.id_of('Ada');
select is(pg_temp.change('Ana', 'operator', null), 'LG403 session', 'it takes a sign-in of the last 15 minutes');
select is(pg_temp.fault(format('select leadgen.remove_user_factors_for(#, %s, ''lost'')', pg_temp.id_of('Ana')), 'Ada'),
  'LG403 session', 'the removal of an app takes one, too');
update leadgen.user_sessions s set created_at = leadgen.clock() where s.user_id = pg_temp.id_of('Ada');
select is(leadgen.remove_user_factors_for(ada, pg_temp.id_of('Ana'), 'lost'), 0, 'of a user without passkeys none are removed')
from tokens;

-- Whose keys are whose to make.
select pg_temp.sign_in('Ivo', 'operator');
create function pg_temp.key(p_kind text, p_owner text, p_who text, p_end text default null) returns text language sql as $$
  select pg_temp.fault(format(
    'select leadgen.give_key_for(#, %L, %s, ''a key'', substr(translate(md5(random()::text), ''01'', ''ab''), 1, 8), '
    'testkit.hash_of(random()::text), ''asked for'', null, %L)', p_kind, p_owner, p_end), p_who)
$$;
select is(pg_temp.key(kind, owner, who), fault, format('%s makes a key of kind %s: %s', who, kind, fault)) from (values
  ('source', (select min(s.id)::text from leadgen.sources s), 'Olga', 'LG401'), ('buyer', 'null', 'Ada', 'LG400 owner_id'),
  ('operator', 'null', 'Ada', 'none'), ('user', pg_temp.id_of('Ana')::text, 'Ada', 'LG400 kind'),
  ('operator', 'null', 'Ivo', 'LG403 role'), ('source', (select min(s.id)::text from leadgen.sources s), 'Ivo', 'none')
) as t (kind, owner, who, fault);
select is(pg_temp.key('operator', 'null', 'Ada', '2026-11-01'), 'LG400 expires_at', 'a key that has expired is not made');
select is(pg_temp.key('operator', 'null', 'Ada', 'soon'), 'LG400 expires_at', 'an end that is no time is named');
create temp table made as select max(k.id) filter (where k.kind = 'operator') as operator,
  max(k.id) filter (where k.kind = 'source') as source from leadgen.api_keys k;
create function pg_temp.rotate(p_id bigint, p_kind text, p_days integer, p_who text) returns text language sql as $$
  select pg_temp.fault(format('select leadgen.rotate_key_for(#, %s, %L, %s, ''abcdefgh'', testkit.hash_of(''n''), ''old'')',
    p_id, p_kind, p_days), p_who)
$$;
select is(pg_temp.rotate(operator, 'operator', 1, 'Ivo'), 'LG403 role', 'a key of an operator is not for an operator to replace')
from made;
select is(pg_temp.rotate(operator, 'source', 1, 'Ada'), 'LG400 kind', 'a key is replaced by one of its kind') from made;
select is(pg_temp.rotate(source, 'source', 91, 'Ivo'), 'LG400 overlap_days', 'the old key does not live on for ever') from made;
select is(pg_temp.rotate(source, 'source', 7, 'Ivo'), 'none', 'a key of a source is replaced') from made;
select is(k.expires_at, '2026-11-27T16:00:00Z', 'the old one lives on for as long as was said')
from leadgen.api_keys k join made on k.id = made.source;
select is(pg_temp.fault(format('select leadgen.take_key_for(#, %s, ''old'')', operator), 'Ivo'), 'LG403 role',
  'a key of an operator is not for an operator to revoke') from made;
select is(leadgen.take_key_for(ada, operator, 'old'), true, 'an admin revokes it') from tokens, made;
select is(string_agg(r ->> 'state', ' ' order by n), 'revoked', 'a state finds its keys')
from tokens, jsonb_array_elements(leadgen.show_keys_for(ana, null, 'revoked') -> 'rows') with ordinality as t (r, n);
select is(leadgen.show_keys_for(ana, 'source') #>> '{rows,0,owner}', s.name::text, 'a key says whose it is')
from tokens, leadgen.sources s where s.id = (select min(m.id) from leadgen.sources m);
select unalike(leadgen.show_keys_for(ana)::text, '%hash%', 'no hash of a key is on the page') from tokens;

-- One's own account.
select is(leadgen.show_own_account(ana) - '{me,sessions,passkeys,keys}'::text[],
  '{"scopes": ["read"], "app_since": null, "app_waits": false, "has_password": true, "recovery_codes": 0}',
  'a user sees how it signs in') from tokens;
select is(leadgen.show_own_account(ana) #> '{sessions,0,is_current}', 'true', 'a user sees where it is signed in') from tokens;
select is(pg_temp.fault('select leadgen.show_own_account(#)', 'nobody'), 'LG401', 'an account is for whoever is signed in');
select * from finish();
rollback;
