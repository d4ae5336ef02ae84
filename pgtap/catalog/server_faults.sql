-- list_server_faults: what any login could stop everything by, where the deploy was not a superuser's.
begin;
select plan(22);

create function pg_temp.faults() returns text[] language sql as $$
  select coalesce(array_agg(format('%s: %s', f.subject, f.fault) order by f.subject, f.fault), '{}') from catalog.list_server_faults() f;
$$;
create function pg_temp.mend() returns void language plpgsql as $$
-- Runs what each row says an administrator should run.
declare v_statement text;
begin
  for v_statement in
    select regexp_replace(f.remedy, '^as (a superuser|the owner of the database): ', '') from catalog.list_server_faults() f
  loop
    execute v_statement;
  end loop;
end;
$$;

select is(pg_temp.faults(), '{}', 'a superuser''s deploy leaves none');

-- Functions that every login may call.
grant execute on function pg_advisory_xact_lock(integer, integer), pg_try_advisory_lock_shared(bigint) to public;
select is(pg_temp.faults(), array[format('database %s: every login may take the advisory locks that leads and deliveries wait for',
  current_database())], 'locks: open to all');
select is(f.remedy, 'as a superuser: grant execute on function pg_advisory_xact_lock(integer,integer), '
  'pg_try_advisory_lock_shared(bigint) to leadgen_owner; revoke execute on function pg_advisory_xact_lock(integer,integer), '
  'pg_try_advisory_lock_shared(bigint) from public', 'locks: what to run') from catalog.list_server_faults() f;
select lives_ok('select pg_temp.mend()', 'locks: it runs');
select is(pg_temp.faults(), '{}', 'locks: and mends it');
grant execute on function pg_notify(text, text) to public;
select is(pg_temp.faults(), array[format('database %s: every login may flood the workers with notifications', current_database())],
  'pg_notify: open to all');
select lives_ok('select pg_temp.mend()', 'pg_notify: the remedy runs');
select is(pg_temp.faults(), '{}', 'pg_notify: and mends it');
grant execute on function pg_advisory_unlock_all() to public;
select is(pg_temp.faults(), '{}', 'functions to unlock may be open');

-- Roles of people without limits.
select lives_ok('alter role leadgen_reporting connection limit -1', 'roles: without a limit');
alter role leadgen_dba reset statement_timeout;
alter role leadgen_dba set lock_timeout = 0;
select is(pg_temp.faults(), '{"role leadgen_dba: it has no statement_timeout",'
  '"role leadgen_reporting: it may take every connection of the server"}', 'roles: what they lack; 0 is what somebody wanted');
select lives_ok('select pg_temp.mend()', 'roles: the remedies run');
select is(pg_temp.faults(), '{}', 'roles: and mend it');
select is(r.rolconnlimit, 10, 'roles: a limit') from pg_roles r where r.rolname = 'leadgen_reporting';
select is(r.rolconnlimit, -1, 'roles of programs open as many as they need') from pg_roles r where r.rolname = 'leadgen_api';
select is(count(*), 0::bigint, 'list_configuration_faults has these rows, too') from leadgen.list_configuration_faults();

select lives_ok('alter role leadgen_reporting reset temp_file_limit', 'roles: without a limit of temporary files');
select is(pg_temp.faults(), '{role leadgen_reporting: it has no temp_file_limit}', 'roles: temporary files');

-- Roles of programs.
select lives_ok('select pg_temp.mend()', 'temporary files: the remedy runs');
select lives_ok(format('revoke connect on database %I from public', current_database()), 'connect: taken from PUBLIC');
select is(pg_temp.faults(), array[format('role leadgen_api: it may not connect to database %s', current_database()),
  format('role leadgen_worker: it may not connect to database %s', current_database())], 'programs must connect, people need not');
select lives_ok('select pg_temp.mend()', 'connect: the remedies run');

select * from finish();
rollback;
