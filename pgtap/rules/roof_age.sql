-- roof_age: the worked example of CONTRIBUTING.
begin;
select plan(32);

select is(
  testkit.judge(jsonb_build_object('roof_age_years', value), jsonb_build_object('attributes', attributes)),
  case when passes then '{}' else '{roof_age_not_allowed attributes.roof_age}'::text[] end,
  format('%s for %s', value, attributes))
from (values
  ('{"minimum": 5, "maximum": 40}'::jsonb, '{"roof_age": 12}'::jsonb, true),
  ('{"minimum": 5, "maximum": 40}', '{"roof_age": "12.5 "}', true),
  ('{"minimum": 5, "maximum": 40}', '{"roof_age": 5}', true),
  ('{"minimum": 5, "maximum": 40}', '{"roof_age": 40}', true),
  ('{"minimum": 5, "maximum": 40}', '{"roof_age": 4.9}', false),
  ('{"minimum": 5, "maximum": 40}', '{"roof_age": "41"}', false),
  ('{"minimum": 5}', '{"roof_age": 400}', true),
  ('{"maximum": 40}', '{"roof_age": 0}', true),
  ('{"maximum": 40}', '{"roof_age": -1}', false),
  ('{"maximum": 40}', '{"roof_age": "about 12"}', false),
  ('{"maximum": 40}', '{"roof_age": [12]}', false),
  ('{"maximum": 40}', '{"roof_age": null}', false),
  ('{"maximum": 40}', '{}', false)
) as t (value, attributes, passes);
select is((rules.roof_age(testkit.facts('{"attributes": {"roof_age": "3.0"}}'), '{"minimum": 5}', '{}'))[1].reason,
  'The roof is 3 years old; allowed: at least 5', 'roof_age says how old it is');
select is((rules.roof_age(testkit.facts('{"attributes": {"roof_age": 41}}'), '{"maximum": 40}', '{}'))[1].reason,
  'The roof is 41 years old; allowed: at most 40', 'roof_age: too old');
select is((rules.roof_age(testkit.facts(), '{"maximum": 40}', '{}'))[1].reason,
  'The age of the roof in years is missing', 'roof_age: no age');

-- An earlier lead was judged by its text: digits and a point.
select is(array_agg(cardinality(rules.roof_age(testkit.facts(jsonb_build_object('reading', reading, 'attributes',
  jsonb_build_object('roof_age', age))), '{"minimum": 5, "maximum": 40}', '{}')) order by reading), failures,
  format('roof_age: %s as it is read now, and as it was before', age))
from unnest('{1,null}'::integer[]) reading, (values
  ('12'::jsonb, '{0,0}'::integer[]), ('" 12.5 "', '{0,0}'), ('"+12"', '{0,1}'), ('"1.5e1"', '{0,1}'), ('"12.00001"', '{0,1}'),
  ('12.00001', '{0,1}'), ('41', '{1,1}'), ('-1', '{1,1}'), ('"00012"', '{0,1}')
) as t (age, failures)
group by age, failures;

select is(testkit.policy_fault('validation', jsonb_build_object('roof_age_years', value)), expected, format('as a policy: %s', value))
from (values
  ('{"minimum": 5, "maximum": 40}'::jsonb, 'none'),
  ('{"minimum": 5, "maximum": 5}', 'none'),
  ('{"minimum": 40, "maximum": 5}', 'LG423 rules.roof_age_years.minimum'),
  ('{"minimum": -1}', 'LG423 rules.roof_age_years.minimum'),
  ('{"min": 5}', 'LG423 rules.roof_age_years.min'),
  ('{"minimum": "5"}', 'LG423 rules.roof_age_years.minimum'),
  ('5', 'LG423 rules.roof_age_years')
) as t (value, expected);

select * from finish();
rollback;
