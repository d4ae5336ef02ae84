-- Road: an operator keeps the books over HTTP, by a key. What it does is an event, with its name: once, however often
-- the same comes again under one key.

create or replace function roads.add_payment_for(
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
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_id bigint;
begin
  v_id := billing.add_payment(p_buyer_id, p_amount, billing.read_method(p_method), p_key, p_memo,
    billing.find_invoice_of(p_buyer_id, p_number));
  perform roads.note_money(v_operator, 'payment', v_id::text, p_buyer_id);
  return jsonb_build_object(
    'payment', billing.describe_payment(v_id), 'balance', billing.describe_balance(p_buyer_id));
end;
$$;
comment on function roads.add_payment_for(text, bigint, numeric, text, text, text, text) is
  'The work of leadgen.add_payment_for.';

create or replace function roads.credit_buyer_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  return roads.tell_booked(v_operator, 'credit', billing.credit(p_buyer_id, p_amount, p_key, p_reason), p_buyer_id);
end;
$$;
comment on function roads.credit_buyer_for(text, bigint, numeric, text, text) is
  'The work of leadgen.credit_buyer_for.';

create or replace function roads.debit_buyer_for(
  p_key_hash text,
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  return roads.tell_booked(v_operator, 'debit', billing.debit(p_buyer_id, p_amount, p_key, p_reason), p_buyer_id);
end;
$$;
comment on function roads.debit_buyer_for(text, bigint, numeric, text, text) is 'The work of leadgen.debit_buyer_for.';

create or replace function roads.refund_sale_for(
  p_key_hash text,
  p_assignment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_id bigint;
begin
  v_id := roads.refund_sale(p_assignment_id, p_amount, p_key, p_reason);
  if v_id is null then
    perform kernel.refuse('LG409', format('Sale %s was not booked', p_assignment_id), 'assignment_id',
      p_assignment_id::text, 'a sale that was booked');
  end if;
  return roads.tell_booked(v_operator, 'refund', v_id, billing.find_buyer_of_transaction(v_id));
end;
$$;
comment on function roads.refund_sale_for(text, bigint, numeric, text, text) is 'The work of leadgen.refund_sale_for.';

create or replace function roads.refund_payment_for(
  p_key_hash text,
  p_payment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_id bigint;
  v_buyer_id bigint;
begin
  v_id := billing.refund_payment(p_payment_id, p_amount, p_key, p_reason);
  v_buyer_id := billing.find_buyer_of_payment(p_payment_id);
  perform roads.note_money(v_operator, 'refund of payment', format('%s (%s)', p_payment_id, v_id), v_buyer_id);
  return jsonb_build_object('reversal_id', v_id, 'payment', billing.describe_payment(p_payment_id),
    'balance', billing.describe_balance(v_buyer_id));
end;
$$;
comment on function roads.refund_payment_for(text, bigint, numeric, text, text) is
  'The work of leadgen.refund_payment_for.';

create or replace function roads.close_month_for(p_key_hash text, p_month text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
begin
  if not billing.is_closed(p_month) then
    perform auditing.note_actor(format('operator key of %s', v_operator));
    perform billing.close_month(p_month);
    perform roads.note_money(v_operator, 'month', p_month, null);
  end if;
  return jsonb_build_object('month', p_month);
end;
$$;
comment on function roads.close_month_for(text, text) is 'The work of leadgen.close_month_for.';

create or replace function roads.total_month_for(p_key_hash text, p_month text)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'money');
  return jsonb_build_object('month', p_month, 'totals', billing.total_month(p_month));
end;
$$;
comment on function roads.total_month_for(text, text) is 'The work of leadgen.total_month_for.';

create or replace function roads.pay_source_for(
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
as $$
declare
  v_operator constant text := identity.authorize_operator(p_key_hash, 'money');
  v_id bigint;
begin
  v_id := billing.pay_source(
    p_source_id, p_key, p_amount, p_until, p_memo, billing.read_method(p_method)::text, p_currency);
  perform roads.note_money(v_operator, 'payout', v_id::text, null);
  return billing.describe_payout(v_id);
end;
$$;
comment on function roads.pay_source_for(text, bigint, text, numeric, timestamptz, text, text, text) is
  'The work of leadgen.pay_source_for.';

create or replace function roads.tell_booked(p_operator text, p_what text, p_id bigint, p_buyer_id bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform roads.note_money(p_operator, p_what, p_id::text, p_buyer_id);
  return jsonb_build_object('transaction_id', p_id, 'balance', billing.describe_balance(p_buyer_id));
end;
$$;
comment on function roads.tell_booked(text, text, bigint, bigint) is
  'An operator booked a transaction of a buyer: it is noted; the transaction and the buyer''s money.';

create or replace function roads.note_money(p_operator text, p_what text, p_subject text, p_buyer_id bigint)
returns void
language plpgsql
volatile
as $$
-- Who does it on a page gives a reason (identity.admit_for), which is kept with it.
declare
  v_reason constant text := nullif(current_setting('leadgen.reason', true), '');
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (leadgen.clock(), 'money_moved', format('%s %s', p_what, p_subject), p_buyer_id,
    format('operator %s: %s %s%s', p_operator, p_what, p_subject, ': ' || v_reason),
    jsonb_strip_nulls(jsonb_build_object('operator', p_operator, 'by', session_user, 'reason', v_reason)))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function roads.note_money(text, text, text, bigint) is
  'An event: which operator did this with money over HTTP. The same again is not noted again.';
