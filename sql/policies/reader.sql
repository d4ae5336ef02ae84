-- Functions by which a buyer reads, with its key, what is its own: they belong to leadgen_reader and run as it. Whatever
-- they ask for, row-level security leaves them the rows of the buyer that the transaction acts for, and none before
-- identity.act_as_buyer has seen the key.
grant usage on schema leadgen, kernel, catalog, identity, market, outbox, billing, roads to leadgen_reader;
grant select on
  leadgen.buyers, leadgen.offers, leadgen.lead_assignments, leadgen.leads, leadgen.sale_returns,
  leadgen.return_evidence, leadgen.reported_outcomes, leadgen.invoices, leadgen.invoice_lines,
  leadgen.ledger_transactions, leadgen.ledger_entries, leadgen.payments
to leadgen_reader;
grant select on leadgen.billing_settings, leadgen.ledger_kinds, leadgen.consent_texts to leadgen_reader;
grant select (id, happened_at, kind, buyer_id, for_buyers, facts) on leadgen.feed_items to leadgen_reader;
grant execute on function identity.act_as_buyer(text) to leadgen_reader;
grant execute on function identity.act_as_reader(text) to leadgen_reader;
grant execute on function identity.acting_buyer() to leadgen_reader;
-- What the seven call.
grant execute on function roads.show_sale(text, bigint) to leadgen_reader;
grant execute on function roads.show_own_invoice(text, text) to leadgen_reader;
grant execute on function roads.list_own_invoices(text, text, bigint, integer) to leadgen_reader;
grant execute on function billing.show_balance(text) to leadgen_reader;
grant execute on function billing.list_ledger(text, bigint, integer) to leadgen_reader;
grant execute on function billing.show_payment(text, bigint) to leadgen_reader;
grant execute on function billing.describe_balance(bigint) to leadgen_reader;
grant execute on function billing.describe_invoice(text) to leadgen_reader;
grant execute on function billing.describe_payer(bigint) to leadgen_reader;
grant execute on function billing.describe_payment(bigint) to leadgen_reader;
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
    'leadgen.show_payment(text, bigint)', 'leadgen.show_own_feed(text, bigint, integer, text[])']::regprocedure[] loop
    execute format('alter function %s owner to leadgen_reader', v_function);
  end loop;
  revoke create on schema leadgen from leadgen_reader;
end;
$$;
