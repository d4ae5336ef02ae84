-- Facade of operators who keep the books over HTTP, by a key with scope money.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.add_payment_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_method text,
  p_key text,
  p_memo text,
  p_number text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.add_payment_for(p_key_hash, p_buyer_id, p_amount, p_method, p_key, p_memo, p_number);
end;
$$;
comment on function leadgen.add_payment_for(text, bigint, numeric, text, text, text, text) is
  'Books a payment that came: {payment, balance}. p_number: the invoice that it pays first; see '
  'leadgen.add_payment. LG401 without an operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.credit_buyer_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.credit_buyer_for(p_key_hash, p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.credit_buyer_for(text, bigint, numeric, text, text) is
  'Credits a buyer: {transaction_id, balance}; see leadgen.credit_buyer. LG401 without an operator''s key, LG403 '
  'unless it has scope money.';

create or replace function leadgen.debit_buyer_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.debit_buyer_for(p_key_hash, p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.debit_buyer_for(text, bigint, numeric, text, text) is
  'Debits a buyer: {transaction_id, balance}; see leadgen.debit_buyer. LG401 without an operator''s key, LG403 '
  'unless it has scope money.';

create or replace function leadgen.refund_sale_for(
  p_key_hash text,
  p_assignment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.refund_sale_for(p_key_hash, p_assignment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.refund_sale_for(text, bigint, numeric, text, text) is
  'Gives so much of a sale''s price back: {transaction_id, balance}; LG409 for a sale that was not booked. See '
  'leadgen.refund_sale. LG401 without an operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.refund_payment_for(
  p_key_hash text,
  p_payment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.refund_payment_for(p_key_hash, p_payment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.refund_payment_for(text, bigint, numeric, text, text) is
  'Pays a payment back: {reversal_id, payment, balance}; see leadgen.refund_payment. LG401 without an operator''s '
  'key, LG403 unless it has scope money.';

create or replace function leadgen.allocate_money_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.allocate_money_for(p_key_hash, p_number);
end;
$$;
comment on function leadgen.allocate_money_for(text, text) is
  'What a buyer paid and no invoice has yet pays this one first: the invoice; see leadgen.allocate_money. LG401 '
  'without an operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.invoice_buyer_for(p_key_hash text, p_buyer_id bigint, p_early boolean)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.invoice_buyer_for(p_key_hash, p_buyer_id, p_early);
end;
$$;
comment on function leadgen.invoice_buyer_for(text, bigint, boolean) is
  'Bills a buyer now: {numbers}; see leadgen.invoice_buyer. LG401 without an operator''s key, LG403 unless it has '
  'scope money.';

create or replace function leadgen.send_invoice_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.send_invoice_for(p_key_hash, p_number);
end;
$$;
comment on function leadgen.send_invoice_for(text, text) is
  'Sends a draft: {numbers}; see leadgen.send_invoice. LG401 without an operator''s key, LG403 unless it has '
  'scope money.';

create or replace function leadgen.credit_invoice_for(
  p_key_hash text,
  p_number text,
  p_reason text,
  p_position integer,
  p_amount numeric,
  p_key text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.credit_invoice_for(p_key_hash, p_number, p_reason, p_position, p_amount, p_key);
end;
$$;
comment on function leadgen.credit_invoice_for(text, text, text, integer, numeric, text) is
  'Corrects an invoice by credit notes: {numbers}; see leadgen.credit_invoice. p_key counts with p_amount only: '
  'all that is left is given back once. LG401 without an operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.cancel_invoice_for(p_key_hash text, p_number text, p_reason text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.cancel_invoice_for(p_key_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.cancel_invoice_for(text, text, text) is
  'Cancels an invoice: {numbers} of its credit notes; see leadgen.cancel_invoice. LG401 without an operator''s '
  'key, LG403 unless it has scope money.';

create or replace function leadgen.dispute_invoice_for(p_key_hash text, p_number text, p_reason text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.dispute_invoice_for(p_key_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.dispute_invoice_for(text, text, text) is
  'A buyer disputes an invoice: the invoice; see leadgen.dispute_invoice. LG401 without an operator''s key, LG403 '
  'unless it has scope money.';

create or replace function leadgen.resolve_dispute_for(p_key_hash text, p_number text, p_notes text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.resolve_dispute_for(p_key_hash, p_number, p_notes);
end;
$$;
comment on function leadgen.resolve_dispute_for(text, text, text) is
  'A dispute is over: the invoice; see leadgen.resolve_dispute. LG401 without an operator''s key, LG403 unless it '
  'has scope money.';

create or replace function leadgen.close_month_for(p_key_hash text, p_month text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.close_month_for(p_key_hash, p_month);
end;
$$;
comment on function leadgen.close_month_for(text, text) is
  'Closes a month: {month}; again it changes nothing. Nothing is booked meanwhile, so it '
  'sums nothing up: leadgen.total_month_for does. See leadgen.close_month. LG401 without '
  'an operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.total_month_for(p_key_hash text, p_month text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.total_month_for(p_key_hash, p_month);
end;
$$;
comment on function leadgen.total_month_for(text, text) is
  'Sums up a closed month: {month, totals}; again it changes nothing. See leadgen.total_month. LG401 without an '
  'operator''s key, LG403 unless it has scope money.';

create or replace function leadgen.pay_source_for(
  p_key_hash text,
  p_source_id bigint,
  p_key text,
  p_amount numeric,
  p_until timestamptz,
  p_memo text,
  p_method text,
  p_currency text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.pay_source_for(p_key_hash, p_source_id, p_key, p_amount, p_until, p_memo, p_method, p_currency);
end;
$$;
comment on function leadgen.pay_source_for(text, bigint, text, numeric, timestamptz, text, text, text) is
  'Books what a source was paid: the payout; see leadgen.pay_source. LG401 without '
  'an operator''s key, LG403 unless it has scope money.';
