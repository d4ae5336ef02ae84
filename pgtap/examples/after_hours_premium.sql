-- A rule and its proof: roofing leads that come after six in the evening cost a quarter more.
begin;
select plan(5);
select testkit.austin_roofing(p_pricing => '{"time_of_day": [{"name": "after_hours", "percent": 25, "hours": {
  "mon": [["18:00", "08:00"]], "tue": [["18:00", "08:00"]], "wed": [["18:00", "08:00"]],
  "thu": [["18:00", "08:00"]], "fri": [["18:00", "08:00"]]}}]}');

select testkit.at_time('2026-11-20 17:59 America/Chicago');
select testkit.expect_price(testkit.given_lead('homeowner'), 60.00, 'before six Hilltop pays its price');
select testkit.at_time('2026-11-20 18:00 America/Chicago');
select testkit.expect_price(testkit.given_lead('homeowner'), 75.00, 'from six on a quarter more');
select testkit.expect_price(testkit.given_lead('renter'), 62.50, 'whoever buys: Lakeside serves 78745');
select testkit.at_time('2026-11-21 07:59 America/Chicago');
select testkit.expect_price(testkit.given_lead('homeowner'), 75.00, 'until eight the next morning');
select testkit.at_time('2026-11-21 08:00 America/Chicago');
select testkit.expect_price(testkit.given_lead('homeowner'), 60.00, 'at eight in the morning the premium ends');

select * from finish();
rollback;
