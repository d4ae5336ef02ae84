-- is_copy: a database with another number, or on another server, than the one that was adopted is a copy.
begin;
select plan(11);
create temp table here as
select s.system_identifier, d.oid::bigint as database_oid
from pg_control_system() s, pg_database d
where d.datname = current_database();

select is(count(*), 1::bigint, 'one database is the real one') from leadgen.adoption;
update leadgen.adoption a set database_oid = here.database_oid from here;
select is(leadgen.is_copy(), false, 'the database that was adopted is no copy');
select is_empty('select * from leadgen.list_configuration_faults()', 'the real database has no fault');
update leadgen.adoption a set database_oid = here.database_oid + 1 from here;
select is(leadgen.is_copy(), true, 'a database with another number is a copy');
select is(array_agg(format('%s: %s', f.subject, f.fault)),
  array[format('database %s: it is a copy, so workers send nothing from it and do no chores in it', current_database())],
  'list_configuration_faults names a copy') from leadgen.list_configuration_faults() f;
update leadgen.adoption a set database_oid = here.database_oid, system_identifier = here.system_identifier + 1 from here;
select is(leadgen.is_copy(), true, 'a database on another server is a copy');
update leadgen.adoption a set system_identifier = here.system_identifier, table_oid = a.table_oid + 1 from here;
select is(leadgen.is_copy(), true, 'a database restored in the place of the original is a copy');
update leadgen.adoption a set database_oid = null, table_oid = a.table_oid - 1, system_identifier = a.system_identifier + 1;
select is(leadgen.is_copy(), true, 'a clone of the tests on another server is a copy');
update leadgen.adoption a set system_identifier = here.system_identifier from here;
select is(leadgen.is_copy(), false, 'every clone on the server of the tests is real');
delete from leadgen.adoption;
select is(leadgen.is_copy(), true, 'a database that nobody adopted is a copy');
select throws_ok($$insert into leadgen.adoption (id, system_identifier, table_oid) values (false, 1, 1)$$, '23514', null,
  'there is one adoption');

select * from finish();
rollback;
