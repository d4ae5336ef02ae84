create or replace function leadgen.rule_phone_region(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- A number that is not valid anywhere has failed rule_core_fields.
begin
  return case
    when p_facts.phone_country is null
      or p_value #>> '{}' in (p_facts.phone_country, p_facts.phone_region) then '{}'
    else leadgen.fail('phone_region_mismatch', 'phone', 'The phone number is not of ' || (p_value #>> '{}'))
  end;
end;
$$;
comment on function leadgen.rule_phone_region(leadgen.lead_facts, jsonb, jsonb) is
  'The phone number is valid in a country (US) or in a region of it by its area code (US-TX).';
