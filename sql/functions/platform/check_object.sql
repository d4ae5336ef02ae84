create or replace function leadgen.check_object(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_names constant text[] := array(select k from jsonb_object_keys(p_schema -> 'properties') k order by k);
  v_exactly_one constant text[] := array(select jsonb_array_elements_text(p_schema -> 'exactlyOne'));
  v_entry record;
  v_pair jsonb;
  v_key text;
begin
  for v_entry in select e.key, e.value, p_path || '.' || e.key as path from jsonb_each(p_value) e loop
    if p_schema ? 'propertyNames' then
      perform leadgen.check_schema(to_jsonb(v_entry.key), p_schema -> 'propertyNames', v_entry.path);
    end if;
    if v_entry.key = any (v_names) then
      perform leadgen.check_schema(v_entry.value, p_schema -> 'properties' -> v_entry.key, v_entry.path);
    elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
      perform leadgen.check_schema(v_entry.value, p_schema -> 'additionalProperties', v_entry.path);
    elsif p_schema -> 'additionalProperties' = 'false' then
      perform leadgen.refuse_choice(v_entry.path, 'an unknown key', v_entry.key, v_names);
    end if;
  end loop;
  for v_key in select k from jsonb_array_elements_text(p_schema -> 'required') k where not p_value ? k loop
    perform leadgen.refuse_value(p_path || '.' || v_key, 'nothing', 'a value: this key is required');
  end loop;
  if (select count(*) from jsonb_object_keys(p_value)) < (p_schema ->> 'minProperties')::integer then
    perform leadgen.refuse_value(p_path, p_value::text, format('at least %s of %s', p_schema ->> 'minProperties',
      coalesce(array_to_string(nullif(v_names, '{}'), ', '), 'any key')));
  end if;
  if v_exactly_one <> '{}' and (select count(*) from unnest(v_exactly_one) k where p_value ? k) <> 1 then
    perform leadgen.refuse_value(p_path, p_value::text, 'exactly one of ' || array_to_string(v_exactly_one, ', '));
  end if;
  for v_pair in select pair from jsonb_array_elements(p_schema -> 'ordered') pair loop
    if (p_value ->> (v_pair ->> 0))::numeric > (p_value ->> (v_pair ->> 1))::numeric then
      perform leadgen.refuse_value(p_path || '.' || (v_pair ->> 0), p_value ->> (v_pair ->> 0),
        format('at most %s, which is %s', v_pair ->> 1, p_value ->> (v_pair ->> 1)));
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_object(jsonb, jsonb, text) is
  'Raises LG423 for an object with a wrong key or value: propertyNames, properties, additionalProperties, required, minProperties; and of our own exactlyOne (keys) and ordered (pairs of keys of which the first may not exceed the second).';
