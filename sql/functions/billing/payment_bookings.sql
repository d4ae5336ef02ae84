-- Payments in the ledger: what is booked is brought into line with what the provider last said, by the difference.
--
--   a payment            cash ─────────► buyer_receivable, as far as the buyer owes anything; the rest buyer_prepaid
--   a refund, a dispute  buyer_prepaid, as far as it reaches; the rest buyer_receivable ─► cash
--   a provider's fee     fees ─────────► cash
--
-- An invoiced buyer's money is all in buyer_receivable, which may fall below zero: it has paid too much. So whatever
-- the order in which payments and disputes are booked, the same is left in the end.

create or replace function billing.split_money(p_buyer_id bigint, p_amount numeric)
returns billing.entry[]
language plpgsql
stable
as $$
declare
  v_buyer leadgen.buyers;
  v_owed numeric;
begin
  select b.* into v_buyer from leadgen.buyers b where b.id = p_buyer_id;
  v_owed := case
    when v_buyer.billing_mode = 'invoiced' then p_amount
    when p_amount > 0 then least(p_amount, greatest(v_buyer.receivable, 0))
    else p_amount + least(-p_amount, v_buyer.balance)
  end;
  return array[
    ('buyer_receivable', p_buyer_id, null, null, -v_owed)::billing.entry,
    ('buyer_prepaid', p_buyer_id, null, null, v_owed - p_amount)::billing.entry];
end;
$$;
comment on function billing.split_money(bigint, numeric) is
  'The entries of a buyer for money that came in (below zero: that went out): what it owes first, the rest in advance. '
  'The caller holds the buyer.';

create or replace function billing.book_money(
  p_kind text,
  p_key text,
  p_payment leadgen.payments,
  p_amount numeric,
  p_memo text
)
returns void
language plpgsql
volatile
as $$
-- A refund or a dispute points at the payment that it takes back. What is taken back opens invoices again, as far as
-- the payment had gone to what the buyer owed, and what the buyer paid too much does not cover it.
declare
  v_reverses_id bigint;
  v_entries billing.entry[];
  v_spare numeric;
  v_paid_in numeric;
begin
  if p_kind <> 'payment' then
    select t.id into v_reverses_id from leadgen.ledger_transactions t
    where t.key = billing.name_booking(p_payment.method, p_payment.provider_id, 'payment', p_payment.id, 0);
  end if;
  perform billing.lock_buyers(array[p_payment.buyer_id], true);
  v_entries := billing.split_money(p_payment.buyer_id, p_amount);
  if p_amount < 0 then
    v_spare := greatest(billing.find_unallocated(p_payment.buyer_id), 0);
    v_paid_in := billing.sum_paid_in(p_payment);
  end if;
  perform billing.post(p_kind, p_key, p_payment.currency, v_entries
    || ('cash', null, null, p_payment.method, p_amount)::billing.entry, leadgen.clock(), p_memo, v_reverses_id);
  if p_amount < 0 then
    perform billing.reopen_invoices(p_payment, least((v_entries[1]).amount - v_spare, v_paid_in), leadgen.clock());
  else
    perform billing.settle_invoices(p_payment.buyer_id, p_payment.invoice_id, leadgen.clock());
  end if;
end;
$$;
comment on function billing.book_money(text, text, leadgen.payments, numeric, text) is
  'Books so much that came in for a payment, or went out (below zero), as a transaction of this kind and key; invoices '
  'are paid by it, the one that it names first, or open again.';

create or replace function billing.sum_paid_in(p_payment leadgen.payments)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    with booked as (
      select t.id
      from generate_series(0, p_payment.bookings) n
      join leadgen.ledger_transactions t
        on t.key = billing.name_booking(p_payment.method, p_payment.provider_id, 'payment', p_payment.id, n)
    )
    select coalesce(-sum(e.amount), 0)
    from (
      select b.id from booked b
      union all
      select r.id from leadgen.ledger_transactions r where r.reverses_id in (select b.id from booked b)
    ) x
    join leadgen.ledger_entries e on e.transaction_id = x.id and e.account = 'buyer_receivable');
end;
$$;
comment on function billing.sum_paid_in(leadgen.payments) is
  'How much of a payment has gone to what its buyer owed, and was not taken back.';

create or replace function billing.book_fee(p_key text, p_payment leadgen.payments, p_amount numeric)
returns void
language plpgsql
volatile
as $$
begin
  perform billing.post('payment_fee', p_key, p_payment.currency, array[
    ('fees', null, null, p_payment.method, p_amount)::billing.entry,
    ('cash', null, null, p_payment.method, -p_amount)::billing.entry], leadgen.clock(), null);
end;
$$;
comment on function billing.book_fee(text, leadgen.payments, numeric) is
  'Books so much that a provider kept for a payment, or gave back (below zero).';

create or replace function billing.name_booking(
  p_method leadgen.payment_method,
  p_provider_id text,
  p_word text,
  p_id bigint,
  p_bookings integer
)
returns text
language plpgsql
immutable
as $$
begin
  return format('%s:%s%s',
    case when p_provider_id is null then p_word else p_method::text end, coalesce(p_provider_id, p_id::text),
    case when p_bookings > 0 then format(':%s', p_bookings + 1) end);
end;
$$;
comment on function billing.name_booking(leadgen.payment_method, text, text, bigint, integer) is
  'The key of what is booked for a payment, refund or dispute: stripe:pi_1, then stripe:pi_1:2; without an id of the '
  'provider payment:7.';

create or replace function billing.settle_payment(p_payment_id bigint)
returns void
language plpgsql
volatile
as $$
-- A refund or dispute counts only while the payment does.
declare
  v_payment leadgen.payments;
  v_reversal leadgen.payment_reversals;
  v_wanted numeric;
  v_fee numeric;
  v_key text;
begin
  select p.* into v_payment from leadgen.payments p where p.id = p_payment_id for no key update;
  v_wanted := case v_payment.said_status when 'completed' then v_payment.received else 0 end;
  v_fee := case v_payment.said_status when 'completed' then coalesce(v_payment.fee, 0) else 0 end;
  v_key := billing.name_booking(v_payment.method, v_payment.provider_id, 'payment', v_payment.id, v_payment.bookings);
  if v_wanted <> v_payment.booked then
    perform billing.book_money('payment', v_key, v_payment, v_wanted - v_payment.booked, v_payment.memo);
  end if;
  if v_fee <> v_payment.fee_booked then
    perform billing.book_fee('fee:' || v_key, v_payment, v_fee - v_payment.fee_booked);
  end if;
  for v_reversal in
    select r.* from leadgen.payment_reversals r where r.payment_id = p_payment_id order by r.id for no key update
  loop
    perform billing.settle_reversal(v_payment, v_reversal);
  end loop;
  update leadgen.payments p
  set
    booked = v_wanted,
    fee_booked = v_fee,
    bookings = p.bookings + (v_wanted <> p.booked or v_fee <> p.fee_booked)::integer,
    status = billing.judge_payment(p)
  where p.id = p_payment_id
    and (p.booked, p.fee_booked, p.status) is distinct from (v_wanted, v_fee, billing.judge_payment(p));
  if v_payment.invoice_id is not null and v_payment.status <> billing.judge_payment(v_payment) then
    perform billing.queue_invoice(v_payment.invoice_id);
  end if;
end;
$$;
comment on function billing.settle_payment(bigint) is
  'Brings the ledger, and the payment''s status, into line with what was last said of a payment, its refunds and '
  'disputes, and pays invoices with it, the one it names first. Again, it does nothing.';

create or replace function billing.settle_reversal(p_payment leadgen.payments, p_reversal leadgen.payment_reversals)
returns void
language plpgsql
volatile
as $$
declare
  v_wanted constant numeric := billing.count_taken(p_payment, p_reversal);
  v_fee constant numeric := case p_payment.said_status when 'completed' then p_reversal.fee else 0 end;
  v_key constant text := billing.name_booking(
    p_payment.method, p_reversal.provider_id, 'payment_' || p_reversal.kind, p_reversal.id, p_reversal.bookings);
begin
  if v_wanted <> p_reversal.booked then
    perform billing.book_money(case p_reversal.kind when 'refund' then 'payment_refund' else 'chargeback' end, v_key,
      p_payment, p_reversal.booked - v_wanted, p_reversal.reason);
  end if;
  if v_fee <> p_reversal.fee_booked then
    perform billing.book_fee('fee:' || v_key, p_payment, v_fee - p_reversal.fee_booked);
  end if;
  update leadgen.payment_reversals r
  set booked = v_wanted, fee_booked = v_fee, bookings = r.bookings + 1
  where r.id = p_reversal.id and (r.booked, r.fee_booked) <> (v_wanted, v_fee);
end;
$$;
comment on function billing.settle_reversal(leadgen.payments, leadgen.payment_reversals) is
  'Books what a refund or dispute takes from the buyer, or gives back where it failed or was won.';

create or replace function billing.count_taken(p_payment leadgen.payments, p_reversal leadgen.payment_reversals)
returns numeric
language plpgsql
immutable
as $$
begin
  return case
    when p_payment.said_status = 'completed'
      and p_reversal.status in ('pending', 'unknown', 'completed', 'open', 'lost') then p_reversal.amount
    else 0
  end;
end;
$$;
comment on function billing.count_taken(leadgen.payments, leadgen.payment_reversals) is
  'How much a refund or dispute takes of its payment: nothing once it failed or was won, nor before the payment came.';

create or replace function billing.judge_payment(p_payment leadgen.payments)
returns text
language plpgsql
stable
as $$
begin
  return case
    when p_payment.said_status <> 'completed' then p_payment.said_status
    when exists (
      select from leadgen.payment_reversals r
      where r.payment_id = p_payment.id and r.status in ('open', 'lost')) then 'disputed'
    when p_payment.received <= (
      select sum(r.amount) from leadgen.payment_reversals r
      where r.payment_id = p_payment.id and r.status in ('pending', 'unknown', 'completed')) then 'refunded'
    else 'completed'
  end;
end;
$$;
comment on function billing.judge_payment(leadgen.payments) is
  'The status of a payment: what its provider last said, or refunded or disputed where it was taken back.';
