-- check_policy, write_policy, archive_policy: checked on write, versioned, archived.
begin;
select plan(45);

create temp table p as select testkit.add('validation_policies', '{"name": "v", "rules": {"consent_required": true}}') as v,
  testkit.add('routing_policies', '{"name": "r", "config": {"strategy": "priority"}}') as r, testkit.add('pricing_policies',
    '{"name": "p", "rules": {}}') as pr;
create function pg_temp.versions(p_kind text, p_id bigint) returns text language sql as $$
  select string_agg(format('%s %s', version, body), '; ' order by version) from leadgen.policy_versions
  where kind = p_kind and policy_id = p_id;
$$;
select is(pg_temp.versions('validation', v), '1 {"consent_required": true}', 'a new policy is version 1, archived') from p;
select is(pg_temp.versions('routing', r), '1 {"strategy": "priority"}', 'a new routing policy is version 1') from p;
select is(pg_temp.versions('pricing', pr), '1 {}', 'a new pricing policy is version 1') from p;

update leadgen.validation_policies set rules = '{"consent_required": false}' from p where id = v;
update leadgen.routing_policies set config = '{"strategy": "weighted"}' from p where id = r;
update leadgen.pricing_policies set rules = '{"exclusivity_premium": {"amount": 1}}' from p where id = pr;
select is(pg_temp.versions('validation', v), '1 {"consent_required": true}; 2 {"consent_required": false}',
  'another body: another version, the old one kept') from p;
select is(pg_temp.versions('routing', r), '1 {"strategy": "priority"}; 2 {"strategy": "weighted"}',
  'another routing policy is another version') from p;
select is(pg_temp.versions('pricing', pr), '1 {}; 2 {"exclusivity_premium": {"amount": 1}}', 'another pricing policy is another version')
from p;
select is(array[x.version, y.version, z.version], '{2,2,2}', 'each row has the number of its version') from p
  join leadgen.validation_policies x on x.id = v
  join leadgen.routing_policies y on y.id = r
join leadgen.pricing_policies z on z.id = pr;

update leadgen.validation_policies set rules = '{ "consent_required" : false }', name = 'another name', is_active = false from p
  where id = v;
select is(format('%s %s', x.version, x.name), '2 another name', 'the same body does not raise the version') from p
  join leadgen.validation_policies x on x.id = v;
update leadgen.validation_policies set version = 40 from p where id = v;
select is(x.version, 2, 'nobody sets the version') from p join leadgen.validation_policies x on x.id = v;
update leadgen.validation_policies set rules = '{"consent_required": true}' from p where id = v;
select is(x.version, 3, 'back to an old body: a new version') from p join leadgen.validation_policies x on x.id = v;
select is(x.changed_by, session_user::text, 'a version says who wrote it') from p
  join leadgen.policy_versions x on x.policy_id = r and x.kind = 'routing' and x.version = 2;

-- Compiled rules are the trigger's alone.
update leadgen.validation_policies set compiled_rules = '{}' from p where id = v;
select is(x.compiled_rules, catalog.compile_rules(x.rules), 'compiled_rules cannot be edited') from p
  join leadgen.validation_policies x on x.id = v;
create temp table sneaky as select testkit.add('validation_policies',
  '{"name": "x", "rules": {}, "compiled_rules": {"consent_required": true}}') as id;
select is(y.compiled_rules, catalog.compile_rules('{}'), 'a new policy cannot bring compiled rules of its own') from sneaky
  join leadgen.validation_policies y using (id);

-- A bad body is refused and the last good one rules on.
select is(testkit.fault_of(format('update leadgen.validation_policies set rules = %L where id = %s', '{"consent_required": "yes"}', v)),
  'LG423 rules.consent_required', 'refused on update too') from p;
select is(format('%s %s', x.version, x.rules), '3 {"consent_required": true}', 'the last good version rules on') from p
  join leadgen.validation_policies x on x.id = v;
select is(testkit.fault_of(format('select catalog.check_policy(%L, %L)', kind, body)), fault, format('check_policy: %s %s', kind, body))
from (values
  ('validation', '{}'::jsonb, 'none'), ('routing', '{"strategy": "weighted"}', 'none'), ('routing', '{"consent_required": true}',
    'LG423 config.consent_required'),
  ('pricing', '{"strategy": "weighted"}', 'LG423 rules.strategy'), ('validation', '[]', 'LG423 rules'), ('routing', '"priority"',
    'LG423 config')
) as t (kind, body, fault);
select is(testkit.fault_of($$insert into leadgen.routing_policies (name, config) values ('x', '[1]')$$), 'LG423 config',
  'a list as a policy');
select is(testkit.fault_of($$insert into leadgen.pricing_policies (name, rules) values ('x', null)$$) in ('23502', 'LG423 rules'), true,
  'a policy needs a body');

-- A lead records the versions it was judged by, and an edit changes what the next one gets.
create temp table ids as select testkit.make_offer('{"min_message_length": 1}') as offer_id;
select testkit.submit(offer_id, '{}', 1) from ids;
update leadgen.validation_policies x set rules = '{"min_message_length": 500}' from ids join leadgen.offers o on o.id = offer_id
  where x.id = o.validation_policy_id;
select testkit.submit(offer_id, '{}', 2) from ids;
select is(array_agg(format('%s %s', l.validation_policy_version, l.status) order by l.id), '{"1 validated","2 rejected"}',
  'leads before and after an edit') from leadgen.leads l join ids using (offer_id);

-- FAULTS 31: whatever is wrong with an edit, it is refused with the path, and the next lead is judged by the last good version.
create temp table good as select testkit.make_offer('{"min_message_length": 5, "allowed_cities": ["Austin"]}',
  '{"strategy": "weighted", "tie_breakers": ["priority"]}', '{"exclusivity_premium": {"amount": 5}}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from good;
create temp table bad (kind text, what text, body jsonb, path text);
insert into bad values
  ('validation', 'a typo', '{"min_mesage_length": 500}', 'rules.min_mesage_length'),
  ('validation', 'a wrong type', '{"min_message_length": "500"}', 'rules.min_message_length'),
  ('validation', 'a bad regular expression', '{"field_rules": {"message": {"pattern": "("}}}', 'rules.field_rules.message.pattern'),
  ('validation', 'one that takes for ever', '{"field_rules": {"message": {"pattern": "((a?){30}b?){30}"}}}',
  'rules.field_rules.message.pattern'),
  ('validation', 'an empty list', '{"allowed_cities": []}', 'rules.allowed_cities'),
  ('validation', 'a contradiction', '{"consent_max_age_hours": 0}', 'rules.consent_max_age_hours'),
  ('validation', 'an impossible time', '{"business_hours": {"mon": [["08:00", "25:00"]]}}', 'rules.business_hours.mon[0][1]'),
  ('validation', 'no object', '[]', 'rules'),
  ('routing', 'a typo', '{"strategi": "priority"}', 'config.strategi'),
  ('routing', 'a value''s typo', '{"strategy": "weigthed"}', 'config.strategy'),
  ('routing', 'a wrong type', '{"max_buyers": "3"}', 'config.max_buyers'),
  ('routing', 'a cyclic list', '{"strategy": "weighted", "tie_breakers": ["weighted"]}', 'config.tie_breakers[0]'),
  ('routing', 'an empty list', '{"tie_breakers": []}', 'config.tie_breakers'),
  ('routing', 'an empty range', '{"caps": {"per_hour": 9, "per_day": 8}}', 'config.caps.per_day'),
  ('pricing', 'a typo', '{"exclusivity_premum": {"amount": 50}}', 'rules.exclusivity_premum'),
  ('pricing', 'an empty list', '{"adjustments": []}', 'rules.adjustments'),
  ('pricing', 'a wrong type', '{"exclusivity_premium": {"amount": "50"}}', 'rules.exclusivity_premium.amount');
select is(testkit.fault_of(format('update leadgen.%I set %I = %L where id = %s', format('%s_policies', kind),
  case kind when 'routing' then 'config' else 'rules' end, body,
  case kind when 'validation' then o.validation_policy_id when 'routing' then o.routing_policy_id else o.pricing_policy_id end)),
    format('LG423 %s', path),
  format('%s: %s', kind, what))
from bad, good join leadgen.offers o on o.id = offer_id;
create temp table after as select offer_id, testkit.submit(offer_id, '{"message": "short"}', 90) as told from good;
select is(told ->> 'status', 'accepted', 'the next lead is judged by the good policy') from after;
select is((told ->> 'price')::numeric, 45.00, 'the next lead is priced by the good policy') from after;
select is(array[l.validation_policy_version, d.routing_policy_version], '{1,1}', 'its versions are the first ones') from after
  join leadgen.leads l on l.id = (told ->> 'lead_id')::bigint
  join leadgen.lead_decisions d on d.lead_id = l.id;
select is(count(*), 3::bigint, 'no refused body is in the record') from good join leadgen.offers o on o.id = offer_id
  join leadgen.policy_versions v on (v.kind, v.policy_id) in (('validation', o.validation_policy_id), ('routing', o.routing_policy_id),
    ('pricing', o.pricing_policy_id));

select * from finish();
rollback;
