create or replace function leadgen.price_sale(
  p_base numeric,
  p_currency text,
  p_is_exclusive boolean,
  p_adjustments leadgen.adjustment[]
)
returns leadgen.price
language plpgsql
immutable
as $$
-- A percentage is of the amount reached so far. Rounded once, at the end, to the currency's minor unit.
declare
  v_amount numeric := p_base;
  v_steps jsonb := jsonb_build_array(jsonb_build_object('step', 'base', 'amount', p_base));
  v_step leadgen.adjustment;
begin
  foreach v_step in array coalesce(p_adjustments, '{}') loop
    continue when v_step.step = 'exclusivity_premium' and p_is_exclusive is not true;
    v_amount := v_amount * (1 + coalesce(v_step.percent, 0) * 0.01) + coalesce(v_step.amount, 0);
    v_steps := v_steps || jsonb_strip_nulls(jsonb_build_object(
      'step', v_step.step, 'percent', v_step.percent, 'added', v_step.amount, 'amount', trim_scale(v_amount)));
  end loop;
  v_amount := leadgen.round_price(v_amount, leadgen.currency_minor_unit(p_currency));
  return (v_amount, v_steps || jsonb_build_object('step', 'rounded', 'amount', v_amount))::leadgen.price;
end;
$$;
comment on function leadgen.price_sale(numeric, text, boolean, leadgen.adjustment[]) is
  'The price of one sale and its steps: base, the adjustments in order (the exclusivity premium only for who owns the place), rounding. Never below zero.';
