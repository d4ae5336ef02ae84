-- Facade of the console's pages of money: invoices, payments, statements, payouts, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.show_invoices_page(
  p_token_hash text,
  p_status text,
  p_buyer_id bigint,
  p_from date,
  p_to date,
  p_before bigint,
  p_is_late boolean
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_invoices_page(p_token_hash, p_status, p_buyer_id, p_from, p_to, p_before, p_is_late);
end;
$$;
comment on function leadgen.show_invoices_page(text, text, bigint, date, date, bigint, boolean) is
  'Invoices, credit notes and drafts, those that are overdue first, 50 a page, by a user who may read; what is open, '
  'by currency. LG400, LG401, LG403.';

create or replace function leadgen.show_invoice_page(p_token_hash text, p_number text, p_after integer)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_invoice_page(p_token_hash, p_number, p_after);
end;
$$;
comment on function leadgen.show_invoice_page(text, text, integer) is
  'A document with a page of its lines after a position, its payments, credit notes and reminders, and what may be '
  'done with it. LG401, LG403, LG404.';

create or replace function leadgen.show_payments_page(
  p_token_hash text,
  p_status text,
  p_buyer_id bigint,
  p_before bigint
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_payments_page(p_token_hash, p_status, p_buyer_id, p_before);
end;
$$;
comment on function leadgen.show_payments_page(text, text, bigint, bigint) is
  'Payments, the newest first, 50 a page, in a state, of a buyer. LG400, LG401, LG403.';

create or replace function leadgen.show_payment_page(p_token_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_payment_page(p_token_hash, p_payment_id);
end;
$$;
comment on function leadgen.show_payment_page(text, bigint) is
  'A payment with its refunds and disputes, and what of it can still be refunded. LG401, LG403, LG404.';

create or replace function leadgen.show_bank_page(p_token_hash text, p_status text, p_before bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_bank_page(p_token_hash, p_status, p_before);
end;
$$;
comment on function leadgen.show_bank_page(text, text, bigint) is
  'Lines of the bank that are waiting, matched or ignored, the latest first, 50 a page. LG400, LG401, LG403.';

create or replace function leadgen.show_balances_page(p_token_hash text, p_after bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_balances_page(p_token_hash, p_after);
end;
$$;
comment on function leadgen.show_balances_page(text, bigint) is
  'What buyers have left and owe, by id, 50 a page. LG401, LG403.';

create or replace function leadgen.show_statement_page(
  p_token_hash text,
  p_buyer_id bigint,
  p_from date,
  p_to date,
  p_after integer
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_statement_page(p_token_hash, p_buyer_id, p_from, p_to, p_after);
end;
$$;
comment on function leadgen.show_statement_page(text, bigint, date, date, integer) is
  'What a buyer has left and owes, and 200 lines of its statement of a period, without one of the month so far. '
  'LG400, LG401, LG403, LG404.';

create or replace function leadgen.show_payouts_page(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_payouts_page(p_token_hash, p_before);
end;
$$;
comment on function leadgen.show_payouts_page(text, bigint) is
  'What sources are owed, and what they were paid, the latest first, 50 a page. LG401, LG403.';

create or replace function leadgen.show_source_money_page(
  p_token_hash text,
  p_source_id bigint,
  p_from date,
  p_to date,
  p_after integer
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_source_money_page(p_token_hash, p_source_id, p_from, p_to, p_after);
end;
$$;
comment on function leadgen.show_source_money_page(text, bigint, date, date, integer) is
  'What a source is owed, and 200 lines of its statement of a period, without one of the month so far. LG400, LG401, '
  'LG403, LG404.';

create or replace function leadgen.read_document(p_token_hash text, p_number text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.read_document(p_token_hash, p_number);
end;
$$;
comment on function leadgen.read_document(text, text) is
  'A document with all of its lines, as leadgen.show_invoice has it, by a user who may read: for its PDF. LG401, '
  'LG403, LG404.';

create or replace function leadgen.read_statement(
  p_token_hash text,
  p_buyer_id bigint,
  p_from date,
  p_to date
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.read_statement(p_token_hash, p_buyer_id, p_from, p_to);
end;
$$;
comment on function leadgen.read_statement(text, bigint, date, date) is
  'A buyer''s statement, as leadgen.make_statement has it, by a user who may read: for its file. LG400, LG401, '
  'LG403, LG404.';
