-- Rules about the message.

create or replace function rules.blocked_words(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
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
      ) then rules.fail('message_blocked', 'message', 'The message has a word that is blocked for this offer')
      else '{}'
    end
  );
end;
$$;
comment on function rules.blocked_words(kernel.lead_facts, jsonb, jsonb) is
  'The message has none of the words or phrases, compared as whole words without case and punctuation.';

create or replace function rules.min_message_length(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when length(coalesce(p_facts.message, '')) < (p_value #>> '{}')::integer
      then rules.fail('message_too_short', 'message',
        format('The message is shorter than %s characters', p_value #>> '{}'))
    else '{}'
  end;
end;
$$;
comment on function rules.min_message_length(kernel.lead_facts, jsonb, jsonb) is
  'The message has at least so many characters.';
