create or replace function leadgen.is_blank(p_value jsonb)
returns boolean
language plpgsql
immutable parallel safe
as $$
begin
  return p_value is null or p_value in ('null', '[]', '{}') or (jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^\s*$');
end;
$$;
comment on function leadgen.is_blank(jsonb) is 'Whether a value says nothing: none, null, an empty list or object, a text of spaces.';
