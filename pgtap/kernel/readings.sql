-- read_number, read_flag, read_as_type: values as forms write them; one reader for rules, filters and prices.
begin;
select plan(213);

create temp table numbers (value jsonb, number numeric);
insert into numbers values ('3', 3), ('-2.50', -2.5), ('"3"', 3), ('" 3.0 "', 3), ('"+3"', 3), ('".5"', 0.5), ('"5."', 5), ('"1e3"', 1000),
  ('"-0"', 0), ('"007"', 7), ('""', null), ('"three"', null), ('"3 years"', null), ('"1,5"', null), ('"NaN"', null), ('"Infinity"', null),
  ('true', null), ('[3]', null), ('null', null), ('"3"', 3), (to_jsonb(repeat('9', 41)), null), ('"--3"', null), ('"3-"', null),
  ('"0x10"', null), ('[5, 99]', null);
create temp table flags (value jsonb, flag boolean);
insert into flags values ('true', true), ('"true"', true), ('"YES"', true), ('" on "', true), ('["on"]', true), ('"Checked"', true), ('"y"',
  true),
  ('1', true), ('"1"', true), ('"oui"', true), ('"Sí"', true), (to_jsonb(E'SI\u0301'::text), true), ('"ja"', true),
  ('false', false), ('"No"', false), ('"OFF"', false), ('["false"]', false), ('"unchecked"', false), ('0', false), ('"não"', false),
  ('"NÃO"', false),
  ('"maybe"', null), ('""', null), ('[]', null), ('["yes", "no"]', null), ('[["yes"]]', null), ('{"yes": true}', null), ('2', null),
  ('"yes!"', null), ('"I agree"', null), ('"yes no"', null), ('null', null);

select is(kernel.read_number(value), number, format('read_number: %s', left(value::text, 40))) from numbers;
select is(kernel.read_flag(value), flag, format('read_flag: %s', value)) from flags;

-- A filter, which is a JSON path, and a rule of a field read by the same.
create function pg_temp.meets(p_test jsonb, p_value jsonb) returns boolean language sql as $$
  select kernel.find_filter_fault(catalog.compile_tests(jsonb_build_object('attributes.x', p_test)),
    jsonb_build_object('attributes', jsonb_build_object('x', p_value))) is null;
$$;
select is(pg_temp.meets('{"minimum": 3}', value), coalesce(number >= 3, false), format('a filter''s minimum: %s', left(value::text, 40)))
from numbers where length(value::text) < 40;
select is(kernel.find_field_fault(value, '{"type": "number"}', 1) is null, number is not null or value = 'null',
  format('a rule''s number: %s', left(value::text, 40)))
from numbers;
select is(array[pg_temp.meets('{"enum": [true]}', value), pg_temp.meets('{"enum": [false]}', value)],
  array[flag is true, flag is false], format('a filter''s yes or no: %s', value))
from flags;
select is(kernel.find_field_fault(value, '{"type": "boolean"}', 1) is null, flag is not null or value = 'null',
  format('a rule''s yes or no: %s', value))
from flags;

select is(pg_temp.meets(test, value), verdict, format('a filter %s: %s', test, value))
from (values
  ('{"enum": [3]}'::jsonb, '"3.0"'::jsonb, true), ('{"enum": [3]}', '"4"', false), ('{"enum": ["3"]}', '3', true), ('{"enum": ["03"]}', '3',
  false),
  ('{"enum": ["x", 3]}', '"x"', true), ('{"not": {"enum": [3]}}', '"3"', false), ('{"not": {"enum": [3]}}', '"x"', true),
  ('{"enum": ["yes"]}', 'true', false), ('{"not": {"enum": [true]}}', '"on"', false),
  -- A list is no number; one of its texts may be met, and it hides nothing that is excluded.
  ('{"minimum": 10, "maximum": 20, "enum": [15]}', '[15, 5, 99]', false), ('{"minimum": 10, "maximum": 20}', '[5, 99]', false),
  ('{"enum": [3]}', '[3]', false), ('{"enum": ["x"]}', '["y", "x"]', true), ('{"pattern": "^x"}', '["y", "x"]', true),
  ('{"enum": ["x"], "minimum": 3}', '["x", 3]', false), ('{"enum": ["x", true]}', '["on"]', true),
  ('{"enum": [true]}', '["on", "x"]', false),
  ('{"enum": ["x", 3]}', '[3]', false), ('{"minimum": 3}', '{"a": 3}', false), ('{"minimum": 3}', '[]', false),
  ('{"not": {"enum": ["x"]}}', '["y", "x"]', false), ('{"not": {"minimum": 50}}', '[5, 99]', false),
  ('{"not": {"enum": ["x"]}}', '["y"]', true),
  ('{"enum": [16]}', '"0x10"', false), ('{"maximum": 20}', '"0x10"', false), ('{"not": {"minimum": 10}}', '"0x10"', true)
) as t (test, value, verdict);
select is(kernel.find_field_fault(value, rule, 1), fault, format('a rule %s: %s', rule, value))
from (values
  ('"3"'::jsonb, '{"type": "integer", "minimum": 4}'::jsonb, 'is less than 4'), ('"3.5"', '{"type": "integer"}',
  'is of type number; it must be integer'),
  ('3', '{"type": "string", "pattern": "^3$"}', null), ('3', '{"maxLength": 1}', null), ('"3"', '{"enum": [3, 4]}', null),
  ('3', '{"enum": ["3"]}', null), ('"ON"', '{"enum": [true]}', null), ('"maybe"', '{"type": "boolean"}',
  'is of type string; it must be boolean'),
  ('"5"', '{"enum": [3, 4]}', 'is none of 3, 4')
) as t (value, rule, fault);
select is(kernel.find_field_fault('"3"', '{"type": "number"}'), 'is of type string; it must be number',
  'an earlier lead is judged as it was');
select is(kernel.show_number(jsonb_build_object('attributes', jsonb_build_object('x', value)), 'attributes.x'), shown, format('shown: %s',
  value))
from (values ('"on"'::jsonb, 'true'), ('"3"', '3'), ('"1"', '1'), ('"Jane"', null)) as t (value, shown);
select is(testkit.judge('{"roof_age": {"maximum": 40}}', '{"attributes": {"roof_age": " 12.0"}}'), '{}', 'the age of a roof, too');

select is(kernel.fold_answer(E' S\u00cd '), 'si', 'fold_answer: without case and accents');
select is(kernel.fold_answer(repeat(E'\u00ed', 101)), repeat(E'\u00ed', 101), 'fold_answer: no word is so long, and it takes no time');

select * from finish();
rollback;
