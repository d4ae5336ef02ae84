create or replace function leadgen.check_schema(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- The words of JSON Schema that policies need: type, enum, minimum, maximum, pattern, items, minItems, uniqueItems,
-- properties, propertyNames, required, additionalProperties; and of our own: format regex and range (a-b), and ordered
-- (pairs of keys of which the first may not exceed the second). The first fault is raised with its path.
declare
  v_type constant text := jsonb_typeof(p_value);
  v_types constant jsonb := p_schema -> 'type';
  v_key text;
  v_item jsonb;
  v_index integer := 0;
begin
  if v_types is not null and not (v_types @> to_jsonb(v_type)
      or (v_types @> '"integer"' and v_type = 'number' and p_value #>> '{}' ~ '^-?[0-9]{1,9}$')) then
    perform leadgen.refuse_value(p_path, v_type || ' ' || p_value::text,
      (select string_agg(t, ' or ') from jsonb_array_elements_text(
        case jsonb_typeof(v_types) when 'array' then v_types else jsonb_build_array(v_types) end) t));
  end if;
  if p_schema ? 'enum' and not leadgen.is_one_of(p_value, p_schema -> 'enum') then
    perform leadgen.refuse_value(p_path, p_value::text, 'one of ' || (p_schema ->> 'enum'));
  end if;
  if v_type = 'number' then
    if p_schema ? 'minimum' and (p_value #>> '{}')::numeric < (p_schema ->> 'minimum')::numeric then
      perform leadgen.refuse_value(p_path, p_value::text, 'at least ' || (p_schema ->> 'minimum'));
    end if;
    if p_schema ? 'maximum' and (p_value #>> '{}')::numeric > (p_schema ->> 'maximum')::numeric then
      perform leadgen.refuse_value(p_path, p_value::text, 'at most ' || (p_schema ->> 'maximum'));
    end if;
  elsif v_type = 'string' then
    if p_schema ? 'pattern' and (p_value #>> '{}') !~ (p_schema ->> 'pattern') then
      perform leadgen.refuse_value(p_path, p_value::text, coalesce(p_schema ->> 'description', 'text like ' || (p_schema ->> 'pattern')));
    end if;
    if p_schema ->> 'format' = 'regex' then
      perform leadgen.check_regex(p_value #>> '{}', p_path);
    elsif p_schema ->> 'format' = 'range' and p_value #>> '{}' ~ '^[^-]+-[^-]+$' and (
      length(split_part(p_value #>> '{}', '-', 1)) <> length(split_part(p_value #>> '{}', '-', 2))
      or split_part(p_value #>> '{}', '-', 1) collate "C" > split_part(p_value #>> '{}', '-', 2)) then
      perform leadgen.refuse_value(p_path, p_value::text, 'a range from a lower to a higher value of the same length');
    end if;
  elsif v_type = 'array' then
    if jsonb_array_length(p_value) < (p_schema ->> 'minItems')::integer then
      perform leadgen.refuse_value(p_path, 'an empty list', 'at least ' || (p_schema ->> 'minItems') || ' entry');
    end if;
    for v_item in select e from jsonb_array_elements(p_value) e loop
      perform leadgen.check_schema(v_item, coalesce(p_schema -> 'items', '{}'), p_path || '[' || v_index || ']');
      v_index := v_index + 1;
    end loop;
    if (p_schema ->> 'uniqueItems')::boolean
      and v_index > (select count(distinct e) from jsonb_array_elements(p_value) e) then
      perform leadgen.refuse_value(p_path, p_value::text, 'a list without repetition');
    end if;
  elsif v_type = 'object' then
    for v_key, v_item in select e.key, e.value from jsonb_each(p_value) e loop
      if p_schema ? 'propertyNames' then
        perform leadgen.check_schema(to_jsonb(v_key), p_schema -> 'propertyNames', p_path || '.' || v_key);
      end if;
      if p_schema -> 'properties' ? v_key then
        perform leadgen.check_schema(v_item, p_schema -> 'properties' -> v_key, p_path || '.' || v_key);
      elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
        perform leadgen.check_schema(v_item, p_schema -> 'additionalProperties', p_path || '.' || v_key);
      elsif p_schema -> 'additionalProperties' = 'false' then
        perform leadgen.refuse_value(p_path || '.' || v_key, 'an unknown key',
          'one of ' || (select string_agg(k, ', ' order by k) from jsonb_object_keys(p_schema -> 'properties') k));
      end if;
    end loop;
    for v_item in select pair from jsonb_array_elements(p_schema -> 'ordered') pair loop
      if (p_value ->> (v_item ->> 0))::numeric > (p_value ->> (v_item ->> 1))::numeric then
        perform leadgen.refuse_value(p_path, p_value::text, format('%s not above %s', v_item ->> 0, v_item ->> 1));
      end if;
    end loop;
    for v_key in select k from jsonb_array_elements_text(p_schema -> 'required') k where not p_value ? k loop
      perform leadgen.refuse_value(p_path || '.' || v_key, 'nothing', 'a value: this key is required');
    end loop;
  end if;
end;
$$;
comment on function leadgen.check_schema(jsonb, jsonb, text) is
  'Raises LG423 with path, found and allowed for the first place where a value breaks its schema.';
