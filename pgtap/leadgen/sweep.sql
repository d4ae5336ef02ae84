-- The catalogue swept: nothing for PUBLIC, definers pinned, everything commented, each role exactly what sql/policies says.
begin;
select plan(35);

create temp view schemas as
select n.oid, n.nspname as name from pg_namespace n where pg_get_userbyid(n.nspowner) = 'leadgen_owner';
create temp view functions as
select p.oid, p.proname, p.proacl, p.prosecdef, p.proconfig, p.proowner, p.oid::regprocedure::text as name
from pg_proc p where p.pronamespace in (select oid from schemas);
create temp view relations as
select c.oid, c.relname, c.relkind, c.relacl, c.relowner, c.oid::regclass::text as name
from pg_class c where c.relnamespace in (select oid from schemas) and c.relkind in ('r', 'p', 'v', 'm', 'S');

select cmp_ok(count(*), '>', 80::bigint, 'there are functions to sweep') from functions;
select is_empty($$select name from functions f where has_function_privilege('public', f.oid, 'execute')$$,
  'no function is executable by PUBLIC');
select is_empty($$select name from relations r where relkind <> 'S' and has_table_privilege('public', r.oid,
  'select, insert, update, delete, truncate, references, trigger')$$,
  'no table or view is open to PUBLIC');
select is_empty($$select name from relations r where case when relkind = 'S' then has_sequence_privilege('public', r.oid,
  'usage, select, update') end$$, 'no sequence is open to PUBLIC');
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a
  join relations r on r.oid = a.attrelid, aclexplode(a.attacl) x where x.grantee = 0$$, 'no column is open to PUBLIC');
select is_empty($$select name from schemas where has_schema_privilege('public', oid, 'usage, create')$$, 'no schema is open to PUBLIC');
select is_empty($$select name from functions where prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$,
  'every security definer function pins search_path = pg_catalog, pg_temp');
select is_empty($$select name from functions where obj_description(oid, 'pg_proc') is null$$, 'every function has a comment');
select is_empty($$select name from relations where relkind <> 'S' and obj_description(oid, 'pg_class') is null$$,
  'every table and view has a comment');
select is_empty($$select t.typname from pg_type t join pg_class c on c.oid = t.typrelid
  where t.typnamespace in (select oid from schemas) and c.relkind = 'c'
  and obj_description(c.oid, 'pg_class') is null and obj_description(t.oid, 'pg_type') is null$$, 'every composite type has a comment');
select is_empty($$select name from functions where proowner <> 'leadgen_owner'::regrole union all select name from relations
  where relowner <> 'leadgen_owner'::regrole$$,
  'all of it belongs to leadgen_owner');
select is_empty($$select r.rolname from pg_roles r where r.rolname like 'leadgen\_%' and (r.rolsuper or r.rolcreaterole or r.rolcreatedb
  or r.rolbypassrls or r.rolreplication)$$,
  'none of the roles is more than a role');
select is_empty($$select r.rolname from pg_roles r where r.rolname = 'leadgen_owner' and r.rolcanlogin$$, 'the owner does not log in');
select is(array_agg(r.rolname::text), '{leadgen_migrator}', 'only the migrator may act as the owner') from pg_roles r
where r.rolname like 'leadgen\_%' and r.rolname <> 'leadgen_owner' and pg_has_role(r.oid, 'leadgen_owner', 'member');

-- Who may execute what.
select bag_eq(format($$select proname::text from functions f
  where has_function_privilege(%L, f.oid, 'execute')$$, role), format('select unnest(%L::text[])', names),
    format('%s executes exactly these', role))
from (values
  ('leadgen_api', '{submit_lead,submit_leads,explain_lead_for,is_ready,record_mail_domain,open_post,submit_mapped_lead,verify_subscription,
    answer_sale,show_sale,list_return_reasons,read_link,answer_by_link,record_sms_status,lease_posts,list_rate_limits,
     find_form_pages,check_source_key,keep_refused}'::text[]),
  ('leadgen_worker', '{claim_deliveries,record_attempts,release_deliveries,list_withdrawn,take_nap,
    list_chores,run_chore,follow_change,route_held_lead,
    settle_answers,settle_return,release_due_sale,settle_endpoints,settle_reports,advance_resend,
    list_endpoint_checks,record_endpoint_check,measure_outbox,is_copy,claim_fetches,record_fetch,record_mail_domain}'),
  ('leadgen_dba',
    '{policy_history,roll_back_policy,try_field_map,submit_lead,resubmit_quarantined,explain_lead,explain_candidates,'
    'list_broken_invariants,accept_sale,return_sale,decide_return,erase_lead,list_return_reasons,suppress,unsuppress,replay_lead,'
    'verify_leads,dry_run_lead,'
    'what_if,explain_unsold,rotate_webhook_secret,set_webhook_secret,set_webhook_header,set_network_secrets,remove_network_secrets,'
    'enable_endpoint,disable_endpoint,send_test,retry_delivery,park_delivery,'
    'start_resend,cancel_resend,measure_outbox,list_configuration_faults,find_leads,'
    'find_person,erase_submission,pause_enrollment,resume_enrollment,enrollment_history,roll_back_enrollment,offer_history,'
    'roll_back_offer}'),
  ('leadgen_reporting', '{}')
) as t (role, names);

-- Who may touch which table.
select is_empty(format($$select name from relations r where relkind <> 'S' and has_table_privilege(%1$L, r.oid,
  'select, insert, update, delete, truncate, references, trigger')
  or relkind <> 'S' and has_any_column_privilege(%1$L, r.oid, 'select, insert, update, references')$$, role),
    format('%s sees no table', role))
from unnest('{leadgen_api,leadgen_worker}'::text[]) role;
select is_empty($$select name from relations r cross join unnest('{leadgen_api,leadgen_worker,leadgen_reporting}'::text[]) role
  where case when relkind = 'S' then has_sequence_privilege(role, r.oid, 'usage, select,
    update') end$$, 'no client''s role sees a sequence');
select is_empty($$select name from relations r where relkind <> 'S' and has_any_column_privilege('leadgen_reporting', r.oid,
  'select') <> (name like 'report.%')$$,
  'analysts read the views of report, all and only those');
select is_empty($$select name from relations r where relkind <> 'S' and has_any_column_privilege('leadgen_reporting', r.oid,
  'insert, update, references')$$, 'analysts write nothing');
select is_empty($$select name from relations r where relkind <> 'S' and not has_table_privilege('leadgen_dba', r.oid, 'select')
  and relname not in ('webhook_secrets', 'network_secrets', 'link_secrets')$$, 'a DBA reads everything');
select set_eq(format($$select a.attname::text from pg_attribute a
  cross join unnest('{leadgen_api,leadgen_worker,leadgen_dba,leadgen_reporting}'::text[]) r
  where a.attrelid = %L::regclass and a.attnum > 0 and has_column_privilege(r, a.attrelid, a.attname, 'select')$$, name),
  format('select unnest(%L::text[])', columns), format('nobody reads the secrets of %s', name))
from (values ('leadgen.webhook_secrets', '{buyer_id,created_at,updated_at,previous_secret_until}'),
  ('leadgen.network_secrets', '{source_id,created_at,updated_at}')) as t (name, columns);
select is(has_any_column_privilege('leadgen_dba', 'leadgen.link_secrets', 'select, insert, update'), false,
  'a DBA does not read what signs the links in e-mails');
select is_empty($$select name from relations r where relkind <> 'S' and has_table_privilege('leadgen_dba', r.oid,
  'truncate, references, trigger')$$, 'a DBA truncates nothing');
select bag_eq($$select relname::text from relations r where relkind <> 'S' and has_any_column_privilege('leadgen_dba', r.oid,
  'insert, update')$$,
  $$select unnest('{markets,verticals,validation_policies,routing_policies,pricing_policies,offers,sources,
    source_campaigns,buyers,buyer_offers,buyer_service_areas,
    offer_exclusivities,settings,rate_limits,operator_keys,buyer_keys,return_reasons,endpoints,chores,field_maps,source_maps,
    city_words,country_names,region_names,postal_territories,mail_providers}'::text[])$$,
      'a DBA writes the catalogue,
      the settings and the keys');
select is_empty($$select relname from relations r where has_table_privilege('leadgen_dba', r.oid, 'delete') and relname in ('leads',
  'lead_assignments', 'lead_decisions', 'deliveries',
  'delivery_attempts', 'policy_versions', 'invoices', 'intake_quarantine', 'settings', 'operator_keys', 'enrollment_usage', 'sale_returns',
    'buyer_keys', 'return_reasons')$$,
    'a DBA deletes no record');
select is(has_column_privilege('leadgen_dba', 'leadgen.buyers', 'balance', 'update'), false, 'a DBA does not change a balance');
select is(has_column_privilege('leadgen_dba', 'leadgen.buyers', 'balance', 'insert'), false, 'a DBA does not give a new buyer a balance');

-- What stops everything is the owner's alone: locks, and the workers' bell.
select set_eq($$select r.rolname::text from pg_roles r, pg_proc p
  where r.rolname like 'leadgen\_%' and p.pronamespace = 'pg_catalog'::regnamespace
    and (p.proname ~ 'advisory_(xact_)?lock' or p.proname = 'pg_notify') and has_function_privilege(r.oid, p.oid, 'execute')$$,
  $$select unnest('{leadgen_owner,leadgen_migrator}'::text[])$$, 'nobody but the owner takes advisory locks or notifies');
select bag_eq($$select r.rolname::text, r.rolconnlimit, array(select split_part(c, '=', 1) from pg_db_role_setting s, unnest(s.setconfig) c
  where s.setrole = r.oid and s.setdatabase = 0 order by 1) from pg_roles r
  where r.rolname in ('leadgen_api', 'leadgen_worker', 'leadgen_dba', 'leadgen_reporting')$$,
  $$values ('leadgen_api', -1, '{idle_in_transaction_session_timeout,lock_timeout,statement_timeout}'::text[]),
    ('leadgen_worker', -1, '{idle_in_transaction_session_timeout,lock_timeout,statement_timeout}'),
    ('leadgen_dba', 20, '{idle_in_transaction_session_timeout,lock_timeout,statement_timeout}'),
    ('leadgen_reporting', 10, '{idle_in_transaction_session_timeout,lock_timeout,statement_timeout,temp_file_limit}')$$,
  'every role has its timeouts, and people few connections');

-- No view of report shows who a lead is.
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'report'::regnamespace and a.attname in ('name', 'email', 'phone', 'message', 'attributes', 'submitted',
    'ip_address', 'user_agent', 'answer', 'landing_url', 'request_hash')$$,
  'no personal column in report');

select * from finish();
rollback;
