create or replace function leadgen.rule_max_per_ip(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.ip_count >= (p_value #>> '{}')::integer then
      leadgen.fail('velocity_exceeded', 'ip_address',
        format('%s leads came from this IP address within an hour; %1$s are allowed', p_value #>> '{}'))
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_max_per_ip(leadgen.lead_facts, jsonb, jsonb) is
  'Fewer leads of this offer than that, valid or not, came from the same IP address in the last 60 minutes.';
