create or replace function leadgen.compile_pricing(p_rules jsonb)
returns leadgen.price_rule[]
language plpgsql
immutable
as $$
declare
  v_rules leadgen.price_rule[];
begin
  select array_agg((
    step.name, (step.body ->> 'amount')::numeric, (step.body ->> 'percent')::numeric,
    leadgen.compile_hours(step.body -> 'hours'), leadgen.compile_tests(step.body -> 'when'))::leadgen.price_rule
    order by step.part, step.place)
  into v_rules
  from (
    select 1 as part, 1 as place, 'exclusivity_premium' as name, p_rules -> 'exclusivity_premium' as body
    where p_rules ? 'exclusivity_premium'
    union all
    select 2, t.ordinality, coalesce(t.value ->> 'name', 'time_of_day'), t.value
    from jsonb_array_elements(p_rules -> 'time_of_day') with ordinality as t
    union all
    select 3, a.ordinality, coalesce(a.value ->> 'name', 'adjustment'), a.value
    from jsonb_array_elements(p_rules -> 'adjustments') with ordinality as a
  ) step;
  return coalesce(v_rules, '{}');
end;
$$;
comment on function leadgen.compile_pricing(jsonb) is
  'A pricing policy as its steps in order: exclusivity premium, times of day, further adjustments.';
