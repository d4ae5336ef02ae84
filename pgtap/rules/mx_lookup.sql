-- mx_lookup and mx_unknown. How the answer gets there: pgtap/ref/mail_domains.sql.
begin;
select plan(20);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"mx_lookup_enabled": true}'::jsonb, '{"mail_status": "has_mail"}'::jsonb, '{}'),
  ('{"mx_lookup_enabled": true}', '{"mail_status": "no_mail"}', '{email_no_mx email}'),
  ('{"mx_lookup_enabled": false}', '{"mail_status": "no_mail"}', '{}'),
  ('{}', '{"mail_status": "no_mail"}', '{}'),
  ('{"mx_lookup_enabled": true}', '{"mail_status": "unknown"}', '{}'),
  ('{"mx_lookup_enabled": true}', '{"mail_status": null}', '{}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "pass"}', '{"mail_status": "unknown"}', '{}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', '{"mail_status": "unknown"}', '{email_no_mx email}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', '{"mail_status": null}', '{email_no_mx email}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', '{"mail_status": "has_mail"}', '{}'),
  ('{"mx_lookup_enabled": false, "mx_unknown": "fail"}', '{"mail_status": null}', '{}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', '{"mail_status": null, "email": null}', '{field_required email}'),
  ('{"mx_lookup_enabled": true, "mx_unknown": "fail"}', '{"mail_status": null, "email": "john"}', '{field_invalid email}')
) as t (rules, fields, expected);
select is(testkit.codes(rules.mx_lookup(testkit.facts('{"mail_status": "no_mail"}'), 'true', '{}')), '{email_no_mx email}',
  'mx_lookup by itself');

select is(testkit.policy_fault('validation', '{"mx_lookup_enabled": true}'::jsonb || jsonb_build_object(key, value)), expected,
  format('as a policy: %s %s', key, value))
from (values
  ('mx_lookup_enabled', 'true'::jsonb, 'none'),
  ('mx_lookup_enabled', '"true"', 'LG423 rules.mx_lookup_enabled'),
  ('mx_lookup_enabled', 'null', 'LG423 rules.mx_lookup_enabled'),
  ('mx_unknown', '"fail"', 'none'),
  ('mx_unknown', '"reject"', 'LG423 rules.mx_unknown'),
  ('mx_unknown', 'false', 'LG423 rules.mx_unknown')
) as t (key, value, expected);

select * from finish();
rollback;
