create or replace function leadgen.check_test(p_test jsonb, p_path text, p_is_nested boolean default false)
returns void
language plpgsql
volatile
as $$
declare
  c_words constant text[] := '{enum,minimum,maximum,pattern,not}';
  v_words constant text[] := case when p_is_nested then array_remove(c_words, 'not') else c_words end;
  v_word record;
begin
  if jsonb_typeof(p_test) <> 'object' or p_test = '{}' then
    perform leadgen.refuse_value(p_path, p_test::text, 'an object with at least one of ' || array_to_string(v_words, ', '));
  end if;
  for v_word in select w.key, w.value, p_path || '.' || w.key as path from jsonb_each(p_test) w loop
    if v_word.key <> all (v_words) then
      perform leadgen.refuse_choice(v_word.path,
        case v_word.key when 'not' then 'not inside of not' else 'an unknown word' end, v_word.key, v_words);
    elsif v_word.key = 'not' then
      perform leadgen.check_test(v_word.value, v_word.path, true);
    else
      perform leadgen.check_schema(v_word.value, case v_word.key
        when 'enum' then '{"type": "array", "minItems": 1, "maxItems": 1000, "uniqueItems": true,
          "items": {"type": ["string", "number", "boolean"]}}'::jsonb
        when 'pattern' then '{"type": "string", "format": "regex"}'
        else '{"type": "number"}' end, v_word.path);
    end if;
  end loop;
  perform leadgen.check_bounds(p_test, p_path);
  if p_test ? 'enum' and p_test -> 'not' ? 'enum' and (p_test -> 'not') - 'enum' = '{}'
    and not exists (select from jsonb_array_elements(p_test -> 'enum') e where not leadgen.is_one_of(e, p_test #> '{not,enum}')) then
    perform leadgen.refuse_value(p_path || '.not.enum', p_test #>> '{not,enum}',
      'a list that leaves something of enum ' || (p_test ->> 'enum'));
  end if;
end;
$$;
comment on function leadgen.check_test(jsonb, text, boolean) is
  'Raises LG423 when the conditions on one field are malformed or can never hold.';
