-- compile_rules, judge_lead, fail and the registry: the engine names no rule.
begin;
select plan(24);

select is(rules.judge_lead(testkit.facts(), '{}', catalog.compile_rules('{}')), '{}'::kernel.failure[], 'a good lead, an empty policy');
select is(rules.fail('code', 'field', 'reason'), array[('code', 'field', 'reason')::kernel.failure], 'fail: one failure in a list');
select is(
  testkit.judge('{"min_message_length": 500, "allowed_cities": ["Waco"], "consent_required": true, "allowed_country_codes": ["CA"]}',
    '{"consent": null}'),
  '{country_not_allowed country_code,city_not_allowed city,consent_missing consent,message_too_short message}',
  'every rule that fails reports, in registry order');
select is(
  (testkit.failures('{"allowed_cities": ["O''Brien \\ $1 %s"]}', '{"name": null}'))[2].code,
  'city_not_allowed', 'a value with quotes, backslashes and format marks is a literal');

select is(testkit.policy_fault('validation', body), expected, format('as a policy: %s', body))
from (values
  ('{}'::jsonb, 'none'),
  ('{"alowed_cities": ["Austin"]}', 'LG423 rules.alowed_cities'),
  ('{"core_fields": true}', 'LG423 rules.core_fields'),
  ('{"strategy": "priority"}', 'LG423 rules.strategy'),
  ('{"duplicate_scope": "offer", "mx_lookup": 1}', 'LG423 rules.mx_lookup')
) as t (body, expected);

select is(
  testkit.detail_of($$insert into leadgen.validation_policies (name, rules) values ('x', '{"consent_required": "yes"}')$$),
  '{"field": "rules.consent_required", "found": "string \"yes\"", "allowed": "boolean"}', 'the error says path, found and allowed');

select is(catalog.compile_value(null, '["a"]'), '["a"]'::jsonb, 'compile_value: as written');
select is(catalog.compile_value('compile_business_hours', '{"mon": [["08:00", "09:00"]]}'), '"{[480,540)}"'::jsonb,
  'compile_value: compiled');
select is(catalog.compile_value('compile_business_hours', 'null'), 'null'::jsonb, 'compile_value: nothing was written');
select is(catalog.compile_words('["Do  Not-call!", "SEO", "--"]'), '[" do not call ", " seo "]'::jsonb,
  'compile_words: as a message is compared');
select is(catalog.compile_field_rules('{"b": {"type": "string"}, "a": {"minimum": 1}}'),
  '[["a", {"minimum": 1}], ["b", {"type": "string"}]]'::jsonb, 'compile_field_rules: a list by field');
select is(catalog.compile_rules('{"blocked_words": ["x"], "consent_required": true, "duplicate_scope": "offer"}'),
  '{"blocked_words": [" x "], "consent_required": true}'::jsonb, 'compile_rules: the rules of a policy, not its parameters');

-- A new rule is a function and a registry row.
create function rules.no_monday(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb) returns kernel.failure[]
language sql immutable
as $$ select case when p_value = 'true' then rules.fail('monday', 'name', 'no') else '{}' end $$;
insert into leadgen.policy_keys (kind, key, position, value_schema, description, rule_function)
values ('validation', 'no_monday', 16, '{"type": "boolean"}', 'a test''s rule', 'no_monday');
select catalog.compile_judge_lead();
select is(testkit.judge('{"no_monday": true, "min_message_length": 500}'), '{monday name,message_too_short message}',
  'it runs in its place, the engine unchanged');
select is(testkit.policy_fault('validation', '{"no_monday": 3}'), 'LG423 rules.no_monday', 'its parameter is checked by its schema');

-- One that a server lacks, because of its language, fails only the policies that have it.
update leadgen.policy_keys set required_language = 'plpython3u' where key = 'no_monday';
select catalog.compile_judge_lead();
select is(testkit.judge('{"no_monday": true}'), '{monday name}', 'an optional rule runs');
drop function rules.no_monday(kernel.lead_facts, jsonb, jsonb);
select is(testkit.judge('{"min_message_length": 500}'), '{message_too_short message}', 'a rule that a server lacks stops no other policy');
select is(testkit.fault_of($$select testkit.judge('{"no_monday": true}')$$), '42883',
  'no lead passes a policy with a rule that the server lacks');
-- A row that cannot work stops the deploy, and not every lead after it.
update leadgen.policy_keys set required_language = null where key = 'no_monday';
select throws_ok('select catalog.compile_judge_lead()', 'LG423', 'policy key no_monday cannot work: there is no function rules.no_monday',
  'compile_judge_lead: a rule that there is not');
create function rules.no_monday(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb) returns text
language sql immutable as $$ select 'no'::text $$;
select throws_ok('select catalog.compile_judge_lead()', null, null, 'compile_judge_lead: a rule that returns no failures');
drop function rules.no_monday(kernel.lead_facts, jsonb, jsonb);
delete from leadgen.policy_keys where key = 'no_monday';
select catalog.compile_judge_lead();

select bag_eq(
  $$select k.rule_function from leadgen.policy_keys k where k.rule_function is not null
    and (k.required_language is null or to_regproc(format('rules.%s', k.rule_function)) is not null)$$,
  $$select p.proname::text from pg_proc p
    where p.pronamespace = 'rules'::regnamespace and p.prorettype = 'kernel.failure[]'::regtype
      and p.proname not in ('judge_lead', 'fail', 'run_optional')$$,
  'the registry and the schema have the same rule functions');

select * from finish();
rollback;
