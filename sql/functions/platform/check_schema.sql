create or replace function leadgen.check_schema(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
-- Volatile, because a regular expression among the values is timed.
declare
  v_type constant text := jsonb_typeof(p_value);
  v_types constant text[] := array(select jsonb_array_elements_text(
    case jsonb_typeof(p_schema -> 'type') when 'string' then jsonb_build_array(p_schema -> 'type') else p_schema -> 'type' end));
begin
  if v_types <> '{}' and v_type <> all (v_types)
    and not ('integer' = any (v_types) and v_type = 'number' and p_value #>> '{}' ~ '^-?[0-9]{1,9}$') then
    perform leadgen.refuse_value(p_path, v_type || ' ' || p_value::text, array_to_string(v_types, ' or '));
  end if;
  if p_schema ? 'enum' and not leadgen.is_one_of(p_value, p_schema -> 'enum') then
    perform leadgen.refuse_choice(p_path, p_value::text, p_value #>> '{}', array(select jsonb_array_elements_text(p_schema -> 'enum')));
  end if;
  case v_type
    when 'number' then
      perform leadgen.check_number(p_value, p_schema, p_path);
    when 'string' then
      perform leadgen.check_text(p_value, p_schema, p_path);
    when 'array' then
      perform leadgen.check_list(p_value, p_schema, p_path);
    when 'object' then
      perform leadgen.check_object(p_value, p_schema, p_path);
    else
      null;
  end case;
  if p_schema ? 'format' then
    perform leadgen.check_format(p_value, p_schema ->> 'format', p_path);
  end if;
end;
$$;
comment on function leadgen.check_schema(jsonb, jsonb, text) is
  'Raises LG423 with path, found and allowed for the first place where a value breaks its schema. The words are those of JSON Schema that policies need, and a few of our own: see check_number, check_text, check_list, check_object and check_format.';
