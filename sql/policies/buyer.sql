-- A buyer, in a session that acts for it (leadgen.act_as_buyer): the views of schema for_buyers, and the columns that
-- they are made of. Row-level security leaves of them the buyer's own rows. Of a lead it has what it bought: nothing of
-- cost and margin, of its source, of other buyers, or of how it was decided.
grant usage on schema leadgen, for_buyers to leadgen_buyer;
grant execute on function leadgen.act_as_buyer(text) to leadgen_buyer;
grant execute on function leadgen.act_as_user(text) to leadgen_buyer;
grant execute on function identity.acting_buyer() to leadgen_buyer;
do $$
declare
  v_view text;
begin
  for v_view in select d.name from pg_temp.declared d where d.kind = 'table' and d.schema = 'for_buyers' loop
    execute format('grant select on %s to leadgen_buyer', v_view);
  end loop;
end;
$$;
grant select (
  id, name, company, email, phone, is_active, currency, billing_mode, balance, receivable, credit_limit, low_balance_at
) on leadgen.buyers to leadgen_buyer;
grant select (
  id, buyer_id, offer_id, is_active, price_per_lead, capacity_per_hour, capacity_per_day, capacity_per_week,
  capacity_per_month, budget_per_day, budget_per_month, timezone, pause_from, pause_until
) on leadgen.buyer_offers to leadgen_buyer;
grant select (id, buyer_id, market_id, scope_type, scope_value, is_active) on leadgen.buyer_service_areas to leadgen_buyer;
grant select (
  id, buyer_id, channel, target, disabled_at, disabled_reason, failures_in_a_row, last_failure_at, retry_at
) on leadgen.endpoints to leadgen_buyer;
grant select (
  id, buyer_id, created_at, lead_id, offer_id, is_exclusive, price, currency, outcome, acceptance, delivered_at,
  accepted_at, answer_by, return_by, release_due_at, released_at
) on leadgen.lead_assignments to leadgen_buyer;
grant select (
  id, name, email, phone, phone_extension, postal_code, city, region_code, country_code, message, attributes
) on leadgen.leads to leadgen_buyer;
grant select (
  id, buyer_id, assignment_id, created_at, channel, target, status, attempts, next_attempt_at, finished_at
) on leadgen.deliveries to leadgen_buyer;
grant select (
  id, buyer_id, assignment_id, created_at, reason_code, note, via, status, decided_at, gives
) on leadgen.sale_returns to leadgen_buyer;
grant select (
  id, buyer_id, assignment_id, created_at, happened_at, stage, value, stars, comment, via
) on leadgen.outcome_reports to leadgen_buyer;
grant select (
  id, buyer_id, invoice_number, kind, status, offer_id, period_start, period_end, issued_at, due_date, currency,
  total_leads, amount_due, tax_amount, total_amount, paid_amount, credited_amount
) on leadgen.invoices to leadgen_buyer;
grant select (
  invoice_id, position, booked_at, kind, description, offer_id, lead_id, assignment_id, amount, tax_percent, tax_amount
) on leadgen.invoice_lines to leadgen_buyer;
grant select (transaction_id, buyer_id, account, amount, balance_after, currency) on leadgen.ledger_entries to leadgen_buyer;
grant select (id, buyer_id, booked_at, kind, assignment_id, memo) on leadgen.ledger_transactions to leadgen_buyer;
grant select (
  id, buyer_id, created_at, purpose, method, amount, currency, status, failure_reason
) on leadgen.payments to leadgen_buyer;
-- How what it buys is called.
grant select (id, name) on leadgen.offers to leadgen_buyer;
