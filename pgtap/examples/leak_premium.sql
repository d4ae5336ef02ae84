-- A rule and its proof: a lead for a leak costs a fifth more.
begin;
select plan(3);
select testkit.austin_roofing(p_pricing => '{"adjustments": [
  {"name": "leak", "percent": 20, "when": {"attributes.job_type": {"enum": ["leak"]}}}]}');

select testkit.expect_price(testkit.given_lead('homeowner', '{"attributes": {"job_type": "leak"}}'), 72.00,
  'a leak adds a fifth to the 60.00 of Hilltop');
select testkit.expect_price(testkit.given_lead('renter', '{"attributes": {"job_type": "leak"}}'), 60.00,
  'and a fifth to the 50.00 of Lakeside');
select testkit.expect_price(testkit.given_lead('homeowner', '{"attributes": {"job_type": "inspection"}}'), 60.00,
  'any other job costs what it did');

select * from finish();
rollback;
