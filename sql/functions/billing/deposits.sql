-- What the holder of a buyer's key does about payments: it asks for one, and sees what became of it.

create or replace function billing.request_deposit(
  p_key_hash text,
  p_amount numeric,
  p_key text,
  p_saves_method boolean
)
returns jsonb
language plpgsql
volatile
as $$
-- A buyer's key is its own: another buyer may use the same.
declare
  v_buyer_id constant bigint := identity.authenticate_buyer(p_key_hash, 'pay');
  v_id bigint;
begin
  perform billing.check_key(p_key);
  v_id := billing.ask_for_payment(
    v_buyer_id, p_amount, format('api:%s:%s', v_buyer_id, p_key), p_saves_method, null, null);
  perform billing.check_unpaid(v_buyer_id);
  return billing.describe_payment(v_id);
end;
$$;
comment on function billing.request_deposit(text, numeric, text, boolean) is 'The work of leadgen.request_deposit.';

create or replace function billing.show_payment(p_key_hash text, p_payment_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_buyer_id constant bigint := identity.act_as_buyer(p_key_hash);
begin
  return billing.describe_own_payment(v_buyer_id, p_payment_id);
end;
$$;
comment on function billing.show_payment(text, bigint) is 'The work of leadgen.show_payment.';

create or replace function billing.describe_payment(p_payment_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'payment_id', p.id, 'created_at', p.created_at, 'status', p.status, 'method', p.method, 'amount', p.amount::text,
      'currency', p.currency, 'pay_url', case when p.status = 'pending' then p.session_url end,
      'failure_reason', p.failure_reason)
    from leadgen.payments p
    where p.id = p_payment_id
  );
end;
$$;
comment on function billing.describe_payment(bigint) is
  'A payment as its buyer sees it; pay_url: where to pay, null until a '
  'worker has opened the page, and once it is paid.';
