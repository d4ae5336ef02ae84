-- The API: what it may call, by who is behind the call; it sees no table.
grant usage on schema leadgen to leadgen_api;

-- A transaction acts for a buyer or a source, whose role the API may then take: buyer.sql, source.sql.
grant execute on function leadgen.act_as_buyer(text) to leadgen_api;
grant execute on function leadgen.act_as_source(text) to leadgen_api;
grant execute on function leadgen.act_as_user(text) to leadgen_api;

-- Senders hand leads in.
grant execute on function leadgen.submit_lead(jsonb, jsonb, boolean) to leadgen_api;
grant execute on function leadgen.submit_leads(jsonb[], jsonb[], boolean) to leadgen_api;
grant execute on function leadgen.check_source_key(text) to leadgen_api;
grant execute on function leadgen.find_form_pages(jsonb, jsonb) to leadgen_api;
grant execute on function leadgen.issue_form_token(text) to leadgen_api;
grant execute on function leadgen.show_lead_form(text) to leadgen_api;
grant execute on function leadgen.record_mail_domain(text, text) to leadgen_api;
grant execute on function leadgen.keep_refused(text, text, jsonb, jsonb, bigint, integer) to leadgen_api;
grant execute on function leadgen.lease_posts(text, text, integer) to leadgen_api;
grant execute on function leadgen.list_rate_limits() to leadgen_api;

grant execute on function leadgen.list_data_keys() to leadgen_api;
grant execute on function leadgen.add_data_key(text, bytea, text) to leadgen_api;

-- Ad networks post them in their own form.
grant execute on function leadgen.open_post(text, bytea, jsonb) to leadgen_api;
grant execute on function leadgen.submit_mapped_lead(text, bytea, jsonb, integer, jsonb, boolean) to leadgen_api;
grant execute on function leadgen.verify_subscription(text, text) to leadgen_api;

-- Buyers answer for their sales, by key or by the link in a message.
grant execute on function leadgen.answer_sale(text, bigint, text, text, text, jsonb) to leadgen_api;
grant execute on function leadgen.report_outcome(text, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.show_sale(text, bigint) to leadgen_api;
grant execute on function leadgen.list_return_reasons() to leadgen_api;
grant execute on function leadgen.show_balance(text) to leadgen_api;
grant execute on function leadgen.list_ledger(text, bigint, integer) to leadgen_api;
grant execute on function leadgen.read_link(text) to leadgen_api;
grant execute on function leadgen.answer_by_link(text, text, text, jsonb) to leadgen_api;

-- Buyers read what they are billed.
grant execute on function leadgen.show_own_invoice(text, text) to leadgen_api;
grant execute on function leadgen.list_own_invoices(text, text, bigint, integer) to leadgen_api;
grant execute on function leadgen.make_own_statement(text, date, date) to leadgen_api;

-- Operators read why a lead went where it did.
grant execute on function leadgen.explain_lead_for(text, bigint) to leadgen_api;

-- Operators keep the books.
grant execute on function leadgen.list_balances_for(text, bigint, integer) to leadgen_api;
grant execute on function leadgen.show_balance_for(text, bigint) to leadgen_api;
grant execute on function leadgen.list_ledger_for(text, bigint, bigint, integer) to leadgen_api;
grant execute on function leadgen.make_statement_for(text, bigint, date, date) to leadgen_api;
grant execute on function leadgen.list_invoices_for(text, bigint, text, bigint, integer) to leadgen_api;
grant execute on function leadgen.show_invoice_for(text, text) to leadgen_api;
grant execute on function leadgen.list_payments_for(text, bigint, text, bigint, integer) to leadgen_api;
grant execute on function leadgen.list_payables_for(text) to leadgen_api;
grant execute on function leadgen.list_payouts_for(text, bigint, bigint, integer) to leadgen_api;
grant execute on function leadgen.add_payment_for(text, bigint, numeric, text, text, text, text) to leadgen_api;
grant execute on function leadgen.credit_buyer_for(text, bigint, numeric, text, text) to leadgen_api;
grant execute on function leadgen.debit_buyer_for(text, bigint, numeric, text, text) to leadgen_api;
grant execute on function leadgen.refund_sale_for(text, bigint, numeric, text, text) to leadgen_api;
grant execute on function leadgen.refund_payment_for(text, bigint, numeric, text, text) to leadgen_api;
grant execute on function leadgen.allocate_money_for(text, text) to leadgen_api;
grant execute on function leadgen.invoice_buyer_for(text, bigint, boolean) to leadgen_api;
grant execute on function leadgen.send_invoice_for(text, text) to leadgen_api;
grant execute on function leadgen.credit_invoice_for(text, text, text, integer, numeric, text) to leadgen_api;
grant execute on function leadgen.cancel_invoice_for(text, text, text) to leadgen_api;
grant execute on function leadgen.dispute_invoice_for(text, text, text) to leadgen_api;
grant execute on function leadgen.resolve_dispute_for(text, text, text) to leadgen_api;
grant execute on function leadgen.close_month_for(text, text) to leadgen_api;
grant execute on function leadgen.total_month_for(text, text) to leadgen_api;
grant execute on function leadgen.pay_source_for(text, bigint, text, numeric, timestamptz, text, text, text) to leadgen_api;

-- Buyers pay on Stripe's page, and Stripe tells what became of it.
grant execute on function leadgen.request_deposit(text, numeric, text, boolean) to leadgen_api;
grant execute on function leadgen.show_payment(text, bigint) to leadgen_api;
grant execute on function leadgen.keep_payment_event(text) to leadgen_api;

-- Keys: when they were used, and what people make for themselves.
grant execute on function leadgen.note_key_uses(text[], timestamptz[]) to leadgen_api;
grant execute on function leadgen.check_reader(text) to leadgen_api;
grant execute on function leadgen.list_own_keys(text) to leadgen_api;
grant execute on function leadgen.create_own_key(text, text, text, text[], timestamptz, text, text) to leadgen_api;
grant execute on function leadgen.rotate_own_key(text, bigint, interval, timestamptz, text, text) to leadgen_api;
grant execute on function leadgen.revoke_own_key(text, bigint) to leadgen_api;

-- Operators and buyers listen to the feed.
grant execute on function leadgen.find_feed_head() to leadgen_api;
grant execute on function leadgen.find_feed_reader(text) to leadgen_api;
grant execute on function leadgen.show_feed(text, bigint, integer, text[]) to leadgen_api;
grant execute on function leadgen.show_own_feed(text, bigint, integer, text[]) to leadgen_api;

-- The SMS provider reports, and the load balancer asks.
grant execute on function leadgen.record_sms_status(uuid, text, text, integer) to leadgen_api;
grant execute on function leadgen.is_ready() to leadgen_api;

-- People sign up, in and out.
grant execute on function leadgen.sign_up(text, text, text, text, bytea, bytea, text) to leadgen_api;
grant execute on function leadgen.verify_user(text) to leadgen_api;
grant execute on function leadgen.forgot_password(text, text) to leadgen_api;
grant execute on function leadgen.reset_password(text, bytea, bytea, text) to leadgen_api;
grant execute on function leadgen.finish_sign_in(bigint, bytea, text, text, text, text, text) to leadgen_api;
grant execute on function leadgen.show_me(text) to leadgen_api;
grant execute on function leadgen.sign_out(text) to leadgen_api;
grant execute on function leadgen.list_own_sessions(text) to leadgen_api;
grant execute on function leadgen.revoke_own_sessions(text, bigint) to leadgen_api;
grant execute on function leadgen.enrol_totp(text) to leadgen_api;
grant execute on function leadgen.confirm_totp(text, text, text[]) to leadgen_api;
grant execute on function leadgen.start_sign_in(text, text, text) to leadgen_api;
grant execute on function leadgen.make_recovery_codes(text, text, text[]) to leadgen_api;
grant execute on function leadgen.remove_own_totp(text, text) to leadgen_api;
grant execute on function leadgen.find_own_challenge(text) to leadgen_api;
grant execute on function leadgen.change_own_password(text, bytea, bytea, bytea) to leadgen_api;
grant execute on function leadgen.renew_own_digest(text, bytea, bytea, bytea) to leadgen_api;

grant execute on function leadgen.start_passkey(text, text) to leadgen_api;
grant execute on function leadgen.add_passkey(text, text, text, bytea, bytea, bigint) to leadgen_api;
grant execute on function leadgen.list_own_passkeys(text) to leadgen_api;
grant execute on function leadgen.remove_own_passkey(text, bigint) to leadgen_api;
grant execute on function leadgen.start_passkey_sign_in(text) to leadgen_api;
grant execute on function leadgen.find_passkey(bytea) to leadgen_api;
grant execute on function leadgen.finish_passkey_sign_in(text, bytea, bigint, text, text, text, text, text) to leadgen_api;

grant execute on function leadgen.start_provider_sign_in(text) to leadgen_api;
grant execute on function leadgen.take_provider_state(text, text) to leadgen_api;
grant execute on function leadgen.finish_provider_sign_in(bigint, text, text, text, boolean, timestamptz, text, text, text, text)
to leadgen_api;

-- Admins and owners of buyers manage users.
grant execute on function leadgen.remove_user_bindings_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.list_users_for(text, text, bigint, integer) to leadgen_api;
grant execute on function leadgen.invite_user_for(text, text, text, text, bigint, bigint, text) to leadgen_api;
grant execute on function leadgen.approve_user_for(text, bigint, bigint, text) to leadgen_api;
grant execute on function leadgen.change_user_status_for(text, bigint, text, text) to leadgen_api;
grant execute on function leadgen.send_reset_for(text, bigint) to leadgen_api;
grant execute on function leadgen.revoke_user_sessions_for(text, bigint) to leadgen_api;

-- People who run the market, on the console's pages.
grant execute on function leadgen.show_today(text) to leadgen_api;
grant execute on function leadgen.browse_leads(text, text, bigint, bigint) to leadgen_api;
grant execute on function leadgen.search_leads(text, text, text) to leadgen_api;
grant execute on function leadgen.show_lead(text, bigint, bigint) to leadgen_api;
grant execute on function leadgen.list_quarantine_for(text, bigint) to leadgen_api;
grant execute on function leadgen.list_held_for(text, bigint) to leadgen_api;
grant execute on function leadgen.list_returns_for(text, text, bigint) to leadgen_api;
grant execute on function leadgen.list_deliveries_for(text, text, bigint) to leadgen_api;
grant execute on function leadgen.list_endpoints_for(text) to leadgen_api;
grant execute on function leadgen.list_events_for(text, text, bigint) to leadgen_api;
grant execute on function leadgen.retry_delivery_for(text, bigint, boolean) to leadgen_api;
grant execute on function leadgen.park_delivery_for(text, bigint) to leadgen_api;
grant execute on function leadgen.enable_endpoint_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.disable_endpoint_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.send_test_for(text, bigint) to leadgen_api;
grant execute on function leadgen.decide_return_for(text, bigint, boolean, text) to leadgen_api;
grant execute on function leadgen.return_sale_for(text, bigint, text, text) to leadgen_api;
grant execute on function leadgen.resubmit_quarantined_for(text, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.open_submission_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.route_again_for(text, bigint) to leadgen_api;
grant execute on function leadgen.open_lead_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.sell_lead_for(text, bigint, bigint, text, jsonb) to leadgen_api;
grant execute on function leadgen.credit_sale_for(text, bigint, numeric, text, text) to leadgen_api;
grant execute on function leadgen.erase_lead_for(text, bigint, text, jsonb) to leadgen_api;
grant execute on function leadgen.list_policies_for(text) to leadgen_api;
grant execute on function leadgen.show_policy_for(text, text, bigint, integer) to leadgen_api;
grant execute on function leadgen.compare_policy_for(text, text, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.rehearse_policy_for(text, text, bigint, bigint, jsonb, bigint) to leadgen_api;
grant execute on function leadgen.find_offer_of_lead(text, bigint) to leadgen_api;
grant execute on function leadgen.publish_policy_for(text, text, bigint, jsonb, integer, text) to leadgen_api;
grant execute on function leadgen.roll_back_policy_for(text, text, bigint, integer, text) to leadgen_api;
grant execute on function leadgen.list_buyers_for(text, text, bigint) to leadgen_api;
grant execute on function leadgen.show_buyer_for(text, bigint) to leadgen_api;
grant execute on function leadgen.show_enrollment_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.list_offers_for(text) to leadgen_api;
grant execute on function leadgen.show_offer_for(text, bigint) to leadgen_api;
grant execute on function leadgen.list_sources_for(text, bigint) to leadgen_api;
grant execute on function leadgen.show_source_for(text, bigint) to leadgen_api;
grant execute on function leadgen.show_new_form_for(text, text) to leadgen_api;
grant execute on function leadgen.add_row_for(text, text, jsonb, text) to leadgen_api;
grant execute on function leadgen.save_row_for(text, text, bigint, jsonb, text, text) to leadgen_api;
grant execute on function leadgen.save_hours_for(text, bigint, text, text, text) to leadgen_api;
grant execute on function leadgen.save_areas_for(text, bigint, text, text, text) to leadgen_api;
grant execute on function leadgen.pause_buyer_for(text, bigint, bigint, text, text, text) to leadgen_api;
grant execute on function leadgen.resume_buyer_for(text, bigint, bigint, text) to leadgen_api;
grant execute on function leadgen.give_key_for(text, text, bigint, text, text, text, text, text[], text)
  to leadgen_api;
grant execute on function leadgen.rotate_key_for(text, bigint, text, integer, text, text, text) to leadgen_api;
grant execute on function leadgen.take_key_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.show_own_account(text) to leadgen_api;
grant execute on function leadgen.show_users_for(text, text, text, text, bigint) to leadgen_api;
grant execute on function leadgen.show_user_for(text, bigint) to leadgen_api;
grant execute on function leadgen.change_user_role_for(text, bigint, text, text, text) to leadgen_api;
grant execute on function leadgen.remove_user_factors_for(text, bigint, text) to leadgen_api;
grant execute on function leadgen.show_keys_for(text, text, text, bigint) to leadgen_api;
grant execute on function leadgen.show_audit_for(text, text, text, text, text, bigint) to leadgen_api;
grant execute on function leadgen.show_audit_entry_for(text, bigint) to leadgen_api;
grant execute on function leadgen.verify_audit_for(text, bigint) to leadgen_api;
grant execute on function leadgen.show_settings_for(text) to leadgen_api;
grant execute on function leadgen.show_setting_for(text, text, text[]) to leadgen_api;
grant execute on function leadgen.save_setting_for(text, text, text[], jsonb, text, text) to leadgen_api;
grant execute on function leadgen.show_doctor_for(text, text) to leadgen_api;
grant execute on function leadgen.propose_policy_for(text, text, bigint, jsonb, integer, text, timestamptz)
  to leadgen_api;
grant execute on function leadgen.approve_policy_for(text, bigint) to leadgen_api;
grant execute on function leadgen.withdraw_policy_for(text, bigint) to leadgen_api;

-- People of a buyer, on the portal's pages.
grant execute on function leadgen.show_portal_visitor(text) to leadgen_api;
grant execute on function leadgen.show_portal_week(text) to leadgen_api;
grant execute on function leadgen.list_portal_sales(text, bigint) to leadgen_api;
grant execute on function leadgen.show_portal_sale(text, bigint) to leadgen_api;
grant execute on function leadgen.list_portal_terms(text) to leadgen_api;
grant execute on function leadgen.list_portal_endpoints(text) to leadgen_api;
grant execute on function leadgen.show_portal_money(text, bigint) to leadgen_api;
grant execute on function leadgen.show_portal_payment(text, bigint) to leadgen_api;
grant execute on function leadgen.list_portal_invoices(text, bigint) to leadgen_api;
grant execute on function leadgen.show_portal_invoice(text, text) to leadgen_api;
grant execute on function leadgen.make_portal_statement(text, date, date) to leadgen_api;
grant execute on function leadgen.answer_sale_for(text, bigint, text, text, text, jsonb) to leadgen_api;
grant execute on function leadgen.report_outcome_for(text, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.pause_own_enrollment(text, bigint, timestamp, timestamp) to leadgen_api;
grant execute on function leadgen.resume_own_enrollment(text, bigint) to leadgen_api;
grant execute on function leadgen.set_own_limits(text, bigint, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.set_own_hours(text, bigint, bigint, jsonb) to leadgen_api;
grant execute on function leadgen.send_own_test(text, bigint) to leadgen_api;
grant execute on function leadgen.start_own_top_up(text, numeric, text, boolean) to leadgen_api;
grant execute on function leadgen.set_own_recharge(text, numeric, numeric, numeric) to leadgen_api;
grant execute on function leadgen.list_own_notice_choices(text) to leadgen_api;
grant execute on function leadgen.set_own_notice_choices(text, jsonb) to leadgen_api;
