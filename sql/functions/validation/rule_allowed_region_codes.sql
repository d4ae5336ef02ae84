create or replace function leadgen.rule_allowed_region_codes(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value ? p_facts.region_code then '{}'
    else leadgen.fail('region_not_allowed', 'region_code', 'The region is not served by this offer')
  end;
end;
$$;
comment on function leadgen.rule_allowed_region_codes(leadgen.lead_facts, jsonb, jsonb) is
  'The lead''s region (ISO 3166-2, from its postal code when not given) is on the list.';
