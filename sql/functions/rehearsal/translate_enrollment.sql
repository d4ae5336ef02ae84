create or replace function leadgen.translate_enrollment(p_fields jsonb, p_default_price numeric, p_path text)
returns jsonb
language plpgsql
stable
as $$
declare
  c_names constant jsonb := '{"is_active": "enrollment_is_active", "routing_priority": "priority", "weight": "weight",
    "capacity_per_hour": "cap_hour", "capacity_per_day": "cap_day", "capacity_per_week": "cap_week", "capacity_per_month": "cap_month",
    "budget_per_day": "budget_day", "budget_per_month": "budget_month", "min_balance_required": "min_balance",
    "pause_until": "pause_until", "price_per_lead": "base_price"}';
  v_changes jsonb;
begin
  select coalesce(jsonb_object_agg(c_names ->> f.key, f.value), '{}') into v_changes from jsonb_each(p_fields) f where c_names ? f.key;
  if p_fields ? 'price_per_lead' and p_fields -> 'price_per_lead' = 'null' then
    v_changes := v_changes || jsonb_build_object('base_price', p_default_price);
  end if;
  if jsonb_typeof(p_fields -> 'schedule') = 'object' then
    perform leadgen.check_hours(p_fields -> 'schedule', p_path || '.schedule');
    v_changes := v_changes || jsonb_build_object('schedule', leadgen.compile_hours(p_fields -> 'schedule')::text);
  elsif p_fields ? 'schedule' then
    v_changes := v_changes || '{"schedule": null}';
  end if;
  if jsonb_typeof(p_fields -> 'filters') = 'object' then
    perform leadgen.check_tests(p_fields -> 'filters', p_path || '.filters');
  elsif p_fields ? 'filters' then
    v_changes := v_changes || '{"filter_fault": null}';
  end if;
  if p_fields ->> 'pause_until' is not null then
    perform leadgen.read_timestamp(nullif(p_fields ->> 'pause_until', 'infinity'), p_path || '.pause_until');
  end if;
  return nullif(v_changes, '{}');
exception
  when sqlstate 'LG400' then
    perform leadgen.refuse_value(p_path || '.pause_until', p_fields ->> 'pause_until', 'a time with a zone, 2026-11-21T10:15:00Z, or infinity');
    return null;
end;
$$;
comment on function leadgen.translate_enrollment(jsonb, numeric, text) is
  'Changed columns of an enrollment as attributes of leadgen.candidate; null: none. Its filters are compiled apart.';
