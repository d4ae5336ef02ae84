-- Facade of keys: of operators for everybody's, and of people, by their sessions, for their own.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.create_key(
  p_kind text,
  p_owner_id bigint,
  p_name text,
  p_scopes text[],
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.create_key(p_kind, p_owner_id, p_name, p_scopes, p_expires_at, p_prefix, p_key_hash);
end;
$$;
comment on function leadgen.create_key(text, bigint, text, text[], timestamptz, text, text) is
  'Keeps a new key of a source, a buyer, a user or, without an owner, of the operator of this name; returns it as '
  'leadgen.list_own_keys has it. Scopes null: all of a source or buyer, else read. LG400, LG404 for an owner that is '
  'not there, LG409 for an owner of 20 keys.';

create or replace function leadgen.rotate_key(
  p_key_id bigint,
  p_overlap interval,
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.rotate_key(p_key_id, p_overlap, p_expires_at, p_prefix, p_key_hash);
end;
$$;
comment on function leadgen.rotate_key(bigint, interval, timestamptz, text, text) is
  'Keeps a new key in the place of one in force, which is refused once the overlap (0 to 90 days) is over. Returns the '
  'new one, and in replaces the old one. LG400, LG404, LG409 for one that is not in force.';

create or replace function leadgen.revoke_key(p_key_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.revoke_key(p_key_id);
end;
$$;
comment on function leadgen.revoke_key(bigint) is 'Revokes a key at once; false when it was before. LG404.';

create or replace function leadgen.find_posting_key(p_source_key text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.find_posting_key(p_source_key);
end;
$$;
comment on function leadgen.find_posting_key(text) is
  'The hash of a source''s oldest key in force, with which `leadgen import` posts for it; null when it has none.';

create or replace function leadgen.note_key_uses(p_key_hashes text[], p_used_at timestamptz[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.note_key_uses(p_key_hashes, p_used_at);
end;
$$;
comment on function leadgen.note_key_uses(text[], timestamptz[]) is
  'When keys were used last, as a process of the API gathered it; returns how many were written: none that was within '
  'the last minute.';

create or replace function leadgen.check_reader(p_hash text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform identity.check_reader(p_hash);
end;
$$;
comment on function leadgen.check_reader(text) is
  'Raises LG401 unless it is the hash of a key, or of a session''s token, in force: who may read what the API offers.';

create or replace function leadgen.list_own_keys(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.list_own_keys(p_token_hash);
end;
$$;
comment on function leadgen.list_own_keys(text) is
  'The keys of a session''s user and, of an owner, of its buyer; also those not in force any more. LG401.';

create or replace function leadgen.create_own_key(
  p_token_hash text,
  p_kind text,
  p_name text,
  p_scopes text[],
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.create_own_key(p_token_hash, p_kind, p_name, p_scopes, p_expires_at, p_prefix, p_key_hash);
end;
$$;
comment on function leadgen.create_own_key(text, text, text, text[], timestamptz, text, text) is
  'Keeps a new key of the session''s user (kind user) or of the buyer that it is an owner of (kind buyer). LG400, '
  'LG401, LG403 for a session of more than 15 minutes, LG409.';

create or replace function leadgen.rotate_own_key(
  p_token_hash text,
  p_key_id bigint,
  p_overlap interval,
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.rotate_own_key(p_token_hash, p_key_id, p_overlap, p_expires_at, p_prefix, p_key_hash);
end;
$$;
comment on function leadgen.rotate_own_key(text, bigint, interval, timestamptz, text, text) is
  'leadgen.rotate_key for a key of the session''s user or its buyer. LG400, LG401, LG403 for a session of more than 15 '
  'minutes, LG404, LG409.';

create or replace function leadgen.revoke_own_key(p_token_hash text, p_key_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.revoke_own_key(p_token_hash, p_key_id);
end;
$$;
comment on function leadgen.revoke_own_key(text, bigint) is
  'leadgen.revoke_key for a key of the session''s user or its buyer. LG401, LG404.';
