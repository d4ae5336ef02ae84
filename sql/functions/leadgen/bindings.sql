-- Facade of the API and of operators: sign-in by an identity provider that speaks OpenID Connect.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.start_provider_sign_in(p_state_hash text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.start_provider_sign_in(p_state_hash);
end;
$$;
comment on function leadgen.start_provider_sign_in(text) is
  'Remembers the state of a browser that goes to the identity provider.';

create or replace function leadgen.take_provider_state(
  p_state_hash text,
  p_address text,
  out attempt_id bigint,
  out retry_after integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select t.attempt_id, t.retry_after into attempt_id, retry_after
  from identity.take_provider_state(p_state_hash, p_address) t;
end;
$$;
comment on function leadgen.take_provider_state(text, text) is
  'Counts a browser that comes back from it, and uses its state up: the attempt, or null for a state that was '
  'not given in the last 10 minutes or is used. retry_after above 0: nothing was done, and the network has to wait.';

create or replace function leadgen.finish_provider_sign_in(
  p_attempt_id bigint,
  p_issuer text,
  p_subject text,
  p_email text,
  p_is_mfa boolean,
  p_proved_at timestamptz,
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
  return identity.finish_provider_sign_in(
    p_attempt_id, p_issuer, p_subject, p_email, p_is_mfa, p_proved_at, p_token_hash, p_device_hash, p_old_token_hash,
    p_agent);
end;
$$;
comment on function leadgen.finish_provider_sign_in(
  bigint, text, text, text, boolean, timestamptz, text, text, text, text) is
  'Signs in whom the identity provider has named, which the API has verified: status signed_in with user and session, '
  'or failed with the failure for the log. Without a subject nothing was verified, and the attempt has failed.';

create or replace function leadgen.remove_user_bindings(p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.remove_user_bindings(p_user_id, p_reason);
end;
$$;
comment on function leadgen.remove_user_bindings(bigint, text) is
  'Removes the bindings of a user to accounts at identity providers; returns how many. The reason is kept: no names '
  'in it. LG400, LG404.';

create or replace function leadgen.remove_user_bindings_for(p_token_hash text, p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.remove_user_bindings_for(p_token_hash, p_user_id, p_reason);
end;
$$;
comment on function leadgen.remove_user_bindings_for(text, bigint, text) is
  'The same for the session of an admin. LG400, LG401, LG403, LG404.';
