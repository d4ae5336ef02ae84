-- Facade of sessions that act for a buyer or a source: see identity/acting.sql.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.act_as_buyer(p_key_hash text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.act_as_buyer(p_key_hash);
end;
$$;
comment on function leadgen.act_as_buyer(text) is
  'Until its end the transaction acts for the buyer whose key has this hash: as role leadgen_buyer it reads that '
  'buyer''s rows. Returns the buyer''s id. LG401 without a key.';

create or replace function leadgen.act_as_source(p_key_hash text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.act_as_source(p_key_hash);
end;
$$;
comment on function leadgen.act_as_source(text) is
  'Until its end the transaction acts for the source whose key has this hash: as role leadgen_source it reads that '
  'source''s rows. Returns the source''s id. LG401 without a key.';

create or replace function leadgen.act_as_user(p_token_hash text, out kind text, out id bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select a.kind, a.id into kind, id from identity.act_as_user(p_token_hash) a;
end;
$$;
comment on function leadgen.act_as_user(text) is
  'Until its end the transaction acts for the buyer or source of the user who is signed in with this token. Returns '
  'which. LG401 without a session, LG403 for a user of neither.';
