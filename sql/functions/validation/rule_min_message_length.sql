create or replace function leadgen.rule_min_message_length(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when length(coalesce(p_facts.message, '')) < (p_value #>> '{}')::integer
      then leadgen.fail('message_too_short', 'message', format('The message is shorter than %s characters', p_value #>> '{}'))
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_min_message_length(leadgen.lead_facts, jsonb, jsonb) is 'The message has at least so many characters.';
