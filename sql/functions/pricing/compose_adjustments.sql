create or replace function leadgen.compose_adjustments(
  p_adjustments leadgen.adjustment[],
  p_is_exclusive boolean,
  out factor numeric,
  out addend numeric
)
language plpgsql
immutable
as $$
-- Each step is x -> x * (1 + percent / 100) + amount, so all of them together are one factor and one addend.
declare
  v_step leadgen.adjustment;
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
comment on function leadgen.compose_adjustments(leadgen.adjustment[], boolean) is
  'All price steps as one: price before rounding = base * factor + addend.';
