-- The server's verdicts, as far as a transaction can plant a fault: the rest is in tests/ops/test_doctor.py.
begin;
select plan(17);
create function pg_temp.says(p_subject text) returns text language sql as $$
  select format('%s, %s', d.verdict, d.finding) from leadgen.diagnose_server() d where d.subject = p_subject
$$;

select is(array_agg(d.subject order by d.subject), '{archive,backups,connections,"dead rows",durability,extensions,indexes,locks,'
  'replication,roles,slots,transactions,wraparound}', 'each subject has one verdict') from leadgen.diagnose_server() d;
select is_empty($$select * from leadgen.diagnose_server() d where d.verdict not in ('ok', 'warn', 'fail', 'skip')$$,
  'verdicts are four words');
select is_empty($$select * from leadgen.diagnose_server() d where d.verdict in ('warn', 'fail') and d.remedy is null$$,
  'what is not well has a remedy');

select is(pg_temp.says('backups'), 'warn, none is recorded', 'a missing backup is told');
select ok(leadgen.record_backup('pg_basebackup', '/b/1', clock_timestamp() - interval '1 hour', 7, false) > 0, 'a backup is recorded');
select is(pg_temp.says('backups'), 'warn, last: /b/1 by pg_basebackup, 0 s ago, not verified', 'an unverified one is told');
select leadgen.record_backup('pgbackrest', 'full', clock_timestamp() - interval '1 hour', null, true);
select is(pg_temp.says('backups'), 'ok, last: full by pgbackrest, 0 s ago, verified', 'the last one counts');
set local session_replication_role = replica;
update leadgen.backups set started_at = started_at - interval '30 hours', finished_at = finished_at - interval '30 hours';
select is(pg_temp.says('backups'), 'warn, last: full by pgbackrest, 30 h ago, verified', 'one of yesterday is old');
update leadgen.backups set started_at = started_at - interval '9 days', finished_at = finished_at - interval '9 days';
select is(pg_temp.says('backups'), 'fail, last: full by pgbackrest, 10 days ago, verified', 'one of last week is a fault');
set local session_replication_role = origin;
select throws_ok($$update leadgen.backups set is_verified = true$$, 'LG409', null, 'a backup''s row stays as it was written');
select throws_ok($$select leadgen.record_backup('other', E'a\nb', now())$$, 'LG400', null, 'a label is one line');
select throws_ok($$select leadgen.record_backup('other', 'b', now() + interval '1 day')$$, 'LG400', null, 'a backup began before now');
select throws_ok($$select leadgen.record_backup('magic', 'b', now())$$, '23514', null, 'a tool is a known one');

select is(pg_temp.says('roles'), 'ok, they are there, and none is more than a role', 'the roles are as they should be');
grant execute on function leadgen.list_zones() to public;
select is(pg_temp.says('roles'), 'fail, leadgen.list_zones() may be executed by everybody', 'a function that is open to all is told');
revoke pg_read_all_stats from leadgen_owner;
select matches(pg_temp.says('locks'), '^skip, not visible: as a superuser, grant', 'what the owner may not see is not visible');
select matches(pg_temp.says('replication'), '^(skip|ok), ', 'without rights nothing fails');

select * from finish();
rollback;
