-- check_response_rules, check_status_test, compile_response_rules: what a buyer's answers to a webhook mean.
begin;
select plan(70);

select is(testkit.fault_of(format('select catalog.check_response_rules(%L, ''r'')', rules)), testkit.fault_at('LG423 r%s', path),
  left(rules::text, 100))
from (values
  ('[{"when": {"status": {"enum": [200]}, "body.result": {"enum": ["error"]}}, "outcome": "failed", "reason": "says error"}]'::jsonb, null),
  ('[{"when": {}, "outcome": "delivered"}]', null), ('[{"when": {"text": {"pattern": "^OK"}}, "outcome": "accepted"}]', null),
  ('[{"when": {"body.a.b.c": {"minimum": 1}}, "outcome": "rejected", "reason": "x"}, {"when": {}, "outcome": "refused"}]', null),
  ('[{"when": {"status": {"minimum": 200, "maximum": 599}}, "outcome": "failed"}]', null),
  ('[{"when": {"status": {"not": {"enum": [201, 202]}}}, "outcome": "failed"}]', null),
  ('[{"when": {"text": {"not": {"pattern": "x"}, "enum": ["y"]}}, "outcome": "failed"}]', null),
  ('{}', ''), ('null', ''), ('"x"', ''), ('[]', ''), ('[1]', '[0]'), ('[{}]', '[0].when'), ('[{"when": {}}]', '[0].outcome'),
  ('[{"outcome": "failed"}]', '[0].when'),
  ('[{"when": {}, "outcome": "fialed"}]', '[0].outcome'), ('[{"when": {}, "outcome": null}]', '[0].outcome'),
  ('[{"when": {}, "outcome": "failed", "reasno": "x"}]', '[0].reasno'), ('[{"when": {}, "outcome": "failed", "reason": ""}]', '[0].reason'),
  ('[{"when": {}, "outcome": "failed", "reason": 5}]', '[0].reason'),
  ('[{"when": {}, "outcome": "failed", "reason": "a\nb"}]', '[0].reason'),
  ('[{"when": [], "outcome": "failed"}]', '[0].when'), ('[{"when": null, "outcome": "failed"}]', '[0].when'),
  (
      '[{"when": {"status": {"enum": [200]}}, "outcome": "failed"}, {"when": {}, "outcome": "failed"}, {"when": {}, "outcome": "failed"}]',
      '[1].when'
  ),
  ('[{"when": {"statsu": {"enum": [200]}}, "outcome": "failed"}]', '[0].when.statsu'),
  ('[{"when": {"body": {"enum": [200]}}, "outcome": "failed"}]', '[0].when.body'),
  ('[{"when": {"body.": {"enum": [200]}}, "outcome": "failed"}]', '[0].when.body.'),
  ('[{"when": {"attributes.x": {"enum": [200]}}, "outcome": "failed"}]', '[0].when.attributes.x'),
  ('[{"when": {"email": {"enum": ["x"]}}, "outcome": "failed"}]', '[0].when.email'),
  ('[{"when": {"body.x": {}}, "outcome": "failed"}]', '[0].when.body.x'),
  ('[{"when": {"body.x": {"enmu": []}}, "outcome": "failed"}]', '[0].when.body.x.enmu'),
  ('[{"when": {"text": {"pattern": "["}}, "outcome": "failed"}]', '[0].when.text.pattern'),
  ('[{"when": {"text": {"pattern": "(a)\\1"}}, "outcome": "failed"}]', '[0].when.text.pattern'),
  ('[{"when": {"text": {"minimum": 1}}, "outcome": "failed"}]', '[0].when.text'),
  ('[{"when": {"status": {"pattern": "2.."}}, "outcome": "failed"}]', '[0].when.status.pattern'),
  ('[{"when": {"status": {"enum": ["200"]}}, "outcome": "failed"}]', '[0].when.status.enum[0]'),
  ('[{"when": {"status": {"enum": [200, 600]}}, "outcome": "failed"}]', '[0].when.status.enum[1]'),
  ('[{"when": {"status": {"enum": [200.5]}}, "outcome": "failed"}]', '[0].when.status.enum[0]'),
  ('[{"when": {"status": {"minimum": 100}}, "outcome": "failed"}]', '[0].when.status.minimum'),
  ('[{"when": {"status": {"not": {"enum": [true]}}}, "outcome": "failed"}]', '[0].when.status.not.enum[0]'),
  ('[{"when": {"status": {"minimum": 300, "maximum": 200}}, "outcome": "failed"}]', '[0].when.status.minimum')
) as t (rules, path);
select is(testkit.fault_of(format('select catalog.check_response_rules(%L, ''r'')',
  (select jsonb_agg('{"when": {"status": {"enum": [200]}}, "outcome": "failed"}'::jsonb) from generate_series(1, n)))), fault,
    format('%s rules', n)
  )
from (values (50, 'none'), (51, 'LG423 r')) as t (n, fault);
select is(testkit.fault_of(format('select catalog.check_response_rules(%L, ''r'')',
  (select jsonb_agg('{"when": {"text": {"pattern": "a"}}, "outcome": "failed"}'::jsonb) from generate_series(1, n)))),
  fault,
  format('%s patterns in all', n)
  )
from (values (30, 'none'), (31, 'LG423 r')) as t (n, fault);
select
    is(
        testkit.detail_of(
            $$select catalog.check_response_rules('[{"when": {"statsu": {"enum": [200]}}, "outcome": "failed"}]', 'response_rules')$$
        ),
  '{"field": "response_rules[0].when.statsu", "found": "an unknown field", "allowed": "one of status, text, body.x"}',
  'path, found and allowed'
  );
select is(testkit.fault_of('select catalog.check_status_test(null, ''p'')'), 'none', 'check_status_test: no condition on the status');
select is(testkit.fault_of($$select catalog.check_schema('{"status": {"enum": [200]}}', '{"format": "answer_tests"}', 'p')$$), 'none',
  'check_format: answer_tests');
select is(testkit.fault_of($$select catalog.check_schema('{"city": {"enum": ["x"]}}', '{"format": "answer_tests"}', 'p')$$), 'LG423 p.city',
  'check_format: answer_tests are not of a lead');

-- Compiled: which answers a rule holds for.
create function pg_temp.holds(p_when jsonb, p_answer jsonb) returns boolean language sql as $$
  select not exists (
    select from unnest((catalog.compile_response_rules(jsonb_build_array(jsonb_build_object('when', p_when, 'outcome',
      'failed'))))[1].tests) t
    where (p_answer @@ t.path) is not true);
$$;
select is(pg_temp.holds(test, answer), holds, format('%s of %s', test, answer))
from (values
  ('{"status": {"enum": [200]}}'::jsonb, '{"status": 200, "text": "", "body": null}'::jsonb, true),
  ('{"status": {"enum": [200]}}', '{"status": 201, "text": "", "body": null}', false),
  ('{"status": {"minimum": 400, "maximum": 499}}', '{"status": 404, "text": "", "body": null}', true),
  ('{"status": {"not": {"enum": [200]}}}', '{"status": 500, "text": "", "body": null}', true),
  ('{"text": {"pattern": "^ERR"}}', '{"status": 200, "text": "ERROR 5", "body": null}', true),
  ('{"text": {"pattern": "^ERR"}}', '{"status": 200, "text": "no ERROR", "body": null}', false),
  ('{"body.result": {"enum": ["error"]}}', '{"status": 200, "text": "", "body": {"result": "error"}}', true),
  ('{"body.result": {"enum": ["error"]}}', '{"status": 200, "text": "", "body": {"result": "ok"}}', false),
  ('{"body.result": {"enum": ["error"]}}', '{"status": 200, "text": "result: error", "body": null}', false),
  ('{"body.a.b": {"minimum": 5}}', '{"status": 200, "text": "", "body": {"a": {"b": "7"}}}', true),
  ('{"body.a.b": {"minimum": 5}}', '{"status": 200, "text": "", "body": {"a.b": 7}}', false),
  ('{"body.errors.code": {"enum": [7]}}', '{"status": 200, "text": "", "body": {"errors": [{"code": 1}, {"code": 7}]}}', true),
  ('{"body.x\"y": {"enum": [1]}}', '{"status": 200, "text": "", "body": {"x\"y": 1}}', true),
  ('{"body.city": {"enum": ["Austin"]}}', '{"status": 200, "text": "", "body": {"city": "Austin"}}', true),
  ('{"body.x": {"not": {"enum": [1]}}}', '{"status": 200, "text": "", "body": [1, 2]}', true),
  ('{}', '{"status": 500, "text": "", "body": null}', true)
) as t (test, answer, holds);
select is(array(select concat_ws(' ', r.outcome, r.reason, cardinality(r.tests)) from unnest(catalog.compile_response_rules(
  '[{"when": {"status": {"enum": [200]}, "text": {"pattern": "x"}}, "outcome": "failed", "reason": "why"},
    {"when": {}, "outcome": "delivered"}]'
  )
  ) r
  ),
  '{"failed why 2","delivered 0"}', 'rules are compiled in order, with outcome and reason');
select is(catalog.compile_response_rules(null), null, 'no rules compile to nothing');

-- On the buyer: checked when they change, compiled always.
select testkit.make_buyer() as buyer_id into temp ids;
select is(testkit.fault_of(format('update leadgen.buyers set response_rules = ''[{"when": {}, "outcome": "x"}]'' where id = %s', buyer_id)),
  'LG423 response_rules[0].outcome', 'a buyer with rules that are none') from ids;
update leadgen.buyers set response_rules = '[{"when": {"text": {"enum": ["no"]}}, "outcome": "refused", "reason": "said no"}]'
from ids
where id = buyer_id;
select is(array_agg(format('%s %s', r.outcome, r.reason)), '{refused said no}', 'a buyer''s rules are compiled')
from ids join leadgen.buyers b on b.id = buyer_id, unnest(b.compiled_response_rules) r;
update leadgen.buyers set response_rules = null from ids where id = buyer_id;
select is(b.compiled_response_rules, null, 'no rules: nothing compiled is kept') from ids join leadgen.buyers b on b.id = buyer_id;

select * from finish();
rollback;
