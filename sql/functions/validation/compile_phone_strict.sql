create or replace function leadgen.compile_phone_strict(p_value jsonb)
returns jsonb
language plpgsql
stable strict
as $$
-- sql/plpython is loaded only where the language and the package work; its rule is there or it is not.
begin
  if to_regprocedure('leadgen.rule_phone_strict(leadgen.lead_facts, jsonb, jsonb)') is null then
    perform leadgen.refuse_value('rules.phone_strict', p_value::text,
      'nothing on this server: it needs the extension plpython3u and the Python package phonenumbers, then leadgen migrate');
  end if;
  return p_value;
end;
$$;
comment on function leadgen.compile_phone_strict(jsonb) is
  'Raises LG423 where the rule phone_strict is not loaded, because PL/Python or the package phonenumbers is missing.';
