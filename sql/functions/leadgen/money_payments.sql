-- Facade of payments: asked for, booked by hand, refunded, given up; what Stripe says; recharges.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.add_payment(
  p_buyer_id bigint,
  p_amount numeric,
  p_method leadgen.payment_method,
  p_key text,
  p_memo text default null,
  p_invoice_id bigint default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.add_payment(p_buyer_id, p_amount, p_method, p_key, p_memo, p_invoice_id);
end;
$$;
comment on function leadgen.add_payment(bigint, numeric, leadgen.payment_method, text, text, bigint) is
  'Books a payment that came by bank transfer, check, PayPal or otherwise, and was seen by a person: the id in '
  'leadgen.payments. It pays what the buyer owes first; the rest is its balance, or what an invoiced buyer has paid '
  'too much. p_key: one for each payment; sent again it books nothing. LG400 for an unusable amount, method or key, '
  'LG404 without such a buyer, LG422 for a key that was used for another one.';

create or replace function leadgen.allocate_money(p_number text)
returns numeric
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.allocate_money(p_number);
end;
$$;
comment on function leadgen.allocate_money(text) is
  'What a buyer paid and no invoice has yet pays this one first, a disputed one, too: what it leaves open. LG404 '
  'without such an invoice, LG409 for one that is not to be paid.';

create or replace function leadgen.start_checkout(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_saves_method boolean default false,
  p_memo text default null,
  p_invoice_id bigint default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.start_checkout(p_buyer_id, p_amount, p_key, p_saves_method, p_memo, p_invoice_id);
end;
$$;
comment on function leadgen.start_checkout(bigint, numeric, text, boolean, text, bigint) is
  'Asks for a payment on Stripe''s page: the id in leadgen.payments, whose session_url a worker fills in. '
  'p_saves_method: the method is kept for recharges. p_memo: what the page says it is for. LG409 for a currency '
  'that Stripe counts otherwise; see leadgen.add_payment.';

create or replace function leadgen.refund_payment(
  p_payment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.refund_payment(p_payment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.refund_payment(bigint, numeric, text, text) is
  'Pays a payment back, in whole (amount null: all that is left) or in part, at most the buyer''s balance: the id '
  'in leadgen.payment_reversals. By Stripe where it came from there; else it says that a person has paid it back. '
  'LG404 without such a payment, LG409 when less is left, LG422 for a key that was used for another refund.';

create or replace function leadgen.write_off_receivable(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.write_off(p_buyer_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.write_off_receivable(bigint, numeric, text, text) is
  'Gives up so much of what a buyer owes, with a reason: the id of the transaction. LG409 when it owes less; see '
  'leadgen.top_up.';

create or replace function leadgen.set_recharge(p_buyer_id bigint, p_below numeric, p_amount numeric, p_budget numeric)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform billing.set_recharge(p_buyer_id, p_below, p_amount, p_budget);
end;
$$;
comment on function leadgen.set_recharge(bigint, numeric, numeric, numeric) is
  'Recharges a prepaid buyer by its saved method when its balance is below p_below, by p_amount, at most p_budget a '
  'calendar month (in the zone of the market of its first enrollment). Ends a pause. All null: no recharges.';

create or replace function leadgen.keep_payment_event(p_body text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.keep_event(p_body);
end;
$$;
comment on function leadgen.keep_payment_event(text) is
  'Stores a webhook of Stripe whose signature was verified, as it came: the id in leadgen.payment_events; sent '
  'again, the same. A chore follows it. LG400 for what is no event.';

create or replace function leadgen.claim_payment_calls(p_limit integer, p_payment_id bigint default null)
returns table (subject text, id bigint, asks integer, call text, parameters jsonb, idempotency_key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.claim_calls(p_limit, p_payment_id);
end;
$$;
comment on function leadgen.claim_payment_calls(integer, bigint) is
  'What Stripe is to be asked now, of one payment or of all; each is handed out again after two minutes unless '
  'leadgen.record_payment_answer says what it answered. None in a copy.';

create or replace function leadgen.record_payment_answer(
  p_subject text,
  p_id bigint,
  p_asks integer,
  p_call text,
  p_objects jsonb,
  p_fault jsonb,
  p_said_at timestamptz
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.record_answer(p_subject, p_id, p_asks, p_call, p_objects, p_fault, p_said_at);
end;
$$;
comment on function leadgen.record_payment_answer(text, bigint, integer, text, jsonb, jsonb, timestamptz) is
  'Takes in what Stripe answered to a call of leadgen.claim_payment_calls: objects, or a fault {kind: refused, '
  'settings, absent, unknown; code, message}; p_said_at by Stripe''s clock. The status of the payment.';

create or replace function leadgen.import_bank_lines(p_lines jsonb)
returns table (line_key text, status text, found text, buyer_id bigint, is_new boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.import_lines(p_lines);
end;
$$;
comment on function leadgen.import_bank_lines(jsonb) is
  'Stores what came into a bank account, [{line_key, account, booked_on, amount, currency, reference, payer}]: what '
  'became of each line. One whose text names one buyer is booked; any other waits. A line_key that is there is not '
  'stored again.';

create or replace function leadgen.match_bank_line(
  p_line_id bigint,
  p_buyer_id bigint,
  p_invoice_id bigint default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.match_by_hand(p_line_id, p_buyer_id, p_invoice_id);
end;
$$;
comment on function leadgen.match_bank_line(bigint, bigint, bigint) is
  'Books a line that waits as a payment of this buyer: the id of the payment. LG404 without such a line or buyer, '
  'LG409 when it is booked already or of another currency.';

create or replace function leadgen.ignore_bank_line(p_line_id bigint, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform billing.ignore_line(p_line_id, p_reason);
end;
$$;
comment on function leadgen.ignore_bank_line(bigint, text) is
  'A line that waits is no payment of a buyer, with a reason. LG404 '
  'without such a line, LG409 when it is booked already.';

create or replace function leadgen.buyer_reference(p_buyer_id bigint)
returns text
language plpgsql
immutable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.make_reference(p_buyer_id);
end;
$$;
comment on function leadgen.buyer_reference(bigint) is
  'What a buyer writes on a bank transfer, so that it is matched: LG, its id, two check digits (ISO 7064 MOD 97-10).';

create or replace function leadgen.request_deposit(
  p_key_hash text,
  p_amount numeric,
  p_key text,
  p_saves_method boolean
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.request_deposit(p_key_hash, p_amount, p_key, p_saves_method);
end;
$$;
comment on function leadgen.request_deposit(text, numeric, text, boolean) is
  'The holder of a buyer''s key asks for a payment on Stripe''s page: see leadgen.show_payment. p_key: one for each '
  'payment; sent again, the same payment. LG401 without a buyer''s key; see leadgen.start_checkout.';

create or replace function leadgen.show_payment(p_key_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.show_payment(p_key_hash, p_payment_id);
end;
$$;
comment on function leadgen.show_payment(text, bigint) is
  'A payment of the buyer whose key this is: {payment_id, created_at, status, method, amount, currency, pay_url, '
  'failure_reason}; pay_url null: a worker has not opened the page yet, or it is of no use any more. LG401 without a '
  'key, LG404 for a payment that is not its own.';
