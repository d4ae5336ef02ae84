-- phone_region, by facts and by real numbers.
begin;
select plan(17);

select is(testkit.judge(jsonb_build_object('phone_region', wanted), fields), expected::text[], format('%s: %s', wanted, fields))
from (values
  ('US', '{}'::jsonb, '{}'),
  ('US-TX', '{}', '{}'),
  ('US-OK', '{}', '{phone_region_mismatch phone}'),
  ('CA', '{}', '{phone_region_mismatch phone}'),
  ('US-TX', '{"phone_region": null}', '{phone_region_mismatch phone}'),
  ('US', '{"phone": "1", "phone_country": null, "phone_region": null}', '{field_invalid phone}')
) as t (wanted, fields, expected);
select is(testkit.codes(rules.phone_region(testkit.facts(), '"GB"', '{}')), '{phone_region_mismatch phone}',
  'phone_region by itself');

select is(testkit.policy_fault('validation', jsonb_build_object('phone_region', value)), expected, format('as a policy: %s', value))
from (values
  ('"US"'::jsonb, 'none'), ('"US-TX"', 'none'), ('"us"', 'LG423 rules.phone_region'),
  ('["US"]', 'LG423 rules.phone_region'), ('""', 'LG423 rules.phone_region'), ('1', 'LG423 rules.phone_region')
) as t (value, expected);

create temp table ids as select testkit.make_offer('{"phone_region": "US-TX"}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, '{"phone": "(713) 555-0123"}', 1)), '{}', 'a number of Houston') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"phone": "212-555-0123"}', 2)), '{phone_region_mismatch phone}',
  'a number of New York')
from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"phone": "800 555 0123"}', 3)), '{phone_region_mismatch phone}',
  'a toll-free number is of no region') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"phone": "+44 20 7946 0958"}', 4)), '{phone_region_mismatch phone}',
  'a number of London') from ids;

select * from finish();
rollback;
