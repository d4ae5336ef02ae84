-- Facade of people who manage users, by their sessions, and of passwords that users change themselves.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_users_for(p_token_hash text, p_status text, p_after_id bigint, p_limit integer)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.list_users_for(p_token_hash, p_status, p_after_id, p_limit);
end;
$$;
comment on function leadgen.list_users_for(text, text, bigint, integer) is
  'The users that the session''s user manages, by id, after one and at most 100: all of an admin, those of its '
  'buyer of an owner. LG401, LG403.';

create or replace function leadgen.invite_user_for(
  p_token_hash text,
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.invite_user_for(p_token_hash, p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind);
end;
$$;
comment on function leadgen.invite_user_for(text, text, text, text, bigint, bigint, text) is
  'leadgen.invite_user by an admin, or by an owner for its buyer; returns the user. LG400, LG401, LG403 also '
  'for a session of more than 15 minutes, LG404, LG409.';

create or replace function leadgen.approve_user_for(
  p_token_hash text,
  p_user_id bigint,
  p_buyer_id bigint,
  p_member_kind text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.approve_user_for(p_token_hash, p_user_id, p_buyer_id, p_member_kind);
end;
$$;
comment on function leadgen.approve_user_for(text, bigint, bigint, text) is
  'leadgen.approve_user by an admin; returns the user. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.change_user_status_for(
  p_token_hash text,
  p_user_id bigint,
  p_status text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.change_user_status_for(p_token_hash, p_user_id, p_status, p_reason);
end;
$$;
comment on function leadgen.change_user_status_for(text, bigint, text, text) is
  'leadgen.change_user_status by who manages the user, which is returned; a sign-up is refused by deactivated. '
  'LG400, LG401, LG403, LG404, LG409 also for your own user and for the only active admin.';

create or replace function leadgen.send_reset_for(p_token_hash text, p_user_id bigint)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.send_reset_for(p_token_hash, p_user_id);
end;
$$;
comment on function leadgen.send_reset_for(text, bigint) is
  'leadgen.send_reset by who manages the user. LG401, LG403, LG404, LG409.';

create or replace function leadgen.revoke_user_sessions_for(p_token_hash text, p_user_id bigint)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.revoke_user_sessions_for(p_token_hash, p_user_id);
end;
$$;
comment on function leadgen.revoke_user_sessions_for(text, bigint) is
  'leadgen.revoke_user_sessions by who manages the user. LG401, LG403, LG404, LG409.';

create or replace function leadgen.change_own_password(
  p_token_hash text,
  p_digest_now bytea,
  p_salt bytea,
  p_digest bytea
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.change_own_password(p_token_hash, p_digest_now, p_salt, p_digest);
end;
$$;
comment on function leadgen.change_own_password(text, bytea, bytea, bytea) is
  'Gives the session''s user a new password, if the digest of the one it has is right: status done, and how '
  'many other sessions ended; wrong_password; or wait with retry_after. LG400, LG401.';

create or replace function leadgen.renew_own_digest(p_token_hash text, p_digest_now bytea, p_salt bytea, p_digest bytea)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.renew_own_digest(p_token_hash, p_digest_now, p_salt, p_digest);
end;
$$;
comment on function leadgen.renew_own_digest(text, bytea, bytea, bytea) is
  'Keeps the same password at the cost of new ones, as finish_sign_in asks for with is_cheap; false: it has '
  'that, or the digest is wrong. LG400, LG401.';

create or replace function leadgen.find_own_challenge(
  p_token_hash text,
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
  select c.* into salt, memory_kib, passes, lanes from identity.find_own_challenge(p_token_hash) c;
end;
$$;
comment on function leadgen.find_own_challenge(text) is
  'By which salt, and at which cost, the digest of the password is computed that the session''s user has. LG401.';

create or replace function leadgen.show_own_account(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.show_own_account(p_token_hash);
end;
$$;
comment on function leadgen.show_own_account(text) is
  'The account of the session''s user, for its page: sessions, app, recovery codes that are left, passkeys, keys of '
  'its programs and what they may do at most. LG401.';
