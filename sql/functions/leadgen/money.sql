-- Facade of whoever keeps the books: money in advance, credits, debits, bad leads, balances.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.top_up(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_memo text default null,
  p_provider text default 'manual'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.top_up(p_buyer_id, p_amount, p_key, p_memo, p_provider);
end;
$$;
comment on function leadgen.top_up(bigint, numeric, text, text, text) is
  'The same as leadgen.add_payment, with the method as text (p_provider): the id in leadgen.payments. p_key: one for '
  'each payment, 3 to 200 characters; sent again it books nothing. LG400 for an unusable amount, key or method, '
  'LG404 without such a buyer, LG422 for a key that was used for something else.';

create or replace function leadgen.withdraw(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_memo text default null,
  p_provider text default 'manual'
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.withdraw(p_buyer_id, p_amount, p_key, p_memo, p_provider);
end;
$$;
comment on function leadgen.withdraw(bigint, numeric, text, text, text) is
  'Books what a buyer was paid back of its balance, at most all of it (LG409): see leadgen.top_up.';

create or replace function leadgen.credit_buyer(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.credit(p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.credit_buyer(bigint, numeric, text, text) is
  'Credits a buyer, with a reason: its balance rises, or where it is invoiced it owes less. The id of the transaction; '
  'see leadgen.top_up. LG409 for a buyer whose sales are not booked.';

create or replace function leadgen.debit_buyer(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.debit(p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.debit_buyer(bigint, numeric, text, text) is
  'Debits a buyer, with a reason; LG409 where its balance or its credit limit does not cover it. See '
  'leadgen.credit_buyer.';

create or replace function leadgen.refund_sale(p_assignment_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.refund_sale(p_assignment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.refund_sale(bigint, numeric, text, text) is
  'Gives so much of a sale''s price back to its buyer, null: all that is left; the sale stands. The id of the '
  'transaction, null where the sale was not booked. LG404 without such a sale, LG409 when less is left; see '
  'leadgen.top_up.';

create or replace function leadgen.refund_lead(p_lead_id bigint, p_reason text, p_note text default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.refund_lead(p_lead_id, p_reason, p_note);
end;
$$;
comment on function leadgen.refund_lead(bigint, text, text) is
  'A lead is bad: all of its sales that stand are returned in one transaction, whatever their buyers'' time to return, '
  'and it is offered to nobody else. How many were. p_reason: a code of leadgen.return_reasons (LG400).';

create or replace function leadgen.verify_transactions(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.list_broken_transactions(p_after_id, p_last_id);
end;
$$;
comment on function leadgen.verify_transactions(bigint, bigint) is
  'What is wrong with the transactions of the ledger whose id is above the first and at most the second; no rows: '
  'nothing. A part of `leadgen verify money`.';

create or replace function leadgen.verify_bookings(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.list_broken_bookings(p_after_id, p_last_id);
end;
$$;
comment on function leadgen.verify_bookings(bigint, bigint) is
  'What is wrong with the bookings of the sales whose id is above the first and at most the second; no rows: nothing. '
  'A part of `leadgen verify money`.';

create or replace function leadgen.verify_balances()
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.list_broken_balances();
end;
$$;
comment on function leadgen.verify_balances() is
  'Which cached balances are not the sums of their entries, which sums are not those of the sales and payments, and '
  'which invoices and closed months say something else; no rows: none. A part of `leadgen verify money`.';

create or replace function leadgen.find_last_bookings(out transactions bigint, out sales bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select f.transactions, f.sales into transactions, sales from billing.find_last_ids() f;
end;
$$;
comment on function leadgen.find_last_bookings() is
  'The ids of the latest transaction of the ledger and of the latest sale, null: there is none: how far `leadgen '
  'verify money` goes.';

create or replace function leadgen.show_balance(p_key_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.show_balance(p_key_hash);
end;
$$;
comment on function leadgen.show_balance(text) is
  'The money of the buyer whose key this is, amounts as text: {buyer_id, billing_mode, currency, balance, reserved, '
  'receivable, credit_limit, credit_left, is_low}. LG401 without a key.';

create or replace function leadgen.list_ledger(p_key_hash text, p_before bigint, p_limit integer)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.list_ledger(p_key_hash, p_before, p_limit);
end;
$$;
comment on function leadgen.list_ledger(text, bigint, integer) is
  'What was booked of the buyer whose key this is, the latest first, of transactions before this one (null: all), at '
  'most p_limit: {entries, next_before}; next_before null: there are no more. LG401 without a key.';

create or replace function leadgen.end_replacement(p_replacement_id bigint, p_reason text)
returns numeric
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.end_replacement(p_replacement_id, p_reason);
end;
$$;
comment on function leadgen.end_replacement(bigint, text) is
  'Gives a buyer its money instead of the lead that it is owed for a return: how much. LG400 without a reason, LG404 '
  'without such a replacement, LG409 when it was used or ended before.';
