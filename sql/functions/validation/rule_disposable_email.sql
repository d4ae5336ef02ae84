create or replace function leadgen.rule_disposable_email(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.email_is_disposable
      then leadgen.fail('email_disposable', 'email', 'The e-mail domain gives out disposable addresses')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_disposable_email(leadgen.lead_facts, jsonb, jsonb) is
  'With true: the e-mail domain is not on the list of disposable ones.';
