-- Facade of operators: what a person may ask for, a copy of what is held and to be struck out; what is kept how long.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_holdings(
  p_kind text,
  p_value text,
  p_country_code text default null,
  p_hash_key text default null
)
returns table (what text, id bigint, created_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.list_holdings(p_kind, p_value, p_country_code, p_hash_key);
end;
$$;
comment on function leadgen.list_holdings(text, text, text, text) is
  'What is held of a person, by phone or email: each lead, submission in quarantine, fetch, user, buyer, and part of a '
  'suppression list. p_hash_key: the digest key in hex, by which what is sealed is found. LG400 for a contact that no '
  'lead can carry.';

create or replace function leadgen.count_holdings(
  p_kind text,
  p_value text,
  p_country_code text default null,
  p_hash_key text default null
)
returns table (what text, number bigint, becomes text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.count_holdings(p_kind, p_value, p_country_code, p_hash_key);
end;
$$;
comment on function leadgen.count_holdings(text, text, text, text) is
  'How much is held of a person, and what an erasure would make of it.';

create or replace function leadgen.start_person_export(
  p_kind text,
  p_value text,
  p_country_code text,
  p_reason text,
  p_hash_key text default null
)
returns table (what text, id bigint, created_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.start_person_export(p_kind, p_value, p_country_code, p_reason, p_hash_key);
end;
$$;
comment on function leadgen.start_person_export(text, text, text, text, text) is
  'What is held of a person, to be exported by export_holding; an event says by whom and why. No names in the reason.';

create or replace function leadgen.export_holding(p_what text, p_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.export_holding(p_what, p_id);
end;
$$;
comment on function leadgen.export_holding(text, bigint) is
  'One thing that is held of a person, whole: a lead with its decisions, sales, deliveries, answers and returns; a '
  'submission, fetch, user, buyer or suppression. LG404 when there is none.';

create or replace function leadgen.erase_holding(p_what text, p_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_holding(p_what, p_id, p_reason);
end;
$$;
comment on function leadgen.erase_holding(text, bigint, text) is
  'Erases a lead, submission, fetch or user that list_holdings names; an event says by whom and why. False: nothing '
  'was left of it. LG409 for the only active admin.';

create or replace function leadgen.count_old(p_name text default null)
returns table (name text, due bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.count_old(p_name);
end;
$$;
comment on function leadgen.count_old(text) is
  'How many rows each retention rule, or one, would delete or strike out now, be it on or off. LG404 for no such rule.';

create or replace function leadgen.forget_old(p_name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.forget_old_of(p_name);
end;
$$;
comment on function leadgen.forget_old(text) is
  'Does a portion of what a retention rule says; call it until it returns 0. LG404 for no such rule, LG409 for one '
  'that is off.';

create or replace function leadgen.add_consent_text(p_version text, p_text text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.add_consent_text(p_version, p_text);
end;
$$;
comment on function leadgen.add_consent_text(text, text) is
  'Keeps what a version of a consent text says, for ever; returns its SHA-256 in hex. Again with the same text: '
  'nothing changes. LG409 for a version that has another text.';
