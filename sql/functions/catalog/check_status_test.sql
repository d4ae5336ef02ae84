create or replace function leadgen.check_status_test(p_test jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_word constant text := 'a condition on a number: enum, minimum, maximum or not';
  v_value record;
begin
  if p_test ? 'pattern' then
    perform leadgen.refuse_value(p_path || '.pattern', p_test ->> 'pattern', c_word);
  end if;
  for v_value in
    select e.value, format('%s.enum[%s]', p_path, e.ordinality - 1) as path
    from jsonb_array_elements(p_test -> 'enum') with ordinality e
    union all
    select w.value, p_path || '.' || w.key
    from jsonb_each(p_test) w
    where w.key in ('minimum', 'maximum')
  loop
    if v_value.value::text !~ '^[2-5][0-9][0-9]$' then
      perform leadgen.refuse_value(v_value.path, v_value.value::text, 'an HTTP status as a number, 200 to 599');
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_status_test(jsonb, text) is 'Raises LG423 when a condition on the status of an answer can never hold.';
