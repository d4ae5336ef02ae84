-- In which zone the views of report count days.
begin;
select plan(11);
select testkit.at_time('2026-11-21T05:30:00Z');
create temp table ids as select testkit.open_offer('{"max_buyers": 3, "hold_hours": 1}', 'Ace', 'Dora') as offer_id;
select testkit.submit(offer_id, '{}', 1) from ids;

select is((f.came_day, f.zone)::text, '(2026-11-20,America/Chicago)', 'a view counts in the market''s zone, and says so')
from report.funnel f;
select is(report.set_zone('Asia/Kolkata'), 'Asia/Kolkata', 'a session may count in another');
select is((f.came_day, f.zone)::text, '(2026-11-21,Asia/Kolkata)', 'the view says which it used') from report.funnel f;
select is((m.sold_day, m.zone)::text, '(2026-11-21,Asia/Kolkata)', 'every view counts in it') from report.margin m;
select is(array_agg(distinct r.zone), '{Asia/Kolkata}', 'sales, too') from report.sales r;
select is(testkit.detail_of($$select report.set_zone('Mars/Phobos')$$) ->> 'found', 'Mars/Phobos', 'an unknown zone is refused by name');
select is(testkit.fault_of($$select report.set_zone('EST')$$), 'LG400 p_zone', 'a name of no place is no zone');
select is(f.zone, 'Asia/Kolkata', 'what was refused changes nothing') from report.funnel f;
select report.set_zone(null);
select is(f.zone, 'America/Chicago', 'null: the market''s own again') from report.funnel f;
select is(testkit.fault_of($$select leadgen.keep_report_zone('Mars/Phobos')$$), 'LG400 p_zone', 'an unknown zone is not kept');

select is(array_agg(m.measure order by m.measure collate "C") filter (where m.measure in ('net', 'fill_percent')), '{fill_percent,net}',
  'measures are defined in the database') from report.measures m;
select * from finish();
rollback;
