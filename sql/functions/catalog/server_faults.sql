-- What any login of the server could stop everything by, unless an administrator closes it, and what programs lack.

create or replace function catalog.list_server_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
-- sql/policies/roles.sql mends these where the deploy is a superuser's. Where it is not, somebody has to.
  select 'database ' || current_database(), open.fault,
    format('as a superuser: grant execute on function %1$s to leadgen_owner; '
      'revoke execute on function %1$s from public', open.functions)
  from (
    select
      case p.proname when 'pg_notify' then 'every login may flood the workers with notifications'
        else 'every login may take the advisory locks that leads and deliveries wait for' end as fault,
      string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text collate "C") as functions
    from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and (p.proname ~ '^pg_(try_)?advisory_(xact_)?lock' or p.proname = 'pg_notify')
      and has_function_privilege('public', p.oid, 'execute')
    group by 1
    order by 1
  ) open
  union all
  select 'role ' || r.rolname, f.fault, 'as a superuser: ' || f.remedy
  from pg_roles r
  cross join lateral (
    select array_agg(split_part(c, '=', 1)) as names
    from pg_db_role_setting s, unnest(s.setconfig) c
    where s.setrole = r.oid
  ) own
  cross join lateral (
    select 'it has no ' || t.name as fault, format('alter role %I set %s = %L', r.rolname, t.name, t.value) as remedy
    from (
      values
        ('lock_timeout', '5s'), ('statement_timeout', '10min'), ('idle_in_transaction_session_timeout', '1min'),
        ('temp_file_limit', '8GB')
    ) as t (name, value)
    where t.name = any (own.names) is not true
      and (t.name <> 'temp_file_limit' or r.rolname = 'leadgen_reporting')
    union all
    select 'it may take every connection of the server', format('alter role %I connection limit 10', r.rolname)
    where r.rolconnlimit = -1
  ) f
  where r.rolname in ('leadgen_dba', 'leadgen_reporting')
  union all
  select 'role ' || r.rolname, 'it may not connect to database ' || current_database(),
    format('as the owner of the database: grant connect on database %I to %I', current_database(), r.rolname)
  from pg_roles r
  where r.rolname in ('leadgen_api', 'leadgen_worker')
    and not has_database_privilege(r.oid, current_database(), 'connect')
  order by 1, 2;
$$;
comment on function catalog.list_server_faults() is
  'What any login could stop everything by, and what an administrator should run: functions that are open to all, '
  'roles of people without limits, roles of programs that may not connect.';

create or replace function catalog.can_see_sessions()
returns boolean
language plpgsql
stable
as $$
begin
  return pg_has_role(current_user, 'pg_read_all_stats', 'usage');
end;
$$;
comment on function catalog.can_see_sessions() is 'Whether the owner sees what other roles'' sessions do.';
