-- Reports on pages: each view that analysts may read, a page of it with a plot, and the cursor of its file.
begin;
select plan(27);
select testkit.at_time('2026-11-20 16:00+00');
create temp table o as select testkit.open_offer('{}', 'Ace', 'Best') as id;
select testkit.sell_lead(id, n) from o, generate_series(1, 3) n;
select testkit.new_user('Una', 'analyst'), testkit.new_user('Bea', 'buyer');
create temp table una as select testkit.hash_of('una') as token;
grant select on una to public;
set local role leadgen_api;
select testkit.sign_in('Una', p_token => 'una');
reset role;

select is((select count(*) from jsonb_array_elements(reporting.describe_views())), (
  select count(*) from pg_class c where c.relnamespace = 'report'::regnamespace and c.relkind in ('v', 'm')
    and has_table_privilege('leadgen_reporting', c.oid, 'select')), 'each view that analysts may read is listed');
select is(array_agg(v ->> 'name'), null, 'each view says what it has')
from jsonb_array_elements(reporting.describe_views()) v where v ->> 'about' is null;
create temp table pages as
select v ->> 'name' as name, reporting.read_page(v ->> 'name', null, null, null, null, null, null) as p
from jsonb_array_elements(reporting.describe_views()) v;
select is(array_agg(name), null, 'each view is read') from pages where p ->> 'view' <> name or p -> 'columns' = 'null';
select is(array_agg(name), null, 'no page is longer than two hundred rows') from pages where jsonb_array_length(p -> 'rows') > 200;

create temp table page as select leadgen.show_report_page(token, 'sales', null, null, null, null, null, null) as p from una;
select is(jsonb_array_length(p -> 'rows'), 3, 'a row a sale') from page;
select is(p ->> 'zone', 'America/Chicago', 'times are by the zone of the markets') from page;
select is(format('%s to %s', p ->> 'from', p ->> 'to'), '2026-10-22 to 2026-11-20', 'without days it is of thirty') from page;
select is(p -> 'plot', 'null', 'rows that are no days are not plotted') from page;
select is(p ->> 'is_cut', 'false', 'all of them are there') from page;
select is(jsonb_array_length(reporting.read_page('sales', '2026-11-19', '2026-11-19', null, null, null, null) -> 'rows'), 0,
  'of other days none');
select is(reporting.read_page('sales', null, null, 'Asia/Tokyo', null, null, null) ->> 'to', '2026-11-21', 'days are those of the zone');

create temp table plotted as select reporting.read_page('funnel', null, null, null, null, null, null) as p;
select is(p #>> '{plot,name}', 'came_received', 'the first measure is plotted') from plotted;
select is(p #> '{plot,points}', '[{"of": null, "day": "2026-11-20", "value": 3}]', 'by the day') from plotted;
select is(reporting.read_page('funnel', null, null, null, null, null, 'came_revenue') #>> '{plot,points,0,of}', 'USD',
  'amounts by currency');
select is(reporting.read_page('sales', null, null, null, 'price', true, null) ->> 'sort', 'price', 'sorted by a column');
select is(reporting.read_page('sales', null, null, null, 'price; drop table x', true, null) ->> 'sort',
  reporting.read_page('sales', null, null, null, null, null, null) ->> 'sort', 'a column that there is not sorts nothing');

select is(testkit.fault_of(format('select reporting.read_page(%s, null, null, null)', arguments)), fault, what)
from (values ('''nothing'', null, null, null', 'LG404 view', 'no such view'), ('null, null, null, null', 'LG404 view', 'no view'),
  ('''sales'', null, null, ''Mars/Base''', 'LG400 zone', 'no such zone'),
  ('''sales'', ''2026-11-20'', ''2026-11-19'', null', 'LG400 to', 'a period that ends before it begins'),
  ('''sales'', ''0001-01-01'', null, null', 'LG400 to', 'a day long ago')) as t (arguments, fault, what);
select is(testkit.fault_of('select leadgen.show_reports_page(''nobody'')'), 'LG401', 'nobody reads without a session');

-- The file: as a role that may read no view itself.
set local role leadgen_api;
select is(leadgen.open_export_for(token, 'sales', null, null, null)::text, 'export', 'a cursor is opened') from una;
create function pg_temp.count_rows() returns integer language plpgsql as $$
declare
  v_row record;
  v_rows refcursor := 'export';
  v_count integer := 0;
begin
  loop
    fetch v_rows into v_row;
    exit when not found;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
select is(pg_temp.count_rows(), 3, 'it has a row a sale');
create function pg_temp.list_unread(p_views text[]) returns text language plpgsql as $$
declare
  v_view text;
  v_rows refcursor := 'export';
  v_faults text;
begin
  foreach v_view in array p_views loop
    close v_rows;
    begin
      perform leadgen.open_export_for(token, v_view, null, null, null) from una;
      perform pg_temp.count_rows();
    exception
      when others then
        v_faults := concat_ws(', ', v_faults, format('%s: %s', v_view, sqlerrm));
        perform leadgen.open_export_for(token, 'sales', null, null, null) from una;
    end;
  end loop;
  return v_faults;
end;
$$;
select is(pg_temp.list_unread(array_agg(v ->> 'name')), null, 'every view is read to its end through the cursor')
from una, leadgen.show_reports_page(token) p, jsonb_array_elements(p -> 'views') v;
select is(testkit.fault_of('select count(*) from report.sales'), '42501', 'the view itself is not read by that role');
reset role;
select is(testkit.fault_of(format('select leadgen.open_export_for(%L, %L, null, null, null)', token, 'nothing')), 'LG404 view',
  'no such file')
from una;
select * from finish();
rollback;
