-- compose_export: which rows and cells of a view leave the house.
begin;
select plan(22);
select testkit.at_time('2026-11-20T16:00:00Z');
set local timezone = 'UTC';
create temp table ids as select testkit.open_offer('{"on_no_buyer": "reject"}', 'Ace', 'Best') as offer_id;
select testkit.outcome(offer_id, '2026-11-20T05:59:59Z') from ids; -- the 19th in Chicago
select testkit.outcome(offer_id, '2026-11-20T06:00:00Z') from ids;
select testkit.outcome(offer_id, '2026-11-21T05:59:59Z') from ids;
select testkit.outcome(offer_id, '2026-11-21T06:00:00Z') from ids;
create function pg_temp.rows(p_query text) returns bigint language plpgsql as $$
declare
  v_rows bigint;
begin
  execute format('select count(*) from (%s) t', p_query) into v_rows;
  return v_rows;
end;
$$;
create function pg_temp.export(p_from text, p_to text, p_by text default null, p_where jsonb default null)
returns bigint language sql as $$
  select pg_temp.rows(leadgen.compose_export('leads', p_from::timestamptz, p_to::timestamptz, 'America/Chicago', p_by, p_where));
$$;
select is(pg_temp.export('2026-11-20T06:00Z', '2026-11-21T06:00Z'), 2::bigint,
  'a row of the first moment is in the period, one of its end is not');
select is(pg_temp.export(null, '2026-11-20T06:00Z'), 1::bigint, 'without a beginning');
select is(pg_temp.export('2026-11-21T06:00Z', null), 1::bigint, 'without an end');
select is(pg_temp.export(null, null), 4::bigint, 'all');
select is(pg_temp.export('2026-11-20T06:00Z', '2026-11-21T06:00Z', 'came_day'), 2::bigint,
  'a column of days is held against days of the zone');
select is(pg_temp.export(null, null, null, '[["status", "=", "accepted"]]')
  + pg_temp.export(null, null, null, '[["status", "<>", "accepted"]]'), 4::bigint, 'filters by a column');
select is(pg_temp.export(null, null, null, '[["lead_id", ">", "0"], ["lead_id", "<", "0"]]'), 0::bigint, 'all filters must hold');
select is(pg_temp.export(null, null, null, '[["source", "=", "x'' or true --"]]'), 0::bigint, 'a value is a value');

select is(testkit.fault_of(format('select leadgen.compose_export(%L, %L, %L, ''America/Chicago'', %L, %L)',
    name, starts, ends, by, filters)), fault, format('refused: %s %s %s', name, by, filters))
from (values
  ('no_such', null, null, null, null, 'LG404 view'), ('pg_class', null, null, null, null, 'LG404 view'),
  ('leads; drop', null, null, null, null, 'LG404 view'),
  ('leads', '2026-11-21', '2026-11-20', null, null, 'LG400 from'),
  ('leads', '2026-11-20', '2026-11-20', null, null, 'LG400 from'),
  ('leads', '2026-11-20', null, 'status', null, 'LG400 by'),
  ('buyer_balances', '2026-11-20', null, null, null, 'LG400 by'),
  ('leads', '2026-11-20T12:00Z', null, 'came_day', null, 'LG400 from'),
  ('leads', null, null, null, '[["nothing", "=", "1"]]', 'LG400 where'),
  ('leads', null, null, null, '[["status", "~", "1"]]', 'LG400 where')
) as t (name, starts, ends, by, filters, fault);

-- Cells.
create view report.odd as
select 1 as id, -5 as number, x as words, x::name as name
from unnest(array['=1+1', '-x', '+x', '@x', E'\tx', E'\rx', E'\nx', '＝1', 'plain', '', null]) x;
create temp table cells (id text, number text, words text, name text);
create function pg_temp.read() returns void language plpgsql as $$
begin
  execute format('insert into cells %s', leadgen.compose_export('odd', null, null, 'UTC'));
end;
$$;
select pg_temp.read();
select is((select array_agg(c.words) from cells c), array['''=1+1', '''-x', '''+x', '''@x', E'''\tx', E'''\rx', E'''\nx', '''＝1',
    'plain', '', null],
  'text that a spreadsheet would take for a formula has an apostrophe in front');
select is((select array_agg(distinct c.number) from cells c), '{-5}', 'a number below zero is a number');
select is(pg_temp.rows(leadgen.compose_export('odd', null, null, 'UTC', p_format => 'rows')), 11::bigint,
  'other formats have the rows as they are');

-- Whoever may not read a view exports none.
set local role leadgen_reporting;
select is(testkit.fault_of('select leadgen.compose_export(''odd'', null, null, ''UTC'')'), 'LG404 view',
  'a view that the role may not read is none');

select * from finish();
rollback;
