-- check_tests, check_test, check_bounds, check_patterns, check_field, list_fields: conditions on fields.
begin;
select plan(70);

select is(testkit.fault_of(format('select catalog.check_tests(%L, %L)', value, 'p')), testkit.fault_at('LG423 p%s', path), format('%s',
  value))
from (values
  ('{}'::jsonb, null), ('{"attributes.roof_age": {"minimum": 10}}', null), ('{"city": {"enum": ["Austin", "Round Rock"]}}', null),
  ('{"attributes.x": {"minimum": 1, "maximum": 1}}', null), ('{"message": {"pattern": "leak"}, "consent": {"enum": [true]}}', null),
  ('{"attributes.job_type": {"not": {"enum": ["repair"]}}}', null),
  ('{"attributes.x": {"enum": ["a", "b"], "not": {"enum": ["b"]}}}', null),
  ('{"attributes.x": {"enum": [10, "20"], "minimum": 10, "maximum": 20}}', null),
  ('{"attributes.x": {"enum": ["ab"], "pattern": "^a"}}', null),
  ('{"attributes.a.b": {"minimum": 0}}', null), ('{"attributes.x": {"not": {"minimum": 5, "maximum": 9}}}', null),
  ('{"emial": {"pattern": "x"}}', '.emial'), ('{"attributes": {"minimum": 1}}', '.attributes'),
  ('{"attributes.": {"minimum": 1}}', '.attributes.'),
  ('{"roof_age": {"minimum": 1}}', '.roof_age'), ('{"": {"minimum": 1}}', '.'), ('{"city": {"enmu": ["Austin"]}}', '.city.enmu'),
  ('{"city": {"minLength": 3}}', '.city.minLength'), ('{"city": {}}', '.city'), ('{"city": "Austin"}', '.city'),
  ('{"city": ["Austin"]}', '.city'), ('{"city": null}', '.city'),
  ('{"city": {"enum": []}}', '.city.enum'), ('{"city": {"enum": "Austin"}}', '.city.enum'),
  ('{"city": {"enum": ["a", "a"]}}', '.city.enum'),
  ('{"city": {"enum": [null]}}', '.city.enum[0]'), ('{"city": {"enum": ["a", ["b"]]}}', '.city.enum[1]'),
  ('{"attributes.x": {"minimum": "10"}}', '.attributes.x.minimum'), ('{"attributes.x": {"maximum": null}}', '.attributes.x.maximum'),
  ('{"attributes.x": {"minimum": 11, "maximum": 10}}', '.attributes.x.minimum'),
  ('{"attributes.x": {"not": {"minimum": 11, "maximum": 10}}}', '.attributes.x.not.minimum'),
  ('{"message": {"pattern": "["}}', '.message.pattern'), ('{"message": {"pattern": "(a)\\1"}}', '.message.pattern'),
  ('{"message": {"pattern": 5}}', '.message.pattern'),
  ('{"city": {"not": {"not": {"enum": ["a"]}}}}', '.city.not.not'), ('{"city": {"not": {}}}', '.city.not'),
  ('{"city": {"not": ["a"]}}', '.city.not'),
  ('{"city": {"not": {"enum": []}}}', '.city.not.enum'), ('{"city": {"not": {"pattern": "["}}}', '.city.not.pattern'),
  ('{"attributes.x": {"enum": [9], "minimum": 10}}', '.attributes.x.enum[0]'),
  ('{"attributes.x": {"enum": [10, 21], "maximum": 20}}', '.attributes.x.enum[1]'),
  ('{"attributes.x": {"enum": ["ten"], "minimum": 1}}', '.attributes.x.enum[0]'),
  ('{"attributes.x": {"enum": ["a", "b"], "pattern": "^a"}}', '.attributes.x.enum[1]'),
  ('{"attributes.x": {"enum": ["a", "b"], "not": {"enum": ["b", "a", "c"]}}}', '.attributes.x.not.enum'),
  ('{"phone": {"minimum": 1}}', '.phone'), ('{"consent": {"maximum": 1}}', '.consent'), ('{"city": {"not": {"minimum": 1}}}', '.city'),
  ('{"postal_code": {"minimum": 78700, "maximum": 78799}}', null),
  ('[]', ''), ('null', ''), ('"city"', '')
) as t (value, path);
select throws_like(format('select catalog.check_tests(%L, %L)', value, 'p'), format('%%Did you mean %s?', meant),
  format('meant: %s', meant))
from (values ('{"emial": {"minimum": 1}}', 'email'), ('{"atributes.roof_age": {"minimum": 1}}', 'attributes.roof_age'),
  ('{"city": {"enmu": []}}', 'enum'),
  ('{"city": {"minimun": 1}}', 'minimum'), ('{"city": {"not": {"patern": 1}}}', 'pattern')) as t (value, meant);
select is(testkit.fault_of('select catalog.check_tests(null, ''p'')'), 'LG423 p', 'null is refused');

create function pg_temp.patterns(p_count integer) returns jsonb language sql as $$
  select jsonb_object_agg(format('attributes.x%s', n),
    case when n % 2 = 0 then '{"pattern": "a"}' else '{"not": {"pattern": "a"}}' end::jsonb)
  from generate_series(1, p_count) n;
$$;
select is(testkit.fault_of(format('select catalog.check_tests(%L, ''p'')', pg_temp.patterns(30))), 'none', '30 patterns are taken');
select is(testkit.detail_of(format('select catalog.check_tests(%L, ''p'')', pg_temp.patterns(31))),
  '{"field": "p", "found": "31 patterns", "allowed": "at most 30"}', '31 patterns');
-- Thirty that one may have each are too much together: every one of them looks at all of the text from each character.
create function pg_temp.looking(p_count integer, p_begin text) returns jsonb language sql as $$
  select jsonb_object_agg(format('attributes.x%s', n), jsonb_build_object('pattern', format('%s(?=.*zz%s)(?=.*yy)q', p_begin, n)))
  from generate_series(1, p_count) n;
$$;
select is(testkit.fault_of(format('select catalog.check_tests(%L, ''p'')', pg_temp.looking(1, ''))), 'none', 'one look-ahead that does');
select is(testkit.fault_of(format('select catalog.check_tests(%L, ''p'')', pg_temp.looking(30, ''))), 'LG423 p', '30 of them');
select matches(testkit.detail_of(format('select catalog.check_patterns(%L, ''p'')', pg_temp.looking(30, ''))) ->> 'found',
  '^patterns that take \d+ ms together', 'check_patterns: how long they take');
select is(testkit.fault_of(format('select catalog.check_tests(%L, ''p'')', pg_temp.looking(30, '^'))), 'none', '30 that look once');
select is(catalog.time_patterns('{"(","(a*)\\1","***=a"}'), interval '0', 'time_patterns: faulty ones count for nothing');
select is(catalog.time_patterns('{}'), interval '0', 'time_patterns: none take no time');
select is(testkit.fault_of($$select catalog.check_patterns('{"attributes.pattern": {"enum": ["pattern"]}, "pattern": {}}', 'p')$$), 'none',
  'check_patterns: what only has the name is none');

-- Every core field that can be named is one that a lead is judged by, and the other way round.
select bag_eq('select unnest(kernel.list_fields())',
  $$select k from jsonb_object_keys(kernel.describe_lead(testkit.facts())) k where k <> 'attributes'$$,
  'list_fields: the fields of a lead''s document');
select is_empty($$select f from unnest(kernel.list_fields()) f
  where kernel.read_field(testkit.facts(jsonb_build_object(f,
    case when f like '%consent' then 'true' when f = 'consent_at' then '2026-01-01T00:00:00Z' else 'x' end)), f)
  is null$$, 'list_fields: rules can read each');
select is(testkit.fault_of(format('select catalog.check_schema(%L, %L, %L)', value, '{"format": "tests"}', 'p')), fault,
  format('format tests: %s', value))
from (values ('{"city": {"enum": ["a"]}}'::jsonb, 'none'), ('{"ctiy": {"enum": ["a"]}}', 'LG423 p.ctiy')) as t (value, fault);

select * from finish();
rollback;
