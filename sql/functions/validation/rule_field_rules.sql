create or replace function leadgen.rule_field_rules(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- A field that is not there is the business of required_fields.
begin
  return (
    select coalesce(
      array_agg(('field_invalid', field, field || ' ' || fault)::leadgen.failure order by field),
      '{}')
    from jsonb_each(p_value) as fields (field, rule)
    cross join lateral leadgen.find_field_fault(leadgen.read_field(p_facts, field), rule) as fault
    where fault is not null
  );
end;
$$;
comment on function leadgen.rule_field_rules(leadgen.lead_facts, jsonb, jsonb) is
  'Each field that is there fits its rule: type, enum, minimum, maximum, pattern, minLength, maxLength.';
