-- Facade of the console: what is booked, sent and credited on its pages, by a session that may, with a reason.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.send_invoice_by(p_token_hash text, p_number text, p_reason text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.send_invoice_by(p_token_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.send_invoice_by(text, text, text) is
  'Sends a draft, by a user who may book money, with a reason: its number. See leadgen.send_invoice. LG400, LG401, '
  'LG403, LG404, LG409.';

create or replace function leadgen.cancel_invoice_by(p_token_hash text, p_number text, p_reason text)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.cancel_invoice_by(p_token_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.cancel_invoice_by(text, text, text) is
  'Cancels a draft or an open invoice: the numbers of its credit notes. See leadgen.cancel_invoice. LG400, LG401, '
  'LG403, LG404, LG409.';

create or replace function leadgen.credit_invoice_by(
  p_token_hash text,
  p_number text,
  p_line integer,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.credit_invoice_by(p_token_hash, p_number, p_line, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.credit_invoice_by(text, text, integer, numeric, text, text) is
  'Gives back what is left of an invoice, of one line, or so much of one line: the numbers of its credit notes. See '
  'leadgen.credit_invoice. LG400, LG401, LG403, LG404, LG409, LG422.';

create or replace function leadgen.dispute_invoice_by(p_token_hash text, p_number text, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.dispute_invoice_by(p_token_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.dispute_invoice_by(text, text, text) is
  'A buyer disputes an open invoice: see leadgen.dispute_invoice. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.resolve_dispute_by(p_token_hash text, p_number text, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.resolve_dispute_by(p_token_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.resolve_dispute_by(text, text, text) is
  'The dispute of an invoice is over: see leadgen.resolve_dispute. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.allocate_money_by(p_token_hash text, p_number text, p_reason text)
returns numeric
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.allocate_money_by(p_token_hash, p_number, p_reason);
end;
$$;
comment on function leadgen.allocate_money_by(text, text, text) is
  'What a buyer paid and no invoice has yet pays this one first: what it leaves open. LG400, LG401, LG403, LG404, '
  'LG409.';

create or replace function leadgen.add_payment_by(
  p_token_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_method text,
  p_number text,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.add_payment_by(p_token_hash, p_buyer_id, p_amount, p_method, p_number, p_key, p_reason);
end;
$$;
comment on function leadgen.add_payment_by(text, bigint, numeric, text, text, text, text) is
  'Books what a buyer paid, of an invoice where one is named: the id of the payment. See leadgen.add_payment. LG400, '
  'LG401, LG403, LG404, LG409, LG422.';

create or replace function leadgen.refund_payment_by(
  p_token_hash text,
  p_payment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.refund_payment_by(p_token_hash, p_payment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.refund_payment_by(text, bigint, numeric, text, text) is
  'Pays a payment back, null: all that is left: the id of the reversal. See leadgen.refund_payment. LG400, LG401, '
  'LG403, LG404, LG409, LG422.';

create or replace function leadgen.adjust_buyer_by(
  p_token_hash text,
  p_kind text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.adjust_buyer_by(p_token_hash, p_kind, p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.adjust_buyer_by(text, text, bigint, numeric, text, text) is
  'Credits or debits a buyer, or writes off what it owes (credit, debit, write_off): the id of the transaction. '
  'LG400, LG401, LG403, LG404, LG409, LG422.';

create or replace function leadgen.match_bank_line_by(
  p_token_hash text,
  p_line_id bigint,
  p_buyer_id bigint,
  p_number text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.match_bank_line_by(p_token_hash, p_line_id, p_buyer_id, p_number, p_reason);
end;
$$;
comment on function leadgen.match_bank_line_by(text, bigint, bigint, text, text) is
  'Books a line of the bank that waits as a payment of this buyer, of an invoice where one is named: its id. LG400, '
  'LG401, LG403, LG404, LG409.';

create or replace function leadgen.ignore_bank_line_by(p_token_hash text, p_line_id bigint, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.ignore_bank_line_by(p_token_hash, p_line_id, p_reason);
end;
$$;
comment on function leadgen.ignore_bank_line_by(text, bigint, text) is
  'A line of the bank that waits is no payment of a buyer. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.pay_source_by(
  p_token_hash text,
  p_source_id bigint,
  p_amount numeric,
  p_until date,
  p_method text,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.pay_source_by(p_token_hash, p_source_id, p_amount, p_until, p_method, p_key, p_reason);
end;
$$;
comment on function leadgen.pay_source_by(text, bigint, numeric, date, text, text, text) is
  'Books what a source was paid, null: all that it is owed of what was booked before a day, null: now. The id of the '
  'transaction. See leadgen.pay_source. LG400, LG401, LG403, LG404, LG409, LG422.';
