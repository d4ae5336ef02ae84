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
  leadgen.offers, leadgen.sources, leadgen.source_campaigns, leadgen.buyer_service_areas,
  leadgen.offer_exclusivities
to leadgen_dba;
grant delete on leadgen.buyers, leadgen.buyer_offers to leadgen_dba;
-- All of an enrollment but what triggers write.
grant insert (
  buyer_id, offer_id, is_active, routing_priority, weight, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month,
  timezone, price_per_lead, webhook_url_override, email_override, sms_override, min_balance_required, pause_from, pause_until,
  budget_per_day, budget_per_month, schedule, filters
) on leadgen.buyer_offers to leadgen_dba;
grant update (
  buyer_id, offer_id, is_active, routing_priority, weight, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month,
  timezone, price_per_lead, webhook_url_override, email_override, sms_override, min_balance_required, pause_from, pause_until,
  budget_per_day, budget_per_month, schedule, filters
) on leadgen.buyer_offers to leadgen_dba;
-- All of a buyer but its balance: that is money.
grant insert (
  name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active,
  credit_limit, billing_cycle, payment_method, payment_method_id, response_rules, notice_emails
) on leadgen.buyers to leadgen_dba;
grant update (
  name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active,
  credit_limit, billing_cycle, payment_method, payment_method_id, response_rules, notice_emails
) on leadgen.buyers to leadgen_dba;
-- The defaults; whether webhooks may be local is the deploy's.
grant update (
  default_source_key, default_duplicate_window_hours, default_invoice_threshold, warn_at_percent, slow_retry_seconds,
  disable_endpoint_after, quarantine_days
) on leadgen.settings to leadgen_dba;
-- How much senders may send.
grant insert, update, delete on leadgen.rate_limits to leadgen_dba;
-- How places and addresses are written; a deploy compiles what is here.
grant insert, update, delete on
  leadgen.city_words, leadgen.country_names, leadgen.region_names, leadgen.postal_territories, leadgen.mail_providers
to leadgen_dba;
-- How often workers do a chore, and whether they do it.
grant update (pause, is_active) on leadgen.chores to leadgen_dba;
-- How hard an endpoint is driven; its health is the worker's, and enable_endpoint's.
grant update (max_in_flight, disable_after) on leadgen.endpoints to leadgen_dba;
grant insert, update on leadgen.operator_keys to leadgen_dba;
grant insert, update, delete on leadgen.field_maps to leadgen_dba;
grant insert (source_id, field_map_id) on leadgen.source_maps to leadgen_dba;
grant update (field_map_id) on leadgen.source_maps to leadgen_dba;
grant delete on leadgen.source_maps to leadgen_dba;
grant execute on function leadgen.try_field_map(text, jsonb) to leadgen_dba;

grant execute on function leadgen.submit_lead(jsonb, jsonb, boolean) to leadgen_dba;
grant execute on function leadgen.resubmit_quarantined(bigint) to leadgen_dba;
grant execute on function leadgen.explain_lead(bigint) to leadgen_dba;
grant execute on function leadgen.explain_candidates(bigint) to leadgen_dba;
grant execute on function leadgen.find_leads(text, integer) to leadgen_dba;
grant execute on function leadgen.list_configuration_faults() to leadgen_dba;
grant execute on function leadgen.list_broken_invariants() to leadgen_dba;
grant execute on function leadgen.policy_history(text, bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_policy(text, bigint, integer) to leadgen_dba;
grant execute on function leadgen.enrollment_history(bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_enrollment(bigint, integer) to leadgen_dba;
grant execute on function leadgen.offer_history(bigint) to leadgen_dba;
grant execute on function leadgen.roll_back_offer(bigint, integer) to leadgen_dba;
grant execute on function leadgen.pause_enrollment(bigint, timestamptz, timestamptz) to leadgen_dba;
grant execute on function leadgen.resume_enrollment(bigint) to leadgen_dba;
grant execute on function leadgen.accept_sale(bigint) to leadgen_dba;
grant execute on function leadgen.return_sale(bigint, text, text) to leadgen_dba;
grant execute on function leadgen.suppress(text, text, text, timestamptz, text) to leadgen_dba;
grant execute on function leadgen.unsuppress(text, text, text) to leadgen_dba;
grant execute on function leadgen.explain_unsold(bigint, timestamptz, timestamptz) to leadgen_dba;
grant execute on function leadgen.replay_lead(bigint) to leadgen_dba;
grant execute on function leadgen.verify_leads(bigint, integer) to leadgen_dba;
grant execute on function leadgen.dry_run_lead(jsonb, jsonb, boolean) to leadgen_dba;
grant execute on function leadgen.what_if(bigint, timestamptz, timestamptz, jsonb) to leadgen_dba;
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
grant execute on function leadgen.erase_lead(bigint, text) to leadgen_dba;
grant execute on function leadgen.erase_submission(bigint, text) to leadgen_dba;
grant execute on function leadgen.find_person(text, text, text) to leadgen_dba;
grant execute on function leadgen.list_return_reasons() to leadgen_dba;
grant insert, update on leadgen.buyer_keys to leadgen_dba;
grant insert, update (position, description, is_active) on leadgen.return_reasons to leadgen_dba;
-- Secrets are written by the functions above, and never read again: who reads them could sign for us, post for a network
-- or answer for every buyer.
revoke select on leadgen.link_secrets, leadgen.webhook_secrets, leadgen.network_secrets from leadgen_dba;
grant select (buyer_id, created_at, updated_at, previous_secret_until) on leadgen.webhook_secrets to leadgen_dba;
grant select (source_id, created_at, updated_at) on leadgen.network_secrets to leadgen_dba;
