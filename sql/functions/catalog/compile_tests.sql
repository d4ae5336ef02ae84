create or replace function leadgen.compile_tests(p_tests jsonb)
returns leadgen.field_test[]
language plpgsql
immutable strict
as $$
begin
  return array(
    select (t.key, leadgen.compile_test(t.key, t.value)::jsonpath, leadgen.describe_test(t.value))::leadgen.field_test
    from jsonb_each(p_tests) t
    order by t.key
  );
end;
$$;
comment on function leadgen.compile_tests(jsonb) is
  'Conditions on fields, {"attributes.roof_age": {"minimum": 10}, ...} (see leadgen.check_tests), ready to be judged.';
