-- Facade of operators who read the books over HTTP, by any key of an operator.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_balances_for(p_key_hash text, p_after bigint, p_limit integer)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_balances_for(p_key_hash, p_after, p_limit);
end;
$$;
comment on function leadgen.list_balances_for(text, bigint, integer) is
  'The money of buyers, by id, after this one (null: from the first), at most p_limit: {balances, next_after}; '
  'each as leadgen.show_balance says, with the buyer''s name. LG401 without an operator''s key.';

create or replace function leadgen.show_balance_for(p_key_hash text, p_buyer_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_balance_for(p_key_hash, p_buyer_id);
end;
$$;
comment on function leadgen.show_balance_for(text, bigint) is
  'The money of a buyer: see leadgen.show_balance. LG404 without such a buyer. LG401 without an operator''s key.';

create or replace function leadgen.list_ledger_for(p_key_hash text, p_buyer_id bigint, p_before bigint, p_limit integer)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_ledger_for(p_key_hash, p_buyer_id, p_before, p_limit);
end;
$$;
comment on function leadgen.list_ledger_for(text, bigint, bigint, integer) is
  'What was booked of a buyer: see leadgen.list_ledger. LG404 without such a buyer. LG401 without an operator''s key.';

create or replace function leadgen.make_statement_for(p_key_hash text, p_buyer_id bigint, p_from date, p_to date)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.make_statement_for(p_key_hash, p_buyer_id, p_from, p_to);
end;
$$;
comment on function leadgen.make_statement_for(text, bigint, date, date) is
  'A buyer''s statement: see leadgen.make_statement. LG401 without an operator''s key.';

create or replace function leadgen.list_invoices_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_status text,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_invoices_for(p_key_hash, p_buyer_id, p_status, p_before_id, p_limit);
end;
$$;
comment on function leadgen.list_invoices_for(text, bigint, text, bigint, integer) is
  'Invoices, credit notes and drafts, the newest first, of a buyer or, null, of all: {invoices, next_before}. '
  'LG400 for an unknown state. LG401 without an operator''s key.';

create or replace function leadgen.show_invoice_for(p_key_hash text, p_number text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_invoice_for(p_key_hash, p_number);
end;
$$;
comment on function leadgen.show_invoice_for(text, text) is
  'An invoice, a credit note or a draft with its lines: see leadgen.show_invoice. LG401 without an operator''s key.';

create or replace function leadgen.list_payments_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_status text,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_payments_for(p_key_hash, p_buyer_id, p_status, p_before_id, p_limit);
end;
$$;
comment on function leadgen.list_payments_for(text, bigint, text, bigint, integer) is
  'Payments, the newest first, of a buyer or, null, of all: {payments, next_before}. LG400 for an unknown state. '
  'LG401 without an operator''s key.';

create or replace function leadgen.list_payables_for(p_key_hash text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_payables_for(p_key_hash);
end;
$$;
comment on function leadgen.list_payables_for(text) is
  'What each source earned, what of it was taken back, what it was paid and is owed, by currency: {payables}. '
  'LG401 without an operator''s key.';

create or replace function leadgen.list_payouts_for(
  p_key_hash text,
  p_source_id bigint,
  p_before_id bigint,
  p_limit integer
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_payouts_for(p_key_hash, p_source_id, p_before_id, p_limit);
end;
$$;
comment on function leadgen.list_payouts_for(text, bigint, bigint, integer) is
  'What sources were paid, the latest first, of one or, null, of all: {payouts, next_before}. LG401 without an '
  'operator''s key.';
