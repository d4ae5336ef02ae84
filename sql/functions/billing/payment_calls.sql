-- Calls to Stripe: which one is due, and what an answer means. Workers make them, outside of any transaction.
--
-- The key of a payment or refund is stored before Stripe is first called, and goes with every call. Stripe answers a
-- repeated call of one key with the first answer, for 24 hours; after that only what is there is looked for. So nothing
-- is charged or refunded twice, whoever dies when.

create or replace function billing.claim_calls(p_limit integer, p_payment_id bigint)
returns table (subject text, id bigint, asks integer, call text, parameters jsonb, idempotency_key text)
language plpgsql
volatile
as $$
-- A claim moves the row on by longer than a call takes. Every number of asks is one call.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  if catalog.is_copy() then
    return;
  end if;
  return query
  with due as (
    select p.id from leadgen.payments p
    where p.ask_at <= v_now and (p_payment_id is null or p.id = p_payment_id)
    order by p.ask_at, p.id
    limit p_limit
    for no key update skip locked
  ),
  claimed as (
    update leadgen.payments p
    set asks = p.asks + 1, ask_at = v_now + interval '2 minutes', called_at = coalesce(p.called_at, v_now)
    from due
    where p.id = due.id
    returning p as payment
  )
  select 'payment', (c.payment).id, (c.payment).asks, x.call, x.parameters, (c.payment).provider_key::text
  from claimed c
  cross join lateral billing.choose_payment_call(c.payment) x;
  return query
  with due as (
    select r.id from leadgen.payment_reversals r
    where r.ask_at <= v_now and (p_payment_id is null or r.payment_id = p_payment_id)
    order by r.ask_at, r.id
    limit p_limit
    for no key update skip locked
  ),
  claimed as (
    update leadgen.payment_reversals r
    set asks = r.asks + 1, ask_at = v_now + interval '2 minutes', called_at = coalesce(r.called_at, v_now)
    from due
    where r.id = due.id
    returning r as refund
  )
  select 'reversal', (c.refund).id, (c.refund).asks, x.call, x.parameters, (c.refund).provider_key::text
  from claimed c
  cross join lateral billing.choose_refund_call(c.refund) x;
end;
$$;
comment on function billing.claim_calls(integer, bigint) is 'The work of leadgen.claim_payment_calls.';

create or replace function billing.is_key_old(p_called_at timestamptz)
returns boolean
language plpgsql
stable
as $$
begin
  return p_called_at < leadgen.clock() - interval '23 hours';
end;
$$;
comment on function billing.is_key_old(timestamptz) is
  'Whether Stripe may have forgotten a key that was first used then: it keeps keys for 24 hours.';

create or replace function billing.choose_payment_call(p_payment leadgen.payments)
returns table (call text, parameters jsonb)
language plpgsql
stable
as $$
declare
  c_expand constant jsonb := '["latest_charge.balance_transaction"]';
begin
  if p_payment.provider_id is not null then
    return query select 'show_intent', jsonb_build_object('id', p_payment.provider_id, 'expand', c_expand);
  elsif p_payment.session_id is not null then
    return query select 'show_session', jsonb_build_object('id', p_payment.session_id,
      'expand', '["payment_intent.latest_charge.balance_transaction"]'::jsonb);
  elsif p_payment.purpose <> 'recharge' then
    return query select 'open_session', billing.describe_session(p_payment);
  elsif billing.is_key_old(p_payment.called_at) or p_payment.asks % 2 = 0 then
    return query select 'find_intent', jsonb_build_object('key', p_payment.provider_key, 'params', jsonb_build_object(
      'customer', p_payment.customer_id, 'limit', 100, 'created',
      jsonb_build_object('gte', extract(epoch from p_payment.called_at)::bigint - 3600)));
  else
    return query select 'charge', jsonb_build_object(
      'amount', billing.count_minor_units(p_payment.amount, p_payment.currency),
      'currency', lower(p_payment.currency), 'customer', p_payment.customer_id, 'payment_method', p_payment.method_id,
      'confirm', true, 'off_session', true, 'metadata', jsonb_build_object('leadgen_payment', p_payment.provider_key),
      'expand', c_expand);
  end if;
end;
$$;
comment on function billing.choose_payment_call(leadgen.payments) is
  'What Stripe is asked about a payment, and with which parameters. A charge whose answer was lost is looked for and '
  'sent again under its key, by turns; once Stripe may have forgotten the key, it is only looked for.';

create or replace function billing.describe_session(p_payment leadgen.payments)
returns jsonb
language plpgsql
immutable
as $$
-- Nothing of it changes between two calls of one key: Stripe would refuse the second.
declare
  v_metadata constant jsonb := jsonb_build_object('leadgen_payment', p_payment.provider_key);
begin
  return jsonb_build_object(
    'mode', 'payment', 'client_reference_id', p_payment.provider_key, 'metadata', v_metadata,
    'line_items', jsonb_build_array(jsonb_build_object('quantity', 1, 'price_data', jsonb_build_object(
      'currency', lower(p_payment.currency),
      'unit_amount', billing.count_minor_units(p_payment.amount, p_payment.currency),
      'product_data', jsonb_build_object('name', coalesce(p_payment.memo, 'Payment ' || p_payment.id))))),
    'payment_intent_data', jsonb_build_object('metadata', v_metadata) || case
      when p_payment.saves_method then '{"setup_future_usage": "off_session"}'::jsonb else '{}' end)
    || case when p_payment.customer_id is null then '{"customer_creation": "always"}'
      else jsonb_build_object('customer', p_payment.customer_id) end;
end;
$$;
comment on function billing.describe_session(leadgen.payments) is
  'The parameters of a Checkout Session, all but where the buyer comes back to.';

create or replace function billing.choose_refund_call(p_refund leadgen.payment_reversals)
returns table (call text, parameters jsonb)
language plpgsql
stable
as $$
declare
  v_payment leadgen.payments;
begin
  select p.* into v_payment from leadgen.payments p where p.id = p_refund.payment_id;
  if p_refund.provider_id is not null then
    return query select 'show_refund', jsonb_build_object('id', p_refund.provider_id);
  elsif billing.is_key_old(p_refund.called_at) or p_refund.asks % 2 = 0 then
    return query select 'find_refund', jsonb_build_object('key', p_refund.provider_key, 'params', jsonb_build_object(
      'payment_intent', v_payment.provider_id, 'limit', 100));
  else
    return query select 'refund', jsonb_build_object(
      'payment_intent', v_payment.provider_id,
      'amount', billing.count_minor_units(p_refund.amount, v_payment.currency),
      'metadata', jsonb_build_object('leadgen_refund', p_refund.provider_key));
  end if;
end;
$$;
comment on function billing.choose_refund_call(leadgen.payment_reversals) is
  'What Stripe is asked about a refund, and with which parameters: see billing.choose_payment_call.';
