create or replace function leadgen.rule_required_fields(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(
      array_agg(('field_required', field, field || ' is missing')::leadgen.failure order by position),
      '{}')
    from jsonb_array_elements_text(p_value) with ordinality as fields (field, position)
    where coalesce(leadgen.read_field(p_facts, field), 'null') in ('null', '""', '[]', '{}')
      and field not in ('name', 'email', 'phone', 'postal_code')
  );
end;
$$;
comment on function leadgen.rule_required_fields(leadgen.lead_facts, jsonb, jsonb) is
  'Each named field is there and not empty. The four core fields are judged by rule_core_fields, so that a lead hears it once.';
