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
end;
$$;
comment on function leadgen.check_number(jsonb, jsonb, text) is 'Raises LG423 for a number out of bounds: minimum, maximum.';
