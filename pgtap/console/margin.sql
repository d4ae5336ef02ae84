-- What a day leaves: a cost that was taken back is no cost of the day of its sale, and no gain of the day it was taken back.
begin;
select plan(2);
select testkit.at_time('2026-11-13 10:00 America/Chicago');
create temp table ids as select testkit.open_offer('{}', 'Best') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8}') from ids;
create temp table sold as select testkit.sell_lead(offer_id, 1) as id from ids;
select testkit.at_time('2026-11-20 09:00 America/Chicago');
select testkit.sell_lead(offer_id, 2) from ids;
select leadgen.return_sale(id, 'unreachable') from sold;
select testkit.at_time('2026-11-20 12:00 America/Chicago');
create temp table shown as select d from jsonb_array_elements(console.list_days(leadgen.clock())) d;
select is((d ->> 'margin')::numeric, 37.00, 'a cost of last week that is taken back today is no gain of today') from shown;
select is((d -> 'then' ->> 'margin')::numeric, 0.00, 'a sale that was returned left nothing, and cost nothing') from shown;
select * from finish();
rollback;
