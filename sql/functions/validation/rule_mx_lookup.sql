create or replace function leadgen.rule_mx_lookup(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- The resolver was asked before the transaction (needs_mail_lookup). An address that is not one has failed rule_core_fields.
begin
  return case
    when p_value <> 'true' or p_facts.mail_status = 'has_mail' then '{}'
    when p_facts.mail_status = 'no_mail'
      then leadgen.fail('email_no_mx', 'email', 'The e-mail domain takes no mail')
    when p_rules ->> 'mx_unknown' = 'fail' and leadgen.is_email(p_facts.email)
      then leadgen.fail('email_no_mx', 'email', 'Whether the e-mail domain takes mail could not be found out')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_mx_lookup(leadgen.lead_facts, jsonb, jsonb) is
  'With true: the e-mail domain takes mail; where that is not known, mx_unknown decides.';
