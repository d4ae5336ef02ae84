-- describe_policy_keys, describe_schema, find_failure_codes: the reference page says what the registry says.
begin;
select plan(34);

select is(catalog.describe_schema(schema), words, format('describe_schema: %s', schema))
from (values
  ('{"type": "boolean"}'::jsonb, '`true` or `false`'), ('{"type": "integer", "minimum": 1, "maximum": 20}', 'a whole number from 1 to 20'),
  ('{"type": "number", "minimum": 0.5}', 'a number, at least 0.5'), ('{"type": "number", "maximum": 3}', 'a number, at most 3'),
  ('{"type": "number"}', 'a number'),
  ('{"enum": ["a", "b"]}', 'one of `a`, `b`'), ('{"type": "string"}', 'text'), ('{"type": "string", "pattern": "^a"}', 'text like `^a`'),
  ('{"type": "string", "pattern": "^a", "description": "an a"}', 'an a'),
  ('{"type": "string", "format": "regex"}', 'a regular expression of at most 500 characters'),
  ('{"format": "field"}', 'a core field, or `attributes.x`'), ('{"format": "time"}', 'a time of day, `HH:MM`'),
  ('{"format": "hours"}', '[hours](#hours)'),
  ('{"format": "area"}', 'an [area](#areas)'), ('{"format": "tests"}', '[conditions](#conditions)'),
  ('{"type": "string", "format": "range", "description": "a range"}', 'a range'), ('{}', 'any value'),
  ('{"type": "array"}', 'a list'), ('{"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true, "items": {"type": "number"}}',
    'a list, at least 1 long, at most 5 long, without repetition; each entry is a number'),
  ('{"type": "object", "properties": {"b": {"type": "boolean"}, "a": {"type": "number"}}, "required": ["b"]}',
    E'an object:\n- `b` (required): `true` or `false`\n- `a`: a number'),
  ('{"type": "object", "properties": {"a": {"type": "number"}}, "exactlyOne": ["a", "b"]}',
  E'an object with exactly one of `a`, `b`:\n- `a`: a number'),
  ('{"type": "object", "properties": {"a": {"type": "object", "properties": {"c": {"type": "number"}}}}}',
  E'an object:\n- `a`: an object:\n  - `c`: a number'),
  ('{"type": "object", "propertyNames": {"format": "field"}, "additionalProperties": {"type": "number"}}',
    'an object; for each key (a core field, or `attributes.x`) a number')
) as t (schema, words);

select is(catalog.find_failure_codes(name), codes, format('find_failure_codes: %s', name))
from (values ('core_fields', '{field_invalid,field_required}'::text[]), ('field_rules', '{field_invalid}'),
  ('allowed_cities', '{city_not_allowed}'),
  ('submit_lead', '{}'), ('no_such_function', '{}'), (null, null)) as t (name, codes);
select is_empty($$select k.key from leadgen.policy_keys k where k.rule_function is not null and k.required_language is null
  and catalog.find_failure_codes(k.rule_function) = '{}'$$, 'every rule in PL/pgSQL says with which code it fails');

select is_empty($$select k.key from leadgen.policy_keys k
  where strpos(catalog.describe_policy_keys(), format(E'\n### `%s`\n\n%s\n', k.key, k.description)) = 0$$,
  'describe_policy_keys: every key has its section');
select ok(catalog.describe_policy_keys() !~ 'any value[^\n]*\.\n\n', 'describe_policy_keys: no key takes whatever comes');
update leadgen.policy_keys set required_language = 'plklingon' where key = 'allowed_cities';
select matches(catalog.describe_policy_keys(), E'### `allowed_cities`\n\n[^\n]*\n\n[^\n]*\n\nNeeds `plklingon` on the server.\n',
  'a key names the language that it needs and shows no code');
delete from leadgen.policy_keys where key = 'allowed_cities';
select ok(strpos(catalog.describe_policy_keys(), 'allowed_cities') = 0, 'a key that is gone is gone');

select * from finish();
rollback;
