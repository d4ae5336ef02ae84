create or replace function leadgen.rule_required_fields(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
declare
  v_failures leadgen.failure[] := '{}';
  v_field text;
begin
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    v_field := p_value ->> v_index;
    if v_field not in ('name', 'email', 'phone', 'postal_code')
      and coalesce(leadgen.read_field(p_facts, v_field), 'null') in ('null', '""', '[]', '{}') then
      v_failures := v_failures || leadgen.fail('field_required', v_field, v_field || ' is missing');
    end if;
  end loop;
  return v_failures;
end;
$$;
comment on function leadgen.rule_required_fields(leadgen.lead_facts, jsonb, jsonb) is
  'Each named field is there and not empty. The four core fields are judged by rule_core_fields, so that a lead hears it once.';
