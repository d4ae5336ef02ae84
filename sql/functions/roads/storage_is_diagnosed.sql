-- Road: somebody asks how the server does: rows, indexes, roles and extensions. See server_is_diagnosed.sql.

create or replace function roads.diagnose_dead_rows()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- More than twice what autovacuum lets be, and enough to notice.
  select
    'dead rows', case when count(*) = 0 then 'ok' else 'warn' end,
    case when count(*) = 0 then 'vacuum keeps up'
      else format('tables that vacuum has left behind: %s: %s, %s dead rows beside %s, vacuumed last: %s', count(*),
        (array_agg(t.name order by t.dead desc))[1], max(t.dead), (array_agg(t.alive order by t.dead desc))[1],
        coalesce((array_agg(to_char(t.vacuumed at time zone 'UTC', 'YYYY-MM-DD HH24:MI') order by t.dead desc))[1],
          'never')) end,
    'vacuum (analyze) ' || (array_agg(t.name order by t.dead desc))[1]
      || '; if it helps nothing, a transaction or a slot holds old rows'
  from (
    select
      s.relid::regclass::text as name, s.n_dead_tup as dead, s.n_live_tup as alive,
      greatest(s.last_vacuum, s.last_autovacuum) as vacuumed
    from pg_stat_user_tables s
    where s.schemaname = 'leadgen' and s.n_dead_tup > 20000 and s.n_dead_tup > 2 * (50 + 0.2 * s.n_live_tup)
  ) t;
$$;
comment on function roads.diagnose_dead_rows() is 'Tables of ours in which dead rows pile up.';

create or replace function roads.diagnose_indexes()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- Invalid: CREATE INDEX CONCURRENTLY failed; it is written and never read. Unused: never read in a month, large, and no
-- constraint. Read whole: a table of many rows of which each look reads most; an index is missing, or its statistics.
  with bad as (
    select
      'fail' as verdict, 'invalid: ' || i.indexrelid::regclass::text as said,
      'reindex index concurrently ' || i.indexrelid::regclass::text as remedy
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where not i.indisvalid and c.relnamespace = 'leadgen'::regnamespace
    union all
    select
      'warn', 'read whole time and again: ' || s.relid::regclass::text,
      'analyze ' || s.relid::regclass::text || '; if leadgen diff names a missing index, make it'
    from pg_stat_user_tables s
    where s.schemaname = 'leadgen' and s.n_live_tup > 50000 and s.seq_scan > 100
      and s.seq_tup_read > s.seq_scan * 25000 and s.seq_scan > coalesce(s.idx_scan, 0)
    union all
    select
      'warn',
      format('not used for a month: %s, %s', s.indexrelid::regclass,
        pg_size_pretty(pg_relation_size(s.indexrelid))),
      'ask who may need it; an index of your own: drop index concurrently ' || s.indexrelid::regclass::text
    from pg_stat_user_indexes s
    join pg_index i on i.indexrelid = s.indexrelid
    join pg_stat_database d on d.datname = current_database()
    where s.schemaname = 'leadgen' and s.idx_scan = 0 and not i.indisunique
      and d.stats_reset < now() - interval '30 days' and pg_relation_size(s.indexrelid) > 52428800
  )
  select
    'indexes', coalesce(min(b.verdict), 'ok'),
    coalesce((array_agg(b.said order by b.verdict, b.said))[1]
      || case when count(*) > 1 then format(', and %s more', count(*) - 1) else '' end,
      'all are valid and used'),
    (array_agg(b.remedy order by b.verdict, b.said))[1]
  from bad b;
$$;
comment on function roads.diagnose_indexes() is 'Indexes that are invalid or unused, and tables that seem to lack one.';

create or replace function roads.diagnose_roles()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- What each role may touch is held against sql/policies by leadgen diff; this is what no dump of a database has.
  with bad as (
    select r.rolname || ' is missing' as said, 'leadgen migrate as a superuser or an administrator' as remedy
    from unnest('{leadgen_owner,leadgen_migrator,leadgen_api,leadgen_worker,leadgen_dba,leadgen_reporting,'
      'leadgen_buyer,leadgen_source,leadgen_reader}'::text[]) r (rolname)
    where to_regrole(r.rolname) is null
    union all
    select
      format('%s has rights over the whole server', r.rolname),
      format('alter role %I nosuperuser nocreaterole nocreatedb nobypassrls noreplication', r.rolname)
    from pg_roles r
    where r.rolname like E'leadgen\\_%'
      and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication)
    union all
    select format('%s is a member of leadgen_owner', r.rolname), format('revoke leadgen_owner from %I', r.rolname)
    from pg_auth_members m
    join pg_roles r on r.oid = m.member
    where m.roleid = 'leadgen_owner'::regrole and r.rolname like E'leadgen\\_%' and r.rolname <> 'leadgen_migrator'
    union all
    select
      format('%s may be executed by everybody', p.oid::regprocedure),
      format('revoke execute on function %s from public', p.oid::regprocedure)
    from pg_proc p
    where p.pronamespace in (select n.oid from pg_namespace n where n.nspowner = 'leadgen_owner'::regrole)
      and has_function_privilege('public', p.oid, 'execute')
  )
  select
    'roles', case when count(*) = 0 then 'ok' else 'fail' end,
    coalesce(min(b.said) || case when count(*) > 1 then format(', and %s more', count(*) - 1) else '' end,
      'they are there, and none is more than a role'),
    (array_agg(b.remedy order by b.said))[1]
  from bad b;
$$;
comment on function roads.diagnose_roles() is
  'Roles of ours that are missing or are more than roles, and functions of ours that are open to all.';

create or replace function roads.diagnose_extensions()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
  select
    'extensions', case when count(*) filter (where e.is_old) > 0 then 'warn' else 'ok' end,
    case when count(*) filter (where e.is_old) > 0
      then 'older than what is installed: ' || string_agg(e.said, ', ' order by e.said) filter (where e.is_old)
      else 'none is needed; there are ' || coalesce(string_agg(e.said, ', ' order by e.said), 'none') end,
    min(format('alter extension %I update', e.extname)) filter (where e.is_old)
  from (
    select x.extname, format('%s %s', x.extname, x.extversion) as said, a.default_version <> x.extversion as is_old
    from pg_extension x
    left join pg_available_extensions a on a.name = x.extname
  ) e;
$$;
comment on function roads.diagnose_extensions() is 'Extensions in this database whose update was not run.';
