-- DBAs: edit the configuration, read the rest; sales, decisions and money are not theirs to alter.
grant usage on schema leadgen, report to leadgen_dba;
do $$
declare
  v_table text;
begin
  for v_table in select d.name from pg_temp.declared d where d.kind = 'table' loop
    execute format('grant select on %s to leadgen_dba', v_table);
  end loop;
end;
$$;
grant insert, update, delete on
  leadgen.markets, leadgen.verticals, leadgen.validation_policies, leadgen.routing_policies, leadgen.pricing_policies,
  leadgen.payout_policies, leadgen.offers, leadgen.sources, leadgen.source_campaigns, leadgen.buyer_service_areas,
  leadgen.offer_exclusivities, leadgen.lead_forms
to leadgen_dba;
grant delete on leadgen.buyers, leadgen.buyer_offers to leadgen_dba;
-- All of an enrollment but what triggers write.
grant insert (
  buyer_id, offer_id, is_active, routing_priority, weight, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month,
  timezone, price_per_lead, webhook_url_override, email_override, sms_override, min_balance_required, pause_from, pause_until,
  budget_per_day, budget_per_month, schedule, filters, buyer_may_set
) on leadgen.buyer_offers to leadgen_dba;
grant update (
  buyer_id, offer_id, is_active, routing_priority, weight, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month,
  timezone, price_per_lead, webhook_url_override, email_override, sms_override, min_balance_required, pause_from, pause_until,
  budget_per_day, budget_per_month, schedule, filters, buyer_may_set
) on leadgen.buyer_offers to leadgen_dba;
-- All of a buyer but its balance and what it owes: those are the ledger's.
grant insert (
  name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active,
  currency, billing_mode, low_balance_at, credit_limit, billing_cycle, payment_method, payment_method_id, response_rules, notice_emails,
  invoices_by, payment_terms_days, tax_id, tax_address, tax_country, tax_region, is_tax_exempt
) on leadgen.buyers to leadgen_dba;
grant update (
  name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active,
  currency, billing_mode, low_balance_at, credit_limit, billing_cycle, payment_method, payment_method_id, response_rules, notice_emails,
  invoices_by, payment_terms_days, tax_id, tax_address, tax_country, tax_region, is_tax_exempt
) on leadgen.buyers to leadgen_dba;
-- The defaults; whether webhooks may be local is the deploy's.
grant update (
  default_source_key, default_duplicate_window_hours, default_invoice_threshold, warn_at_percent, slow_retry_seconds,
  disable_endpoint_after, invitations_per_day, policies_need_approval
) on leadgen.settings to leadgen_dba;
-- What invoices say, tax rates and reminders. Invoices themselves are written by functions.
grant update (
  company, address, tax_id, email, phone, website, logo_svg, payment_instructions, terms, footer, pay_url, terms_days,
  sends_at_once, timezone, invoice_series, credit_note_series, number_template, number_digits
) on leadgen.billing_settings to leadgen_dba;
grant insert, update, delete on leadgen.tax_rates, leadgen.invoice_reminders to leadgen_dba;
-- How much senders may send.
grant insert, update, delete on leadgen.rate_limits to leadgen_dba;
-- How places and addresses are written; a deploy compiles what is here.
grant insert, update, delete on
  leadgen.city_words, leadgen.country_names, leadgen.region_names, leadgen.postal_territories, leadgen.mail_providers
to leadgen_dba;
-- How often workers do a chore, and whether they do it.
grant update (pause, is_active) on leadgen.chores to leadgen_dba;
-- When people may be called; what is compiled of it is the trigger's.
grant insert (country_code, region_code, hours, consent_required, law, is_active) on leadgen.calling_rules to leadgen_dba;
grant update (hours, consent_required, law, is_active) on leadgen.calling_rules to leadgen_dba;
grant delete on leadgen.calling_rules to leadgen_dba;
grant insert, delete on leadgen.calling_holidays to leadgen_dba;
-- How long something is kept, and whether it goes then.
grant update (keep, is_active) on leadgen.retention_rules to leadgen_dba;
-- How hard an endpoint is driven; its health is the worker's, and enable_endpoint's.
grant update (max_in_flight, disable_after) on leadgen.endpoints to leadgen_dba;
grant insert, update, delete on leadgen.field_maps to leadgen_dba;
grant insert (source_id, field_map_id) on leadgen.source_maps to leadgen_dba;
grant update (field_map_id) on leadgen.source_maps to leadgen_dba;
grant delete on leadgen.source_maps to leadgen_dba;
grant execute on function leadgen.try_field_map(text, jsonb) to leadgen_dba;

grant execute on function leadgen.submit_lead(jsonb, jsonb, boolean) to leadgen_dba;
grant execute on function leadgen.submit_leads(jsonb[], jsonb[], boolean) to leadgen_dba;
grant execute on function leadgen.record_mail_domain(text, text) to leadgen_dba;
grant execute on function leadgen.resubmit_quarantined(bigint, jsonb) to leadgen_dba;
grant execute on function leadgen.list_data_keys() to leadgen_dba;
grant execute on function leadgen.add_data_key(text, bytea, text) to leadgen_dba;
grant execute on function leadgen.rewrap_data_key(bigint, bytea, bytea, text) to leadgen_dba;
grant execute on function leadgen.retire_data_keys() to leadgen_dba;
grant execute on function leadgen.measure_sealing() to leadgen_dba;
grant execute on function leadgen.open_leads(bigint[], text, text) to leadgen_dba;
grant execute on function leadgen.open_quarantined(bigint, text) to leadgen_dba;
grant execute on function leadgen.open_fetch(bigint, text) to leadgen_dba;
grant execute on function leadgen.add_hook(text, text, text[]) to leadgen_dba;
grant execute on function leadgen.list_hooks() to leadgen_dba;
grant execute on function leadgen.pause_hook(bigint) to leadgen_dba;
grant execute on function leadgen.resume_hook(bigint) to leadgen_dba;
grant execute on function leadgen.remove_hook(bigint) to leadgen_dba;
grant execute on function leadgen.rotate_hook_secret(bigint, interval) to leadgen_dba;
grant execute on function leadgen.test_hook(bigint) to leadgen_dba;
grant execute on function leadgen.measure_market() to leadgen_dba;
grant execute on function leadgen.explain_lead(bigint) to leadgen_dba;
grant execute on function leadgen.explain_miss(bigint, bigint) to leadgen_dba;
grant execute on function leadgen.sell_lead(bigint, bigint, text, jsonb) to leadgen_dba;
grant execute on function leadgen.route_again(bigint) to leadgen_dba;
grant execute on function leadgen.explain_candidates(bigint) to leadgen_dba;
grant execute on function leadgen.find_leads(text, integer, text) to leadgen_dba;
grant execute on function leadgen.list_configuration_faults() to leadgen_dba;
grant execute on function leadgen.diagnose_market() to leadgen_dba;
grant execute on function leadgen.diagnose_server() to leadgen_dba;
grant execute on function leadgen.diagnose_books() to leadgen_dba;
grant execute on function leadgen.list_zones() to leadgen_dba;
grant execute on function leadgen.record_backup(text, text, timestamptz, bigint, boolean) to leadgen_dba;
grant execute on function leadgen.list_broken_invariants() to leadgen_dba;
grant execute on function leadgen.keep_report_zone(text), leadgen.rebuild_reports() to leadgen_dba;
grant execute on function leadgen.policy_history(text, bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_policy(text, bigint, integer) to leadgen_dba;
grant execute on function leadgen.enrollment_history(bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_enrollment(bigint, integer) to leadgen_dba;
grant execute on function leadgen.offer_history(bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_offer(bigint, integer) to leadgen_dba;
grant execute on function leadgen.pause_enrollment(bigint, text, text) to leadgen_dba;
grant execute on function leadgen.pause_enrollment(bigint, timestamptz, timestamptz) to leadgen_dba;
grant execute on function leadgen.resume_enrollment(bigint) to leadgen_dba;
grant execute on function leadgen.accept_sale(bigint) to leadgen_dba;
grant execute on function leadgen.return_sale(bigint, text, text, jsonb) to leadgen_dba;
grant execute on function leadgen.top_up(bigint, numeric, text, text, text) to leadgen_dba;
grant execute on function leadgen.withdraw(bigint, numeric, text, text, text) to leadgen_dba;
grant execute on function leadgen.credit_buyer(bigint, numeric, text, text) to leadgen_dba;
grant execute on function leadgen.debit_buyer(bigint, numeric, text, text) to leadgen_dba;
grant execute on function leadgen.refund_sale(bigint, numeric, text, text) to leadgen_dba;
grant execute on function leadgen.refund_lead(bigint, text, text) to leadgen_dba;
grant execute on function leadgen.end_replacement(bigint, text) to leadgen_dba;
grant execute on function leadgen.pay_source(bigint, text, numeric, timestamptz, text, text, text) to leadgen_dba;
grant execute on function leadgen.list_source_statement(bigint, timestamptz, timestamptz, text) to leadgen_dba;
grant execute on function leadgen.add_payment(bigint, numeric, leadgen.payment_method, text, text, bigint) to leadgen_dba;
grant execute on function leadgen.allocate_money(text) to leadgen_dba;
grant execute on function leadgen.start_checkout(bigint, numeric, text, boolean, text, bigint) to leadgen_dba;
grant execute on function leadgen.refund_payment(bigint, numeric, text, text) to leadgen_dba;
grant execute on function leadgen.write_off_receivable(bigint, numeric, text, text) to leadgen_dba;
grant execute on function leadgen.set_recharge(bigint, numeric, numeric, numeric) to leadgen_dba;
grant execute on function leadgen.import_bank_lines(jsonb) to leadgen_dba;
grant execute on function leadgen.match_bank_line(bigint, bigint, bigint) to leadgen_dba;
grant execute on function leadgen.ignore_bank_line(bigint, text) to leadgen_dba;
grant execute on function leadgen.buyer_reference(bigint) to leadgen_dba;
grant execute on function leadgen.claim_payment_calls(integer, bigint) to leadgen_dba;
grant execute on function leadgen.record_payment_answer(text, bigint, integer, text, jsonb, jsonb, timestamptz) to leadgen_dba;
grant execute on function leadgen.list_due_buyers(timestamptz) to leadgen_dba;
grant execute on function leadgen.invoice_buyer(bigint, timestamptz, boolean) to leadgen_dba;
grant execute on function leadgen.send_invoice(text) to leadgen_dba;
grant execute on function leadgen.credit_invoice(text, text, integer, numeric, text) to leadgen_dba;
grant execute on function leadgen.cancel_invoice(text, text) to leadgen_dba;
grant execute on function leadgen.dispute_invoice(text, text) to leadgen_dba;
grant execute on function leadgen.resolve_dispute(text, text) to leadgen_dba;
grant execute on function leadgen.show_invoice(text) to leadgen_dba;
grant execute on function leadgen.list_invoices(bigint, text, bigint, integer) to leadgen_dba;
grant execute on function leadgen.make_statement(bigint, date, date) to leadgen_dba;
grant execute on function leadgen.close_month(text) to leadgen_dba;
grant execute on function leadgen.total_month(text) to leadgen_dba;
grant execute on function leadgen.find_last_bookings() to leadgen_dba;
grant execute on function leadgen.verify_transactions(bigint, bigint) to leadgen_dba;
grant execute on function leadgen.verify_bookings(bigint, bigint) to leadgen_dba;
grant execute on function leadgen.verify_balances() to leadgen_dba;
grant execute on function leadgen.verify_audit_chain(bigint, bigint) to leadgen_dba;
grant execute on function leadgen.verify_audit_entries(bigint, bigint) to leadgen_dba;
grant execute on function leadgen.verify_audit() to leadgen_dba;
grant execute on function leadgen.find_audit_head() to leadgen_dba;
grant execute on function leadgen.list_chained_audit(bigint, integer) to leadgen_dba;
grant execute on function leadgen.suppress(text, text, text, timestamptz, text, text) to leadgen_dba;
grant execute on function leadgen.unsuppress(text, text, text, text) to leadgen_dba;
grant execute on function leadgen.ensure_suppression_list(text, bigint, bigint) to leadgen_dba;
grant execute on function leadgen.drop_suppression_list(text) to leadgen_dba;
grant execute on function leadgen.list_suppression_lists() to leadgen_dba;
grant execute on function leadgen.start_suppression_import(text, text, text, timestamptz, boolean, bytea) to leadgen_dba;
grant execute on function leadgen.import_suppressions(integer, bigint, text[]) to leadgen_dba;
grant execute on function leadgen.finish_suppression_import(integer) to leadgen_dba;
grant execute on function leadgen.list_holdings(text, text, text, text) to leadgen_dba;
grant execute on function leadgen.count_holdings(text, text, text, text) to leadgen_dba;
grant execute on function leadgen.start_person_export(text, text, text, text, text) to leadgen_dba;
grant execute on function leadgen.export_holding(text, bigint) to leadgen_dba;
grant execute on function leadgen.erase_holding(text, bigint, text) to leadgen_dba;
grant execute on function leadgen.count_old(text) to leadgen_dba;
grant execute on function leadgen.add_consent_text(text, text) to leadgen_dba;
grant execute on function leadgen.forget_old(text) to leadgen_dba;
grant insert, update, delete on leadgen.report_schedules to leadgen_dba;
grant execute on function leadgen.send_report(text) to leadgen_dba;
grant execute on function leadgen.find_report_zone() to leadgen_dba;
grant execute on function leadgen.compose_export(text, timestamptz, timestamptz, text, text, jsonb, text) to leadgen_dba;
grant execute on function leadgen.explain_unsold(bigint, timestamptz, timestamptz) to leadgen_dba;
grant execute on function leadgen.replay_lead(bigint, jsonb) to leadgen_dba;
grant execute on function leadgen.verify_leads(bigint, integer, jsonb) to leadgen_dba;
grant execute on function leadgen.dry_run_lead(jsonb, jsonb, boolean) to leadgen_dba;
grant execute on function leadgen.what_if(bigint, timestamptz, timestamptz, jsonb, jsonb) to leadgen_dba;
grant execute on function leadgen.rotate_webhook_secret(bigint, interval) to leadgen_dba;
grant execute on function leadgen.set_webhook_secret(bigint, text, interval) to leadgen_dba;
grant execute on function leadgen.set_webhook_header(bigint, text, text) to leadgen_dba;
grant execute on function leadgen.set_network_secrets(bigint, text, text, text) to leadgen_dba;
grant execute on function leadgen.remove_network_secrets(bigint) to leadgen_dba;
grant execute on function leadgen.enable_endpoint(bigint) to leadgen_dba;
grant execute on function leadgen.disable_endpoint(bigint, text) to leadgen_dba;
grant execute on function leadgen.send_test(bigint) to leadgen_dba;
grant execute on function leadgen.retry_delivery(bigint, boolean) to leadgen_dba;
grant execute on function leadgen.park_delivery(bigint) to leadgen_dba;
grant execute on function leadgen.start_resend(jsonb, text) to leadgen_dba;
grant execute on function leadgen.cancel_resend(bigint) to leadgen_dba;
grant execute on function leadgen.measure_outbox() to leadgen_dba;
grant execute on function leadgen.decide_return(bigint, boolean, text) to leadgen_dba;
grant execute on function leadgen.erase_lead(bigint, text, jsonb) to leadgen_dba;
grant execute on function leadgen.erase_submission(bigint, text) to leadgen_dba;
grant execute on function leadgen.find_person(text, text, text, jsonb) to leadgen_dba;
grant execute on function leadgen.list_return_reasons() to leadgen_dba;
grant insert, update (position, description, is_active) on leadgen.return_reasons to leadgen_dba;
-- Secrets are written by the functions above, and never read again: who reads them could sign for us, post for a network
-- or answer for every buyer.
revoke select on leadgen.link_secrets, leadgen.webhook_secrets, leadgen.network_secrets, leadgen.hook_secrets from leadgen_dba;
grant select (hook_id, created_at, previous_secret_until) on leadgen.hook_secrets to leadgen_dba;
grant select (buyer_id, created_at, updated_at, previous_secret_until) on leadgen.webhook_secrets to leadgen_dba;
grant select (source_id, created_at, updated_at) on leadgen.network_secrets to leadgen_dba;
-- Keys: by functions, which leave no key without an owner and no change without an event. Nobody reads hashes, but the one by
-- which a file is imported for a source.
revoke select on leadgen.api_keys from leadgen_dba;
grant select (
  id, created_at, kind, source_id, buyer_id, user_id, name, prefix, scopes, expires_at, revoked_at, last_used_at, made_by
) on leadgen.api_keys to leadgen_dba;
grant execute on function leadgen.find_posting_key(text) to leadgen_dba;
grant execute on function leadgen.create_key(text, bigint, text, text[], timestamptz, text, text) to leadgen_dba;
grant execute on function leadgen.rotate_key(bigint, interval, timestamptz, text, text) to leadgen_dba;
grant execute on function leadgen.revoke_key(bigint) to leadgen_dba;
-- People: a DBA lets them in and puts them out, by functions. What proves who they are is read by nobody, and to set a
-- password is the owner's.
grant execute on function leadgen.invite_user(text, text, text, bigint, bigint, text) to leadgen_dba;
grant execute on function leadgen.approve_user(bigint, bigint, text) to leadgen_dba;
grant execute on function leadgen.change_user_status(bigint, text, text, boolean) to leadgen_dba;
grant execute on function leadgen.send_reset(bigint) to leadgen_dba;
grant execute on function leadgen.remove_user_totp(bigint, text) to leadgen_dba;
grant execute on function leadgen.remove_user_passkeys(bigint, text) to leadgen_dba;
grant execute on function leadgen.remove_user_bindings(bigint, text) to leadgen_dba;
grant execute on function leadgen.revoke_user_sessions(bigint) to leadgen_dba;
revoke select on
  leadgen.user_passwords, leadgen.user_totp, leadgen.user_recovery_codes, leadgen.user_passkeys, leadgen.user_challenges,
  leadgen.user_sessions, leadgen.user_devices, leadgen.user_tokens, leadgen.sign_in_attempts, leadgen.sign_in_tries
from leadgen_dba;
grant select (user_id, changed_at) on leadgen.user_passwords to leadgen_dba;
grant select (user_id, created_at, confirmed_at) on leadgen.user_totp to leadgen_dba;
grant select (user_id, used_at) on leadgen.user_recovery_codes to leadgen_dba;
grant select (id, created_at, user_id, name, used_at) on leadgen.user_passkeys to leadgen_dba;
grant select (created_at, user_id) on leadgen.user_challenges to leadgen_dba;
grant select (id, created_at, user_id, seen_at, expires_at, address, network, agent, ended_at, ended_because)
on leadgen.user_sessions to leadgen_dba;
grant select (user_id, seen_at) on leadgen.user_devices to leadgen_dba;
grant select (id, created_at, user_id, purpose, expires_at, used_at) on leadgen.user_tokens to leadgen_dba;
grant select (id, created_at, user_id, address, network, finished_at, outcome) on leadgen.sign_in_attempts to leadgen_dba;
grant select (kind, tries, last_at, blocked_until) on leadgen.sign_in_tries to leadgen_dba;
