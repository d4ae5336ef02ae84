create or replace function leadgen.rule_max_per_phone(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.phone_count >= (p_value #>> '{}')::integer then
      leadgen.fail('velocity_exceeded', 'phone',
        format('%s leads came with this phone number within 24 hours; %1$s are allowed', p_value #>> '{}'))
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_max_per_phone(leadgen.lead_facts, jsonb, jsonb) is
  'Fewer leads of this offer than that, valid or not, came with the same phone number in the last 24 hours.';
