create or replace function leadgen.compile_value(p_function text, p_value jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_compiled jsonb;
begin
  if p_function is null or p_value = 'null' then
    return p_value;
  end if;
  execute format('select leadgen.%I($1)', p_function) into v_compiled using p_value;
  return v_compiled;
end;
$$;
comment on function leadgen.compile_value(text, jsonb) is
  'The value of a key as its rule is handed it: run through the registry''s compile_function, where there is one.';
