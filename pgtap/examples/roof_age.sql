-- A validation rule and a buyer's filter: who hears of a new roof.
begin;
select plan(5);
select testkit.austin_roofing('{"roof_age_years": {"minimum": 3}}');
update leadgen.buyer_offers set filters = '{"attributes.roof_age": {"minimum": 15}}' where id = testkit.enrollment('Lakeside Roofing');
select testkit.at_time('2026-11-20 10:00 America/Chicago');

select testkit.expect_rejected(testkit.given_lead('renter', '{"attributes": {"roof_age": 2}}'), 'roof_age_not_allowed',
  'two years: not a lead');
select testkit.expect_sold_to(testkit.given_lead('renter', '{"attributes": {"roof_age": 3}}'), 'Capitol Roofing',
  'three: too new for Lakeside');
select testkit.expect_sold_to(testkit.given_lead('renter', '{"attributes": {"roof_age": 15}}'), 'Lakeside Roofing',
  'fifteen: Lakeside takes it');
update leadgen.buyer_offers set is_active = false where id = testkit.enrollment('Capitol Roofing');
select testkit.expect_unsold(testkit.given_lead('renter', '{"attributes": {"roof_age": 15}}'), 'cap_hour',
  'one an hour is all Lakeside wants');
select testkit.expect_unsold(testkit.given_lead('out_of_town'), 'outside_service_area', 'nobody else serves Waco');

select * from finish();
rollback;
