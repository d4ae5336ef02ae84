create or replace function leadgen.recompile_policies()
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  update leadgen.validation_policies set compiled_rules = '' where compiled_rules <> leadgen.compile_rules(rules);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function leadgen.recompile_policies() is
  'Compiles the policies again whose rules the registry now reads differently; run by each deploy. Returns how many changed.';
