-- DBAs: edit the configuration, read the rest; sales, decisions and money are not theirs to alter.
grant usage on schema leadgen, report to leadgen_dba;
grant select on all tables in schema leadgen, report to leadgen_dba;
grant insert, update, delete on
  leadgen.markets, leadgen.verticals, leadgen.validation_policies, leadgen.routing_policies, leadgen.pricing_policies,
  leadgen.offers, leadgen.sources, leadgen.source_campaigns, leadgen.buyer_offers, leadgen.buyer_service_areas,
  leadgen.offer_exclusivities
to leadgen_dba;
grant delete on leadgen.buyers to leadgen_dba;
-- All of a buyer but its balance: that is money.
grant insert (
  name, email, phone, company, webhook_url, webhook_secret, email_notifications, sms_notifications, is_active,
  credit_limit, billing_cycle, payment_method, payment_method_id
) on leadgen.buyers to leadgen_dba;
grant update (
  name, email, phone, company, webhook_url, webhook_secret, email_notifications, sms_notifications, is_active,
  credit_limit, billing_cycle, payment_method, payment_method_id
) on leadgen.buyers to leadgen_dba;
grant update (default_source_key, default_duplicate_window_hours, default_invoice_threshold) on leadgen.settings to leadgen_dba;
grant insert, update on leadgen.operator_keys to leadgen_dba;

grant execute on function leadgen.submit_lead(jsonb, jsonb) to leadgen_dba;
grant execute on function leadgen.replay_quarantined(bigint) to leadgen_dba;
grant execute on function leadgen.explain_lead(bigint) to leadgen_dba;
grant execute on function leadgen.explain_candidates(bigint) to leadgen_dba;
grant execute on function leadgen.check_invariants() to leadgen_dba;
