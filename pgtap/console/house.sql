-- The console's pages of the house: the audit and its proof, settings, and whether all is well.
begin;
select plan(58);
select testkit.make_source(testkit.open_offer('{}', 'Best'));
create function pg_temp.sign_in(p_name text, p_role text) returns text language sql as $$
  select testkit.new_user(p_name, p_role);
  select testkit.sign_in(p_name, p_token => p_name);
  select testkit.hash_of(p_name)
$$;
create temp table tokens as select pg_temp.sign_in('Ada', 'admin') as ada, pg_temp.sign_in('Olga', 'operator') as olga,
  pg_temp.sign_in('Ana', 'analyst') as ana, pg_temp.sign_in('Bea', 'buyer') as bea;

-- Settings.
create function pg_temp.setting(p_form text, p_key text[], p_fields jsonb, p_who text default 'Ada') returns text language sql as $$
  select testkit.fault_of(format('select leadgen.save_setting_for(%L, %L, %L, %L, %L, ''as agreed'')',
    testkit.hash_of(p_who), p_form, p_key, p_fields,
    (select catalog.stamp_form_row(catalog.read_form_row(p_form, p_key)))))
$$;
select is(pg_temp.setting(form, key::text[], fields::jsonb, who), fault, format('%s: %s %s by %s', fault, form, fields, who))
from (values
  ('settings', '{true}', '{"warn_at_percent": "90", "slow_retry_seconds": "60, 300.5"}', 'Ada', 'none'),
  ('settings', '{true}', '{"warn_at_percent": "10"}', 'Ada', 'LG423 warn_at_percent'),
  ('settings', '{true}', '{"slow_retry_seconds": "60,"}', 'Ada', 'LG423 slow_retry_seconds'),
  ('settings', '{true}', '{"slow_retry_seconds": "0"}', 'Ada', 'LG423 slow_retry_seconds'),
  ('settings', '{true}', '{"seals": "yes"}', 'Ada', 'LG400 seals'),
  ('settings', '{true}', '{"policies_need_approval": "no"}', 'Olga', 'LG403 role'),
  ('billing_settings', '{true}', '{"company": "Leads & Co", "pay_url": ""}', 'Ada', 'none'),
  ('billing_settings', '{true}', '{"pay_url": "http://pay.example"}', 'Ada', 'LG423 pay_url'),
  ('rate_limit', '{address,*}', '{"amount": "7"}', 'Ada', 'none'),
  ('rate_limit', '{address,*}', '{"amount": "-1"}', 'Ada', 'LG423 amount'),
  ('retention_rule', '{sign_ups}', '{"keep": "8 days"}', 'Ada', 'none'),
  ('retention_rule', '{sign_ups}', '{"keep": "for ever"}', 'Ada', 'LG423 keep'),
  ('retention_rule', '{sign_ups}', '{"keep": "99999 years"}', 'Ada', 'LG423 keep'),
  ('retention_rule', '{sign_ups}', '{"keep": "1 minute"}', 'Ada', 'LG423 keep'),
  ('retention_rule', '{sign_ups}', '{"keep": "1 day 1 day"}', 'Ada', 'LG423 keep'),
  ('chore', '{chain_audit}', '{"pause": "10 minutes 00:10"}', 'Ada', 'LG423 pause'),
  ('chore', '{chain_audit}', '{"pause": "00:00:30", "is_active": "yes"}', 'Ada', 'none'),
  ('buyer', (select array[min(b.id)::text]::text from leadgen.buyers b), '{"name": "Zed"}', 'Ada', 'LG400 form')
) as t (form, key, fields, who, fault);
select is((s.warn_at_percent, s.slow_retry_seconds)::text, '(90,"{60,300.5}")', 'what was typed is what holds') from leadgen.settings s;
select is(r.keep, '8 days', 'a time is kept as it was typed') from leadgen.retention_rules r where r.name = 'sign_ups';
select is((select l.amount from leadgen.rate_limits l where (l.name, l.subject) = ('address', '*')), 7, 'a row with two names is found');
select is(testkit.fault_of(format(
    'select leadgen.save_setting_for(%L, ''chore'', ''{chain_audit}'', ''{"pause": "1 hour"}'', ''old'', ''why'')', ada)),
  'LG409 stamp', 'the second of two who edit a setting is told') from tokens;
select is(testkit.fault_of(format('select leadgen.show_setting_for(%L, ''chore'', ''{fly}'')', ada)), 'LG404 name',
  'a setting that is not there is named') from tokens;
select is(leadgen.add_row_for(ada, 'rate_limit', '{"name": "source", "subject": "site", "amount": "5", "per_seconds": "60"}', 'busy'), null,
  'a rate limit is added') from tokens;
select is(testkit.fault_of(format('select leadgen.add_row_for(%L, %L, ''{}'', ''why'')', token, form)), fault,
  format('nobody adds a %s: %s', form, fault))
from tokens, lateral (values ('chore', ada, 'LG400 form'), ('settings', ada, 'LG400 form'), ('rate_limit', olga, 'LG403 role'))
  as t (form, token, fault);
select is(leadgen.show_setting_for(ada, 'retention_rule', '{sign_ups}') #>> '{form,fields,0,value}', '8 days', 'a form has what holds')
from tokens;
select is(leadgen.show_settings_for(ana) #>> '{settings,3,value}', '90', 'whoever may read sees the settings') from tokens;
select is(testkit.fault_of(format('select leadgen.show_setting_for(%L, ''settings'', ''{true}'')', olga)), 'LG403 role',
  'whoever may not manage gets no form') from tokens;
update leadgen.user_sessions s set created_at = leadgen.clock() - interval '16 minutes', proved_at = null
from tokens where s.token_hash = ada;
select is(pg_temp.setting('settings', '{true}', '{"warn_at_percent": "80"}'), 'LG403 session', 'it takes a sign-in of the last 15 minutes');

-- The audit.
create temp table log as select leadgen.show_audit_for(ana, null, 'retention_rules') as it from tokens;
select is(it #>> '{rows,0,description}', 'keep from 7 days to 8 days', 'the audit lists what was changed') from log;
select is(it #>> '{rows,0,reason}', 'as agreed', 'the audit lists why') from log;
select is(it #>> '{rows,0,user_name}', 'Ada', 'the audit names the user') from log;
create function pg_temp.found(p_who text, p_row text, p_since text) returns integer language sql as $$
  select jsonb_array_length(leadgen.show_audit_for(ana, p_who, 'chores', p_row, p_since) -> 'rows') from tokens
$$;
select is(pg_temp.found(who, row_key, since), number, format('who %s, row %s, since %s', who, row_key, since)) from (values
  (null, 'chain_audit', null, 1), (null, 'fly', null, 0), ('user', 'chain_audit', null, 1), ('nobody', 'chain_audit', null, 0),
  (null, 'chain_audit', '2126-01-01', 0), ('USER', 'chain_audit', '2025-01-01', 1)) as t (who, row_key, since, number);
select cmp_ok(jsonb_array_length(leadgen.show_audit_for(ana, null, 'rate_limits', p_row => it #>> '{rows,0,row_key}') -> 'rows'), '>', 0,
  'a row whose key has two columns is found by it')
from tokens, leadgen.show_audit_for(ana, null, 'rate_limits') as it;
select is(testkit.fault_of(format('select leadgen.show_audit_for(%L, p_since => ''soon'')', ana)), 'LG400 since',
  'a time that is none is named')
from tokens;
select is(testkit.fault_of(format('select leadgen.show_audit_for(%L)', bea)), 'LG403 role', 'a buyer reads no audit') from tokens;
select is(leadgen.show_audit_entry_for(ana, (it #>> '{rows,0,id}')::bigint) -> 'changes',
  '[{"field": "keep", "before": "7 days", "after": "8 days"}]', 'an entry is a difference') from tokens, log;
select is(console.compare_json(before::jsonb, after::jsonb), changes::jsonb, what) from (values
  ('{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1, "c": 3}}', '[{"field": "a.c", "before": 2, "after": 3}]', 'an object is compared key by key'),
  (null, '{"a": 1}', '[{"field": "a", "before": null, "after": 1}]', 'a row that came has no before'),
  ('{"a": [1]}', '{"a": [1, 2]}', '[{"field": "a", "before": [1], "after": [1, 2]}]', 'of a list the whole is shown'),
  ('{"a": {"b": 1}}', '{"a": 2}', '[{"field": "a", "before": {"b": 1}, "after": 2}]', 'an object that became none is one change')
) as t (before, after, changes, what);
select auditing.chain_audit();
create temp table proof as select leadgen.verify_audit_for(ana) as it from tokens;
select is(it -> 'faults', '[]', 'a chain that nobody touched is proved') from proof;
select is(it -> 'to', it -> 'last_position', 'the latest part reaches the end') from proof;
select is(roads.verify_audit_part(0) -> 'from', '1', 'a part begins after what was said');
set local session_replication_role = replica;
update leadgen.audit_entries e set reason = 'nothing'
where e.id = (select c.entry_id from leadgen.audit_chain c order by c.position desc limit 1);
set local session_replication_role = origin;
select is(leadgen.verify_audit_for(ana) #>> '{faults,0,rule}', 'audit_entry_changed', 'an entry that was altered is named') from tokens;

-- Whether all is well.
select is(leadgen.show_doctor_for(olga) -> 'verdicts', 'null', 'the page alone asks nothing') from tokens;
select bag_eq(format($$select v ->> 'subject' as subject, v ->> 'verdict' as verdict
  from jsonb_array_elements(leadgen.show_doctor_for(%L, 'market') -> 'verdicts') v$$,
  olga), 'select subject, verdict from leadgen.diagnose_market()', 'the market is judged as leadgen doctor judges it') from tokens;
select isnt(leadgen.show_doctor_for(olga, part) -> 'verdicts', 'null', format('%s is judged', part))
from tokens, unnest('{server,books}'::text[]) part;
select is(testkit.fault_of(format('select leadgen.show_doctor_for(%L, %L)', token, part)), fault, format('%s: %s', part, fault))
from tokens, lateral (values (olga, 'weather', 'LG400 part'), (ana, 'market', 'LG403 role')) as t (token, part, fault);
select * from finish();
rollback;
