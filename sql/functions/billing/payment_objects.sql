-- What Stripe says of charges, refunds and disputes; and what else follows from a payment's word.

create or replace function billing.take_in_charge(p_charge jsonb)
returns text
language plpgsql
volatile
as $$
-- A charge says what Stripe keeps of a payment, once its balance transaction is expanded: that is asked for.
declare
  v_id constant bigint := billing.find_payment(billing.read_id(p_charge -> 'payment_intent'), p_charge);
begin
  update leadgen.payments p
  set fee = coalesce(billing.read_fee(p_charge, p), p.fee)
  where p.id = v_id;
  if not found then
    return 'ignored';
  end if;
  perform billing.ask_for_fee(v_id);
  perform billing.settle_payment(v_id);
  return 'done';
end;
$$;
comment on function billing.take_in_charge(jsonb) is 'Takes in a charge.';

create or replace function billing.ask_for_fee(p_payment_id bigint)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.payments p
  set ask_at = case when p.said_status = 'completed' and p.fee is null
    then least(p.ask_at, leadgen.clock()) else p.ask_at end
  where p.id = p_payment_id and p.provider_id is not null;
end;
$$;
comment on function billing.ask_for_fee(bigint) is
  'Has Stripe asked what it keeps of a payment, where that is not known.';

create or replace function billing.keep_method(p_payment_id bigint, p_intent jsonb)
returns void
language plpgsql
volatile
as $$
-- Stripe's names for them; the card itself is never here. It writes the buyer's row, so what is booked comes before it.
declare
  v_customer constant text := billing.read_id(p_intent -> 'customer');
  v_method constant text := billing.read_id(p_intent -> 'payment_method');
  v_payment leadgen.payments;
begin
  select p.* into v_payment from leadgen.payments p
  where p.id = p_payment_id and p.said_status = 'completed' and p.purpose <> 'recharge';
  if not found or v_customer is null then
    return;
  end if;
  insert into leadgen.payment_profiles as f (buyer_id, customer_id)
  select v_payment.buyer_id, v_customer
  where not exists (select from leadgen.payment_profiles o where o.customer_id = v_customer)
  on conflict (buyer_id) do update set customer_id = excluded.customer_id
  where f.customer_id is null;
  if v_payment.saves_method and v_method is not null then
    perform billing.lock_buyers(array[v_payment.buyer_id], true);
    update leadgen.buyers b
    set payment_method = 'stripe', payment_method_id = v_method
    where b.id = v_payment.buyer_id and b.payment_method_id is distinct from v_method;
  end if;
end;
$$;
comment on function billing.keep_method(bigint, jsonb) is
  'Keeps Stripe''s customer of a buyer that has paid, and its method where it was to be saved.';

create or replace function billing.take_in_refund(p_refund jsonb, p_said_at timestamptz)
returns text
language plpgsql
volatile
as $$
begin
  return billing.take_in_reversal(p_refund, p_said_at, 'refund', case
    when p_refund ->> 'status' = 'succeeded' then 'completed'
    when p_refund ->> 'status' in ('failed', 'canceled') then 'failed'
    else 'pending'
  end);
end;
$$;
comment on function billing.take_in_refund(jsonb, timestamptz) is
  'Takes in a refund, whether it was asked for here or at Stripe.';

create or replace function billing.take_in_dispute(p_dispute jsonb, p_said_at timestamptz)
returns text
language plpgsql
volatile
as $$
-- An inquiry (warning_…) takes no money; neither does what was prevented.
begin
  return billing.take_in_reversal(p_dispute, p_said_at, 'dispute', case
    when p_dispute ->> 'status' in ('won', 'prevented') then 'won'
    when p_dispute ->> 'status' = 'lost' then 'lost'
    when starts_with(p_dispute ->> 'status', 'warning_') then 'inquiry'
    else 'open'
  end);
end;
$$;
comment on function billing.take_in_dispute(jsonb, timestamptz) is 'Takes in a dispute.';

create or replace function billing.take_in_reversal(
  p_object jsonb,
  p_said_at timestamptz,
  p_kind text,
  p_said text
)
returns text
language plpgsql
volatile
as $$
declare
  v_payment leadgen.payments;
  v_reversal leadgen.payment_reversals;
  v_is_late boolean;
begin
  select p.* into v_payment from leadgen.payments p
  where p.id = billing.find_payment(billing.read_id(p_object -> 'payment_intent'), p_object) for no key update;
  if not found then
    return 'waiting';
  end if;
  v_reversal := billing.ensure_reversal(v_payment, p_object, p_said_at, p_kind, p_said);
  v_is_late := billing.is_late(p_kind, v_reversal.status, v_reversal.said_at, p_said, p_said_at);
  update leadgen.payment_reversals r
  set
    status = case when v_is_late then r.status else p_said end,
    said_at = greatest(r.said_at, p_said_at),
    amount = case when v_is_late then r.amount
      else billing.read_minor_units(p_object -> 'amount', p_object, v_payment) end,
    fee = billing.read_dispute_fee(p_object, v_payment, r),
    settlements = greatest(r.settlements, billing.count_settlements(p_object)),
    failure_reason = case when v_is_late then r.failure_reason else left(p_object ->> 'failure_reason', 300) end,
    ask_at = case when p_said in ('pending', 'open', 'inquiry') then r.ask_at end
  where r.id = v_reversal.id;
  perform billing.settle_payment(v_payment.id);
  if v_payment.said_status <> 'completed' then
    update leadgen.payments p set ask_at = leadgen.clock() where p.id = v_payment.id and p.provider_id is not null;
  end if;
  return case when v_is_late then 'late' else 'done' end;
end;
$$;
comment on function billing.take_in_reversal(jsonb, timestamptz, text, text) is
  'Takes in what takes money of a payment back, by its kind and the status that Stripe''s word means.';

create or replace function billing.ensure_reversal(
  p_payment leadgen.payments,
  p_object jsonb,
  p_said_at timestamptz,
  p_kind text,
  p_said text
)
returns leadgen.payment_reversals
language plpgsql
volatile
as $$
declare
  v_reversal leadgen.payment_reversals;
begin
  update leadgen.payment_reversals r
  set provider_id = p_object ->> 'id'
  where r.payment_id = p_payment.id and r.provider_id is null
    and r.provider_key::text = p_object #>> '{metadata,leadgen_refund}';
  select r.* into v_reversal from leadgen.payment_reversals r where r.provider_id = p_object ->> 'id' for no key update;
  if not found then
    insert into leadgen.payment_reversals (
      created_at, payment_id, kind, amount, status, key, reason, provider_id, said_at
    )
    values (
      leadgen.clock(), p_payment.id, p_kind,
      billing.read_minor_units(p_object -> 'amount', p_object, p_payment), p_said,
      format('%s:%s', p_payment.method, p_object ->> 'id'), left(p_object ->> 'reason', 300), p_object ->> 'id',
      p_said_at)
    returning * into v_reversal;
  end if;
  return v_reversal;
end;
$$;
comment on function billing.ensure_reversal(leadgen.payments, jsonb, timestamptz, text, text) is
  'The refund or dispute of Stripe''s id, made if it is not known: one may have been made at Stripe. The caller holds '
  'the payment.';

create or replace function billing.read_dispute_fee(
  p_object jsonb,
  p_payment leadgen.payments,
  p_reversal leadgen.payment_reversals
)
returns numeric
language plpgsql
stable
as $$
-- The list only grows: what names more of it is newer.
begin
  if billing.count_settlements(p_object) < greatest(p_reversal.settlements, 1) then
    return p_reversal.fee;
  end if;
  return (
    select coalesce(sum(billing.read_minor_units(b.value -> 'fee', b.value, p_payment)), 0)
    from jsonb_array_elements(p_object -> 'balance_transactions') b
    where upper(b.value ->> 'currency') = p_payment.currency);
end;
$$;
comment on function billing.read_dispute_fee(jsonb, leadgen.payments, leadgen.payment_reversals) is
  'What Stripe keeps for a dispute, as far as it says so in the payment''s currency.';

create or replace function billing.count_settlements(p_object jsonb)
returns integer
language plpgsql
immutable
as $$
begin
  return case jsonb_typeof(p_object -> 'balance_transactions')
    when 'array' then jsonb_array_length(p_object -> 'balance_transactions')
    else 0
  end;
end;
$$;
comment on function billing.count_settlements(jsonb) is 'How many balance transactions a dispute names.';
