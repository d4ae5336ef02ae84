-- Auto-recharge: a buyer whose balance is low is charged by its saved method.

create or replace function billing.set_recharge(
  p_buyer_id bigint,
  p_below numeric,
  p_amount numeric,
  p_budget numeric
)
returns void
language plpgsql
volatile
as $$
declare
  v_currency constant text := billing.find_currency(p_buyer_id);
begin
  if num_nulls(p_below, p_amount, p_budget) not in (0, 3) then
    perform kernel.refuse('LG400', 'A recharge needs all of its amounts', 'below, amount, budget', 'some of them',
      'all three, or none to end it');
  elsif p_below is not null then
    perform billing.check_stripe_currency(v_currency);
    perform billing.check_amount(p_buyer_id, p_below);
    perform billing.check_amount(p_buyer_id, p_amount);
    perform billing.check_amount(p_buyer_id, p_budget);
    if p_budget < p_amount then
      perform kernel.refuse('LG400', 'The budget does not cover one recharge', 'budget', p_budget::text,
        format('at least the amount, %s', p_amount));
    end if;
  end if;
  insert into leadgen.payment_profiles as f (buyer_id, recharge_below, recharge_amount, recharge_budget)
  values (p_buyer_id, p_below, p_amount, p_budget)
  on conflict (buyer_id) do update set
    recharge_below = excluded.recharge_below,
    recharge_amount = excluded.recharge_amount,
    recharge_budget = excluded.recharge_budget,
    recharge_paused_at = null,
    recharge_pause_reason = null;
end;
$$;
comment on function billing.set_recharge(bigint, numeric, numeric, numeric) is 'The work of leadgen.set_recharge.';

create or replace function billing.list_due_recharges()
returns setof bigint
language plpgsql
volatile
as $$
begin
  return query
  select f.buyer_id
  from leadgen.payment_profiles f
  where f.recharge_below is not null and f.recharge_paused_at is null and f.customer_id is not null
    and billing.can_recharge(f)
  order by f.buyer_id
  limit 100;
end;
$$;
comment on function billing.list_due_recharges() is 'Buyers that are to be recharged, at most 100.';

create or replace function billing.start_recharge_of(p_buyer_id bigint)
returns bigint
language plpgsql
volatile
as $$
-- The profile is locked first, and looked at again by a later statement: two workers make one recharge.
declare
  v_id bigint;
begin
  perform from leadgen.payment_profiles f where f.buyer_id = p_buyer_id for no key update skip locked;
  if not found then
    return null;
  end if;
  insert into leadgen.payments (
    created_at, buyer_id, purpose, amount, currency, method, key, customer_id, method_id, ask_at
  )
  select leadgen.clock(), f.buyer_id, 'recharge', f.recharge_amount, b.currency, 'stripe',
    'recharge:' || gen_random_uuid(), f.customer_id, b.payment_method_id, leadgen.clock()
  from leadgen.payment_profiles f
  join leadgen.buyers b on b.id = f.buyer_id
  where f.buyer_id = p_buyer_id and f.recharge_paused_at is null and billing.can_recharge(f)
  on conflict do nothing
  returning id into v_id;
  return v_id;
end;
$$;
comment on function billing.start_recharge_of(bigint) is
  'Asks for a recharge of a buyer, if it is due: the id of the payment, else null. A worker charges it.';

create or replace function billing.can_recharge(p_profile leadgen.payment_profiles)
returns boolean
language plpgsql
volatile
as $$
declare
  v_zone constant text := billing.find_zone(p_profile.buyer_id);
begin
  return exists (
    select from leadgen.buyers b
    where b.id = p_profile.buyer_id and b.is_active and b.billing_mode = 'prepaid' and b.payment_method = 'stripe'
      and b.payment_method_id is not null and b.balance < p_profile.recharge_below)
  and not exists (
    select from leadgen.payments p
    where p.buyer_id = p_profile.buyer_id and p.purpose = 'recharge' and p.status in ('pending', 'unknown'))
  and p_profile.recharge_amount + coalesce((
    select sum(p.amount) from leadgen.payments p
    where p.buyer_id = p_profile.buyer_id and p.purpose = 'recharge' and p.status not in ('failed', 'cancelled')
      and p.created_at >= date_trunc('month', leadgen.clock() at time zone v_zone) at time zone v_zone), 0)
    <= p_profile.recharge_budget;
end;
$$;
comment on function billing.can_recharge(leadgen.payment_profiles) is
  'Whether a prepaid buyer''s balance is below its threshold, no recharge is open, and its budget of the month allows '
  'one. Sees what was committed when it is called.';

create or replace function billing.pause_recharge(p_buyer_id bigint, p_reason text)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.payment_profiles f
  set recharge_paused_at = leadgen.clock(), recharge_pause_reason = left(p_reason, 300)
  where f.buyer_id = p_buyer_id and f.recharge_paused_at is null;
end;
$$;
comment on function billing.pause_recharge(bigint, text) is
  'A buyer is not recharged until leadgen.set_recharge is called again.';
