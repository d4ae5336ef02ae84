-- What Stripe says: the objects of its API, in a webhook's event or an answer, taken in by whoever said them last.
--
-- An object says how it is at a moment of Stripe's clock. What is older than what is known changes nothing; of two
-- words of one second, which is all that Stripe's clock gives, the more final one counts. So events may come in any
-- order.

create or replace function billing.check_stripe_currency(p_currency text)
returns void
language plpgsql
immutable
as $$
-- https://docs.stripe.com/currencies#special-cases: Stripe and ISO 4217 count their decimals differently.
begin
  if p_currency in ('ISK', 'UGX', 'MGA', 'UYI') then
    perform kernel.refuse('LG409', format('Stripe cannot be used for %s', p_currency), 'currency', p_currency,
      'a currency whose decimals Stripe counts as ISO 4217 does',
      'Book the payment by hand: leadgen money payments add.');
  end if;
end;
$$;
comment on function billing.check_stripe_currency(text) is
  'LG409 for a currency whose smallest unit is another one at Stripe.';

create or replace function billing.count_minor_units(p_amount numeric, p_currency text)
returns bigint
language plpgsql
immutable strict
as $$
begin
  return (p_amount * 10.0 ^ kernel.currency_minor_unit(p_currency))::bigint;
end;
$$;
comment on function billing.count_minor_units(numeric, text) is
  'An amount as Stripe counts it: 1000 for 10.00 USD, 1000 for 1000 JPY.';

create or replace function billing.read_minor_units(p_units jsonb, p_object jsonb, p_payment leadgen.payments)
returns numeric
language plpgsql
stable
as $$
begin
  if upper(p_object ->> 'currency') is distinct from p_payment.currency then
    perform kernel.refuse('LG409', format('Payment %s is in %s', p_payment.id, p_payment.currency), 'currency',
      coalesce(left(p_object ->> 'currency', 10), 'nothing'), p_payment.currency::text);
  elsif jsonb_typeof(p_units) <> 'null' and (abs(kernel.read_number(p_units)) < 1000000000000
    and kernel.read_number(p_units) % 1 = 0) is not true then
    perform kernel.refuse('LG400', format('An amount of payment %s cannot be read', p_payment.id), 'amount',
      left(p_units #>> '{}', 50), 'a number of units below 1000000000000');
  end if;
  return (p_units #>> '{}')::bigint / 10.0 ^ kernel.currency_minor_unit(p_payment.currency);
end;
$$;
comment on function billing.read_minor_units(jsonb, jsonb, leadgen.payments) is
  'What an object of Stripe says in the smallest unit of a payment''s currency; LG409 where it is in another one.';

create or replace function billing.read_id(p_reference jsonb)
returns text
language plpgsql
immutable
as $$
begin
  return case jsonb_typeof(p_reference)
    when 'string' then p_reference #>> '{}'
    when 'object' then p_reference ->> 'id'
  end;
end;
$$;
comment on function billing.read_id(jsonb) is
  'The id that an object of Stripe refers to, expanded or not; null: to none.';

create or replace function billing.read_our_key(p_text text)
returns uuid
language plpgsql
immutable
as $$
begin
  return case when p_text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_text::uuid end;
end;
$$;
comment on function billing.read_our_key(text) is
  'The provider_key that an object of Stripe carries; null: it carries none of ours.';

create or replace function billing.find_payment(p_provider_id text, p_object jsonb)
returns bigint
language plpgsql
stable
as $$
declare
  v_id bigint;
begin
  select p.id into v_id from leadgen.payments p where p.provider_id = p_provider_id;
  if not found then
    select p.id into v_id
    from leadgen.payments p
    where p.provider_key = billing.read_our_key(p_object #>> '{metadata,leadgen_payment}')
      and (p_provider_id is null or coalesce(p.provider_id, p_provider_id) = p_provider_id);
  end if;
  return v_id;
end;
$$;
comment on function billing.find_payment(text, jsonb) is
  'The payment of a PaymentIntent, by its id or by the key that we sent with it; null: none of ours is known.';

create or replace function billing.take_in(p_object jsonb, p_said_at timestamptz)
returns text
language plpgsql
volatile
as $$
begin
  return case p_object ->> 'object'
    when 'checkout.session' then billing.take_in_session(p_object)
    when 'payment_intent' then billing.take_in_intent(p_object, p_said_at)
    when 'charge' then billing.take_in_charge(p_object)
    when 'refund' then billing.take_in_refund(p_object, p_said_at)
    when 'dispute' then billing.take_in_dispute(p_object, p_said_at)
    else 'ignored'
  end;
end;
$$;
comment on function billing.take_in(jsonb, timestamptz) is
  'Takes in what Stripe says of an object, and brings the ledger into line: done; late: newer is known; waiting: the '
  'payment is not known yet; ignored: nothing of ours.';

create or replace function billing.take_in_session(p_session jsonb)
returns text
language plpgsql
volatile
as $$
-- A page says where the money is asked for; whether it came, its PaymentIntent says.
declare
  v_intent constant text := billing.read_id(p_session -> 'payment_intent');
  v_id constant bigint := billing.find_payment(v_intent, p_session);
begin
  update leadgen.payments p
  set
    session_id = p_session ->> 'id',
    session_url = coalesce(p_session ->> 'url', p.session_url),
    provider_id = coalesce(p.provider_id, v_intent),
    said_status = case
      when p_session ->> 'status' = 'expired' and p.said_status in ('pending', 'unknown') then 'cancelled'
      when p.said_status = 'unknown' then 'pending'
      else p.said_status
    end,
    ask_at = case when p_session ->> 'status' = 'complete' and p.said_status <> 'completed' then leadgen.clock()
      else p.ask_at end
  where p.id = v_id;
  if not found then
    return 'ignored';
  end if;
  perform billing.settle_payment(v_id);
  perform billing.wake_events(v_intent);
  return 'done';
end;
$$;
comment on function billing.take_in_session(jsonb) is 'Takes in a Checkout Session.';

create or replace function billing.take_in_intent(p_intent jsonb, p_said_at timestamptz)
returns text
language plpgsql
volatile
as $$
-- A recharge whose method was declined has failed; on Stripe's page the buyer may try another one.
declare
  v_payment leadgen.payments;
  v_error constant jsonb := p_intent -> 'last_payment_error';
  v_said text;
  v_is_late boolean;
begin
  select p.* into v_payment from leadgen.payments p
  where p.id = billing.find_payment(p_intent ->> 'id', p_intent) for no key update;
  if not found then
    return 'ignored';
  end if;
  v_said := case
    when p_intent ->> 'status' = 'succeeded' then 'completed'
    when p_intent ->> 'status' = 'canceled' then 'cancelled'
    when p_intent ->> 'status' in ('requires_payment_method', 'requires_action') and v_payment.purpose = 'recharge'
      and (v_error ->> 'code' is not null or p_intent ->> 'status' = 'requires_action') then 'failed'
    else 'pending'
  end;
  v_is_late := billing.is_late('payment', v_payment.said_status, v_payment.said_at, v_said, p_said_at);
  update leadgen.payments p
  set
    provider_id = p_intent ->> 'id',
    fee = coalesce(billing.read_fee(p_intent -> 'latest_charge', p), p.fee),
    said_status = case when v_is_late then p.said_status else v_said end,
    said_at = greatest(p.said_at, p_said_at),
    received = case
      when v_is_late then p.received
      when v_said = 'completed' then billing.read_minor_units(
        coalesce(p_intent -> 'amount_received', p_intent -> 'amount'), p_intent, p)
      else 0
    end,
    failure_code = case when v_is_late then p.failure_code
      else left(coalesce(v_error ->> 'decline_code', v_error ->> 'code'), 100) end,
    failure_reason = case when v_is_late then p.failure_reason else left(v_error ->> 'message', 300) end
  where p.id = v_payment.id;
  perform billing.ask_for_fee(v_payment.id);
  perform billing.settle_payment(v_payment.id);
  perform billing.keep_method(v_payment.id, p_intent);
  perform billing.wake_events(p_intent ->> 'id');
  return case when v_is_late then 'late' else 'done' end;
end;
$$;
comment on function billing.take_in_intent(jsonb, timestamptz) is 'Takes in a PaymentIntent.';

create or replace function billing.is_late(
  p_kind text,
  p_known text,
  p_known_at timestamptz,
  p_said text,
  p_said_at timestamptz
)
returns boolean
language plpgsql
immutable
as $$
-- Nothing that has ended is open again. A refund that failed had been completed: the bank sent the money back.
declare
  c_finality constant jsonb := '{
    "payment": {"unknown": 0, "pending": 1, "failed": 2, "cancelled": 3, "completed": 4},
    "refund": {"unknown": 0, "pending": 1, "completed": 2, "failed": 3},
    "dispute": {"inquiry": 0, "open": 1, "won": 2, "lost": 3}}';
  v_known constant integer := c_finality #> array[p_kind, p_known];
  v_said constant integer := c_finality #> array[p_kind, p_said];
begin
  return case
    when v_known = v_said then false
    when v_said <= 1 and v_known > 1 then true
    when v_known <= 1 and v_said > 1 then false
    when p_known_at = p_said_at then v_said < v_known
    else coalesce(p_said_at < p_known_at, false)
  end;
end;
$$;
comment on function billing.is_late(text, text, timestamptz, text, timestamptz) is
  'Whether what a provider says was overtaken by what is known: an end by a later end, anything else by any end.';

create or replace function billing.read_fee(p_charge jsonb, p_payment leadgen.payments)
returns numeric
language plpgsql
stable
as $$
-- What is settled in another currency has its fee in that one, which is not the payment's to book.
declare
  v_settled constant jsonb := p_charge -> 'balance_transaction';
begin
  return case
    when jsonb_typeof(v_settled) is distinct from 'object' then null
    when upper(v_settled ->> 'currency') <> p_payment.currency then 0
    else billing.read_minor_units(v_settled -> 'fee', v_settled, p_payment)
  end;
end;
$$;
comment on function billing.read_fee(jsonb, leadgen.payments) is
  'What Stripe keeps for a charge whose balance transaction is expanded; '
  'null: it is not said. 0: it is in another currency.';
