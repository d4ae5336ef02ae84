create or replace function leadgen.check_bounds(p_words jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- Text that looks like a number is compared as one: forms send numbers as text.
declare
  c_number constant text := '^\s*-?[0-9]+(\.[0-9]+)?\s*$';
  v_value record;
begin
  if (p_words ->> 'minimum')::numeric > (p_words ->> 'maximum')::numeric then
    perform leadgen.refuse_value(p_path || '.minimum', p_words ->> 'minimum', 'at most the maximum ' || (p_words ->> 'maximum'));
  end if;
  for v_value in
    select e.value, p_path || '.enum[' || e.ordinality - 1 || ']' as path, e.value #>> '{}' as text,
      case when e.value #>> '{}' ~ c_number then (e.value #>> '{}')::numeric end as number
    from jsonb_array_elements(p_words -> 'enum') with ordinality e
  loop
    if p_words ? 'minimum' and coalesce(v_value.number < (p_words ->> 'minimum')::numeric, true) then
      perform leadgen.refuse_value(v_value.path, v_value.value::text, 'a number of at least the minimum ' || (p_words ->> 'minimum'));
    elsif p_words ? 'maximum' and coalesce(v_value.number > (p_words ->> 'maximum')::numeric, true) then
      perform leadgen.refuse_value(v_value.path, v_value.value::text, 'a number of at most the maximum ' || (p_words ->> 'maximum'));
    elsif p_words ? 'pattern' and (jsonb_typeof(v_value.value) <> 'string' or v_value.text !~ (p_words ->> 'pattern')) then
      perform leadgen.refuse_value(v_value.path, v_value.value::text, 'text that the pattern lets pass');
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_bounds(jsonb, text) is
  'Raises LG423 when minimum is above maximum, or enum lists a value that minimum, maximum or pattern beside it would refuse.';
