-- Facade of the API: passkeys.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.start_passkey(p_token_hash text, p_challenge_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.start_passkey(p_token_hash, p_challenge_hash);
end;
$$;
comment on function leadgen.start_passkey(text, text) is
  'Gives the session''s user a challenge to add a passkey with: its user_id, email, name, and the ids of its '
  'passkeys in hex, known. LG401, LG403 for a session of more than 15 minutes.';

create or replace function leadgen.add_passkey(
  p_token_hash text,
  p_challenge_hash text,
  p_name text,
  p_credential_id bytea,
  p_public_key bytea,
  p_sign_count bigint
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.add_passkey(p_token_hash, p_challenge_hash, p_name, p_credential_id, p_public_key, p_sign_count);
end;
$$;
comment on function leadgen.add_passkey(text, text, text, bytea, bytea, bigint) is
  'Adds a passkey that has signed the challenge, which the API has verified. LG400 for another challenge, '
  'LG401, LG403 for a session of more than 15 minutes, LG409.';

create or replace function leadgen.list_own_passkeys(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.list_own_passkeys(p_token_hash);
end;
$$;
comment on function leadgen.list_own_passkeys(text) is
  'The passkeys of the session''s user. LG401.';

create or replace function leadgen.remove_own_passkey(p_token_hash text, p_passkey_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.remove_own_passkey(p_token_hash, p_passkey_id);
end;
$$;
comment on function leadgen.remove_own_passkey(text, bigint) is
  'Removes a passkey of the session''s user. LG401, LG403 for a session of more than 15 minutes, LG404.';

create or replace function leadgen.start_passkey_sign_in(p_challenge_hash text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.start_passkey_sign_in(p_challenge_hash);
end;
$$;
comment on function leadgen.start_passkey_sign_in(text) is
  'Remembers a challenge for somebody who signs in with a passkey.';

create or replace function leadgen.find_passkey(p_credential_id bytea, out public_key bytea, out sign_count bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select f.* into public_key, sign_count from identity.find_passkey(p_credential_id) f;
end;
$$;
comment on function leadgen.find_passkey(bytea) is
  'By what the signature of a passkey is verified; null: nobody has it.';

create or replace function leadgen.finish_passkey_sign_in(
  p_challenge_hash text,
  p_credential_id bytea,
  p_sign_count bigint,
  p_token_hash text,
  p_device_hash text,
  p_old_token_hash text,
  p_address text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.finish_passkey_sign_in(
    p_challenge_hash, p_credential_id, p_sign_count, p_token_hash, p_device_hash, p_old_token_hash, p_address, p_agent);
end;
$$;
comment on function leadgen.finish_passkey_sign_in(text, bytea, bigint, text, text, text, text, text) is
  'Signs in whose passkey has signed the challenge, which the API has verified: status signed_in with user and '
  'session, or failed for a challenge that was not given or is used, a user who may not sign in, and a counter '
  'that went back.';
