-- check_policy_sense (check_places_sense, check_fields_sense, check_contact_sense, check_routing_sense, check_caps_sense,
-- check_pricing_sense): keys that contradict each other; and keys whose language is not installed.
begin;
select plan(118);

select is(testkit.policy_fault('validation', value), testkit.fault_at('LG423 rules.%s', path), format('%s', value))
from (values
  -- places
  ('{"allowed_country_codes": ["US"], "allowed_region_codes": ["US-TX"]}'::jsonb, null), ('{"allowed_region_codes": ["CA-ON"]}', null),
  ('{"allowed_country_codes": ["US", "CA"], "allowed_region_codes": ["US-TX", "CA-ON"]}', null),
  ('{"allowed_country_codes": ["US"], "allowed_region_codes": ["US-TX", "CA-ON"]}', 'allowed_region_codes[1]'),
  ('{"allowed_country_codes": ["US"], "phone_region": "US"}', null), ('{"allowed_country_codes": ["US"], "phone_region": "US-TX"}', null),
  ('{"allowed_country_codes": ["US"], "phone_region": "CA"}', 'phone_region'),
  ('{"allowed_country_codes": ["US"], "phone_region": "CA-ON"}', 'phone_region'),
  ('{"phone_region": "CA"}', null), ('{"phone_region": "XX"}', 'phone_region'), ('{"phone_region": "ZZ-TX"}', 'phone_region'),
  ('{"allowed_country_codes": ["US", "XX"]}', 'allowed_country_codes[1]'),
  ('{"allowed_postal_codes": ["78701-78799", "787*", "78750-78760"]}', null),
  -- fields
  ('{"field_rules": {"attributes.x": {"enum": ["a", "bc"], "minLength": 1, "maxLength": 2}}}', null),
  ('{"field_rules": {"attributes.x": {"enum": ["a", "abc"], "maxLength": 2}}}', 'field_rules.attributes.x.enum[1]'),
  ('{"field_rules": {"attributes.x": {"enum": ["", "abc"], "minLength": 1}}}', 'field_rules.attributes.x.enum[0]'),
  ('{"field_rules": {"attributes.x": {"type": "string", "enum": ["a", 5]}}}', 'field_rules.attributes.x.enum[1]'),
  ('{"field_rules": {"attributes.x": {"type": "number", "enum": [1, 2.5], "minimum": 1, "maximum": 3}}}', null),
  ('{"field_rules": {"attributes.x": {"type": "integer", "enum": [1, 2.5]}}}', 'field_rules.attributes.x.enum[1]'),
  ('{"field_rules": {"attributes.x": {"enum": [1, 9], "maximum": 8}}}', 'field_rules.attributes.x.enum[1]'),
  ('{"field_rules": {"attributes.x": {"enum": [1, 9], "minimum": 2}}}', 'field_rules.attributes.x.enum[0]'),
  ('{"field_rules": {"attributes.x": {"enum": ["ab", "cd"], "pattern": "^a"}}}', 'field_rules.attributes.x.enum[1]'),
  ('{"field_rules": {"attributes.x": {"minimum": 1, "maximum": 1}}}', null),
  ('{"field_rules": {"attributes.x": {"minimum": 2, "maximum": 1}}}', 'field_rules.attributes.x.minimum'),
  ('{"field_rules": {"attributes.x": {"minLength": 2, "maxLength": 1}}}', 'field_rules.attributes.x.minLength'),
  ('{"field_rules": {"attributes.x": {"type": "string", "minimum": 1}}}', 'field_rules.attributes.x'),
  ('{"field_rules": {"attributes.x": {"type": "boolean", "maximum": 1}}}', 'field_rules.attributes.x'),
  ('{"field_rules": {"attributes.x": {"type": "number", "pattern": "1"}}}', 'field_rules.attributes.x'),
  ('{"field_rules": {"attributes.x": {"minimum": 1, "pattern": "1"}}}', 'field_rules.attributes.x'),
  ('{"field_rules": {"attributes.x": {"pattern": "1", "minLength": 1}}}', null),
  ('{"field_rules": {"city": {"minimum": 1}}}', 'field_rules.city'),
  ('{"field_rules": {"email": {"type": "number"}}}', 'field_rules.email'),
  ('{"field_rules": {"consent_at": {"type": "boolean"}}}', 'field_rules.consent_at'),
  ('{"field_rules": {"email": {"type": "string"}, "consent": {"type": "boolean"}}}', null),
  ('{"min_message_length": 20, "field_rules": {"message": {"maxLength": 20}}}', null),
  ('{"min_message_length": 21, "field_rules": {"message": {"maxLength": 20}}}', 'min_message_length'),
  ('{"min_message_length": 21, "field_rules": {"name": {"maxLength": 20}}}', null),
  -- duplicates, consent, mail
  ('{"duplicate_match_mode": "all"}', null), ('{"duplicate_match_mode": "all", "duplicate_match": ["phone", "email"]}', null),
  ('{"duplicate_match_mode": "any", "duplicate_match": ["phone"]}', null),
  ('{"duplicate_match_mode": "all", "duplicate_match": ["phone"]}', 'duplicate_match_mode'),
  ('{"duplicate_window_hours": 0}', null), ('{"duplicate_window_hours": 0.1, "duplicate_scope": "market"}', null),
  ('{"duplicate_window_hours": 0, "duplicate_scope": "market"}', 'duplicate_scope'),
  ('{"duplicate_window_hours": 0, "duplicate_match": ["phone"]}', 'duplicate_match'),
  ('{"duplicate_window_hours": 0, "duplicate_match_mode": "any"}', 'duplicate_match_mode'),
  ('{"consent_max_age_hours": 0}', 'consent_max_age_hours'),
  ('{"consent_max_age_hours": 0.01}', null), ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', null),
  ('{"mx_lookup_enabled": true}', null),
  ('{"mx_unknown": "pass"}', 'mx_unknown'), ('{"mx_lookup_enabled": false, "mx_unknown": "pass"}', 'mx_unknown')
) as t (value, path);

select is(testkit.policy_fault('routing', value), testkit.fault_at('LG423 config.%s', path), format('%s', value))
from (values
  ('{"strategy": "weighted", "tie_breakers": ["priority", "round_robin"]}'::jsonb, null), ('{"tie_breakers": ["round_robin"]}', null),
  ('{"strategy": "weighted", "tie_breakers": ["priority", "weighted"]}', 'tie_breakers[1]'),
  ('{"tie_breakers": ["priority"]}', 'tie_breakers[0]'),
  ('{"tie_breakers": ["weighted", "round_robin", "weighted"]}', 'tie_breakers'),
  ('{"strategy": "round_robin", "tie_breakers": ["round_robin"]}', 'tie_breakers[0]'),
  ('{"tie_breakers": []}', 'tie_breakers'),
  ('{"on_no_buyer": "hold", "hold_hours": 5}', null), ('{"hold_hours": 5}', null), ('{"on_no_buyer": "reject"}', null),
  ('{"on_no_buyer": "reject", "hold_hours": 5}', 'hold_hours'),
  ('{"on_no_buyer": "reject", "hold_hours": 5, "exclusivity": {"when_unavailable": "hold"}}', null),
  ('{"on_no_buyer": "reject", "hold_hours": 5, "exclusivity": {"when_unavailable": "reject"}}', 'hold_hours'),
  ('{"reroute": {"max_attempts": 0}}', null), ('{"reroute": {"max_attempts": 1, "on_return": true, "on_failure": true}}', null),
  ('{"reroute": {"max_attempts": 0, "on_return": true}}', 'reroute.on_return'),
  ('{"reroute": {"max_attempts": 0, "on_failure": true}}', 'reroute.on_failure'),
  ('{"reroute": {"max_attempts": 0, "on_return": false, "on_failure": false}}', null), ('{"reroute": {"on_return": true}}', null),
  ('{"acceptance": {"mode": "on_delivery"}}', null), ('{"acceptance": {"mode": "explicit", "window_hours": 24}}', null),
  ('{"acceptance": {"mode": "auto_after", "window_hours": 24}}', null), ('{"acceptance": {"mode": "explicit"}}', 'acceptance.window_hours'),
  ('{"acceptance": {"mode": "auto_after"}}', 'acceptance.window_hours'),
  ('{"acceptance": {"mode": "on_delivery", "window_hours": 24}}', 'acceptance.window_hours'),
  ('{"returns": {"window_hours": 0}}', null), ('{"returns": {"window_hours": 24, "auto_approve": false, "quota": {"count": 0}}}', null),
  ('{"acceptance": {"mode": "explicit", "window_hours": 2}, "returns": {"window_hours": 24}}', null),
  ('{"acceptance": {"mode": "auto_after", "window_hours": 2}, "returns": {"auto_approve": false, "quota": {"percent": 5,
    "cycle": "week"}}}', null),
  ('{"acceptance": {"mode": "auto_after", "window_hours": 2}, "returns": {"window_hours": 24}}', 'returns.window_hours'),
  ('{"returns": {"window_hours": 0, "quota": {"count": 3}}}', 'returns.quota'),
  ('{"returns": {"window_hours": 0, "auto_approve": true}}', 'returns.auto_approve'),
  ('{"returns": {"window_hours": 0, "auto_approve": false}}', 'returns.auto_approve'),
  ('{"caps": {"per_hour": 5, "per_day": 5, "per_week": 5, "per_month": 5}}', null),
  ('{"caps": {"per_hour": 6, "per_day": 5}}', 'caps.per_day'),
  ('{"caps": {"per_hour": 6, "per_month": 5}}', 'caps.per_month'), ('{"caps": {"per_day": 6, "per_week": 5}}', 'caps.per_week'),
  ('{"caps": {"per_week": 6, "per_month": 5}}', 'caps.per_month'), ('{"caps": {"per_day": 0, "per_month": 5}}', null),
  ('{"caps": {"budget_per_day": 10, "budget_per_month": 10}}', null),
  ('{"caps": {"budget_per_day": 10.01, "budget_per_month": 10}}', 'caps.budget_per_month'),
  ('{"caps": {"budget_per_day": -1}}', 'caps.budget_per_day'), ('{"caps": {}}', 'caps')
) as t (value, path);

select is(testkit.policy_fault('pricing', value), testkit.fault_at('LG423 rules.%s', path), format('%s', value))
from (values
  ('{"exclusivity_premium": {"amount": 5}}'::jsonb, null), ('{"exclusivity_premium": {}}', 'exclusivity_premium'),
  ('{"exclusivity_premium": {"amount": 5, "percent": 5}}', 'exclusivity_premium'),
  ('{"adjustments": [{"name": "a", "when": {"city": {"enum": ["Austin"]}}, "amount": 1}]}', null),
  ('{"adjustments": [{"name": "a", "when": {"city": {"enum": ["Austin"]}}}]}', 'adjustments[0]'),
  ('{"adjustments": [{"name": "a", "when": {"ctiy": {"enum": ["Austin"]}}, "amount": 1}]}', 'adjustments[0].when.ctiy'),
  ('{"adjustments": []}', 'adjustments'),
  ('{"adjustments": [{"name": " ", "when": {"city": {"enum": ["Austin"]}}, "amount": 1}]}', 'adjustments[0].name'),
  ('{"time_of_day": [{"name": "night", "hours": {"mon": [["00:00", "06:00"]]}, "amount": 1},
    {"name": "\t", "hours": {"mon": [["20:00", "24:00"]]}, "amount": 1}]}', 'time_of_day[1].name')
) as t (value, path);

select is(testkit.detail_of($$select catalog.check_policy_sense('routing', '{"caps": {"per_day": 20, "per_week": 10}}')$$),
  '{"field": "config.caps.per_week", "found": "10", "allowed": "at least per_day, which is 20"}', 'path, found, allowed');
select is(testkit.detail_of($$select catalog.check_policy_sense('validation', '{"allowed_country_codes": ["US"], "phone_region": "CA"}')$$),
  '{"field": "rules.phone_region", "found": "CA", "allowed": "a place in one of allowed_country_codes: [\"US\"]"}',
    'the detail says what the other key allows');
select is(testkit.detail_of(format('select catalog.%I(%L)', name, value)) ->> 'field', field, name)
from (values
  ('check_places_sense', '{"allowed_country_codes": ["US"], "phone_region": "CA"}', 'rules.phone_region'),
  ('check_fields_sense', '{"field_rules": {"name": {"type": "string", "minimum": 1}}}', 'rules.field_rules.name'),
  ('check_contact_sense', '{"mx_unknown": "fail"}', 'rules.mx_unknown'),
  ('check_routing_sense', '{"tie_breakers": ["priority"]}', 'config.tie_breakers[0]'),
  ('check_caps_sense', '{"per_hour": 2, "per_day": 1}', 'config.caps.per_day'),
  ('check_pricing_sense', '{"adjustments": [{"name": ""}]}', 'rules.adjustments[0].name')
) as t (name, value, field);

-- A policy's patterns are counted together.
select is(testkit.policy_fault('validation', jsonb_build_object('field_rules',
  jsonb_object_agg(format('attributes.x%s', n), '{"pattern": "a"}'::jsonb))),
  expected, format('%s patterns in field_rules', count(*)))
from (values (30, 'none'), (31, 'LG423 rules')) t (count, expected), generate_series(1, count) n
group by count, expected
order by count;
select is(testkit.policy_fault('pricing',
  jsonb_build_object('adjustments', jsonb_agg(jsonb_build_object('name', format('x%s', n), 'amount', 1,
  'when', '{"message": {"pattern": "a", "not": {"pattern": "b"}}}'::jsonb)))), 'LG423 rules', '32 patterns in 16 adjustments')
from generate_series(1, 16) n;
-- Without the reference no country is unknown.
create temp table regions as select * from leadgen.phone_regions;
delete from leadgen.phone_regions;
select is(testkit.policy_fault('validation', '{"phone_region": "XX"}'), 'none', 'phone_regions is empty');
insert into leadgen.phone_regions select * from regions;

-- A key whose language this server does not have.
update leadgen.policy_keys set required_language = 'plklingon' where key = 'consent_required';
select is(testkit.detail_of($$insert into leadgen.validation_policies (name, rules) values ('x', '{"consent_required": true}')$$),
  '{"field": "rules.consent_required", "found": "the key", "allowed": "a server where plklingon is installed"}', 'its language is missing');
update leadgen.policy_keys set required_language = 'plpgsql' where key = 'consent_required';
select is(testkit.policy_fault('validation', '{"consent_required": true}'), 'none', 'its language is there');

select * from finish();
rollback;
