-- The leads of Today that are not valid: those that failed a rule, and not those that buyers turned down.
begin;
select plan(3);
select testkit.at_time('2026-11-20 09:00 America/Chicago');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0, "min_message_length": 5}',
  '{"reroute": {"on_return": false}}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Best') from ids;
create temp table sold as select testkit.sell_lead(offer_id, 1) as id from ids;
select leadgen.return_sale(id, 'unreachable'), testkit.tend() from sold;
select testkit.submit(offer_id, '{"message": "no"}', 2) from ids;
create temp table today as select d from jsonb_array_elements(console.list_days(leadgen.clock())) d;
select is(count(*), 2::bigint, 'a lead that its buyer gave back and one that failed a rule are both rejected')
from leadgen.leads l where l.status = 'rejected';
select is(d ->> 'invalid', '1', 'Today counts as not valid what failed a rule') from today;
select is(sum(f.came_received - f.came_valid), 1::numeric, 'a report has the same number as received less valid') from report.funnel f;
select * from finish();
rollback;
