create or replace function leadgen.check_time(p_value jsonb, p_path text, p_is_end boolean default false)
returns void
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_value) is distinct from 'string'
    or (p_value #>> '{}') !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' and not (p_is_end and p_value = '"24:00"') then
    perform leadgen.refuse_value(p_path, coalesce(p_value::text, 'nothing'),
      'a time from "00:00" to "23:59"' || case when p_is_end then ', or "24:00"' else '' end);
  end if;
end;
$$;
comment on function leadgen.check_time(jsonb, text, boolean) is 'Raises LG423 when a value is no time of day, HH:MM; 24:00 only as an end.';
