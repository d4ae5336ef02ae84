create or replace function leadgen.needs_mail_lookup(p_facts leadgen.lead_facts, p_route leadgen.route, p_context jsonb)
returns text
language plpgsql
volatile
as $$
begin
  -- A null would not keep the look-up from being made.
  if (p_context -> 'can_look_up_mail' = 'true') is true
    and (p_route.validation_rules -> 'mx_lookup_enabled' = 'true') is true
    and leadgen.is_email(p_facts.email)
    and leadgen.find_mail_status(p_facts.email_domain, leadgen.clock()) is null then
    return p_facts.email_domain;
  end if;
  return null;
end;
$$;
comment on function leadgen.needs_mail_lookup(leadgen.lead_facts, leadgen.route, jsonb) is
  'The e-mail domain that the caller must have looked up before this lead can be judged; null: none, or the caller cannot.';
