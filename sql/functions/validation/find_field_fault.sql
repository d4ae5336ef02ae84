create or replace function leadgen.find_field_fault(p_value jsonb, p_rule jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_type constant text := jsonb_typeof(p_value);
  v_text constant text := p_value #>> '{}';
begin
  if p_value is null or v_type = 'null' then
    return null;
  elsif v_type <> p_rule ->> 'type'
    and not (p_rule ->> 'type' = 'integer' and v_type = 'number' and v_text::numeric % 1 = 0) then
    return format('is of type %s; it must be %s', v_type, p_rule ->> 'type');
  elsif p_rule ? 'enum' and not leadgen.is_one_of(p_value, p_rule -> 'enum') then
    return 'is none of ' || (select string_agg(e, ', ') from jsonb_array_elements_text(p_rule -> 'enum') e);
  elsif p_rule ?| array['minimum', 'maximum'] and v_type <> 'number' then
    return format('is of type %s; it must be number', v_type);
  elsif v_type = 'number' and v_text::numeric < (p_rule ->> 'minimum')::numeric then
    return 'is less than ' || (p_rule ->> 'minimum');
  elsif v_type = 'number' and v_text::numeric > (p_rule ->> 'maximum')::numeric then
    return 'is more than ' || (p_rule ->> 'maximum');
  elsif p_rule ?| array['pattern', 'minLength', 'maxLength'] and v_type <> 'string' then
    return format('is of type %s; it must be string', v_type);
  elsif length(v_text) < (p_rule ->> 'minLength')::integer then
    return format('is shorter than %s characters', p_rule ->> 'minLength');
  elsif length(v_text) > (p_rule ->> 'maxLength')::integer then
    return format('is longer than %s characters', p_rule ->> 'maxLength');
  elsif p_rule ? 'pattern' and length(v_text) > 2000 then
    return 'is longer than 2000 characters, the most that a pattern is held against';
  elsif v_text !~ (p_rule ->> 'pattern') then
    return 'does not have the required form';
  end if;
  return null;
end;
$$;
comment on function leadgen.find_field_fault(jsonb, jsonb) is
  'What is wrong with one value under one rule of field_rules, in words; null: nothing, or the value is not there.';
