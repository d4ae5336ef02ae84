-- read_map_value and its like: what one rule of a field map finds, the paths that it reads, and how a value is shown.
begin;
select plan(27);

select is(intake.read_map_value('{"a": "", "b": [1]}', rule), result, format('read_map_value: %s', rule::text))
from (values ('"$.a"'::jsonb, null::jsonb), ('"$.b"', '[1]'), ('["$.a", "$.b[0]"]', '1'), ('[]', null), ('{"constant": false}', 'false'),
  ('{"join": ["$.a", "$.b"], "with": "-"}', '"1"')) as t (rule, result);
select is(intake.list_map_paths('["$.a", {"join": ["$.b", ["$.c"]]}, {"constant": "$.d"}]'), '{$.a,$.b,$.c}', 'list_map_paths');
select is(intake.list_read_paths('{"b": 1, "c": 2}', '["$.a", {"join": ["$.a", "$.b"]}, "$.c"]'), '{$.b}', 'list_read_paths');
select is(intake.list_read_paths('{"b": 1}', '["$.a"]'), '{}', 'list_read_paths: nothing read');
select is(intake.read_plain_path(path), steps, format('%s as steps', coalesce(path, 'null')))
from (values ('$.a', '{a}'::text[]), ('$.a."b c"[0].d_1', '{a,b c,0,d_1}'), ('$', null), ('$.a[*]', null), ('$.a ? (@ > 1)', null),
  ('strict $.a', null), (null, null)) as t (path, steps);
select is(intake.show_map_value('[["a"], null, 2]'), 'a, 2', 'show_map_value: a list in a list');
select is(intake.is_blank(value), verdict, format('is_blank: %s', coalesce(value::text, 'nothing')))
from (values (null::jsonb, true), ('null', true), ('""', true), ('" \t"', true), ('[]', true), ('{}', true), ('0', false), ('false', false),
  ('"a"', false), ('[null]', false)) as t (value, verdict);

select * from finish();
rollback;
