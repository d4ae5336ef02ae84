-- Enrollment filters: compile_tests, compile_test, compile_literal, describe_test, find_filter_fault, show_number.
begin;
select plan(93);

create function pg_temp.fault(p_tests jsonb, p_fields jsonb) returns text language sql as $$
  select kernel.find_filter_fault(catalog.compile_tests(p_tests), kernel.describe_lead(testkit.facts(p_fields)));
$$;
select is(pg_temp.fault(tests, fields), fault, format('%s, lead %s: %s', tests, fields, coalesce(fault, 'passes')))
from (values
  -- range, both ends included
  ('{"attributes.roof_age": {"minimum": 10}}'::jsonb, '{"attributes": {"roof_age": 10}}'::jsonb, null),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": 9.99}}', 'attributes.roof_age is 9.99, wanted at least 10'),
  ('{"attributes.roof_age": {"maximum": 30}}', '{"attributes": {"roof_age": 30}}', null),
  ('{"attributes.roof_age": {"maximum": 30}}', '{"attributes": {"roof_age": 31}}', 'attributes.roof_age is 31, wanted at most 30'),
  ('{"attributes.roof_age": {"minimum": 10, "maximum": 30}}', '{"attributes": {"roof_age": 31}}',
    'attributes.roof_age is 31, wanted at least 10 and at most 30'),
  ('{"attributes.roof_age": {"minimum": -5}}', '{"attributes": {"roof_age": -5}}', null),
  -- a number that was sent as text
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": "12"}}', null),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": "9"}}', 'attributes.roof_age is 9, wanted at least 10'),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": "old"}}', 'attributes.roof_age, wanted at least 10'),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": ""}}', 'attributes.roof_age, wanted at least 10'),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": true}}', 'attributes.roof_age is true, wanted at least 10'),
  -- missing
  ('{"attributes.roof_age": {"minimum": 10}}', '{}', 'attributes.roof_age is missing, wanted at least 10'),
  ('{"attributes.roof_age": {"minimum": 10}}', '{"attributes": {"roof_age": null}}', 'attributes.roof_age is missing, wanted at least 10'),
  ('{"attributes.roof_age": {"not": {"minimum": 10}}}', '{}', null),
  ('{"attributes.job": {"not": {"enum": ["repair"]}}}', '{}', null),
  ('{"message": {"pattern": "leak"}}', '{"message": null}', 'message is missing, wanted like leak'),
  ('{"attributes.roof_age": {"not": {"minimum": 10}}}', '{"attributes": {"roof_age": "old"}}', null),
  -- list
  ('{"attributes.job": {"enum": ["repair", "replace"]}}', '{"attributes": {"job": "replace"}}', null),
  ('{"attributes.job": {"enum": ["repair", "replace"]}}', '{"attributes": {"job": "Replace"}}',
    'attributes.job, wanted one of repair, replace'),
  ('{"attributes.stories": {"enum": [1, 2]}}', '{"attributes": {"stories": 2}}', null),
  ('{"attributes.stories": {"enum": [1, 2]}}', '{"attributes": {"stories": 3}}', 'attributes.stories is 3, wanted one of 1, 2'),
  ('{"attributes.owner": {"enum": [true]}}', '{"attributes": {"owner": true}}', null),
  ('{"attributes.owner": {"enum": [true]}}', '{"attributes": {"owner": false}}', 'attributes.owner is false, wanted one of true'),
  -- negation
  ('{"attributes.job": {"not": {"enum": ["repair"]}}}', '{"attributes": {"job": "repair"}}', 'attributes.job, wanted not one of repair'),
  ('{"attributes.job": {"not": {"enum": ["repair"]}}}', '{"attributes": {"job": "replace"}}', null),
  ('{"attributes.roof_age": {"minimum": 5, "not": {"minimum": 10, "maximum": 20}}}', '{"attributes": {"roof_age": 15}}',
    'attributes.roof_age is 15, wanted not at least 10 and at most 20 and at least 5'),
  ('{"attributes.roof_age": {"minimum": 5, "not": {"minimum": 10, "maximum": 20}}}', '{"attributes": {"roof_age": 21}}', null),
  ('{"attributes.roof_age": {"minimum": 5, "not": {"minimum": 10, "maximum": 20}}}', '{"attributes": {"roof_age": 9}}', null),
  -- pattern
  ('{"message": {"pattern": "(leak|flood)"}}', '{"message": "a leaking roof"}', null),
  ('{"message": {"pattern": "^leak"}}', '{"message": "a leaking roof"}', 'message, wanted like ^leak'),
  ('{"message": {"pattern": "^a.c$"}}', '{"message": "a\nc"}', null),
  ('{"message": {"pattern": "^a$"}}', '{"message": "a\nc"}', 'message, wanted like ^a$'),
  ('{"attributes.note": {"pattern": "^\"q\"\\.$"}}', '{"attributes": {"note": "\"q\"."}}', null),
  -- a list of answers: one that holds is enough
  ('{"attributes.jobs": {"enum": ["gutter"]}}', '{"attributes": {"jobs": ["roof", "gutter"]}}', null),
  ('{"attributes.jobs": {"enum": ["gutter"]}}', '{"attributes": {"jobs": ["roof"]}}', 'attributes.jobs, wanted one of gutter'),
  ('{"attributes.jobs": {"enum": ["gutter"]}}', '{"attributes": {"jobs": []}}', 'attributes.jobs, wanted one of gutter'),
  ('{"attributes.jobs": {"not": {"enum": ["gutter"]}}}', '{"attributes": {"jobs": ["roof", "gutter"]}}',
    'attributes.jobs, wanted not one of gutter'),
  -- core fields; a city as cities are compared
  ('{"city": {"enum": ["San  José"]}}', '{"city_key": "sanjose"}', null),
  ('{"city": {"enum": ["AUSTIN"]}}', '{}', null),
  ('{"city": {"enum": ["Waco"]}}', '{}', 'city, wanted one of Waco'),
  ('{"city": {"not": {"enum": ["austin"]}}}', '{}', 'city, wanted not one of austin'),
  ('{"postal_code": {"enum": ["78701"]}}', '{}', null),
  ('{"postal_code": {"pattern": "^787"}}', '{"postal_code": "78801"}', 'postal_code, wanted like ^787'),
  ('{"phone": {"pattern": "^\\+1512"}}', '{}', null),
  ('{"consent": {"enum": [true]}}', '{"consent": false}', 'consent is false, wanted one of true'),
  ('{"consent": {"enum": [true]}}', '{"consent": null}', 'consent is missing, wanted one of true'),
  ('{"region_code": {"enum": ["US-TX"]}, "country_code": {"enum": ["US"]}}', '{}', null),
  -- all must hold, the first that does not is told
  ('{"attributes.b": {"minimum": 1}, "attributes.a": {"minimum": 1}}', '{"attributes": {"a": 0, "b": 0}}',
    'attributes.a is 0, wanted at least 1'),
  ('{"attributes.b": {"minimum": 1}, "attributes.a": {"minimum": 1}}', '{"attributes": {"a": 1, "b": 0}}',
    'attributes.b is 0, wanted at least 1'),
  -- names with a point, a quote, a blank
  ('{"attributes.a.b": {"minimum": 1}}', '{"attributes": {"a.b": 1}}', null),
  ('{"attributes.a\"b c": {"minimum": 1}}', '{"attributes": {"a\"b c": 1}}', null),
  ('{}', '{}', null)
) as t (tests, fields, fault);

select is(catalog.compile_test(field, test, false), path, format('compile_test: %s %s', field, test))
from (values
  ('attributes.age', '{"pattern": "a", "enum": ["x", true]}'::jsonb, format('($."attributes"."age" == "x"'
    ' || $."attributes"."age".size() == 1 && ($."attributes"."age" == true || $."attributes"."age" like_regex %s'
    ' || $."attributes"."age" == 1)) && $."attributes"."age" like_regex "a" flag "s"',
    to_json(kernel.show_answer_pattern(true)))),
  ('postal_code', '{"minimum": 10, "maximum": 30}', '$."postal_code".double() <= 30 && $."postal_code".double() >= 10'),
  ('city', '{"enum": ["San José", "Waco"]}', '($."city" == "sanjose" || $."city" == "waco")'),
  ('message', '{"pattern": "a\"b"}', '$."message" like_regex "a\"b" flag "s"'),
  ('phone', '{"not": {"enum": ["x"]}}', '(!(($."phone" == "x")) || (($."phone" == "x")) is unknown)')
) as t (field, test, path);
select is(catalog.compile_literal('city', '"São Paulo"'), '"saopaulo"', 'compile_literal: a city');
select is(catalog.compile_literal('message', '"São Paulo"'), '"São Paulo"', 'compile_literal: any other text');
select is(catalog.compile_literal('city', '5'), '"5"', 'compile_literal: a city that is a number');
select is((select array_agg(t.field) from unnest(catalog.compile_tests('{"city": {"enum": ["x"]}, "attributes.a": {"minimum": 1}}')) t),
  '{attributes.a,city}', 'compile_tests: in the order of their names');
select is(catalog.compile_tests(null), null, 'compile_tests: none');
select is(catalog.describe_test(test), text, format('describe_test: %s', text))
from (values
  ('{"minimum": 10, "maximum": 30}'::jsonb, 'at least 10 and at most 30'), ('{"enum": ["a", 1, true]}', 'one of a, 1, true'),
  ('{"pattern": "^x"}', 'like ^x'), ('{"not": {"enum": ["a"]}}', 'not one of a')
) as t (test, text);
-- Of what the lead says only numbers and yes or no are shown.
select is(kernel.show_number('{"phone": "+15125550123", "name": null, "consent": true, "attributes": {"age": 12, "text": "12.5",
  "phone": "5125550123", "zip": "78701", "name": "Ann", "nil": null}}', field), shown, format('show_number: %s', field))
from (values ('attributes.age', '12'), ('attributes.text', '12.5'), ('consent', 'true'), ('name', 'missing'), ('attributes.nil', 'missing'),
  ('attributes.none', 'missing'), ('attributes.name', null), ('phone', null), ('attributes.phone', null)) as t (field, shown);

-- Through the front door.
create temp table ids as select testkit.make_offer('{}', '{"on_no_buyer": "reject"}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace',
  '{"routing_priority": 2, "filters": {"city": {"enum": ["AUSTIN "]}, "attributes.roof_age": {"minimum": 15}}}'),
  testkit.enroll_buyer(offer_id, 'Best', '{"filters": {"attributes.roof_age": {"not": {"maximum": 5}}}}') from ids;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z', fields), expected, format('%s: %s', fields, expected))
from ids, (values
  ('{"attributes": {"roof_age": "15"}}'::jsonb, 'Ace 45.00'), ('{"attributes": {"roof_age": 14}}', 'Best 45.00'),
  ('{"attributes": {"roof_age": 5}}', 'filters 2'), ('{}', 'Best 45.00'),
  ('{"postal_code": "76701", "city": "Waco", "attributes": {"roof_age": 15}}', 'Best 45.00')
) as t (fields, expected);
select is((select array_agg(c.reason order by c.buyer_name) from leadgen.explain_candidates((select max(l.id) - 2 from leadgen.leads l)) c),
  '{"filters: attributes.roof_age is 5, wanted at least 15","filters: attributes.roof_age is 5, wanted not at most 5"}',
  'the record says why, with the number');

-- Patterns that may stand in one enrollment, in one enrollment after the other.
create temp table crowd as select testkit.make_offer() as offer_id, testkit.make_offer() as other_id,
  '{"filters": {"message": {"pattern": "(?=a.*c)d"}}}'::jsonb as slow, '{"filters": {"message": {"pattern": "^roof"}}}'::jsonb as quick;
create function pg_temp.crowd_in(p_offer_id bigint, p_row jsonb, p_most integer) returns text language plpgsql as $$
begin
  for n in 1 .. p_most loop
    perform testkit.enroll_buyer(p_offer_id, 'Ace', p_row);
  end loop;
  return 'none';
exception when sqlstate 'LG423' then
  return sqlerrm;
end $$;
select matches(pg_temp.crowd_in(offer_id, slow, 300), '[0-9]+ patterns in all enrollments of offer [0-9]+, which take [0-9]+ ms together',
  'slow patterns of many enrollments are refused when they take too long together') from crowd;
select is(pg_temp.crowd_in(other_id, quick, 30), 'none', 'quick patterns of many enrollments are taken') from crowd;
select is(testkit.fault_of(format('select testkit.enroll_buyer(%s, ''Ace'', %L)', other_id, slow)), 'none',
  'another offer counts for itself') from crowd;

select is(testkit.fault_of(format('select testkit.enroll_buyer(testkit.make_offer(), ''Ace'', %L)',
  jsonb_build_object('filters', filters))),
  fault, format('as filters: %s', filters))
from (values
  ('{"attributes.x": {"minimum": 1, "maximum": 1}}'::jsonb, 'none'), ('{"attributes.x": {"minimum": 2, "maximum": 1}}',
    'LG423 filters.attributes.x.minimum'),
  ('{"zip": {"enum": ["78701"]}}', 'LG423 filters.zip'), ('{"attributes.x": {}}', 'LG423 filters.attributes.x'),
  ('{"attributes.x": {"minimun": 1}}', 'LG423 filters.attributes.x.minimun'), ('{"attributes.x": {"enum": []}}',
    'LG423 filters.attributes.x.enum'),
  ('{"message": {"pattern": "("}}', 'LG423 filters.message.pattern'), ('{"attributes.x": {"not": {"not": {"minimum": 1}}}}',
    'LG423 filters.attributes.x.not.not'),
  ('[]', 'LG423 filters')
) as t (filters, fault);

select * from finish();
rollback;
