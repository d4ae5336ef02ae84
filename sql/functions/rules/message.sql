-- Rules about the message.

create or replace function rules.blocked_words(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- Words come as catalog.compile_words leaves them: with a space at either end.
declare
  v_message constant text := ' ' || ref.fold_words(p_facts.message) || ' ';
begin
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    if strpos(v_message, p_value ->> v_index) > 0 then
      return rules.fail('message_blocked', 'message', 'The message has a word that is blocked for this offer');
    end if;
  end loop;
  return '{}';
end;
$$;
comment on function rules.blocked_words(kernel.lead_facts, jsonb, jsonb) is
  'The message has none of the words or phrases, compared as whole words '
  'without case, punctuation and invisible marks.';

create or replace function rules.min_message_length(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when length(coalesce(p_facts.message, '')) < (p_value #>> '{}')::integer
      then rules.fail('message_too_short', 'message',
        format('The message is shorter than %s', kernel.count_of((p_value #>> '{}')::numeric, 'character')))
    else '{}'
  end;
end;
$$;
comment on function rules.min_message_length(kernel.lead_facts, jsonb, jsonb) is
  'The message has at least so many characters.';
