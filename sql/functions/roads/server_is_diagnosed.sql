-- Road: somebody asks how the server does: what keeps its promises, what holds it up, what grows.
-- What only a member of pg_read_all_stats sees is "skip" without it: a superuser's deploy makes the owner one
-- (sql/policies/roles.sql). All of it is read from catalogues and statistics; no table of ours is read.

create or replace function roads.diagnose_server()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
begin
  return query
  select * from roads.diagnose_durability()
  union all
  select * from roads.diagnose_transactions()
  union all
  select * from roads.diagnose_locks()
  union all
  select * from roads.diagnose_connections()
  union all
  select * from roads.diagnose_wraparound()
  union all
  select * from roads.diagnose_dead_rows()
  union all
  select * from roads.diagnose_indexes()
  union all
  select * from roads.diagnose_roles()
  union all
  select * from roads.diagnose_extensions()
  union all
  select * from roads.diagnose_replication()
  union all
  select * from roads.diagnose_slots()
  union all
  select * from roads.diagnose_archive()
  union all
  select * from catalog.diagnose_backups();
end;
$$;
comment on function roads.diagnose_server() is 'The work of leadgen.diagnose_server.';

create or replace function roads.diagnose_durability()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- fsync and full_page_writes: a crash corrupts. synchronous_commit, here or of the role that takes leads: a crash loses
-- what was acknowledged. autovacuum and track_counts: tables grow until the server stops.
  select
    'durability', case when count(*) = 0 then 'ok' else 'fail' end,
    coalesce(string_agg(x.said, ', ' order by x.said), 'what is acknowledged survives a crash, and vacuum runs'),
    (array_agg(x.remedy order by x.said))[1]
  from (
    select s.name || ' = off' as said, format('alter system set %s = on; select pg_reload_conf()', s.name) as remedy
    from pg_settings s
    where s.name in ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts')
      and s.setting = 'off'
    union all
    select r.rolname || ': synchronous_commit = off', format('alter role %I reset synchronous_commit', r.rolname)
    from pg_roles r
    join pg_db_role_setting s on s.setrole = r.oid
    where r.rolname in ('leadgen_api', 'leadgen_worker') and 'synchronous_commit=off' = any (s.setconfig)
  ) x;
$$;
comment on function roads.diagnose_durability() is 'Settings by which leads that were acknowledged can be lost.';

create or replace function roads.diagnose_transactions()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- One that stays open holds up vacuum in the whole database, and often leads or the next deploy.
  select
    'transactions',
    case
      when not catalog.can_see_sessions() then 'skip'
      when x.age > interval '1 hour' or x.is_prepared then 'fail'
      when x.age is not null then 'warn'
      else 'ok' end,
    case when x.age is not null then format('%s, open for %s', x.who, catalog.show_age(x.age))
      when catalog.can_see_sessions() then 'none has been open for five minutes'
      else 'not visible: as a superuser, grant pg_read_all_stats to leadgen_owner' end,
    x.remedy
  from (select) nothing
  left join (
    (select
      format('session %s of %s (%s), %s', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'unnamed'),
        a.state) as who,
      clock_timestamp() - a.xact_start as age, false as is_prepared,
      format('docs/runbooks/locks.md; to end it: select pg_terminate_backend(%s)', a.pid) as remedy
    from pg_stat_activity a
    where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
      and a.xact_start < clock_timestamp() - interval '5 minutes')
    union all
    select
      format('prepared transaction %s of %s', left(p.gid, 60), p.owner), clock_timestamp() - p.prepared, true,
      format('rollback prepared %L, or commit it', p.gid)
    from pg_prepared_xacts p
    where p.database = current_database() and p.prepared < clock_timestamp() - interval '5 minutes'
    order by 3 desc, 2 desc
    limit 1
  ) x on true;
$$;
comment on function roads.diagnose_transactions() is
  'The transaction that has been open longest, if that is five minutes.';

create or replace function roads.diagnose_locks()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- pg_blocking_pids looks into the table of locks: only for who waits already.
  select
    'locks',
    case when not catalog.can_see_sessions() then 'skip' when count(*) = 0 then 'ok'
      when max(w.waits) > interval '30 seconds' then 'fail' else 'warn' end,
    case when count(*) > 0 then format('sessions that wait: %s, the longest for %s, behind session %s', count(*),
      catalog.show_age(max(w.waits)), (array_agg(w.blocker order by w.waits desc))[1])
      when catalog.can_see_sessions() then 'nobody has waited for five seconds'
      else 'not visible: as a superuser, grant pg_read_all_stats to leadgen_owner' end,
    case when count(*) > 0 then format('docs/runbooks/locks.md; to end who holds it: select pg_terminate_backend(%s)',
      (array_agg(w.blocker order by w.waits desc))[1]) end
  from (
    select clock_timestamp() - a.query_start as waits, (pg_blocking_pids(a.pid))[1] as blocker
    from pg_stat_activity a
    where a.datname = current_database() and a.wait_event_type = 'Lock'
      and a.query_start < clock_timestamp() - interval '5 seconds'
  ) w;
$$;
comment on function roads.diagnose_locks() is 'Sessions that wait for others'' locks, and who holds them.';

create or replace function roads.diagnose_connections()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
  select
    'connections',
    case when n.used * 100 > n.most * 95 then 'fail' when n.used * 100 > n.most * 80 then 'warn' else 'ok' end,
    format('%s of %s', n.used, n.most),
    case when n.used * 100 > n.most * 80
      then 'put PgBouncer before it (docs/how-to/pgbouncer.md); who has them: select usename, count(*) from '
        'pg_stat_activity group by 1' end
  from (
    select count(*) as used, current_setting('max_connections')::integer as most
    from pg_stat_activity a
    where a.backend_type = 'client backend' or a.datid is not null
  ) n;
$$;
comment on function roads.diagnose_connections() is 'How many of the server''s connections are taken.';

create or replace function roads.diagnose_wraparound()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- PostgreSQL takes no writes any more at two billion. Autovacuum begins at autovacuum_freeze_max_age, 200 million.
  select
    'wraparound',
    case when n.age > 1200000000 then 'fail'
      when n.age > least(2 * current_setting('autovacuum_freeze_max_age')::bigint, 1000000000) then 'warn'
      else 'ok' end,
    format('the oldest unfrozen transaction is %s million old, in database %s', n.age / 1000000, n.datname),
    case when n.age > least(2 * current_setting('autovacuum_freeze_max_age')::bigint, 1000000000)
      then 'docs/runbooks/wraparound.md: vacuumdb --all --freeze --jobs=2' end
  from (
    select d.datname, greatest(age(d.datfrozenxid), mxid_age(d.datminmxid))::bigint as age
    from pg_database d
    order by 2 desc
    limit 1
  ) n;
$$;
comment on function roads.diagnose_wraparound() is
  'The age of the oldest transaction, or group of lockers, that is not frozen in any database of the server.';
