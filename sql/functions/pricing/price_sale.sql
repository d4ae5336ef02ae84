create or replace function leadgen.price_sale(p_base numeric, p_currency text, p_is_exclusive boolean, p_rules jsonb)
returns leadgen.price
language plpgsql
immutable
as $$
-- Rounded once, at the end, half away from zero, to the currency's minor unit.
declare
  v_price leadgen.price;
  v_premium constant jsonb := case when p_is_exclusive then p_rules -> 'exclusivity_premium' end;
begin
  v_price.amount := p_base;
  v_price.steps := jsonb_build_array(jsonb_build_object('step', 'base', 'amount', p_base));
  if v_premium is not null then
    v_price.amount := v_price.amount
      + coalesce((v_premium ->> 'amount')::numeric, 0)
      + p_base * coalesce((v_premium ->> 'percent')::numeric, 0) / 100;
    v_price.steps := v_price.steps || jsonb_build_object('step', 'exclusivity_premium', 'amount', trim_scale(v_price.amount), 'premium', v_premium);
  end if;
  v_price.amount := greatest(round(v_price.amount, leadgen.currency_minor_unit(p_currency)), 0);
  v_price.steps := v_price.steps || jsonb_build_object('step', 'rounded', 'amount', v_price.amount);
  return v_price;
end;
$$;
comment on function leadgen.price_sale(numeric, text, boolean, jsonb) is
  'The price of one sale and its steps: base, exclusivity premium (of the base), rounding. Never below zero.';
