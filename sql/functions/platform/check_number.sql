create or replace function leadgen.check_number(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
begin
  perform leadgen.check_plain_number(p_value, p_path);
  if p_schema ? 'minimum' and (p_value #>> '{}')::numeric < (p_schema ->> 'minimum')::numeric then
    perform leadgen.refuse_value(p_path, p_value::text, 'at least ' || (p_schema ->> 'minimum'));
  end if;
  if p_schema ? 'maximum' and (p_value #>> '{}')::numeric > (p_schema ->> 'maximum')::numeric then
    perform leadgen.refuse_value(p_path, p_value::text, 'at most ' || (p_schema ->> 'maximum'));
  end if;
  if scale(trim_scale((p_value #>> '{}')::numeric)) > (p_schema ->> 'decimals')::integer then
    perform leadgen.refuse_value(p_path, p_value::text, format('a number of at most %s decimals', p_schema ->> 'decimals'));
  end if;
end;
$$;
comment on function leadgen.check_number(jsonb, jsonb, text) is 'Raises LG423 for a number out of bounds or too fine: minimum, maximum, decimals.';
