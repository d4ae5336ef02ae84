create or replace function leadgen.rule_blocked_email_domains(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return (
    select case
      when exists (
        select from jsonb_array_elements_text(p_value) domain
        where p_facts.email_domain = lower(domain) or p_facts.email_domain like '%.' || lower(domain)
      ) then leadgen.fail('email_blocked', 'email', 'The e-mail domain is blocked for this offer')
      else '{}'
    end
  );
end;
$$;
comment on function leadgen.rule_blocked_email_domains(leadgen.lead_facts, jsonb, jsonb) is
  'The e-mail domain is neither on the list nor below a domain that is.';
