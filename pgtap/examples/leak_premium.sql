-- A rule and its proof: a lead for a leak costs 20 % more.
begin;
select plan(3);
select testkit.austin_roofing(p_pricing => '{"adjustments": [
  {"name": "leak", "percent": 20, "when": {"attributes.job_type": {"enum": ["leak"]}}}]}');

select testkit.expect_price(testkit.given_lead('homeowner', '{"attributes": {"job_type": "leak"}}'), 72.00,
  'Hilltop pays 20 % on top of its 60.00');
select testkit.expect_price(testkit.given_lead('renter', '{"attributes": {"job_type": "leak"}}'), 60.00,
  'Lakeside pays 20 % on top of its 50.00');
select testkit.expect_price(testkit.given_lead('homeowner', '{"attributes": {"job_type": "inspection"}}'), 60.00,
  'another job costs what it did');

select * from finish();
rollback;
