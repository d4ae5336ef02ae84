-- list_holdings, count_holdings, start_person_export, export_holding, erase_holding: what is held of a person, and how it goes.
begin;
select plan(50);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{"max_buyers": 2}', 'Webb', 'Nix') as offer_id;
create temp table person as select jsonb_build_object('name', 'Zaphod Beeblebrox', 'email', 'zaphod@heartofgold.example', 'phone',
  '+15125557731', 'message', 'Two heads', 'consent', true, 'consent_at', '2026-11-20T15:59:00Z') as fields;
create temp table answers as
select leadgen.submit_lead(testkit.given_lead(offer_id, fields), '{"ip_address": "203.0.113.77", "user_agent": "Zarquon/1.0"}') as answer
from ids, person;
create temp table sale as select a.id, a.lead_id from leadgen.lead_assignments a;
select testkit.deliver(id) from sale;
select leadgen.return_sale(id, 'unreachable', 'zaphod does not answer') from sale;
select leadgen.submit_lead(fields || '{"source_key": "nobody", "postal_code": "78701"}'::jsonb) from person;
insert into leadgen.lead_fetches (source_id, lead, next_fetch_at)
select s.id, jsonb_build_object('phone', '512 555 7731', 'name', 'Zaphod Beeblebrox'), leadgen.clock() from leadgen.sources s;
select testkit.new_user('zaphod', 'analyst');
update leadgen.users set email = 'zaphod@heartofgold.example', name = 'Zaphod Beeblebrox', phone = '(512) 555-7731';
insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at, address, agent)
select leadgen.clock(), u.id, repeat('a', 64), leadgen.clock(), leadgen.clock() + interval '1 day', '203.0.113.77', 'Zarquon/1.0'
from leadgen.users u;
insert into leadgen.user_passkeys (created_at, user_id, name, credential_id, public_key, sign_count)
select leadgen.clock(), u.id, 'Zaphod''s phone', sha256('a'), sha256('b'), 0 from leadgen.users u;
insert into leadgen.user_bindings (created_at, user_id, issuer, subject)
select leadgen.clock(), u.id, 'https://id.example', 'zaphod-1' from leadgen.users u;
select testkit.make_key(repeat('e', 64), jsonb_build_object('user_id', u.id, 'name', 'Zaphod''s script')) from leadgen.users u;
insert into leadgen.user_challenges (created_at, user_id, challenge_hash)
select leadgen.clock(), u.id, repeat('b', 64) from leadgen.users u;
insert into leadgen.user_mails (created_at, user_id, kind) select leadgen.clock(), u.id, 'reset' from leadgen.users u;
insert into leadgen.sign_in_attempts (created_at, user_id, subjects, address, outcome)
select leadgen.clock(), u.id, '{}', '203.0.113.77', 'failed' from leadgen.users u;
select leadgen.suppress('phone', '+15125557731', 'asked');

-- Listed
set local role leadgen_dba;
select is((select string_agg(h.what, ',') from leadgen.list_holdings('phone', '(512) 555-7731', 'us') h),
  'lead,submission,fetch,user,suppression', 'a phone finds all that is held');
select is((select string_agg(h.what, ',') from leadgen.list_holdings('email', 'Zaphod@HeartOfGold.example') h), 'lead,submission,user',
  'an e-mail finds what has it');
reset role;
select is((select count(*) from leadgen.list_holdings('email', 'ford@prefect.example')), 0::bigint, 'of others nothing is held');
select is(testkit.fault_of(sql), fault, format('%s: %s', sql, fault))
from (values
  ($$select leadgen.list_holdings('name', 'Zaphod')$$, 'LG400 kind'),
  ($$select leadgen.list_holdings(null, 'Zaphod')$$, 'LG400 kind'),
  ($$select leadgen.list_holdings('phone', '5557731')$$, 'LG400 value'),
  ($$select leadgen.count_holdings('phone', '5557731')$$, 'LG400 value'),
  ($$select leadgen.start_person_export('phone', '+15125557731', null, '')$$, 'LG400 reason'),
  ($$select leadgen.export_holding('lead', 0)$$, 'LG404 what'),
  ($$select leadgen.export_holding('secret', 1)$$, 'LG404 what'),
  ($$select leadgen.erase_holding('buyer', 1, 'asked')$$, 'LG400 what'),
  ($$select leadgen.erase_holding('user', 0, 'asked')$$, 'LG404 user_id'),
  ($$select leadgen.erase_holding('user', 0, null)$$, 'LG400 reason')
) as t (sql, fault);

-- Exported
create temp table listed as select * from leadgen.start_person_export('phone', '+15125557731', null, 'asked for it');
select is((select array_agg(format('%s %s', e.facts ->> 'reason', e.facts ->> 'by' = session_user)) from leadgen.events e
  where e.kind = 'person_exported'), '{"asked for it t"}', 'an event says by whom and why');
select is(e.facts #> '{held,lead}', jsonb_build_array(s.lead_id), 'the event says which leads') from leadgen.events e, sale s
where e.kind = 'person_exported';
select is_empty($$select from leadgen.events e where e::text ~* 'zaphod|5557731'$$, 'no event says whose they are');
create temp table copy as select l.what, leadgen.export_holding(l.what, l.id) as body from listed l;
select is(body #>> path, expected, format('an export has %s', path))
from copy, (values
  ('{contact,email}'::text[], 'zaphod@heartofgold.example'), ('{contact,phone}', '+15125557731'), ('{message}', 'Two heads'),
  ('{submitted,name}', 'Zaphod Beeblebrox'), ('{came_from,ip_address}', '203.0.113.77'), ('{came_from,user_agent}', 'Zarquon/1.0'),
  ('{consent,consent}', 'true'), ('{sales,0,buyer}', 'Webb'), ('{sales,0,deliveries,0,channel}', 'webhook'),
  ('{sales,0,deliveries,0,attempts,0,outcome}', 'delivered'), ('{sales,0,returns,0,note}', 'zaphod does not answer'),
  ('{decisions,0,sold_to}', '["Webb"]')
) t (path, expected)
where what = 'lead';
select is((select count(*) from copy where body::text ~ 'Nix|price'), 0::bigint, 'an export says nothing of other buyers, or of prices');
select is((select count(*) from copy where what in ('submission', 'fetch', 'user') and body::text ~ 'Zaphod Beeblebrox'), 3::bigint,
  'submissions, fetches and users are exported whole');
select is((select (body #>> '{sessions,0,address}') from copy where what = 'user'), '203.0.113.77', 'an export has the sessions of a user');
select is((select array[body #>> '{passkeys,0,name}', body #>> '{keys,0,name}'] from copy where what = 'user'),
  '{Zaphod''s phone,Zaphod''s script}', 'an export has the passkeys and keys of a user');
select is((select body #>> '{bindings,0,subject}' from copy where what = 'user'), 'zaphod-1', 'an export has the bindings of a user');
select is((select body ->> 'list' from copy where what = 'suppression'), 'global', 'an export names the suppression lists');
select is((select count(*) from copy where body::text ~ repeat('a', 64)), 0::bigint, 'no digest is exported');

-- Counted and erased
select is((select string_agg(format('%s %s', c.number, c.what), ', ') from leadgen.count_holdings('phone', '+15125557731') c
  where c.number > 0), '1 lead, 1 submission, 1 fetch, 1 user, 1 suppression, 1 note of a return, 1 passkey of a user, '
  '1 session of a user, 1 sign-in of a user, 1 mail to a user, 1 sale, 1 decision', 'a dry run counts');
select is((select array_agg(leadgen.erase_holding(l.what, l.id, 'asked for it')) from listed l
  where l.what in ('lead', 'submission', 'fetch', 'user')), '{t,f,t,t}',
  'each is erased; the submission was emptied with the lead');
create function pg_temp.traces() returns text[] language plpgsql as $$
declare
  v_table text;
  v_found boolean;
  v_tables text[] := '{}';
begin
  for v_table in
    select c.relname from pg_class c where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r'
      and c.relname not in ('postal_places', 'disposable_domains', 'phone_areas', 'phone_regions') order by c.relname collate "C"
  loop
    execute format('select exists (select from leadgen.%I t where t::text ~* %L)', v_table,
      E'zaphod|beeblebrox|5557731|zarquon|two heads|203\\.0\\.113\\.77') into v_found;
    v_tables := v_tables || case when v_found then array[v_table] else '{}' end;
  end loop;
  return v_tables;
end;
$$;
select is(pg_temp.traces(), '{}', 'no table says who it was');
select is((select string_agg(format('%s %s', c.number, c.what), ', ') from leadgen.count_holdings('phone', '+15125557731') c
  where c.number > 0), '1 suppression', 'only the suppression is held');
select is((select u.status from leadgen.users u), 'deactivated', 'an erased user cannot sign in');
select is((select count(*) from leadgen.user_challenges), 0::bigint, 'an erased user cannot add the passkey that it began to add');
select is((select count(*) from leadgen.user_passkeys), 0::bigint, 'an erased user has no passkey');
select is((select count(*) from leadgen.user_bindings), 0::bigint, 'an erased user has no binding');
select is((select array[k.name::text, (k.revoked_at is not null)::text] from leadgen.api_keys k where k.kind = 'user'), '{erased,true}',
  'the key of an erased user is revoked, and says nothing of it');
select is((select array_agg(leadgen.erase_holding(l.what, l.id, 'again')) from listed l where l.what in ('fetch', 'user')), '{f,f}',
  'what was erased before says so');
select is((select array_agg(e.kind order by e.kind) from leadgen.events e where e.kind in ('fetch_erased', 'user_erased')),
  '{fetch_erased,user_erased}', 'events say what was erased');
select is_empty('select * from leadgen.list_broken_invariants()', 'everything adds up');
select is((select leadgen.replay_lead(lead_id) from sale), '{"identical": true}', 'the decision replays');
select testkit.new_user('ford');
select is(testkit.fault_of(format($$select leadgen.erase_holding('user', %s, 'asked')$$, u.id)), 'LG409 user_id',
  'the only active admin stays') from leadgen.users u where u.role = 'admin' and u.status = 'active';
set local role leadgen_api;
select throws_ok($$select * from leadgen.list_holdings('phone', '+15125557731')$$, '42501', null, 'the API does not read what is held');
reset role;
select * from finish();
rollback;
