-- Facade of operators: people, whom no lead may carry and who is struck out.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.find_person(
  p_kind text,
  p_value text,
  p_country_code text default null,
  p_opened jsonb default null
)
returns table (
  lead_id bigint,
  quarantine_id bigint,
  created_at timestamptz,
  offer text,
  source text,
  summary text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.find_person(p_kind, p_value, p_country_code, p_opened);
end;
$$;
comment on function leadgen.find_person(text, text, text, jsonb) is
  'What there is to erase of a person, oldest first: the leads of a contact (kind phone or email; a phone without + is '
  'read as it is dialled in the country given) or one lead by its id (kind lead), and what quarantine keeps of the '
  'same contact. LG400 for a contact that no lead can carry, LG404 for no such lead.';

create or replace function leadgen.erase_lead(p_lead_id bigint, p_reason text, p_opened jsonb default null)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_lead(p_lead_id, p_reason, p_opened);
end;
$$;
comment on function leadgen.erase_lead(bigint, text, jsonb) is
  'Strikes out everything that says who a lead was: its fields, what was sent, replies, notes, traces, quarantined '
  'copies; nothing more of it is sent or sold. Sales, prices and decisions stand. False when that was done before, '
  'LG404 when there is no such lead. The reason is kept: no names in it.';

create or replace function leadgen.erase_submission(p_quarantine_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_submission(p_quarantine_id, p_reason);
end;
$$;
comment on function leadgen.erase_submission(bigint, text) is
  'Empties a submission in quarantine, for a person who has no lead: it is not resubmitted any more. False when '
  'nothing was left of it, LG404 when there is no such submission. The reason is kept: no names in it.';

create or replace function leadgen.suppress(
  p_kind text,
  p_value text,
  p_reason text default null,
  p_expires_at timestamptz default null,
  p_country_code text default null,
  p_list text default 'global'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform privacy.suppress(p_kind, p_value, p_reason, p_expires_at, p_country_code, p_list);
end;
$$;
comment on function leadgen.suppress(text, text, text, timestamptz, text, text) is
  'Puts a contact on a suppression list: kind phone, email or email_domain; until a time if given. The list global '
  'refuses every lead from now on that carries it. Again: the reason and the time are replaced. A phone without + is '
  'read as it is dialled in the country given. LG404 for no such list.';

create or replace function leadgen.unsuppress(
  p_kind text,
  p_value text,
  p_country_code text default null,
  p_list text default 'global'
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.unsuppress(p_kind, p_value, p_country_code, p_list);
end;
$$;
comment on function leadgen.unsuppress(text, text, text, text) is
  'Takes a contact off a suppression list that was put there by hand; false when it was not.';

create or replace function leadgen.ensure_suppression_list(
  p_name text,
  p_buyer_id bigint default null,
  p_vertical_id bigint default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.ensure_suppression_list(p_name, p_buyer_id, p_vertical_id);
end;
$$;
comment on function leadgen.ensure_suppression_list(text, bigint, bigint) is
  'Makes a suppression list of everybody, of a buyer, of a vertical, or of a buyer in a vertical; false: it is there. '
  'LG409 when a list of that name is another''s.';

create or replace function leadgen.drop_suppression_list(p_name text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.drop_suppression_list(p_name);
end;
$$;
comment on function leadgen.drop_suppression_list(text) is
  'Drops a suppression list at one moment and returns how many contacts were on it; workers delete them afterwards.';

create or replace function leadgen.list_suppression_lists()
returns table (
  name text,
  buyer_id bigint,
  buyer text,
  vertical_id bigint,
  vertical text,
  contacts bigint,
  by_hand bigint,
  files bigint,
  loading bigint,
  latest_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.list_suppression_lists();
end;
$$;
comment on function leadgen.list_suppression_lists() is
  'The suppression lists: whose they are, how many contacts are on them, how many of those by hand, how many files '
  'were imported and are being imported, and when the latest began to count.';

create or replace function leadgen.start_suppression_import(
  p_list text,
  p_kind text,
  p_country_code text,
  p_expires_at timestamptz,
  p_replaces boolean,
  p_file_digest bytea,
  out part_id integer,
  out lines bigint,
  out is_live boolean
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select s.part_id, s.lines, s.is_live into part_id, lines, is_live
  from privacy.start_suppression_import(p_list, p_kind, p_country_code, p_expires_at, p_replaces, p_file_digest) s;
end;
$$;
comment on function leadgen.start_suppression_import(text, text, text, timestamptz, boolean, bytea) is
  'Begins the import of a file into a suppression list, or goes on with one that was cut off: lines were taken in. '
  'is_live: the file was imported before. replaces: it takes the place of what files put on the list before.';

create or replace function leadgen.import_suppressions(p_part_id integer, p_after bigint, p_lines text[])
returns table (line bigint, reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from privacy.import_suppressions(p_part_id, p_after, p_lines);
end;
$$;
comment on function leadgen.import_suppressions(integer, bigint, text[]) is
  'Takes in the lines of a file that come after so many; returns those that are no contact. A line of 64 hexadecimal '
  'digits is SHA-256 of a phone in E.164, a normalised e-mail or a domain.';

create or replace function leadgen.finish_suppression_import(
  p_part_id integer,
  out lines bigint,
  out contacts bigint,
  out refused bigint,
  out replaced bigint
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select f.lines, f.contacts, f.refused, f.replaced into lines, contacts, refused, replaced
  from privacy.finish_suppression_import(p_part_id) f;
end;
$$;
comment on function leadgen.finish_suppression_import(integer) is
  'Makes what was imported count, all of it at one moment; returns how many lines, contacts and refused lines the file '
  'had, and how many contacts it replaced.';
