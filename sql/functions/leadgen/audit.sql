-- The façade: proving and exporting the audit. Entries are read from leadgen.audit_entries and report.audit_log.

create or replace function leadgen.verify_audit_chain(p_after bigint, p_last bigint)
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select v.rule, v.detail from auditing.verify_chain(p_after, p_last) v;
end;
$$;
comment on function leadgen.verify_audit_chain(bigint, bigint) is
  'Which entries at the positions of the chain above the first and at most the second are not what was chained, or '
  'gone; no rows: none. A part of `leadgen verify audit`.';

create or replace function leadgen.verify_audit_entries(p_after bigint, p_last bigint)
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select v.rule, v.detail from auditing.verify_entries(p_after, p_last) v;
end;
$$;
comment on function leadgen.verify_audit_entries(bigint, bigint) is
  'Which entries with an id above the first and at most the second are neither chained nor waiting for it: somebody '
  'added them; no rows: none. A part of `leadgen verify audit`.';

create or replace function leadgen.verify_audit()
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select v.rule, v.detail from auditing.verify_ends() v;
end;
$$;
comment on function leadgen.verify_audit() is
  'What else is wrong with the audit: heads of days that the chain does not have, entries that wait for long or are '
  'gone, triggers that are switched off. No rows: nothing. A part of `leadgen verify audit`.';

create or replace function leadgen.find_audit_head(
  out last_position bigint,
  out digest text,
  out last_entry bigint,
  out waiting bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select h.last_position, h.digest, h.last_entry, h.waiting into last_position, digest, last_entry, waiting
  from auditing.find_head() h;
end;
$$;
comment on function leadgen.find_audit_head() is
  'The end of the audit''s chain: the last position and its digest (null: nothing is '
  'chained), the id of the latest entry, and how many wait to be chained. Kept elsewhere, '
  'position and digest prove later that nothing before was changed.';

create or replace function leadgen.list_chained_audit(p_after bigint, p_limit integer)
returns table (at_position bigint, digest text, entry text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select s.at_position, s.digest, s.entry from auditing.list_chained(p_after, p_limit) s;
end;
$$;
comment on function leadgen.list_chained_audit(bigint, integer) is
  'The chained entries after a position of the chain, at most p_limit (10,000): each with its '
  'digest, which is the sha256 of the digest before it and the text of the entry (null: the '
  'entry is gone). `leadgen audit --export` writes them.';
