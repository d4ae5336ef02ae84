create or replace function leadgen.rule_blocked_words(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return (
    select case
      when exists (
        select from jsonb_array_elements_text(p_value) word
        where ' ' || regexp_replace(lower(p_facts.message), '[^[:alnum:]]+', ' ', 'g') || ' '
          like '% ' || btrim(regexp_replace(lower(word), '[^[:alnum:]]+', ' ', 'g')) || ' %'
      ) then leadgen.fail('message_blocked', 'message', 'The message has a word that is blocked for this offer')
      else '{}'
    end
  );
end;
$$;
comment on function leadgen.rule_blocked_words(leadgen.lead_facts, jsonb, jsonb) is
  'The message has none of the words or phrases, compared as whole words without case and punctuation.';
