create or replace function leadgen.compile_literal(p_field text, p_value jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return case p_field
    when 'city' then to_json(leadgen.normalize_city(p_value #>> '{}'))::text
    else p_value::text
  end;
end;
$$;
comment on function leadgen.compile_literal(text, jsonb) is 'A value as a condition compares it: a city without case, accents and spaces.';
