create or replace function leadgen.rule_allowed_country_codes(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value ? p_facts.country_code then '{}'
    else leadgen.fail('country_not_allowed', 'country_code', 'Country ' || p_facts.country_code || ' is not served by this offer')
  end;
end;
$$;
comment on function leadgen.rule_allowed_country_codes(leadgen.lead_facts, jsonb, jsonb) is 'The lead''s country is on the list.';
