create or replace function leadgen.recompile_policies()
returns integer
language plpgsql
volatile
as $$
declare
  v_validation integer;
  v_routing integer;
  v_pricing integer;
begin
  update leadgen.validation_policies set compiled_rules = '' where compiled_rules <> leadgen.compile_rules(rules);
  get diagnostics v_validation = row_count;
  update leadgen.routing_policies set compiled_config = null
  where compiled_config is distinct from leadgen.read_routing_config(config);
  get diagnostics v_routing = row_count;
  update leadgen.pricing_policies set compiled_rules = null
  where compiled_rules::text is distinct from leadgen.compile_pricing(rules)::text;
  get diagnostics v_pricing = row_count;
  return v_validation + v_routing + v_pricing;
end;
$$;
comment on function leadgen.recompile_policies() is
  'Compiles the policies again whose rules the registry now reads differently; run by each deploy. Returns how many changed.';
