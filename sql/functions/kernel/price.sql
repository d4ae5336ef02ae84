-- Price: base, adjustments in order, rounded once.

create or replace function kernel.find_adjustments(
  p_rules kernel.price_rule[],
  p_document jsonb,
  p_local_minute integer
)
returns kernel.adjustment[]
language plpgsql
immutable
as $$
begin
  if cardinality(p_rules) > 0 is not true then
    return '{}';
  end if;
  return array(
    select (r.step, r.amount, r.percent)::kernel.adjustment
    from unnest(p_rules) with ordinality as r
    where (r.hours is null or p_local_minute <@ r.hours)
      and not exists (select from unnest(r.tests) t where (p_document @@ t.path) is not true)
    order by r.ordinality
  );
end;
$$;
comment on function kernel.find_adjustments(kernel.price_rule[], jsonb, integer) is
  'The steps of a pricing policy that hold for a lead at a minute of the market''s week, in the policy''s order.';

create or replace function kernel.compose_adjustments(
  p_adjustments kernel.adjustment[],
  p_is_exclusive boolean,
  out factor numeric,
  out addend numeric
)
language plpgsql
immutable
as $$
-- Each step is x -> x * (1 + percent / 100) + amount, so all of them together are one factor and one addend.
declare
  v_step kernel.adjustment;
  v_growth numeric;
begin
  factor := 1;
  addend := 0;
  foreach v_step in array coalesce(p_adjustments, '{}') loop
    continue when v_step.step = 'exclusivity_premium' and p_is_exclusive is not true;
    v_growth := 1 + coalesce(v_step.percent, 0) * 0.01;
    factor := factor * v_growth;
    addend := addend * v_growth + coalesce(v_step.amount, 0);
  end loop;
end;
$$;
comment on function kernel.compose_adjustments(kernel.adjustment[], boolean) is
  'All price steps as one: price before rounding = base * factor + addend.';

create or replace function kernel.price_sale(
  p_base numeric,
  p_decimals integer,
  p_is_exclusive boolean,
  p_adjustments kernel.adjustment[]
)
returns kernel.price
language plpgsql
immutable
as $$
-- A percentage is of the amount reached so far. Rounded once, at the end, to the currency's minor unit.
declare
  v_amount numeric := p_base;
  v_steps jsonb := jsonb_build_array(jsonb_build_object('step', 'base', 'amount', p_base));
  v_step kernel.adjustment;
begin
  foreach v_step in array coalesce(p_adjustments, '{}') loop
    continue when v_step.step = 'exclusivity_premium' and p_is_exclusive is not true;
    v_amount := v_amount * (1 + coalesce(v_step.percent, 0) * 0.01) + coalesce(v_step.amount, 0);
    v_steps := v_steps || jsonb_strip_nulls(jsonb_build_object(
      'step', v_step.step, 'percent', v_step.percent, 'added', v_step.amount, 'amount', trim_scale(v_amount)));
  end loop;
  v_amount := kernel.round_price(v_amount, p_decimals);
  return (v_amount, v_steps || jsonb_build_object('step', 'rounded', 'amount', v_amount))::kernel.price;
end;
$$;
comment on function kernel.price_sale(numeric, integer, boolean, kernel.adjustment[]) is
  'The price of one sale and its steps: base, the adjustments in order (the exclusivity premium only for who owns the'
  ' place), rounding. Never below zero.';

create or replace function kernel.round_price(p_amount numeric, p_decimals integer)
returns numeric
language sql
immutable parallel safe
as $$
-- What a column of numeric(10,2) holds is the most: a policy that multiplies without end must not fail a lead.
  select least(greatest(round(p_amount, p_decimals), 0), 99999999);
$$;
comment on function kernel.round_price(numeric, integer) is
  'Rounded half away from zero; never below zero nor above 99,999,999.';

create or replace function kernel.currency_minor_unit(p_currency text)
returns integer
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when p_currency in (
      'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF',
      'XPF'
    ) then 0
    else 2
  end;
end;
$$;
comment on function kernel.currency_minor_unit(text) is
  'Decimals of a currency (ISO 4217). Those with three are refused where a market is written.';
