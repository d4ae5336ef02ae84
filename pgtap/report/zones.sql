-- In which zone days are counted, and what places that nobody took would have brought.
begin;
select plan(15);
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

select is((l.sales, l.revenue, l.first_price)::text, '(2,90.00,45.00)', 'a lead brought what all its sales brought') from report.leads l;
select testkit.submit(offer_id, '{}', 2) from ids;
select is(array_agg(format('%s %s', u.reason, coalesce(u.came_money_lost, 0))), null, 'a place of a lead that is held is not lost')
from report.unsold u join report.leads l on l.hold_until is not null where u.reason = 'cap_day' and l.is_held;
select testkit.at_time('2026-11-21T12:30:00Z');
select testkit.work_holds();
select is(sum(u.came_money_lost), 45.00, 'a second lead found Dora full: its place would have brought her price')
from report.unsold u where u.reason = 'cap_day';
select is(array_agg(distinct u.buyer::text), '{Dora}', 'it says who came nearest to buying') from report.unsold u where u.reason = 'cap_day';
select is(array_agg(m.measure order by m.measure collate "C") filter (where m.measure in ('net', 'fill_percent')), '{fill_percent,net}',
  'measures are defined in the database') from report.measures m;
select * from finish();
rollback;
