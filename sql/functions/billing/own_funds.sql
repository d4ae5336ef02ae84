-- What a buyer's own page says of its money, and what its people ask for there.

create or replace function billing.describe_funds(p_now timestamptz)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Belongs to the owner, for how a buyer pays is in no row that leadgen_reader sees: so it takes no buyer as an
-- argument, and asks for whom the transaction acts.
declare
  v_buyer leadgen.buyers;
  v_profile leadgen.payment_profiles;
  v_left numeric;
  v_needed numeric;
  v_days numeric;
begin
  select b.* into v_buyer from leadgen.buyers b where b.id = identity.acting_buyer();
  if v_buyer.id is null then
    return '{}';
  end if;
  select f.* into v_profile from leadgen.payment_profiles f where f.buyer_id = v_buyer.id;
  v_left := case v_buyer.billing_mode
    when 'prepaid' then v_buyer.balance
    when 'invoiced' then v_buyer.credit_limit - v_buyer.receivable
  end;
  v_needed := billing.find_least_needed(v_buyer);
  v_days := billing.forecast_days(v_buyer.id, v_left, p_now);
  return jsonb_build_object(
    'light', billing.name_light(v_left, v_needed, v_buyer.low_since is not null, v_days), 'left', v_left::text,
    'needed', v_needed::text, 'days_left', v_days,
    'takes_top_ups', v_buyer.billing_mode = 'prepaid' and v_buyer.currency is not null,
    'has_method', v_buyer.payment_method_id is not null,
    'recharge', case when v_profile.recharge_below is not null then jsonb_build_object(
      'below', v_profile.recharge_below::text, 'amount', v_profile.recharge_amount::text,
      'budget', v_profile.recharge_budget::text, 'paused_at', v_profile.recharge_paused_at,
      'pause_reason', v_profile.recharge_pause_reason) end);
end;
$$;
comment on function billing.describe_funds(timestamptz) is
  'What the buyer for whom the transaction acts can still spend: light (green, yellow, red; null: without a limit), '
  'for how many days it lasts, what one lead needs, and its recharges. {} for nobody.';

create or replace function billing.find_least_needed(p_buyer leadgen.buyers)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select min(greatest(coalesce(e.price_per_lead, o.default_price_per_lead),
      case when p_buyer.billing_mode <> 'invoiced' then e.min_balance_required end))
    from leadgen.buyer_offers e
    join leadgen.offers o on o.id = e.offer_id
    where e.buyer_id = p_buyer.id and e.is_active);
end;
$$;
comment on function billing.find_least_needed(leadgen.buyers) is
  'What the cheapest of a buyer''s active enrollments asks for: the price of a lead, or its minimum balance where that '
  'is more. Null: it has none.';

create or replace function billing.name_light(p_left numeric, p_needed numeric, p_is_low boolean, p_days_left numeric)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_left is null then null
    when p_left < coalesce(p_needed, 0.01) then 'red'
    when p_is_low or p_days_left < 3 then 'yellow'
    else 'green'
  end;
end;
$$;
comment on function billing.name_light(numeric, numeric, boolean, numeric) is
  'red: no lead can be paid for; yellow: it is low, or lasts less than three days at the pace of the last seven; '
  'green: neither. Null: there is no limit to what can be spent.';

create or replace function billing.check_unpaid(p_buyer_id bigint, p_most integer default 20)
returns void
language plpgsql
stable
as $$
-- Each costs a call to Stripe, eight at a time and in turn: whoever asked for thousands would keep all others waiting.
begin
  if (
    select count(*) from (
      select from leadgen.payments p
      where p.buyer_id = p_buyer_id and p.created_at > leadgen.clock() - interval '2 days'
        and p.purpose = 'top_up' and p.method = 'stripe' and p.status = 'pending'
      limit p_most + 1) x
  ) > p_most then
    perform kernel.refuse('LG409', 'Too many payments wait to be paid', 'key', format('more than %s', p_most),
      format('at most %s that are open', p_most), 'Pay one of them, or wait until they have lapsed.');
  end if;
end;
$$;
comment on function billing.check_unpaid(bigint, integer) is
  'LG409 for a buyer who has asked for more payments than anybody pays.';

create or replace function billing.start_own_top_up(
  p_buyer_id bigint,
  p_amount numeric,
  p_key text,
  p_saves_method boolean
)
returns bigint
language plpgsql
volatile
as $$
-- A buyer's key is its own: another buyer may use the same.
begin
  perform billing.check_key(p_key);
  if (select b.billing_mode from leadgen.buyers b where b.id = p_buyer_id) is distinct from 'prepaid' then
    perform kernel.refuse('LG409', 'Only a buyer who pays in advance tops its balance up', 'billing_mode',
      (select b.billing_mode from leadgen.buyers b where b.id = p_buyer_id), 'prepaid');
  end if;
  return billing.ask_for_payment(
    p_buyer_id, p_amount, format('portal:%s:%s', p_buyer_id, p_key), p_saves_method, null, null);
end;
$$;
comment on function billing.start_own_top_up(bigint, numeric, text, boolean) is
  'A buyer''s person asks for a payment on Stripe''s page: its id. LG409 for a buyer who does not pay in advance.';

create or replace function billing.describe_own_payment(p_buyer_id bigint, p_payment_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.payments p where p.id = p_payment_id and p.buyer_id = p_buyer_id) then
    perform kernel.refuse('LG404', 'There is no such payment', 'payment_id', p_payment_id::text, 'a payment of yours');
  end if;
  return billing.describe_payment(p_payment_id);
end;
$$;
comment on function billing.describe_own_payment(bigint, bigint) is
  'A payment of a buyer as it sees it. LG404 for another''s.';
