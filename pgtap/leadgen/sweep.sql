-- The catalogue swept: nothing for PUBLIC, definers pinned, everything commented, each role exactly what sql/policies says.
begin;
select plan(55);

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
select is_empty($$select name from functions where proowner not in ('leadgen_owner'::regrole, 'leadgen_reader'::regrole)
  union all select name from relations where relowner <> 'leadgen_owner'::regrole$$,
  'all of it belongs to leadgen_owner, but for what reads for buyers');
select bag_eq($$select proname::text from functions where proowner = 'leadgen_reader'::regrole and prosecdef$$,
  $$select unnest('{show_sale,show_balance,list_ledger,show_own_invoice,list_own_invoices,show_payment,
    show_portal_visitor,show_portal_week,list_portal_sales,show_portal_sale,list_portal_terms,list_portal_endpoints,
    show_portal_money,show_portal_payment,list_portal_invoices,show_portal_invoice,show_own_feed}'::text[])$$,
  'what buyers read runs under row-level security');
select is_empty($$select name from schemas where has_schema_privilege('leadgen_reader', oid, 'create')$$,
  'the role of what reads for buyers makes nothing');
select is(array_agg(r.rolname::text order by r.rolname), '{leadgen_migrator,leadgen_owner}',
  'only a deploy acts as the role of what reads for buyers')
from pg_roles r
where r.rolname like 'leadgen\_%' and r.rolname <> 'leadgen_reader' and pg_has_role(r.oid, 'leadgen_reader', 'member');
select is_empty($$select relname from pg_class c where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p')
  and not c.relrowsecurity and (c.relname in ('buyers', 'sources', 'leads', 'users', 'offers') or exists (
    select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
      and a.attname ~ '^((exclusive_|behind_)?(buyer|source|lead|user|assignment|delivery|return|payment|invoice|buyer_offer))_id$'))$$,
  'row-level security is on for every table that holds rows of buyers, sources, people or leads');
select bag_eq($$select relname::text from pg_class c where c.relforcerowsecurity$$, $$select unnest('{api_keys,network_secrets,
  sign_in_attempts,source_maps,user_bindings,user_challenges,user_devices,user_mails,user_passkeys,user_passwords,user_recovery_codes,
  user_sessions,
  user_tokens,user_totp,users,webhook_secrets}'::text[])$$, 'it is forced on people, keys and secrets, for the owner, too');
select is_empty($$select c.oid::regclass from pg_class c
  where c.relnamespace in ('for_buyers'::regnamespace, 'for_sources'::regnamespace)
  and not coalesce('security_invoker=true' = any (c.reloptions), false)$$,
  'the views of buyers and sources show what their reader may see');
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
    list_own_invoices,show_own_invoice,make_own_statement,
    list_balances_for,show_balance_for,list_ledger_for,make_statement_for,list_invoices_for,show_invoice_for,
    list_payments_for,list_payables_for,list_payouts_for,add_payment_for,credit_buyer_for,debit_buyer_for,
    refund_sale_for,refund_payment_for,allocate_money_for,invoice_buyer_for,send_invoice_for,credit_invoice_for,
    cancel_invoice_for,dispute_invoice_for,resolve_dispute_for,close_month_for,total_month_for,pay_source_for,
    answer_sale,report_outcome,show_sale,list_return_reasons,show_balance,list_ledger,request_deposit,show_payment,keep_payment_event,
    read_link,answer_by_link,record_sms_status,lease_posts,list_rate_limits,
     find_form_pages,issue_form_token,check_source_key,keep_refused,list_data_keys,add_data_key,
    sign_up,verify_user,forgot_password,reset_password,start_sign_in,finish_sign_in,show_me,sign_out,list_own_sessions,
    revoke_own_sessions,note_key_uses,check_reader,list_own_keys,create_own_key,rotate_own_key,revoke_own_key,
    enrol_totp,confirm_totp,make_recovery_codes,remove_own_totp,find_own_challenge,
    change_own_password,renew_own_digest,start_passkey,add_passkey,list_own_passkeys,remove_own_passkey,start_passkey_sign_in,
    find_passkey,finish_passkey_sign_in,start_provider_sign_in,take_provider_state,finish_provider_sign_in,
    remove_user_bindings_for,list_users_for,invite_user_for,approve_user_for,change_user_status_for,send_reset_for,
    revoke_user_sessions_for,
    find_feed_head,find_feed_reader,show_feed,show_own_feed,
    show_portal_visitor,show_portal_week,list_portal_sales,show_portal_sale,list_portal_terms,list_portal_endpoints,
    show_portal_money,list_portal_invoices,show_portal_invoice,make_portal_statement,answer_sale_for,show_lead_form,
    pause_own_enrollment,resume_own_enrollment,send_own_test,show_portal_payment,report_outcome_for,set_own_limits,set_own_hours,
    start_own_top_up,set_own_recharge,list_own_notice_choices,set_own_notice_choices,
    show_today,browse_leads,search_leads,show_lead,list_quarantine_for,list_held_for,list_returns_for,list_deliveries_for,
    list_endpoints_for,list_events_for,retry_delivery_for,park_delivery_for,enable_endpoint_for,disable_endpoint_for,send_test_for,
    decide_return_for,return_sale_for,resubmit_quarantined_for,open_submission_for,route_again_for,open_lead_for,erase_lead_for,
    list_policies_for,show_policy_for,compare_policy_for,rehearse_policy_for,find_offer_of_lead,publish_policy_for,
    propose_policy_for,approve_policy_for,withdraw_policy_for,roll_back_policy_for,sell_lead_for,credit_sale_for,
    list_buyers_for,show_buyer_for,show_enrollment_for,list_offers_for,show_offer_for,list_sources_for,show_source_for,show_new_form_for,
    add_row_for,save_row_for,save_hours_for,save_areas_for,pause_buyer_for,resume_buyer_for,give_key_for,take_key_for,
    show_own_account,rotate_key_for,show_users_for,show_user_for,change_user_role_for,remove_user_factors_for,show_keys_for,show_audit_for,
    show_audit_entry_for,verify_audit_for,show_settings_for,show_setting_for,save_setting_for,show_doctor_for,
    show_invoices_page,show_invoice_page,show_payments_page,show_payment_page,show_bank_page,show_balances_page,show_statement_page,
    show_payouts_page,show_source_money_page,read_document,read_statement,show_reports_page,show_report_page,open_export_for,
    send_invoice_by,cancel_invoice_by,credit_invoice_by,dispute_invoice_by,resolve_dispute_by,allocate_money_by,add_payment_by,
    refund_payment_by,adjust_buyer_by,match_bank_line_by,ignore_bank_line_by,pay_source_by,
    act_as_buyer,act_as_source,act_as_user}'::text[]),
  ('leadgen_buyer', '{act_as_buyer,act_as_user,acting_buyer}'),
  ('leadgen_source', '{act_as_source,act_as_user,acting_source}'),
  ('leadgen_worker', '{claim_deliveries,record_attempts,release_deliveries,list_withdrawn,take_nap,
    list_chores,run_chore,follow_change,route_held_lead,
    settle_answers,settle_return,release_due_sale,settle_endpoints,settle_reports,advance_resend,
    list_endpoint_checks,record_endpoint_check,measure_outbox,is_copy,show_invoice,measure_market,
    claim_fetches,record_fetch,record_mail_domain,
    claim_payment_calls,record_payment_answer,claim_user_mails,record_user_mail,diagnose_market,diagnose_server,
    claim_report,read_report,start_report_mail,record_report_mail,finish_report,
    list_data_keys,add_data_key,list_unsealed,keep_sealed,list_held_unchecked,end_suppressed_holds}'),
  ('leadgen_dba',
    '{policy_history,roll_back_policy,try_field_map,submit_lead,submit_leads,record_mail_domain,'
    'resubmit_quarantined,explain_lead,explain_candidates,explain_miss,sell_lead,route_again,'
    'list_due_buyers,invoice_buyer,send_invoice,credit_invoice,cancel_invoice,dispute_invoice,resolve_dispute,show_invoice,'
    'list_invoices,make_statement,close_month,total_month,'
    'diagnose_market,diagnose_server,diagnose_books,list_zones,record_backup,'
    'list_broken_invariants,accept_sale,return_sale,decide_return,erase_lead,list_return_reasons,suppress,unsuppress,replay_lead,'
    'ensure_suppression_list,drop_suppression_list,list_suppression_lists,start_suppression_import,import_suppressions,'
    'finish_suppression_import,list_holdings,count_holdings,start_person_export,export_holding,erase_holding,count_old,forget_old,'
    'add_consent_text,'
    'top_up,withdraw,credit_buyer,debit_buyer,refund_sale,refund_lead,end_replacement,find_last_bookings,pay_source,'
    'list_source_statement,verify_transactions,verify_bookings,verify_balances,'
    'verify_audit,verify_audit_chain,verify_audit_entries,find_audit_head,list_chained_audit,'
    'add_payment,allocate_money,start_checkout,refund_payment,write_off_receivable,set_recharge,claim_payment_calls,record_payment_answer,'
    'import_bank_lines,match_bank_line,ignore_bank_line,buyer_reference,'
    'verify_leads,dry_run_lead,'
    'what_if,explain_unsold,compose_export,find_report_zone,send_report,'
    'rotate_webhook_secret,set_webhook_secret,set_webhook_header,set_network_secrets,remove_network_secrets,'
    'enable_endpoint,disable_endpoint,send_test,retry_delivery,park_delivery,'
    'start_resend,cancel_resend,measure_outbox,list_configuration_faults,find_leads,'
    'find_person,erase_submission,pause_enrollment,pause_enrollment,'
    'resume_enrollment,enrollment_history,roll_back_enrollment,offer_history,'
    'roll_back_offer,list_data_keys,add_data_key,rewrap_data_key,retire_data_keys,measure_sealing,open_leads,open_quarantined,open_fetch,'
    'invite_user,approve_user,change_user_status,send_reset,remove_user_totp,remove_user_passkeys,remove_user_bindings,'
    'add_hook,list_hooks,pause_hook,resume_hook,remove_hook,rotate_hook_secret,test_hook,measure_market,'
    'revoke_user_sessions,create_key,find_posting_key,rotate_key,revoke_key,set_zone,find_start,find_day_start,rank_reason,describe_health,'
    'keep_report_zone,rebuild_reports}'),
  ('leadgen_reporting', '{compose_export,find_report_zone,set_zone,find_start,find_day_start,rank_reason,describe_health}')
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
  and relname not in ('webhook_secrets', 'hook_secrets', 'network_secrets', 'link_secrets', 'api_keys', 'user_passwords', 'user_totp',
    'user_recovery_codes',
    'user_passkeys', 'user_challenges', 'user_sessions', 'user_devices', 'user_tokens', 'sign_in_attempts', 'sign_in_tries')$$,
  'a DBA reads everything else');
select set_eq(format($$select a.attname::text from pg_attribute a
  cross join unnest('{leadgen_api,leadgen_worker,leadgen_dba,leadgen_reporting}'::text[]) r
  where a.attrelid = %L::regclass and a.attnum > 0 and has_column_privilege(r, a.attrelid, a.attname, 'select')$$, name),
  format('select unnest(%L::text[])', columns), format('nobody reads the secrets of %s', name))
from (values ('leadgen.webhook_secrets', '{buyer_id,created_at,updated_at,previous_secret_until}'),
  ('leadgen.hook_secrets', '{hook_id,created_at,previous_secret_until}'),
  ('leadgen.network_secrets', '{source_id,created_at,updated_at}'),
  ('leadgen.api_keys', '{id,created_at,kind,source_id,buyer_id,user_id,name,prefix,scopes,expires_at,revoked_at,last_used_at,made_by}'),
  ('leadgen.user_passwords', '{user_id,changed_at}'), ('leadgen.user_totp', '{user_id,created_at,confirmed_at}'),
  ('leadgen.user_passkeys', '{id,created_at,user_id,name,used_at}'), ('leadgen.user_challenges', '{created_at,user_id}'),
  ('leadgen.user_recovery_codes', '{user_id,used_at}'), ('leadgen.user_devices', '{user_id,seen_at}'),
  ('leadgen.user_sessions', '{id,created_at,user_id,seen_at,expires_at,address,network,agent,ended_at,ended_because}'),
  ('leadgen.user_tokens', '{id,created_at,user_id,purpose,expires_at,used_at}'),
  ('leadgen.sign_in_attempts', '{id,created_at,user_id,address,network,finished_at,outcome}'),
  ('leadgen.sign_in_tries', '{kind,tries,last_at,blocked_until}')) as t (name, columns);
select is(has_any_column_privilege('leadgen_dba', 'leadgen.link_secrets', 'select, insert, update'), false,
  'a DBA does not read what signs the links in e-mails');
select is_empty($$select name from relations r where relkind <> 'S' and has_table_privilege('leadgen_dba', r.oid,
  'truncate, references, trigger')$$, 'a DBA truncates nothing');
select bag_eq($$select relname::text from relations r where relkind <> 'S' and has_any_column_privilege('leadgen_dba', r.oid,
  'insert, update')$$,
  $$select unnest('{markets,verticals,validation_policies,routing_policies,pricing_policies,payout_policies,offers,
    sources,source_campaigns,lead_forms,buyers,buyer_offers,buyer_service_areas,
    offer_exclusivities,settings,rate_limits,return_reasons,endpoints,chores,field_maps,source_maps,
    retention_rules,calling_rules,calling_holidays,
    city_words,country_names,region_names,postal_territories,mail_providers,
    billing_settings,tax_rates,invoice_reminders,report_schedules}'::text[])$$,
      'a DBA writes the catalogue and the settings');
select is_empty($$select relname from relations r where has_table_privilege('leadgen_dba', r.oid, 'delete') and relname in ('leads',
  'lead_assignments', 'lead_decisions', 'deliveries',
  'delivery_attempts', 'policy_versions', 'invoices', 'intake_quarantine', 'settings', 'api_keys', 'enrollment_usage', 'sale_returns',
    'return_reasons')$$,
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
  $$values ('leadgen_api', -1, '{idle_in_transaction_session_timeout,lock_timeout,log_parameter_max_length,statement_timeout}'::text[]),
    ('leadgen_worker', -1, '{idle_in_transaction_session_timeout,lock_timeout,log_parameter_max_length,statement_timeout}'),
    ('leadgen_dba', 20, '{idle_in_transaction_session_timeout,lock_timeout,log_parameter_max_length,statement_timeout}'),
    ('leadgen_reporting', 10, '{idle_in_transaction_session_timeout,lock_timeout,statement_timeout,temp_file_limit}')$$,
  'every role has its timeouts, and people few connections; no log has what they sent');

-- No view of report shows who a lead is. The address and program in audit_log are an operator's.
select is_empty($$select a.attrelid::regclass, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'report'::regnamespace and a.attname in ('name', 'email', 'phone', 'message', 'attributes', 'submitted',
    'ip_address', 'user_agent', 'answer', 'landing_url', 'request_hash')
  and (c.relname, a.attname) not in (('audit_log', 'ip_address'), ('audit_log', 'user_agent'))$$,
  'no personal column in report');

select * from finish();
rollback;
