-- required_fields and read_field.
begin;
select plan(32);

select is(testkit.judge(jsonb_build_object('required_fields', jsonb_build_array(field)), fields), expected::text[],
  format('%s with %s', field, fields))
from (values
  ('city', '{}'::jsonb, '{}'),
  ('city', '{"city": null}', '{field_required city}'),
  ('message', '{"message": null}', '{field_required message}'),
  ('region_code', '{"region_code": null}', '{field_required region_code}'),
  ('consent', '{"consent": false}', '{}'),
  ('consent', '{"consent": null}', '{field_required consent}'),
  ('gdpr_consent', '{"gdpr_consent": null}', '{field_required gdpr_consent}'),
  ('consent_at', '{"consent_at": null}', '{field_required consent_at}'),
  ('consent_at', '{"consent_at": "2026-11-20T15:00:00Z"}', '{}'),
  ('consent_certificate_url', '{}', '{field_required consent_certificate_url}'),
  ('attributes.job_type', '{"attributes": {"job_type": "leak"}}', '{}'),
  ('attributes.job_type', '{"attributes": {"other": "leak"}}', '{field_required attributes.job_type}'),
  ('attributes.job_type', '{"attributes": {"job_type": null}}', '{field_required attributes.job_type}'),
  ('attributes.job_type', '{"attributes": {"job_type": ""}}', '{field_required attributes.job_type}'),
  ('attributes.job_type', '{"attributes": {"job_type": []}}', '{field_required attributes.job_type}'),
  ('attributes.job_type', '{"attributes": {"job_type": 0}}', '{}'),
  ('attributes.job_type', '{"attributes": {"job_type": false}}', '{}'),
  ('name', '{"name": null}', '{field_required name}')
) as t (field, fields, expected);

select is(testkit.judge('{"required_fields": ["message", "city"]}', '{"city": null, "message": null}'),
  '{field_required message,field_required city}', 'failures come in the policy''s order');
select is(testkit.codes(rules.required_fields(testkit.facts('{"city": null}'), '["city"]', '{}')), '{field_required city}',
  'required_fields by itself');

select is(testkit.policy_fault('validation', jsonb_build_object('required_fields', value)), expected, format('as a policy: %s', value))
from (values
  ('["city"]'::jsonb, 'none'),
  ('["attributes.x y"]', 'none'),
  ('[]', 'LG423 rules.required_fields'),
  ('"city"', 'LG423 rules.required_fields'),
  ('["city", 7]', 'LG423 rules.required_fields[1]'),
  ('["city", "town"]', 'LG423 rules.required_fields[1]'),
  ('["attributes."]', 'LG423 rules.required_fields[0]'),
  ('["city", "city"]', 'LG423 rules.required_fields')
) as t (value, expected);

select is(kernel.read_field(testkit.facts(), 'phone'), '"+15125550123"', 'read_field: a core field');
select is(kernel.read_field(testkit.facts('{"attributes": {"a": {"b": 1}}}'), 'attributes.a'), '{"b": 1}', 'read_field: an attribute');
select is(kernel.read_field(testkit.facts('{"city": null}'), 'city'), null, 'read_field: nothing there');
select is(kernel.read_field(testkit.facts(), 'shoe_size'), null, 'read_field: a field that does not exist');

select * from finish();
rollback;
