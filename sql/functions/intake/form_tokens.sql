-- What a landing page does to keep bots out: a signed token of its form, and a field that no person sees.
--
-- A token says when the page asked for it, and for which source. It is kept nowhere: v1.MILLISECONDS.SIGNATURE. It may
-- be used more than once, for people go back and send a form again.

create or replace function intake.make_form_token(p_source_id bigint, p_milliseconds bigint)
returns text
language plpgsql
stable
as $$
-- The signature covers a word of its own, so no link in an e-mail is a token, and no token a link.
begin
  return format('v1.%s.%s', p_milliseconds, rtrim(translate(encode(kernel.compute_hmac(
    (select s.secret from leadgen.link_secrets s),
    convert_to(format('form:%s:%s', p_source_id, p_milliseconds), 'UTF8')), 'base64'), '+/', '-_'), '='));
end;
$$;
comment on function intake.make_form_token(bigint, bigint) is
  'The token of a source''s form at a moment, in milliseconds since 1970; null: there is no secret to sign with.';

create or replace function intake.issue_form_token(p_source_key text, out form_token text, out issued_at timestamptz)
language plpgsql
stable
as $$
declare
  v_source_id constant bigint := (
    select s.id from leadgen.sources s where s.source_key = left(p_source_key, 100) and s.is_active);
begin
  if v_source_id is null then
    perform kernel.refuse('LG404', 'There is no such source', 'source_key', 'another text',
      'the source_key of an active source');
  end if;
  issued_at := date_trunc('milliseconds', leadgen.clock());
  form_token := intake.make_form_token(v_source_id, (extract(epoch from issued_at) * 1000)::bigint);
end;
$$;
comment on function intake.issue_form_token(text) is 'The work of leadgen.issue_form_token.';

create or replace function intake.read_form_token(p_token text, p_source_id bigint)
returns timestamptz
language plpgsql
stable
as $$
-- The token is made anew from what it says. Digests are compared: how long that takes says nothing about the right one.
declare
  v_milliseconds constant bigint := (regexp_match(p_token, '^v1[.]([0-9]{1,15})[.][A-Za-z0-9_-]{43}$'))[1];
begin
  if v_milliseconds is null
    or sha256(convert_to(p_token, 'UTF8'))
      is distinct from sha256(convert_to(intake.make_form_token(p_source_id, v_milliseconds), 'UTF8')) then
    return null;
  end if;
  return to_timestamp(v_milliseconds / 1000.0);
end;
$$;
comment on function intake.read_form_token(text, bigint) is
  'When a token of a source''s form was issued; null: it is none, or another source''s.';

create or replace function intake.judge_form_token(p_facts kernel.lead_facts, p_source_id bigint)
returns kernel.lead_facts
language plpgsql
stable
as $$
declare
  v_facts kernel.lead_facts := p_facts;
begin
  if v_facts.form_status is null then
    v_facts.form_issued_at := intake.read_form_token(p_facts.form_token, p_source_id);
    v_facts.form_status := case when v_facts.form_issued_at is null then 'invalid' else 'valid' end;
  end if;
  return v_facts;
end;
$$;
comment on function intake.judge_form_token(kernel.lead_facts, bigint) is
  'The facts of a lead with what its form''s token says; a lead with a key is none of a form.';

create or replace function intake.drop_honeypot(p_attributes jsonb, p_name text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case when p_attributes ->> p_name ~ E'\\S' then p_attributes else p_attributes - p_name end;
end;
$$;
comment on function intake.drop_honeypot(jsonb, text) is
  'The attributes of a lead without the field that no person sees, if nothing is in it: it is no answer of theirs.';
