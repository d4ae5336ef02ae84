create or replace function leadgen.check_tests(
  p_tests jsonb,
  p_path text,
  p_fields text[] default null,
  p_root text default 'attributes'
)
returns void
language plpgsql
volatile
as $$
declare
  c_numbers constant text[] := '{postal_code,status}';
  v_field record;
begin
  if jsonb_typeof(p_tests) is distinct from 'object' then
    perform leadgen.refuse_value(p_path, coalesce(p_tests::text, 'nothing'),
      format('conditions by field: {"%s.x": {"minimum": 10}}', p_root));
  end if;
  perform leadgen.check_patterns(p_tests, p_path);
  for v_field in select f.key, f.value, p_path || '.' || f.key as path from jsonb_each(p_tests) f loop
    perform leadgen.check_field(v_field.key, v_field.path, p_fields, p_root);
    perform leadgen.check_test(v_field.value, v_field.path);
    if v_field.key = any (coalesce(p_fields, leadgen.list_fields())) and v_field.key <> all (c_numbers)
      and (v_field.value ?| '{minimum,maximum}' or v_field.value -> 'not' ?| '{minimum,maximum}') then
      perform leadgen.refuse_value(v_field.path, v_field.value::text, 'enum or pattern: ' || v_field.key || ' is no number');
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_tests(jsonb, text, text[], text) is
  'Raises LG423 for conditions on fields ({"<field>": {"enum", "minimum", "maximum", "pattern", "not"}}) that are malformed or can never hold: fields of a lead unless told otherwise (see leadgen.check_field).';
