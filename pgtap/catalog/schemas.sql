-- check_schema with check_number, check_text, check_list, check_object and check_format; is_one_of, refuse, refuse_value: the words of
-- JSON Schema, and errors that name path, found and allowed. The larger formats have files of their own: regex, hours, area, tests.
begin;
select plan(106);

select is(testkit.fault_of(format('select catalog.check_schema(%L, %L, %L)', value, schema, 'p')), testkit.fault_at('LG423 %s', path),
  format('%s under %s', value, schema))
from (values
  ('"a"'::jsonb, '{"type": "string"}'::jsonb, null), ('1', '{"type": "string"}', 'p'), ('null', '{"type": "string"}', 'p'), ('null',
    '{"type": ["string", "null"]}', null),
  ('1', '{"type": "integer"}', null), ('1.0', '{"type": "integer"}', 'p'), ('1.5', '{"type": "integer"}', 'p'), ('1.5',
    '{"type": "number"}', null), ('true', '{"type": "number"}', 'p'),
  ('"a"', '{"enum": ["a", "b"]}', null), ('"c"', '{"enum": ["a", "b"]}', 'p'), ('["a"]', '{"enum": ["a", "b"]}', 'p'), ('[]',
    '{"enum": ["a", "b"]}', 'p'), ('{"k": 1}', '{"enum": [{"k": 1}]}', null),
  ('{}', '{"enum": [{"k": 1}]}', 'p'),
  ('3', '{"minimum": 3}', null), ('2.999', '{"minimum": 3}', 'p'), ('3', '{"maximum": 3}', null), ('3.001', '{"maximum": 3}', 'p'),
  ('3.250', '{"decimals": 2}', null), ('3.251', '{"decimals": 2}', 'p'), ('300', '{"decimals": 0}', null),
  ('1e130000', '{"maximum": 3}', 'p'),
  ('"abc"', '{"pattern": "^[a-c]+$"}', null), ('"abd"', '{"pattern": "^[a-c]+$"}', 'p'), ('"[a-c]"', '{"format": "regex"}', null),
  ('"[a-"', '{"format": "regex"}', 'p'),
  ('[]', '{"minItems": 1}', 'p'), ('[1]', '{"minItems": 1}', null), ('[1, 2, 1]', '{"uniqueItems": true}', 'p'), ('[1, 2]',
    '{"uniqueItems": true}', null), ('[1, 1]', '{"uniqueItems": false}', null),
  ('[1, "x"]', '{"items": {"type": "number"}}', 'p[1]'), ('[[1], ["x"]]', '{"items": {"items": {"type": "number"}}}', 'p[1][0]'),
  ('{"a": {"b": "x"}}', '{"properties": {"a": {"properties": {"b": {"type": "number"}}}}}', 'p.a.b'), ('{"c": 1}',
    '{"properties": {"a": {}}, "additionalProperties": false}', 'p.c'),
  ('{"c": 1}', '{"properties": {"a": {}}}', null), ('{"c": 1}', '{"additionalProperties": {"type": "string"}}', 'p.c'), ('{}',
    '{"required": ["a"]}', 'p.a'), ('{"a": null}', '{"required": ["a"]}', null),
  ('{}', '{"minProperties": 1}', 'p'), ('{"a": 1}', '{"minProperties": 1}', null), ('{"a": 1}', '{"minProperties": 2}', 'p'),
  ('{"a": 1}', '{"exactlyOne": ["a", "b"]}', null), ('{"b": null}', '{"exactlyOne": ["a", "b"]}', null),
  ('{}', '{"exactlyOne": ["a", "b"]}', 'p'),
  ('{"a": 1, "b": 2}', '{"exactlyOne": ["a", "b"]}', 'p'), ('{"c": 1}', '{"exactlyOne": ["a", "b"]}', 'p'),
  ('{"a": 1, "b": 1}', '{"ordered": [["a", "b"]]}', null), ('{"a": 2, "b": 1}', '{"ordered": [["a", "b"]]}', 'p.a'),
  ('{"a": 2}', '{"ordered": [["a", "b"]]}', null),
  ('{"ab": 1}', '{"propertyNames": {"pattern": "^a"}}', null), ('{"ba": 1}', '{"propertyNames": {"pattern": "^a"}}', 'p.ba'),
  ('[1, 2]', '{"maxItems": 2}', null), ('[1, 2, 3]', '{"maxItems": 2}', 'p'), ('[1]', '{"minItems": 2}', 'p'),
  ('"ab"', '{"minLength": 2, "maxLength": 2}', null), ('"a"', '{"minLength": 2}', 'p'), ('"abc"', '{"maxLength": 2}', 'p'),
  ('""', '{"minLength": 1}', 'p'),
  ('"email"', '{"format": "field"}', null), ('"attributes.x"', '{"format": "field"}', null), ('"e-mail"', '{"format": "field"}', 'p'),
  ('"attributes"', '{"format": "field"}', 'p'),
  ('"100-200"', '{"format": "range"}', null), ('"100"', '{"format": "range"}', null), ('"200-100"', '{"format": "range"}', 'p'),
  ('"1-100"', '{"format": "range"}', 'p'),
  ('{}', '{}', null), ('999999999', '{"type": "integer"}', null), ('1e10', '{"type": "integer"}', 'p'),
  ('-1', '{"type": "integer"}', null), ('true', '{"enum": [true]}', null),
  ('false', '{"enum": [true]}', 'p')
) as t (value, schema, path);

select is(testkit.detail_of($$select catalog.check_schema('{"c": 1}',
  '{"properties": {"b": {}, "a": {}}, "additionalProperties": false}', 'rules')$$),
  '{"field": "rules.c", "found": "an unknown key", "allowed": "one of a, b"}', 'an unknown key: the known ones are named');
select throws_like($$select catalog.check_schema('{"strategi": 1}',
  '{"properties": {"strategy": {}}, "additionalProperties": false}', 'config')$$,
  '%Did you mean strategy?', 'an unknown key: the key that was meant is named');
select throws_like($$select catalog.check_schema('"weigthed"', '{"enum": ["priority", "weighted"]}', 'config.strategy')$$,
  'config.strategy: found "weigthed"; allowed: one of priority, weighted. Did you mean weighted?',
    'the value of an enum that was meant is named');
select is(testkit.detail_of($$select catalog.check_schema('{"minimum": 3, "maximum": 2}', '{"ordered": [["minimum", "maximum"]]}', 'p')$$),
  '{"field": "p.minimum", "found": "3", "allowed": "at most maximum, which is 2"}', 'an impossible range: both ends');
select is(testkit.detail_of($$select catalog.check_schema('{}', '{"exactlyOne": ["amount", "percent"]}', 'p')$$),
  '{"field": "p", "found": "{}", "allowed": "exactly one of amount, percent"}', 'exactlyOne: neither of two is refused');
select is(testkit.detail_of($$select catalog.check_schema('[1, 2, 1]', '{"uniqueItems": true}', 'p')$$),
  '{"field": "p", "found": "1 2 times", "allowed": "a list without repetition"}', 'uniqueItems: the detail names what is there twice');
select is(testkit.detail_of($$select catalog.check_schema('[]', '{"minItems": 1}', 'p')$$),
  '{"field": "p", "found": "an empty list", "allowed": "at least 1 entry"}', 'minItems: an empty list is refused');
select is(testkit.fault_of($$select catalog.check_schema('"x"', '{"format": "rhyme"}', 'p')$$), '20000',
  'a format that nobody knows is a fault of the schema');
select is_empty($$select k.key, f from leadgen.policy_keys k cross join jsonb_path_query(k.value_schema, '$.**.format') f
  where f #>> '{}' not in ('regex', 'field', 'time', 'hours', 'area', 'tests', 'range')$$, 'every format of a policy key is known');
select is(testkit.detail_of($$select catalog.check_schema('1', '{"type": ["string", "array"]}', 'rules')$$),
  '{"field": "rules", "found": "number 1", "allowed": "string or array"}', 'a wrong type: the right ones');
select is(length(testkit.detail_of(format('select kernel.refuse_value(%L, %L, %L)', 'p', repeat('x', 5000), 'y')) ->> 'found'), 200,
  'refuse_value: what was found is cut short');

select throws_ok($$select kernel.refuse('LG400', 'Message', 'f', 'x', 'y', 'Hint')$$, 'LG400', 'Message', 'refuse: code and message');
select is(testkit.detail_of($$select kernel.refuse('LG400', 'Message', 'f', 'x', 'y', 'Hint')$$),
  '{"field": "f", "found": "x", "allowed": "y"}', 'refuse: the facts as JSON');
select is(testkit.detail_of($$select kernel.refuse('LG401', 'Message')$$), '{}', 'refuse: none, none invented');

select is(kernel.is_one_of(value, list), member, format('is_one_of: %s among %s', value, list))
from (values
  ('"a"'::jsonb, '["a", "b"]'::jsonb, true), ('"c"', '["a", "b"]', false), ('["a"]', '["a", "b"]', false), ('[]', '["a"]', false),
  ('["a"]', '[["a"]]', true),
  ('1.0', '[1]', true), ('null', '[null]', true)
) as t (value, list, member);

-- touch_updated_at, on every table that has the column and is configuration.
create temp table m as select testkit.make_market() as id;
select is(x.updated_at, null, 'touch_updated_at: a new row was never changed') from m join leadgen.markets x using (id);
update leadgen.markets x set name = 'Changed' from m where x.id = m.id;
select is(x.updated_at, now(), 'touch_updated_at: a changed one was') from m join leadgen.markets x using (id);
select is_empty($$select c.table_name from information_schema.columns c
  where c.table_schema = 'leadgen' and c.column_name = 'updated_at' and c.table_name not in ('leads', 'lead_assignments')
  and not exists (select from pg_trigger t where t.tgrelid = format('leadgen.%I', c.table_name)::regclass
    and t.tgname = 'touch_updated_at')$$, 'every table of configuration has the guard');

-- Numbers that no arithmetic wants.
select is(testkit.fault_of(format('select catalog.check_plain_number(%L, ''p'')', n)), fault, format('check_plain_number: %s', left(n, 20)))
from (values ('5', 'none'), ('-0.000000001', 'none'), ('999999999999', 'none'), ('"1e-400"', 'none'), ('0.0000000001', 'LG423 p'),
  ('1e-400', 'LG423 p'), ('1000000000000', 'LG423 p'), ('1e300', 'LG423 p')) as t (n, fault);

select * from finish();
rollback;
