-- Users of the tests. What stands for Argon2id, which is the API's to compute, is SHA-256 of the password and the salt.

create or replace function testkit.hash_of(p_text text)
returns text
language sql
immutable
as $$
  select encode(sha256(convert_to(p_text, 'UTF8')), 'hex');
$$;
comment on function testkit.hash_of(text) is 'SHA-256 in hex, as tokens and cookies are stored.';

create or replace function testkit.digest_of(p_password text, p_salt bytea default substr(sha256('salt'), 1, 16))
returns bytea
language sql
immutable
as $$
  select sha256(convert_to(p_password, 'UTF8') || p_salt);
$$;
comment on function testkit.digest_of(text, bytea) is 'What stands for Argon2id.';

create or replace function testkit.new_user(p_name text, p_role text default 'admin', p_password text default 'open sesame')
returns bigint
language sql
as $$
  select leadgen.create_user(format('%s@people.example', lower(p_name)), p_name, p_role,
    case p_role when 'buyer' then testkit.new_buyer('Ace') end,
    case p_role when 'source' then (select min(s.id) from leadgen.sources s) end,
    case p_role when 'buyer' then 'owner' end, substr(sha256('salt'), 1, 16), testkit.digest_of(p_password));
$$;
comment on function testkit.new_user(text, text, text) is 'An active user NAME@people.example; returns its id.';

create or replace function testkit.sign_in(
  p_name text,
  p_password text default 'open sesame',
  p_address text default '192.0.2.1',
  p_device text default 'new',
  p_token text default gen_random_uuid()::text,
  p_code text default null
)
returns text
language plpgsql
as $$
declare
  v_start record;
begin
  select s.* into v_start
  from leadgen.start_sign_in(format('%s@people.example', lower(p_name)), p_address, testkit.hash_of(p_device)) s;
  return case when v_start.retry_after > 0 then format('wait %s', v_start.retry_after) else
    leadgen.finish_sign_in(v_start.attempt_id, testkit.digest_of(p_password, v_start.salt), p_code, testkit.hash_of(p_token),
      testkit.hash_of(p_device), null, 'pgTAP') ->> 'status' end;
end;
$$;
comment on function testkit.sign_in(text, text, text, text, text, text) is
  'What a sign-in of NAME@people.example comes to: signed_in, code_needed, failed, or "wait 4".';

create or replace function testkit.open_mail(p_kind text, p_token text)
returns text
language plpgsql
as $$
declare
  v_mail record;
begin
  for v_mail in select * from leadgen.claim_user_mails(array_fill(testkit.hash_of(p_token), array[1])) loop
    perform leadgen.record_user_mail(v_mail.mail_id, 'sent');
    return case v_mail.kind when p_kind then v_mail.email else format('%s, not %s', v_mail.kind, p_kind) end;
  end loop;
  return 'no mail';
end;
$$;
comment on function testkit.open_mail(text, text) is
  'A worker sends the next e-mail, with a link by this token; returns to whom, if it is of the kind.';
