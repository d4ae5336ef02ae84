-- Facade of the API: how people sign up, in and out, and where they are signed in.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.sign_up(
  p_email text,
  p_name text,
  p_company text,
  p_phone text,
  p_salt bytea,
  p_digest bytea,
  p_address text
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.sign_up(p_email, p_name, p_company, p_phone, p_salt, p_digest, p_address);
end;
$$;
comment on function leadgen.sign_up(text, text, text, text, bytea, bytea, text) is
  'Signs a buyer up: pending, until the link in an e-mail verifies it and an operator approves. For an address '
  'that has a user nothing is changed, its user is told by e-mail, and the caller cannot tell. 0; above '
  'it, one network asks for too many: nothing was done, and the next may come after so many seconds. LG400 for a '
  'malformed field.';

create or replace function leadgen.verify_user(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.verify_user(p_token_hash);
end;
$$;
comment on function leadgen.verify_user(text) is
  'Verifies a user''s address by the SHA-256 of the token in its e-mail: {status}. LG404 for one that was used, '
  'has expired or never was.';

create or replace function leadgen.forgot_password(p_email text, p_address text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.forgot_password(p_email, p_address);
end;
$$;
comment on function leadgen.forgot_password(text, text) is
  'Sends a link to set a password to the user of an address, if there is one that may sign in. 0; above it, one '
  'network asks for too many: nothing was done, and the next may come after so many seconds.';

create or replace function leadgen.reset_password(
  p_token_hash text,
  p_salt bytea,
  p_digest bytea,
  p_device_hash text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.reset_password(p_token_hash, p_salt, p_digest, p_device_hash);
end;
$$;
comment on function leadgen.reset_password(text, bytea, bytea, text) is
  'Sets a password by the token of an invitation or a reset: {status}. All sessions of the user end, and the '
  'device is a known one. LG404 for a token that was used, has expired or never was.';

create or replace function leadgen.start_sign_in(
  p_email text,
  p_address text,
  p_device_hash text,
  out attempt_id bigint,
  out retry_after integer,
  out salt bytea,
  out memory_kib integer,
  out passes integer,
  out lanes integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select s.* into attempt_id, retry_after, salt, memory_kib, passes, lanes
  from identity.start_sign_in(p_email, p_address, p_device_hash) s;
end;
$$;
comment on function leadgen.start_sign_in(text, text, text) is
  'Counts a sign-in and says by which salt and at which cost Argon2id is computed for it; for an address that '
  'nobody has it says the same. retry_after above 0: it was not counted, and has to wait so many seconds.';

create or replace function leadgen.finish_sign_in(
  p_attempt_id bigint,
  p_digest bytea,
  p_code text,
  p_token_hash text,
  p_device_hash text,
  p_old_token_hash text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.finish_sign_in(
    p_attempt_id, p_digest, p_code, p_token_hash, p_device_hash, p_old_token_hash, p_agent);
end;
$$;
comment on function leadgen.finish_sign_in(bigint, bytea, text, text, text, text, text) is
  'Ends a sign-in by the Argon2id digest of the password and a code of the app or a recovery code: {status: '
  'signed_in, user, session}, {status: code_needed}, or {status: failed}, whatever the cause. The session has the '
  'token whose SHA-256 is given; that of p_old_token_hash ends.';

create or replace function leadgen.show_me(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.show_me(p_token_hash);
end;
$$;
comment on function leadgen.show_me(text) is
  'The user and the session of a token: {user, session}. LG401 without a session in force.';

create or replace function leadgen.sign_out(p_token_hash text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.sign_out(p_token_hash);
end;
$$;
comment on function leadgen.sign_out(text) is 'Ends the session of a token; nothing, when there is none.';

create or replace function leadgen.list_own_sessions(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.list_own_sessions(p_token_hash);
end;
$$;
comment on function leadgen.list_own_sessions(text) is
  'Where the user of a session is signed in, the latest first. LG401 without a session in force.';

create or replace function leadgen.revoke_own_sessions(p_token_hash text, p_session_id bigint default null)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.revoke_own_sessions(p_token_hash, p_session_id);
end;
$$;
comment on function leadgen.revoke_own_sessions(text, bigint) is
  'Ends one session of the user of a session, or all of them, its own too; returns how many. LG401 without a '
  'session in force, LG404 for a session that is not the user''s.';

create or replace function leadgen.enrol_totp(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.enrol_totp(p_token_hash);
end;
$$;
comment on function leadgen.enrol_totp(text) is
  'Makes the secret of an authenticator app for the user of a session: {secret, account}; it is not shown again, '
  'and codes are asked for once a first one confirmed it. LG401, LG403 for a session that is older than 15 '
  'minutes, LG409 when an app is confirmed.';

create or replace function leadgen.confirm_totp(p_token_hash text, p_code text, p_code_hashes text[])
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.confirm_totp(p_token_hash, p_code, p_code_hashes);
end;
$$;
comment on function leadgen.confirm_totp(text, text, text[]) is
  'Confirms the app by a first code, and keeps the SHA-256 of new recovery codes: {status: done, wrong_code or '
  'wait, retry_after}. LG401, LG403 for a session that is older than 15 minutes, LG409 when no app waits.';

create or replace function leadgen.make_recovery_codes(p_token_hash text, p_code text, p_code_hashes text[])
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.make_recovery_codes(p_token_hash, p_code, p_code_hashes);
end;
$$;
comment on function leadgen.make_recovery_codes(text, text, text[]) is
  'Keeps the SHA-256 of new recovery codes for the user of a session, by a code of the app or an old recovery '
  'code: {status: done, wrong_code or wait, retry_after}. The old ones are void. LG401 without a session in '
  'force, LG409 without an app.';

create or replace function leadgen.remove_own_totp(p_token_hash text, p_code text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.remove_own_totp(p_token_hash, p_code);
end;
$$;
comment on function leadgen.remove_own_totp(text, text) is
  'Removes the app of the user of a session, by a code: {status: done, wrong_code or wait, retry_after}. LG401 '
  'without a session in force, LG409 without an app.';

create or replace function leadgen.claim_user_mails(p_token_hashes text[])
returns table (mail_id bigint, kind text, email text, name text, message_id uuid, token_hash text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from identity.claim_user_mails(p_token_hashes);
end;
$$;
comment on function leadgen.claim_user_mails(text[]) is
  'Hands a worker e-mails to users that are due, at most one for each SHA-256 of a token that it made: a link '
  'with that token is the user''s from then on. Handed out again in 2 minutes unless record_user_mail says what '
  'became of it; nothing in a copy.';

create or replace function leadgen.record_user_mail(p_mail_id bigint, p_outcome text, p_error text default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.record_user_mail(p_mail_id, p_outcome, p_error);
end;
$$;
comment on function leadgen.record_user_mail(bigint, text, text) is
  'Keeps what became of an e-mail to a user: sent, failed (tried again later, nine times in all) or refused. The '
  'error names no address.';
