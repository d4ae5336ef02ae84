-- Payments: asked for at Stripe, or booked by hand; refunded; given up.

create or replace function billing.ensure_payment(
  p_buyer_id bigint,
  p_purpose text,
  p_amount numeric,
  p_method leadgen.payment_method,
  p_key text,
  p_memo text,
  p_invoice_id bigint
)
returns leadgen.payments
language plpgsql
volatile
as $$
-- The same again under one key is the same payment; another one under it is refused.
declare
  v_payment leadgen.payments;
begin
  perform billing.check_amount(p_buyer_id, p_amount);
  if p_invoice_id is not null and not exists (
    select from leadgen.invoices i where i.id = p_invoice_id and i.buyer_id = p_buyer_id and i.kind = 'invoice') then
    perform kernel.refuse('LG404', format('Buyer %s has no such invoice', p_buyer_id), 'invoice_id',
      p_invoice_id::text, 'the id of an invoice of the buyer');
  end if;
  insert into leadgen.payments (created_at, buyer_id, invoice_id, purpose, amount, currency, method, key, memo)
  values (leadgen.clock(), p_buyer_id, p_invoice_id, p_purpose, p_amount, billing.find_currency(p_buyer_id), p_method,
    p_key, billing.read_memo(p_memo))
  on conflict on constraint payments_key_unique do nothing;
  select p.* into v_payment from leadgen.payments p where p.key = p_key for no key update;
  if (v_payment.buyer_id, v_payment.amount, v_payment.method, v_payment.invoice_id)
    is distinct from (p_buyer_id, p_amount, p_method, p_invoice_id) then
    perform kernel.refuse('LG422', format('The key %s was used for another payment', p_key), 'key',
      format('payment %s', v_payment.id), 'a new key', 'One key is one payment; send another key for another one.');
  end if;
  return v_payment;
end;
$$;
comment on function billing.ensure_payment(bigint, text, numeric, leadgen.payment_method, text, text, bigint) is
  'The payment of this key, made if there is none, and locked. LG422: the key was used for another one. LG404: '
  'the invoice is not the buyer''s.';

create or replace function billing.add_payment(
  p_buyer_id bigint,
  p_amount numeric,
  p_method leadgen.payment_method,
  p_key text,
  p_memo text,
  p_invoice_id bigint
)
returns bigint
language plpgsql
volatile
as $$
begin
  if p_method = 'stripe' then
    perform kernel.refuse('LG400', 'A payment by Stripe is booked when Stripe says so', 'method', 'stripe',
      'manual, bank_transfer, check, paypal', 'Ask for it: leadgen money payments checkout.');
  end if;
  perform billing.check_key(p_key);
  perform billing.refuse_key(t) from leadgen.ledger_transactions t where t.key = p_key;
  return billing.book_payment(p_buyer_id, p_amount, p_method, p_key, p_memo, p_invoice_id);
end;
$$;
comment on function billing.add_payment(bigint, numeric, leadgen.payment_method, text, text, bigint) is
  'The work of leadgen.add_payment.';

create or replace function billing.top_up(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_memo text,
  p_provider text
)
returns bigint
language plpgsql
volatile
as $$
begin
  return billing.add_payment(p_buyer_id, p_amount, billing.read_method(p_provider), p_key, p_memo, null);
end;
$$;
comment on function billing.top_up(bigint, numeric, text, text, text) is 'The work of leadgen.top_up.';

create or replace function billing.read_method(p_method text)
returns leadgen.payment_method
language plpgsql
immutable
as $$
begin
  if (p_method = any (enum_range(null::leadgen.payment_method)::text[])) is not true then
    perform kernel.refuse('LG400', 'There is no such way to pay', 'method', coalesce(left(p_method, 50), 'nothing'),
      'manual, bank_transfer, check, paypal');
  end if;
  return p_method;
end;
$$;
comment on function billing.read_method(text) is 'How a payment came; LG400 for what is no way to pay.';

create or replace function billing.book_payment(
  p_buyer_id bigint,
  p_amount numeric,
  p_method leadgen.payment_method,
  p_key text,
  p_memo text,
  p_invoice_id bigint
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_payment leadgen.payments;
begin
  v_payment := billing.ensure_payment(
    p_buyer_id, case when p_invoice_id is null then 'top_up' else 'invoice' end, p_amount, p_method, p_key, p_memo,
    p_invoice_id);
  update leadgen.payments p
  set said_status = 'completed', received = p.amount, fee = 0, said_at = leadgen.clock(), told_status = 'completed'
  where p.id = v_payment.id and p.said_status = 'pending';
  perform billing.settle_payment(v_payment.id);
  return v_payment.id;
end;
$$;
comment on function billing.book_payment(bigint, numeric, leadgen.payment_method, text, text, bigint) is
  'A payment that has come, booked: its id. The same again under one key is the same payment.';

create or replace function billing.start_checkout(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_saves_method boolean,
  p_memo text,
  p_invoice_id bigint
)
returns bigint
language plpgsql
volatile
as $$
begin
  perform billing.check_key(p_key);
  return billing.ask_for_payment(p_buyer_id, p_amount, p_key, p_saves_method, p_memo, p_invoice_id);
end;
$$;
comment on function billing.start_checkout(bigint, numeric, text, boolean, text, bigint) is
  'The work of leadgen.start_checkout.';

create or replace function billing.ask_for_payment(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_saves_method boolean,
  p_memo text,
  p_invoice_id bigint
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_payment leadgen.payments;
begin
  perform billing.check_stripe_currency(billing.find_currency(p_buyer_id));
  v_payment := billing.ensure_payment(
    p_buyer_id, case when p_invoice_id is null then 'top_up' else 'invoice' end, p_amount, 'stripe', p_key, p_memo,
    p_invoice_id);
  if v_payment.asks = 0 then
    perform billing.check_unpaid(p_buyer_id);
    update leadgen.payments p
    set
      saves_method = p_saves_method,
      ask_at = leadgen.clock(),
      customer_id = (select f.customer_id from leadgen.payment_profiles f where f.buyer_id = p_buyer_id)
    where p.id = v_payment.id;
  end if;
  return v_payment.id;
end;
$$;
comment on function billing.ask_for_payment(bigint, numeric, text, boolean, text, bigint) is
  'A payment that a worker asks for on Stripe''s page: its id. The same again under one key is the same payment.';

create or replace function billing.lock_payment(p_payment_id bigint)
returns leadgen.payments
language plpgsql
volatile
as $$
declare
  v_payment leadgen.payments;
begin
  select p.* into v_payment from leadgen.payments p where p.id = p_payment_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such payment', 'payment_id', p_payment_id::text, 'the id of a payment');
  end if;
  return v_payment;
end;
$$;
comment on function billing.lock_payment(bigint) is 'A payment, locked; LG404 when there is none.';

create or replace function billing.refund_payment(p_payment_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
as $$
-- The buyer has it no more from now on, whatever the provider says later.
declare
  v_payment constant leadgen.payments := billing.lock_payment(p_payment_id);
  v_buyer record;
  v_left numeric;
  v_amount numeric;
  v_id bigint;
begin
  perform billing.check_key(p_key);
  select r.id into v_id from leadgen.payment_reversals r where r.key = p_key;
  if found then
    perform billing.check_same_refund(p_payment_id, p_amount, p_key);
    return v_id;
  end if;
  v_left := billing.find_refundable(v_payment);
  v_amount := coalesce(p_amount, v_left);
  perform billing.check_amount(v_payment.buyer_id, coalesce(p_amount, v_payment.amount));
  select b.* into v_buyer from billing.lock_buyers(array[v_payment.buyer_id], true) b;
  if v_amount > v_left or v_left <= 0 then
    perform kernel.refuse('LG409', format('Payment %s has less left to refund', p_payment_id), 'amount',
      v_amount::text, format('at most %s %s', greatest(v_left, 0), v_payment.currency));
  elsif v_buyer.billing_mode <> 'invoiced' and v_amount > v_buyer.balance then
    perform kernel.refuse('LG409', format('The balance of buyer %s does not cover it', v_payment.buyer_id), 'amount',
      v_amount::text, format('at most the balance, %s %s', v_buyer.balance, v_payment.currency));
  end if;
  insert into leadgen.payment_reversals (created_at, payment_id, kind, amount, status, key, reason, ask_at)
  select leadgen.clock(), p_payment_id, 'refund', v_amount,
    case v_payment.method when 'stripe' then 'pending' else 'completed' end, p_key, billing.read_memo(p_reason),
    case v_payment.method when 'stripe' then leadgen.clock() end
  on conflict on constraint payment_reversals_key_unique do nothing
  returning id into v_id;
  if not found then
    perform billing.check_same_refund(p_payment_id, p_amount, p_key); -- another payment's, at the same time
  end if;
  perform billing.settle_payment(p_payment_id);
  return v_id;
end;
$$;
comment on function billing.refund_payment(bigint, numeric, text, text) is 'The work of leadgen.refund_payment.';

create or replace function billing.find_refundable(p_payment leadgen.payments)
returns numeric
language plpgsql
stable
as $$
begin
  return case p_payment.said_status when 'completed' then p_payment.received else 0 end - coalesce((
    select sum(r.amount) from leadgen.payment_reversals r
    where r.payment_id = p_payment.id
      and r.status in ('pending', 'unknown', 'completed', 'open', 'lost')), 0);
end;
$$;
comment on function billing.find_refundable(leadgen.payments) is 'How much of a payment was not taken back.';

create or replace function billing.check_same_refund(p_payment_id bigint, p_amount numeric, p_key text)
returns void
language plpgsql
stable
as $$
begin
  if not exists (
    select from leadgen.payment_reversals r
    where r.key = p_key and r.payment_id = p_payment_id and r.kind = 'refund'
      and r.amount = coalesce(p_amount, r.amount))
  then
    perform kernel.refuse('LG422', format('The key %s was used for another refund', p_key), 'key', 'another refund',
      'a new key', 'One key is one refund; send another key for another one.');
  end if;
end;
$$;
comment on function billing.check_same_refund(bigint, numeric, text) is
  'LG422 unless the refund of this key is of this payment and amount.';

create or replace function billing.write_off(p_buyer_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_memo constant text := billing.read_reason(p_reason);
  v_buyer record;
begin
  perform billing.check_amount(p_buyer_id, p_amount);
  perform billing.check_key(p_key);
  select b.* into v_buyer from billing.lock_buyers(array[p_buyer_id], true) b;
  if p_amount > v_buyer.receivable and not exists (
    select from leadgen.ledger_transactions t where t.key = p_key) then
    perform kernel.refuse('LG409', format('Buyer %s owes less', p_buyer_id), 'amount', p_amount::text,
      format('at most %s', greatest(v_buyer.receivable, 0)));
  end if;
  return billing.post('write_off', p_key, billing.find_currency(p_buyer_id), array[
    ('write_off', null, null, null, p_amount)::billing.entry,
    ('buyer_receivable', p_buyer_id, null, null, -p_amount)::billing.entry], leadgen.clock(), v_memo);
end;
$$;
comment on function billing.write_off(bigint, numeric, text, text) is 'The work of leadgen.write_off_receivable.';
