create or replace function leadgen.describe_value(p_value jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return case
    when jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^[[:alnum:]]([^[:cntrl:]]*[^[:cntrl:][:space:]])?$' then p_value #>> '{}'
    else p_value::text
  end;
end;
$$;
comment on function leadgen.describe_value(jsonb) is 'A JSON value as people write it: plain text without quotes, all else as JSON.';
