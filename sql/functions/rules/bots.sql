-- Rules against bots: a field that no person sees, and the token of the form.

create or replace function rules.honeypot(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.attributes ->> (p_value #>> '{}') ~ E'\\S'
      then rules.fail('honeypot_filled', 'attributes.' || (p_value #>> '{}'),
        'A field that no person sees is filled in')
    else '{}'
  end;
end;
$$;
comment on function rules.honeypot(kernel.lead_facts, jsonb, jsonb) is
  'The attribute of this name, which the form hides from people, is empty.';

create or replace function rules.form_token(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- A token of a later moment than now is of a clock that steps: it was filled in too fast to tell.
declare
  v_seconds constant numeric := coalesce((p_value ->> 'min_seconds')::numeric, 0);
  v_minutes constant numeric := coalesce((p_value ->> 'max_minutes')::numeric, 1440);
  v_age constant numeric := extract(epoch from p_facts.decided_at - p_facts.form_issued_at);
begin
  return case
    when p_facts.form_status = 'keyed' then '{}'
    when p_facts.form_status is null
      then rules.fail('form_token_missing', 'form_token', 'The form has no token: the page did not ask for one')
    when p_facts.form_status = 'invalid'
      then rules.fail('form_token_invalid', 'form_token', 'The token is not one of this source''s form')
    when v_age < v_seconds
      then rules.fail('filled_too_fast', 'form_token', format(
        'The form was sent %s s after it was opened, at least %s s are asked for',
        round(v_age, 1), trim_scale(v_seconds)))
    when v_age > v_minutes * 60
      then rules.fail('form_token_expired', 'form_token', format('The form was opened more than %s ago',
        kernel.count_of(v_minutes, 'minute')))
    else '{}'
  end;
end;
$$;
comment on function rules.form_token(kernel.lead_facts, jsonb, jsonb) is
  'The form''s token is this source''s, and was issued neither less than min_seconds nor more than max_minutes ago. A '
  'lead with an API key comes from no form.';
