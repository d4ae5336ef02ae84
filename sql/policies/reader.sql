-- Functions by which a buyer reads, by a key or a session, what is its own: they belong to leadgen_reader and run as
-- it. Whatever they ask for, row-level security leaves them the rows of the buyer that the transaction acts for, and none before
-- identity.act_as_buyer has seen the key, or identity.admit_buyer the session.
grant usage on schema leadgen, kernel, catalog, identity, market, outbox, billing, portal, roads to leadgen_reader;
grant select on
  leadgen.buyers, leadgen.offers, leadgen.lead_assignments, leadgen.leads, leadgen.sale_returns,
  leadgen.return_evidence, leadgen.reported_outcomes, leadgen.invoices, leadgen.invoice_lines,
  leadgen.ledger_transactions, leadgen.ledger_entries, leadgen.payments
to leadgen_reader;
grant select on leadgen.buyer_offers, leadgen.buyer_service_areas, leadgen.deliveries, leadgen.endpoints, leadgen.enrollment_usage
to leadgen_reader;
grant select on leadgen.markets, leadgen.return_reasons to leadgen_reader;
grant select on leadgen.billing_settings, leadgen.ledger_kinds, leadgen.consent_texts to leadgen_reader;
grant select (id, happened_at, kind, buyer_id, for_buyers, facts) on leadgen.feed_items to leadgen_reader;
grant execute on function identity.act_as_buyer(text) to leadgen_reader;
grant execute on function identity.act_as_reader(text) to leadgen_reader;
grant execute on function identity.acting_buyer() to leadgen_reader;
grant execute on function identity.admit_buyer(text, text) to leadgen_reader;
-- What they call.
grant execute on function roads.show_sale(text, bigint) to leadgen_reader;
grant execute on function roads.show_own_invoice(text, text) to leadgen_reader;
grant execute on function roads.list_own_invoices(text, text, bigint, integer) to leadgen_reader;
grant execute on function roads.show_portal_visitor(text) to leadgen_reader;
grant execute on function roads.show_portal_week(text) to leadgen_reader;
grant execute on function roads.list_portal_sales(text, bigint) to leadgen_reader;
grant execute on function roads.show_portal_sale(text, bigint) to leadgen_reader;
grant execute on function roads.list_portal_terms(text) to leadgen_reader;
grant execute on function roads.list_portal_endpoints(text) to leadgen_reader;
grant execute on function roads.show_portal_money(text, bigint) to leadgen_reader;
grant execute on function roads.show_portal_payment(text, bigint) to leadgen_reader;
grant execute on function roads.list_portal_invoices(text, bigint) to leadgen_reader;
grant execute on function roads.show_portal_invoice(text, text) to leadgen_reader;
grant execute on function roads.describe_own_invoice(bigint, text) to leadgen_reader;
grant execute on function portal.list_sales(bigint, bigint, timestamptz) to leadgen_reader;
grant execute on function portal.describe_sale(leadgen.lead_assignments, timestamptz) to leadgen_reader;
grant execute on function portal.show_sale(bigint, bigint, timestamptz) to leadgen_reader;
grant execute on function portal.disclose_sale(leadgen.lead_assignments) to leadgen_reader;
grant execute on function portal.list_enrollments(bigint, timestamptz) to leadgen_reader;
grant execute on function portal.describe_enrollment(leadgen.buyer_offers, timestamptz) to leadgen_reader;
grant execute on function portal.list_limits(leadgen.buyer_offers, text, timestamptz) to leadgen_reader;
grant execute on function portal.list_areas(bigint, bigint) to leadgen_reader;
grant execute on function portal.describe_week(bigint, timestamptz) to leadgen_reader;
grant execute on function portal.count_misses(bigint, timestamptz) to leadgen_reader;
grant execute on function portal.list_endpoints(bigint, timestamptz) to leadgen_reader;
grant execute on function outbox.describe_health(leadgen.endpoints, timestamptz) to leadgen_reader;
grant execute on function market.describe_link_state(text, leadgen.lead_assignments, timestamptz) to leadgen_reader;
grant execute on function market.describe_ending(leadgen.lead_assignments) to leadgen_reader;
grant execute on function market.describe_outcome(leadgen.assignment_outcome) to leadgen_reader;
grant execute on function market.find_answer_end(leadgen.lead_assignments, text) to leadgen_reader;
grant execute on function market.is_declinable(leadgen.lead_assignments) to leadgen_reader;
grant execute on function market.list_return_reasons() to leadgen_reader;
grant execute on function kernel.describe_pause(tstzrange, text) to leadgen_reader;
grant execute on function kernel.show_time(timestamptz, text) to leadgen_reader;
grant execute on function kernel.list_windows() to leadgen_reader;
grant execute on function kernel.start_window(text, timestamptz, text) to leadgen_reader;
grant execute on function kernel.start_windows(timestamptz, text) to leadgen_reader;
grant execute on function leadgen.clock() to leadgen_reader;
grant execute on function billing.show_balance(text) to leadgen_reader;
grant execute on function billing.list_ledger(text, bigint, integer) to leadgen_reader;
grant execute on function billing.show_payment(text, bigint) to leadgen_reader;
grant execute on function billing.describe_balance(bigint) to leadgen_reader;
grant execute on function billing.describe_invoice(text) to leadgen_reader;
grant execute on function billing.describe_payer(bigint) to leadgen_reader;
grant execute on function billing.describe_payment(bigint) to leadgen_reader;
grant execute on function billing.describe_own_payment(bigint, bigint) to leadgen_reader;
grant execute on function billing.describe_funds(timestamptz) to leadgen_reader;
grant execute on function billing.describe_sender() to leadgen_reader;
grant execute on function billing.find_invoice(text) to leadgen_reader;
grant execute on function billing.list_entries(bigint, bigint, integer) to leadgen_reader;
grant execute on function billing.list_invoices(bigint, text, bigint, integer) to leadgen_reader;
grant execute on function billing.sum_reserved(bigint) to leadgen_reader;
grant execute on function billing.summarize_invoice(leadgen.invoices) to leadgen_reader;
grant execute on function market.describe_answer(bigint) to leadgen_reader;
grant execute on function market.describe_reported(bigint) to leadgen_reader;
grant execute on function market.find_own_sale(bigint, bigint) to leadgen_reader;
grant execute on function market.has_ended(leadgen.lead_assignments) to leadgen_reader;
grant execute on function market.list_evidence(bigint) to leadgen_reader;
grant execute on function outbox.disclose(text[], leadgen.leads) to leadgen_reader;
grant execute on function roads.show_own_feed(text, bigint, integer, text[]) to leadgen_reader;
grant execute on function outbox.read_own_feed(bigint, bigint, integer, text[]) to leadgen_reader;
grant execute on function outbox.find_feed_span(bigint, integer, text[]) to leadgen_reader;
grant execute on function outbox.find_feed_end() to leadgen_reader;
grant execute on function outbox.write_feed_page(jsonb, integer, bigint) to leadgen_reader;
grant execute on function catalog.find_consent_text(jsonb) to leadgen_reader;
grant execute on function kernel.currency_minor_unit(text) to leadgen_reader;
grant execute on function kernel.refuse(text, text, text, text, text, text) to leadgen_reader;
grant execute on function kernel.write_instant(timestamptz) to leadgen_reader;

-- What belongs to it. It may make functions for this moment alone.
do $$
declare
  v_function regprocedure;
begin
  grant create on schema leadgen to leadgen_reader;
  foreach v_function in array array[
    'leadgen.show_sale(text, bigint)', 'leadgen.show_balance(text)', 'leadgen.list_ledger(text, bigint, integer)',
    'leadgen.show_own_invoice(text, text)', 'leadgen.list_own_invoices(text, text, bigint, integer)',
    'leadgen.show_payment(text, bigint)',
    'leadgen.show_own_feed(text, bigint, integer, text[])',
    'leadgen.show_portal_visitor(text)',
    'leadgen.show_portal_week(text)',
    'leadgen.list_portal_sales(text, bigint)',
    'leadgen.show_portal_sale(text, bigint)',
    'leadgen.list_portal_terms(text)',
    'leadgen.list_portal_endpoints(text)',
    'leadgen.show_portal_money(text, bigint)',
    'leadgen.show_portal_payment(text, bigint)',
    'leadgen.list_portal_invoices(text, bigint)',
    'leadgen.show_portal_invoice(text, text)']::regprocedure[] loop
    execute format('alter function %s owner to leadgen_reader', v_function);
  end loop;
  revoke create on schema leadgen from leadgen_reader;
end;
$$;
