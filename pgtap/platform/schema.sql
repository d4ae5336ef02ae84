-- check_schema, is_one_of, check_regex, refuse, refuse_value: the words of JSON Schema, and errors that name path, found and allowed.
begin;
select plan(55);

select is(testkit.fault_of(format('select leadgen.check_schema(%L, %L, %L)', value, schema, 'p')), coalesce('LG423 ' || path, 'none'),
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
    ('1e130000', '{"maximum": 3}', 'p'),
  ('"abc"', '{"pattern": "^[a-c]+$"}', null), ('"abd"', '{"pattern": "^[a-c]+$"}', 'p'), ('"[a-c]"', '{"format": "regex"}', null),
    ('"[a-"', '{"format": "regex"}', 'p'),
  ('[]', '{"minItems": 1}', 'p'), ('[1]', '{"minItems": 1}', null), ('[1, 2, 1]', '{"uniqueItems": true}', 'p'), ('[1, 2]',
    '{"uniqueItems": true}', null), ('[1, 1]', '{"uniqueItems": false}', null),
  ('[1, "x"]', '{"items": {"type": "number"}}', 'p[1]'), ('[[1], ["x"]]', '{"items": {"items": {"type": "number"}}}', 'p[1][0]'),
  ('{"a": {"b": "x"}}', '{"properties": {"a": {"properties": {"b": {"type": "number"}}}}}', 'p.a.b'), ('{"c": 1}',
    '{"properties": {"a": {}}, "additionalProperties": false}', 'p.c'),
  ('{"c": 1}', '{"properties": {"a": {}}}', null), ('{"c": 1}', '{"additionalProperties": {"type": "string"}}', 'p.c'), ('{}',
    '{"required": ["a"]}', 'p.a'), ('{"a": null}', '{"required": ["a"]}', null)
) as t (value, schema, path);

select is(testkit.detail_of($$select leadgen.check_schema('{"c": 1}',
  '{"properties": {"b": {}, "a": {}}, "additionalProperties": false}', 'rules')$$),
  '{"field": "rules.c", "found": "an unknown key", "allowed": "one of a, b"}', 'an unknown key: the known ones are named');
select is(testkit.detail_of($$select leadgen.check_schema('1', '{"type": ["string", "array"]}', 'rules')$$),
  '{"field": "rules", "found": "number 1", "allowed": "string or array"}', 'a wrong type: the right ones');
select is(testkit.fault_of($$select leadgen.check_regex('^(a|b)$', 'p')$$), 'none', 'check_regex: valid');
select is(testkit.fault_of($$select leadgen.check_regex('a{2,1}', 'p.pattern')$$), 'LG423 p.pattern', 'check_regex: not valid');
select is(length(testkit.detail_of(format('select leadgen.refuse_value(%L, %L, %L)', 'p', repeat('x', 5000), 'y')) ->> 'found'), 200,
  'refuse_value: what was found is cut short');

select throws_ok($$select leadgen.refuse('LG400', 'Message', 'f', 'x', 'y', 'Hint')$$, 'LG400', 'Message', 'refuse: code and message');
select is(testkit.detail_of($$select leadgen.refuse('LG400', 'Message', 'f', 'x', 'y', 'Hint')$$),
  '{"field": "f", "found": "x", "allowed": "y"}', 'refuse: the facts as JSON');
select is(testkit.detail_of($$select leadgen.refuse('LG401', 'Message')$$), '{}', 'refuse: none, none invented');

select is(leadgen.is_one_of(value, list), member, format('is_one_of: %s among %s', value, list))
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
    and t.tgname = 'touch_updated_at')$$, 'no table of configuration is without it');

select * from finish();
rollback;
