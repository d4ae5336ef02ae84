create or replace function leadgen.find_capacity(p_caps jsonb, p_from timestamptz, p_to timestamptz)
returns numeric
language plpgsql
immutable
as $$
declare
  v_days constant numeric := extract(epoch from p_to - p_from) / 86400;
begin
  return least(
    (p_caps ->> 'cap_hour')::numeric * ceil(v_days * 24),
    (p_caps ->> 'cap_day')::numeric * ceil(v_days),
    (p_caps ->> 'cap_week')::numeric * ceil(v_days / 7),
    (p_caps ->> 'cap_month')::numeric * ceil(v_days / 31));
end;
$$;
comment on function leadgen.find_capacity(jsonb, timestamptz, timestamptz) is
  'How many leads caps (cap_hour, cap_day, cap_week, cap_month) allow in a period, about; null: unlimited.';
