-- policy_history, diff_json, describe_change, describe_value, roll_back_policy, check_policy_kind: what changed, by whom, and back again.
begin;
select plan(56);

select results_eq(format('select * from catalog.diff_json(%L, %L)', before, after),
  format('select * from jsonb_to_recordset(%L) as t (path text, before jsonb, after jsonb)', rows), format('diff_json: %s, %s', before,
    after))
from (values
  ('{"a": 1}'::jsonb, '{"a": 1.0}'::jsonb, '[]'::jsonb),
  ('{"a": 1}', '{"a": 2}', '[{"path": "a", "before": 1, "after": 2}]'),
  ('{}', '{"b": 1, "a": {"x": 1}}', '[{"path": "a.x", "after": 1}, {"path": "b", "after": 1}]'),
  ('{"a": {"x": 1, "y": {"z": 2}}}', '{}', '[{"path": "a.x", "before": 1}, {"path": "a.y.z", "before": 2}]'),
  ('{"a": {"x": 1, "y": 2}}', '{"a": {"x": 1, "y": 3}}', '[{"path": "a.y", "before": 2, "after": 3}]'),
  ('{"a": ["x", "y"]}', '{"a": ["y", "z"]}', '[{"path": "a[]", "before": "x"}, {"path": "a[]", "after": "z"}]'),
  ('{}', '{"a": ["x", "y"]}', '[{"path": "a[]", "after": "x"}, {"path": "a[]", "after": "y"}]'),
  ('{"a": ["x", "y"]}', '{"a": ["y", "x"]}', '[{"path": "a", "before": ["x", "y"], "after": ["y", "x"]}]'),
  ('{"a": ["x", "x"]}', '{"a": ["x"]}', '[{"path": "a[]", "before": "x"}]'),
  ('{"a": ["x"]}', '{"a": "x"}', '[{"path": "a", "before": ["x"], "after": "x"}]'),
  ('{"a": {"x": 1}}', '{"a": true}', '[{"path": "a", "before": {"x": 1}, "after": true}]'),
  ('{}', '{"a": {}}', '[{"path": "a", "after": {}}]'), ('{"a": []}', '{}', '[{"path": "a", "before": []}]'),
  ('{"a": [{"x": 1}]}', '{"a": [{"x": 2}]}', '[{"path": "a[]", "before": {"x": 1}}, {"path": "a[]", "after": {"x": 2}}]'),
  ('{"a": false}', '{}', '[{"path": "a", "before": false}]')
) as t (before, after, rows);

select is(catalog.describe_change(path, before, after), line, line)
from (values
  ('allowed_cities[]', null::jsonb, '"Round Rock"'::jsonb, 'allowed_cities: + Round Rock'),
  ('allowed_cities[]', '"Austin"', null, 'allowed_cities: - Austin'),
  ('strategy', '"priority"', '"weighted"', 'strategy: priority -> weighted'), ('hold_hours', '24', null, 'hold_hours: removed (was 24)'),
  ('hold_hours', null, '48', 'hold_hours: set to 48'), ('caps.per_day', '20', '30', 'caps.per_day: 20 -> 30'),
  ('a', '["x", "y"]', '["y", "x"]', 'a: ["x", "y"] -> ["y", "x"]')
) as t (path, before, after, line);
select is(catalog.describe_value(value), wanted, format('describe_value: %s', value))
from (values ('"Round Rock"'::jsonb, 'Round Rock'), ('""', '""'), ('"a\nb"', '"a\nb"'), ('" a"', '" a"'), ('"a "', '"a "'),
  ('"^a+$"', '"^a+$"'), ('1.50', '1.50'), ('true', 'true'),
  ('{"a": 1}', '{"a": 1}'), ('"78701"', '78701'), (null, null)) as t (value, wanted);

-- A policy's life.
create temp table p as select testkit.add('routing_policies', '{"name": "r", "config": {"strategy": "priority", "hold_hours": 24}}') as r,
  testkit.add('validation_policies', '{"name": "v", "rules": {"allowed_cities": ["Austin"]}}') as v,
  testkit.add('pricing_policies', '{"name": "p", "rules": {}}') as pr;
grant select on p to public;
update leadgen.routing_policies set config = '{"strategy": "weighted", "caps": {"per_day": 20}}' from p where id = r;
update leadgen.routing_policies set name = 'another name' from p where id = r;
select results_eq('select h.version, h.changed_by, h.changes from p, leadgen.policy_history(''routing'', r) h',
  $$values (2, current_setting('session_authorization'),
    E'caps.per_day: set to 20\nhold_hours: removed (was 24)\nstrategy: priority -> weighted'),
    (1, current_setting('session_authorization'), 'created')$$,
  'policy_history: newest first, one line a path, a new name is no version');
select is(h.changed_at, now(), 'the history says when a version was written') from p, leadgen.policy_history('routing', r) h
where h.version = 2;
update leadgen.validation_policies set rules = '{"allowed_cities": ["Austin", "Round Rock"]}' from p where id = v;
select is(h.changes, 'allowed_cities: + Round Rock', 'an entry of a list') from p, leadgen.policy_history('validation', v) h
  where h.version = 2;
select is_empty('select leadgen.policy_history(''pricing'', -1)', 'no such policy: no rows');
select is(testkit.fault_of($$select leadgen.policy_history('prices', 1)$$), 'LG400 kind', 'policy_history: no such kind');
select is(testkit.fault_of($$select leadgen.policy_history(null, 1)$$), 'LG400 kind', 'policy_history: a kind is needed');
select is(testkit.detail_of($$select catalog.check_policy_kind('prices')$$),
  '{"field": "kind", "found": "prices", "allowed": "one of validation, routing, pricing, payout"}', 'check_policy_kind: what there is');
select is(testkit.fault_of($$select catalog.check_policy_kind('pricing')$$), 'none', 'check_policy_kind: one there is');

-- Back to an old version is a new one, by the person who logged in.
grant execute on all functions in schema testkit to public;
set local session authorization leadgen_dba;
select is(leadgen.roll_back_policy('routing', r, 1), 3, 'roll_back_policy: a new version') from p;
select is(format('%s %s', h.changed_by, h.changes),
  E'leadgen_dba caps.per_day: removed (was 20)\nhold_hours: set to 24\nstrategy: weighted -> priority',
  'the history names the person who logged in') from p, leadgen.policy_history('routing', r) h where h.version = 3;
reset session authorization;
select is(x.config || jsonb_build_object('version', x.version, 'compiled', (x.compiled_config).hold_hours),
  '{"strategy": "priority", "hold_hours": 24, "version": 3, "compiled": 24}', 'a roll-back writes and compiles the policy') from p
    join leadgen.routing_policies x on x.id = r;
select is(count(*), 3::bigint, 'nothing is taken out of the record') from p join leadgen.policy_versions x on x.kind = 'routing'
  and x.policy_id = r;
select is(testkit.fault_of(format('select leadgen.roll_back_policy(%L, %s, %s)', 'routing', r, n)), fault, format('to version %s: %s', n,
  fault)) from p,
  (values (1, 'LG409 version'), (3, 'LG409 version'), (4, 'LG404 version'), (0, 'LG404 version'), (-1, 'LG404 version')) as t (n, fault);
select is(testkit.fault_of('select leadgen.roll_back_policy(''routing'', -1, 1)'), 'LG404 version', 'roll_back_policy: no such policy');
select is(testkit.fault_of('select leadgen.roll_back_policy(''rules'', 1, 1)'), 'LG400 kind', 'roll_back_policy: no such kind');
select is(leadgen.roll_back_policy('validation', v, 1), 3, 'roll_back_policy: a validation policy') from p;
update leadgen.pricing_policies set rules = '{"exclusivity_premium": {"amount": 1}}' from p where id = pr;
select is(leadgen.roll_back_policy('pricing', pr, 1), 3, 'roll_back_policy: a pricing policy') from p;

-- What was allowed then and is not today.
insert into leadgen.policy_versions (kind, policy_id, version, body) select 'routing', r, 9, '{"strategy": "auction"}' from p;
select is(testkit.fault_of(format('select leadgen.roll_back_policy(%L, %s, 9)', 'routing', r)), 'LG423 config.strategy',
  'today''s checks hold') from p;
select is(format('%s %s', x.version, x.config), '3 {"strategy": "priority", "hold_hours": 24}', 'the last good version stays in force')
from p
  join leadgen.routing_policies x on x.id = r;

select * from finish();
rollback;
