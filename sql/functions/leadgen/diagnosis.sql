-- Facade of whoever watches: verdicts about the market, the books and the server, for `leadgen doctor` or a metric.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.diagnose_market()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query select * from roads.diagnose_market();
end;
$$;
comment on function leadgen.diagnose_market() is
  'Verdicts (ok, warn, fail) about deliveries, dead letters, endpoints, held leads, quarantine, limits, chores, the '
  'configuration, and whether this is a copy: what was found, and what to do. Reads what is open, never all leads.';

create or replace function leadgen.diagnose_server()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query select * from roads.diagnose_server();
end;
$$;
comment on function leadgen.diagnose_server() is
  'Verdicts (ok, warn, fail; skip: not visible) about durability, transactions, locks, connections, wraparound, dead '
  'rows, indexes, roles, extensions, replication, slots, the archive of WAL and backups.';

create or replace function leadgen.diagnose_books()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query select * from roads.diagnose_books();
end;
$$;
comment on function leadgen.diagnose_books() is
  'Verdicts about the latest bookings, sales and leads: whether each is what it should be. `leadgen verify` reads all.';

create or replace function leadgen.list_zones()
returns table (timezone text, at timestamptz, offset_minutes integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.list_zones();
end;
$$;
comment on function leadgen.list_zones() is
  'By how many minutes each zone in use is ahead of UTC, at the beginning of each of twelve months: another machine '
  'that says something else has other zone data.';

create or replace function leadgen.record_backup(
  p_tool text,
  p_label text,
  p_started_at timestamptz,
  p_bytes bigint default null,
  p_is_verified boolean default false
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.record_backup(p_tool, p_label, p_started_at, p_bytes, p_is_verified);
end;
$$;
comment on function leadgen.record_backup(text, text, timestamptz, bigint, boolean) is
  'Says that a backup succeeded, by which tool (pg_basebackup, pgbackrest, pg_dump, snapshot, other), and whether it '
  'was verified: `leadgen doctor` asks when the last one was. Returns its id.';
