-- Payout policies: what a source is paid, checked and compiled.

create or replace function catalog.check_payout_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_fault record;
begin
  if not p_rules ?| '{price,percent_of_revenue,prices}' then
    perform kernel.refuse_value('rules', 'nothing that is paid', 'price, percent_of_revenue or prices');
  end if;
  select format('rules.prices[%s]', e.ordinality - 1) as path, e.value as rule into v_fault
  from jsonb_array_elements(p_rules -> 'prices') with ordinality e
  where e.value ->> 'name' !~ E'\\S' or not e.value ?| '{price,percent_of_revenue}'
    or not e.value ?| '{when,hours}'
  order by e.ordinality
  limit 1;
  if not found then
    return;
  elsif v_fault.rule ->> 'name' !~ E'\\S' then
    perform kernel.refuse_value(v_fault.path || '.name', v_fault.rule ->> 'name', 'a name that can be read');
  elsif not v_fault.rule ?| '{price,percent_of_revenue}' then
    perform kernel.refuse_value(v_fault.path, 'nothing that is paid', 'price or percent_of_revenue');
  end if;
  perform kernel.refuse_value(v_fault.path, 'no condition', 'when or hours');
end;
$$;
comment on function catalog.check_payout_sense(jsonb) is
  'Raises LG423 when a payout policy pays nothing, or one of its prices '
  'pays nothing, has no condition or a blank name.';

create or replace function catalog.compile_payout(p_rules jsonb)
returns kernel.payout_settings
language plpgsql
immutable
as $$
-- What is paid otherwise stands last, without a condition.
declare
  v_rules kernel.price_rule[];
begin
  select array_agg((
    r.name, (r.body ->> 'price')::numeric, (r.body ->> 'percent_of_revenue')::numeric,
    catalog.compile_hours(r.body -> 'hours'), catalog.compile_tests(r.body -> 'when'))::kernel.price_rule
    order by r.place)
  into v_rules
  from (
    select e.ordinality as place, e.value ->> 'name' as name, e.value as body
    from jsonb_array_elements(p_rules -> 'prices') with ordinality e
    union all
    select 1000, 'otherwise', jsonb_build_object(
      'price', p_rules -> 'price', 'percent_of_revenue', p_rules -> 'percent_of_revenue')
    where p_rules ?| '{price,percent_of_revenue}'
  ) r;
  return (
    coalesce(p_rules ->> 'per', 'lead') = 'sale', coalesce(v_rules, '{}'), (p_rules ->> 'min_margin')::numeric,
    (p_rules ->> 'min_margin_percent')::numeric)::kernel.payout_settings;
end;
$$;
comment on function catalog.compile_payout(jsonb) is
  'A payout policy as its rules in order, the terms for all other leads last, and its margins.';
