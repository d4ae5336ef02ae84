-- Facade of operators: users, whom they let in and whom they put out.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.create_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text,
  p_salt bytea,
  p_digest bytea
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.create_user(p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind, p_salt, p_digest);
end;
$$;
comment on function leadgen.create_user(text, text, text, bigint, bigint, text, bytea, bytea) is
  'Makes a user that is active at once, with a password; returns its id. Only members of the owner may. LG400, '
  'LG404 for a buyer or source that is not there, LG409 for an address that has a user.';

create or replace function leadgen.set_user_password(p_user_id bigint, p_salt bytea, p_digest bytea)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.set_user_password(p_user_id, p_salt, p_digest);
end;
$$;
comment on function leadgen.set_user_password(bigint, bytea, bytea) is
  'Gives a user a new password: its sessions end, and it is told by e-mail. Only members of the owner may. LG404.';

create or replace function leadgen.invite_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint default null,
  p_source_id bigint default null,
  p_member_kind text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.invite_user(p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind);
end;
$$;
comment on function leadgen.invite_user(text, text, text, bigint, bigint, text) is
  'Makes a user and sends it a link by which it sets a password and becomes active; returns its id. LG400, LG404 '
  'for a buyer or source that is not there, LG409 for an address that has a user.';

create or replace function leadgen.approve_user(
  p_user_id bigint,
  p_buyer_id bigint,
  p_member_kind text default 'owner'
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.approve_user(p_user_id, p_buyer_id, p_member_kind);
end;
$$;
comment on function leadgen.approve_user(bigint, bigint, text) is
  'Approves a sign-up as a user of a buyer; returns its status: active, or pending until it is verified. LG404, '
  'LG409 for a user that is no sign-up that waits.';

create or replace function leadgen.change_user_status(
  p_user_id bigint,
  p_status text,
  p_reason text,
  p_revokes_keys boolean default false
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.change_user_status(p_user_id, p_status, p_reason, p_revokes_keys);
end;
$$;
comment on function leadgen.change_user_status(bigint, text, text, boolean) is
  'Makes a user active, suspended or deactivated, and returns what it is then: pending, if it was deactivated '
  'before it was verified and approved; null: nothing changed. Whoever is not active any more is signed out at '
  'once. Keys of its buyer that it made stay in force, unless p_revokes_keys says that they end; an event and e-mails '
  'to the owners name them. The reason is kept: no names in it. LG400, LG404, LG409 for a move that there is not.';

create or replace function leadgen.send_reset(p_user_id bigint)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.send_reset(p_user_id);
end;
$$;
comment on function leadgen.send_reset(bigint) is
  'Sends a user a link to set a password: reset, or invite when it never set one. LG404, LG409 for a user that '
  'may not sign in.';

create or replace function leadgen.remove_user_totp(p_user_id bigint, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.remove_user_totp(p_user_id, p_reason);
end;
$$;
comment on function leadgen.remove_user_totp(bigint, text) is
  'Removes the app and the recovery codes of a user who lost them; the reason is kept: no names in it. LG404.';

create or replace function leadgen.revoke_user_sessions(p_user_id bigint)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.revoke_user_sessions(p_user_id);
end;
$$;
comment on function leadgen.revoke_user_sessions(bigint) is
  'Signs a user out everywhere; returns of how many sessions. LG404.';

create or replace function leadgen.make_user_link(p_user_id bigint, p_token_hash text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.make_user_link(p_user_id, p_token_hash);
end;
$$;
comment on function leadgen.make_user_link(bigint, text) is
  'Makes the link by which a user sets a password valid, in the place of the e-mail; returns its purpose: invite or '
  'reset. Only members of the owner may. LG404, LG409 for a user that may not sign in.';

create or replace function leadgen.remove_user_passkeys(p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.remove_user_passkeys(p_user_id, p_reason);
end;
$$;
comment on function leadgen.remove_user_passkeys(bigint, text) is
  'Removes every passkey of a user who lost the device; returns how many. The reason is kept: no names in it. LG404.';
