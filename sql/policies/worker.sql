-- The worker: may claim and complete deliveries, route held leads, settle and release sales; sees no table.
grant usage on schema leadgen to leadgen_worker;
grant execute on function leadgen.claim_deliveries(text, jsonb, interval, bigint[]) to leadgen_worker;
grant execute on function leadgen.record_attempts(jsonb, integer, interval) to leadgen_worker;
grant execute on function leadgen.release_deliveries(bigint[], uuid[]) to leadgen_worker;
grant execute on function leadgen.list_withdrawn(bigint[], uuid[]) to leadgen_worker;
grant execute on function leadgen.take_nap(text, interval) to leadgen_worker;
grant execute on function leadgen.list_chores() to leadgen_worker;
grant execute on function leadgen.run_chore(text) to leadgen_worker;
-- What run_chore calls, by itself.
grant execute on function leadgen.follow_change() to leadgen_worker;
grant execute on function leadgen.route_held_lead() to leadgen_worker;
grant execute on function leadgen.settle_answers() to leadgen_worker;
grant execute on function leadgen.release_due_sale() to leadgen_worker;
grant execute on function leadgen.settle_return() to leadgen_worker;
grant execute on function leadgen.settle_endpoints() to leadgen_worker;
grant execute on function leadgen.settle_reports() to leadgen_worker;
grant execute on function leadgen.advance_resend() to leadgen_worker;
grant execute on function leadgen.list_endpoint_checks(integer) to leadgen_worker;
grant execute on function leadgen.record_endpoint_check(bigint, text) to leadgen_worker;
grant execute on function leadgen.measure_outbox() to leadgen_worker;
grant execute on function leadgen.diagnose_market() to leadgen_worker;
grant execute on function leadgen.diagnose_server() to leadgen_worker;
grant execute on function leadgen.measure_market() to leadgen_worker;
grant execute on function leadgen.is_copy() to leadgen_worker;
-- The PDF that an e-mail brings; it names no person of a lead.
grant execute on function leadgen.show_invoice(text) to leadgen_worker;
-- Leads that a network's post only names.
grant execute on function leadgen.claim_fetches(integer) to leadgen_worker;
grant execute on function leadgen.record_fetch(bigint, integer, jsonb, jsonb, boolean, jsonb) to leadgen_worker;
-- Payments: what Stripe is asked.
grant execute on function leadgen.claim_payment_calls(integer, bigint) to leadgen_worker;
grant execute on function leadgen.record_payment_answer(text, bigint, integer, text, jsonb, jsonb, timestamptz) to leadgen_worker;
grant execute on function leadgen.record_mail_domain(text, text) to leadgen_worker;
-- E-mails to users.
grant execute on function leadgen.claim_report(interval) to leadgen_worker;
grant execute on function leadgen.read_report(bigint, timestamptz, timestamptz, integer) to leadgen_worker;
grant execute on function leadgen.start_report_mail(bigint, uuid, interval) to leadgen_worker;
grant execute on function leadgen.record_report_mail(bigint, uuid, text) to leadgen_worker;
grant execute on function leadgen.finish_report(bigint, uuid, integer, text) to leadgen_worker;
grant execute on function leadgen.claim_user_mails(text[]) to leadgen_worker;
grant execute on function leadgen.record_user_mail(bigint, text, text) to leadgen_worker;
-- Sealing of personal data.
grant execute on function leadgen.list_data_keys() to leadgen_worker;
grant execute on function leadgen.add_data_key(text, bytea, text) to leadgen_worker;
grant execute on function leadgen.list_unsealed(integer) to leadgen_worker;
grant execute on function leadgen.keep_sealed(jsonb, text) to leadgen_worker;
grant execute on function leadgen.list_held_unchecked(integer) to leadgen_worker;
grant execute on function leadgen.end_suppressed_holds(jsonb) to leadgen_worker;
