-- Facade of the console's pages of the house: users, keys, the audit, settings, and whether all is well, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.show_users_for(
  p_token_hash text,
  p_text text default null,
  p_role text default null,
  p_status text default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_users_for(p_token_hash, p_text, p_role, p_status, p_before);
end;
$$;
comment on function leadgen.show_users_for(text, text, text, text, bigint) is
  'Users, newest first, 50 a page: all, or those that a text finds, of a role or a status (also waiting: sign-ups '
  'that nobody approved); by a user who may manage. LG401, LG403.';

create or replace function leadgen.show_user_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_user_for(p_token_hash, p_id);
end;
$$;
comment on function leadgen.show_user_for(text, bigint) is
  'A user with how it signs in, its sessions, its keys and the roles that it may have; by a user who may manage. '
  'LG401, LG403, LG404.';

create or replace function leadgen.change_user_role_for(
  p_token_hash text,
  p_user_id bigint,
  p_role text,
  p_member_kind text,
  p_reason text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.change_user_role_for(p_token_hash, p_user_id, p_role, p_member_kind, p_reason);
end;
$$;
comment on function leadgen.change_user_role_for(text, bigint, text, text, text) is
  'Gives a user another role of the house, or of a buyer''s the other kind of member, by a user who may manage and '
  'signed in within 15 minutes; its sessions end. False when it has that. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.remove_user_factors_for(p_token_hash text, p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.remove_user_factors_for(p_token_hash, p_user_id, p_reason);
end;
$$;
comment on function leadgen.remove_user_factors_for(text, bigint, text) is
  'Removes the app, the recovery codes and the passkeys of a user who lost them, by a user who may manage and '
  'signed in within 15 minutes; how many passkeys. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.show_keys_for(
  p_token_hash text,
  p_kind text default null,
  p_state text default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_keys_for(p_token_hash, p_kind, p_state, p_before);
end;
$$;
comment on function leadgen.show_keys_for(text, text, text, bigint) is
  'Keys of all kinds, or of one, newest first, 50 a page: whose, what each may do, its state (active, expired, '
  'revoked), never its hash; by a user who may read. LG401, LG403.';

create or replace function leadgen.give_key_for(
  p_token_hash text,
  p_kind text,
  p_owner_id bigint,
  p_name text,
  p_prefix text,
  p_key_hash text,
  p_reason text,
  p_scopes text[] default null,
  p_expires_at text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.give_key_for(
    p_token_hash, p_kind, p_owner_id, p_name, p_prefix, p_key_hash, p_reason, p_scopes, p_expires_at);
end;
$$;
comment on function leadgen.give_key_for(text, text, bigint, text, text, text, text, text[], text) is
  'leadgen.create_key for a source or a buyer, by a user who may configure, or for an operator, by one who may '
  'manage; signed in within 15 minutes. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.rotate_key_for(
  p_token_hash text,
  p_key_id bigint,
  p_kind text,
  p_overlap_days integer,
  p_prefix text,
  p_key_hash text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.rotate_key_for(p_token_hash, p_key_id, p_kind, p_overlap_days, p_prefix, p_key_hash, p_reason);
end;
$$;
comment on function leadgen.rotate_key_for(text, bigint, text, integer, text, text, text) is
  'leadgen.rotate_key for a key of a source, a buyer or an operator, which lives on for so many days: by whoever '
  'may make one. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.take_key_for(p_token_hash text, p_key_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.take_key_for(p_token_hash, p_key_id, p_reason);
end;
$$;
comment on function leadgen.take_key_for(text, bigint, text) is
  'Revokes a key, with a reason: of a source or a buyer by a user who may configure, of an operator or a user by '
  'one who may manage; false when it was. LG400, LG401, LG403, LG404.';

create or replace function leadgen.show_audit_for(
  p_token_hash text,
  p_who text default null,
  p_table text default null,
  p_row text default null,
  p_since text default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_audit_for(p_token_hash, p_who, p_table, p_row, p_since, p_before);
end;
$$;
comment on function leadgen.show_audit_for(text, text, text, text, text, bigint) is
  'Entries of the audit, newest first, 50 a page of the latest 5,000: all, or by who, table, row and since a time '
  '(UTC); by a user who may read. LG400, LG401, LG403.';

create or replace function leadgen.show_audit_entry_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_audit_entry_for(p_token_hash, p_id);
end;
$$;
comment on function leadgen.show_audit_entry_for(text, bigint) is
  'An entry of the audit, with each field before and after; by a user who may read. LG401, LG403, LG404.';

create or replace function leadgen.verify_audit_for(p_token_hash text, p_after bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.verify_audit_for(p_token_hash, p_after);
end;
$$;
comment on function leadgen.verify_audit_for(text, bigint) is
  'Proves 5,000 positions of the audit''s chain after one (null: the latest), and its ends; by a user who may read. '
  '`leadgen verify audit` proves all. LG401, LG403.';

create or replace function leadgen.show_settings_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_settings_for(p_token_hash);
end;
$$;
comment on function leadgen.show_settings_for(text) is
  'What holds for the whole installation: settings, billing settings, rate limits, retention rules, chores; by a '
  'user who may read. LG401, LG403.';

create or replace function leadgen.show_setting_for(p_token_hash text, p_form text, p_key text[] default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_setting_for(p_token_hash, p_form, p_key);
end;
$$;
comment on function leadgen.show_setting_for(text, text, text[]) is
  'The form of a row of settings, billing_settings, rate_limit, retention_rule or chore, by its key; or of a new '
  'rate limit (null), by a user who may manage. LG400, LG401, LG403, LG404.';

create or replace function leadgen.save_setting_for(
  p_token_hash text,
  p_form text,
  p_key text[],
  p_fields jsonb,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.save_setting_for(p_token_hash, p_form, p_key, p_fields, p_stamp, p_reason);
end;
$$;
comment on function leadgen.save_setting_for(text, text, text[], jsonb, text, text) is
  'Saves a form of settings, by a user who may manage and signed in within 15 minutes, with a reason, if the row is '
  'as the form showed it; false when nothing differs. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.show_doctor_for(p_token_hash text, p_part text default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return roads.show_doctor_for(p_token_hash, p_part);
end;
$$;
comment on function leadgen.show_doctor_for(text, text) is
  'Verdicts about the market, the server or the books (diagnose_market, diagnose_server, diagnose_books), by a user '
  'who may work; null: none. LG400, LG401, LG403.';
