-- Facade of programs that seal and open personal data.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_data_keys()
returns table (id bigint, purpose text, wrapped bytea, wrapped_by text, created_at timestamptz, is_retired boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.list_data_keys();
end;
$$;
comment on function leadgen.list_data_keys() is
  'The keys that seal and the one that makes digests, wrapped: only who has PII_KEYS can use them.';

create or replace function leadgen.add_data_key(p_purpose text, p_wrapped bytea, p_wrapped_by text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.add_data_key(p_purpose, p_wrapped, p_wrapped_by);
end;
$$;
comment on function leadgen.add_data_key(text, bytea, text) is
  'Stores a wrapped key and returns its id. Of purpose digest there is one: null where it is there already. With it '
  'sealing begins.';

create or replace function leadgen.rewrap_data_key(p_id bigint, p_old bytea, p_wrapped bytea, p_wrapped_by text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.rewrap_data_key(p_id, p_old, p_wrapped, p_wrapped_by);
end;
$$;
comment on function leadgen.rewrap_data_key(bigint, bytea, bytea, text) is
  'Replaces a wrapped key by the same key wrapped by another of PII_KEYS; false where it was replaced meanwhile.';

create or replace function leadgen.retire_data_keys()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.retire_data_keys();
end;
$$;
comment on function leadgen.retire_data_keys() is
  'Retires all data keys in use: programs make a new one, and workers seal anew what the retired ones sealed. Returns '
  'how many.';

create or replace function leadgen.list_unsealed(p_limit integer)
returns table (kind text, id bigint, digest text, document jsonb, sealed bytea)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.list_unsealed(p_limit);
end;
$$;
comment on function leadgen.list_unsealed(integer) is
  'What a worker is to seal (document), or to seal anew (sealed): leads, submissions in quarantine and posts that are '
  'stored clear, and leads of retired data keys. Nothing in a copy.';

create or replace function leadgen.keep_sealed(p_items jsonb, p_hash_key text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.keep_sealed(p_items, p_hash_key);
end;
$$;
comment on function leadgen.keep_sealed(jsonb, text) is
  'Takes back what list_unsealed gave, sealed: [{kind, id, digest, blob}]. Digests and masks take the place of what '
  'was clear. What has changed meanwhile is left; returns how many were taken.';

create or replace function leadgen.measure_sealing()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.measure_sealing();
end;
$$;
comment on function leadgen.measure_sealing() is
  'How far personal data is sealed: whether this database seals, what waits, walks under way, and how many data keys '
  'each key of PII_KEYS wraps.';

create or replace function leadgen.open_leads(p_ids bigint[], p_purpose text, p_reason text default null)
returns table (lead_id bigint, sealed bytea, contact_digests text[])
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.open_leads(p_ids, p_purpose, p_reason);
end;
$$;
comment on function leadgen.open_leads(bigint[], text, text) is
  'The sealed texts of these leads, each with what its row has as phone and e-mail, for a program that can open them '
  'and sees by these digests that the text is this lead''s. An event says who asked, for what and why.';

create or replace function leadgen.open_quarantined(p_quarantine_id bigint, p_reason text)
returns bytea
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.open_quarantined(p_quarantine_id, p_reason);
end;
$$;
comment on function leadgen.open_quarantined(bigint, text) is
  'The sealed text of a submission in quarantine, for a program that can open it; null: it is clear, or there is none. '
  'An event says who asked and why.';

create or replace function leadgen.open_fetch(p_fetch_id bigint, p_reason text)
returns bytea
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.open_fetch(p_fetch_id, p_reason);
end;
$$;
comment on function leadgen.open_fetch(bigint, text) is
  'The sealed text of a lead that waits for its network, for a program that can open it; null: it is clear, or there '
  'is none. An event says who asked and why.';

create or replace function leadgen.list_held_unchecked(p_limit integer)
returns table (lead_id bigint, sealed bytea, contact_digests text[])
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.list_held_unchecked(p_limit);
end;
$$;
comment on function leadgen.list_held_unchecked(integer) is
  'Sealed leads that are held and routed soon, and may have been suppressed since they came: a worker opens them and '
  'asks end_suppressed_holds.';

create or replace function leadgen.end_suppressed_holds(p_contacts jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.end_suppressed_holds(p_contacts);
end;
$$;
comment on function leadgen.end_suppressed_holds(jsonb) is
  'Ends the holds of those leads whose contact is suppressed: [{lead_id, phone, email}], opened. Returns how many.';
