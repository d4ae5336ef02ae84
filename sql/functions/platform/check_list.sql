create or replace function leadgen.check_list(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_length constant integer := jsonb_array_length(p_value);
  v_repeated record;
begin
  if v_length < (p_schema ->> 'minItems')::integer then
    perform leadgen.refuse_value(p_path, case v_length when 0 then 'an empty list' else p_value::text end,
      'at least ' || (p_schema ->> 'minItems') || case p_schema ->> 'minItems' when '1' then ' entry' else ' entries' end);
  elsif v_length > (p_schema ->> 'maxItems')::integer then
    perform leadgen.refuse_value(p_path, v_length || ' entries', 'at most ' || (p_schema ->> 'maxItems'));
  end if;
  if p_schema ? 'items' then
    for v_index in 0 .. v_length - 1 loop
      perform leadgen.check_schema(p_value -> v_index, p_schema -> 'items', format('%s[%s]', p_path, v_index));
    end loop;
  end if;
  if (p_schema ->> 'uniqueItems')::boolean then
    select e.value, count(*) as times into v_repeated
    from jsonb_array_elements(p_value) e
    group by e.value
    having count(*) > 1
    limit 1;
    if found then
      perform leadgen.refuse_value(p_path, format('%s %s times', v_repeated.value, v_repeated.times), 'a list without repetition');
    end if;
  end if;
end;
$$;
comment on function leadgen.check_list(jsonb, jsonb, text) is
  'Raises LG423 for a list that is too short or too long, repeats itself or has a wrong entry: minItems, maxItems, uniqueItems, items.';
