-- field_rules and find_field_fault: JSON Schema's words, each at its boundary.
begin;
select plan(52);

select is(kernel.find_field_fault(value, rule) is null, passes, format('find_field_fault: %s under %s', value, rule))
from (values
  (null::jsonb, '{"type": "string"}'::jsonb, true),
  ('null', '{"type": "string", "minLength": 3}', true),
  ('"a"', '{}', true),
  ('"a"', '{"type": "string"}', true),
  ('1', '{"type": "string"}', false),
  ('1.5', '{"type": "number"}', true),
  ('"1"', '{"type": "number"}', false),
  ('2', '{"type": "integer"}', true),
  ('2.0', '{"type": "integer"}', true),
  ('2.5', '{"type": "integer"}', false),
  ('"2"', '{"type": "integer"}', false),
  ('true', '{"type": "boolean"}', true),
  ('"true"', '{"type": "boolean"}', false),
  ('[1]', '{"type": "array"}', true),
  ('{}', '{"type": "array"}', false),
  ('{}', '{"type": "object"}', true),
  ('"leak"', '{"enum": ["leak", "drain"]}', true),
  ('"Leak"', '{"enum": ["leak", "drain"]}', false),
  ('7', '{"enum": [7, "7"]}', true),
  ('["leak"]', '{"enum": ["leak", "drain"]}', false),
  ('[]', '{"enum": ["leak", "drain"]}', false),
  ('{}', '{"enum": ["leak", {"a": 1}]}', false),
  ('18', '{"minimum": 18}', true),
  ('17.99', '{"minimum": 18}', false),
  ('99', '{"maximum": 99}', true),
  ('99.01', '{"maximum": 99}', false),
  ('"50"', '{"minimum": 18}', false),
  ('"abc"', '{"minLength": 3}', true),
  ('"ab"', '{"minLength": 3}', false),
  ('"äöü"', '{"maxLength": 3}', true),
  ('"abcd"', '{"maxLength": 3}', false),
  ('7', '{"maxLength": 3}', false),
  ('"A-12"', '{"pattern": "^[A-Z]-[0-9]+$"}', true),
  ('"A-x"', '{"pattern": "^[A-Z]-[0-9]+$"}', false),
  ('"xA-1x"', '{"pattern": "[A-Z]-[0-9]"}', true),
  ('1e130000', '{"maximum": 99}', false)
) as t (value, rule, passes);

select is(
  testkit.judge('{"field_rules": {"attributes.rooms": {"type": "integer", "minimum": 1}, "city": {"enum": ["Austin"]}}}', fields),
  expected::text[], format('judged: %s', fields))
from (values
  ('{"attributes": {"rooms": 1}}'::jsonb, '{}'),
  ('{"attributes": {}}', '{}'),
  ('{"attributes": {"rooms": 0}}', '{field_invalid attributes.rooms}'),
  ('{"attributes": {"rooms": "x"}, "city": "Waco"}', '{field_invalid attributes.rooms,field_invalid city}')
) as t (fields, expected);
select is(testkit.codes(rules.field_rules(testkit.facts(), '[["city", {"maxLength": 2}]]', '{}')), '{field_invalid city}',
  'field_rules by itself');

select is(testkit.policy_fault('validation', jsonb_build_object('field_rules', value)), expected, format('as a policy: %s', value))
from (values
  ('{"attributes.rooms": {"type": "integer"}}'::jsonb, 'none'),
  ('[]', 'LG423 rules.field_rules'),
  ('{"city": "x"}', 'LG423 rules.field_rules.city'),
  ('{"city": {"maximun": 3}}', 'LG423 rules.field_rules.city.maximun'),
  ('{"city": {"type": "text"}}', 'LG423 rules.field_rules.city.type'),
  ('{"city": {"pattern": "("}}', 'LG423 rules.field_rules.city.pattern'),
  ('{"city": {"enum": []}}', 'LG423 rules.field_rules.city.enum'),
  ('{"city": {"minLength": -1}}', 'LG423 rules.field_rules.city.minLength'),
  ('{"ctiy": {"minLength": 1}}', 'LG423 rules.field_rules.ctiy')
) as t (value, expected);
select matches(testkit.policy_fault('validation', jsonb_build_object('field_rules', value)), '^LG423 rules\.field_rules\.[a-z]+',
  format('an impossible range: %s', value))
from (values
  ('{"attributes.n": {"minimum": 5, "maximum": 4}}'::jsonb),
  ('{"city": {"minLength": 5, "maxLength": 4}}')
) as t (value);

select * from finish();
rollback;
