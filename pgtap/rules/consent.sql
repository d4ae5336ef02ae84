-- consent_required, consent_max_age, consent_certificate.
begin;
select plan(38);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"consent_required": true}'::jsonb, '{"consent": true}'::jsonb, '{}'),
  ('{"consent_required": true}', '{"consent": false}', '{consent_missing consent}'),
  ('{"consent_required": true}', '{"consent": null}', '{consent_missing consent}'),
  ('{"consent_required": true}', '{"consent": null, "gdpr_consent": true}', '{consent_missing consent}'),
  ('{"consent_required": false}', '{"consent": null}', '{}'),
  ('{}', '{"consent": false}', '{}'),
  ('{"consent_max_age_hours": 24}', '{"consent_at": "2026-11-19T16:00:00Z"}', '{}'),
  ('{"consent_max_age_hours": 24}', '{"consent_at": "2026-11-19T15:59:59.999Z"}', '{consent_expired consent_at}'),
  ('{"consent_max_age_hours": 0.5}', '{"consent_at": "2026-11-20T15:30:00Z"}', '{}'),
  ('{"consent_max_age_hours": 0.5}', '{"consent_at": "2026-11-20T15:29:59Z"}', '{consent_expired consent_at}'),
  ('{"consent_max_age_hours": 24}', '{"consent_at": null}', '{consent_expired consent_at}'),
  ('{"consent_max_age_hours": 24}', '{"consent_at": "2026-11-20T16:05:00Z"}', '{}'),
  ('{"consent_max_age_hours": 24}', '{"consent_at": "2026-11-20T16:05:01Z"}', '{consent_expired consent_at}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": "https://cert.trustedform.com/abc"}', '{}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": "HTTPS://cert.example/1"}', '{}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": null}', '{certificate_missing consent_certificate_url}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": "http://cert.example/1"}',
    '{certificate_missing consent_certificate_url}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": "https://"}', '{certificate_missing consent_certificate_url}'),
  ('{"consent_certificate_required": true}', '{"consent_certificate_url": "yes"}', '{certificate_missing consent_certificate_url}'),
  ('{"consent_certificate_required": false}', '{"consent_certificate_url": null}', '{}'),
  ('{"consent_required": true, "consent_max_age_hours": 1, "consent_certificate_required": true}', '{"consent": null}',
    '{consent_missing consent,consent_expired consent_at,certificate_missing consent_certificate_url}')
) as t (rules, fields, expected);
select is(testkit.codes(rules.consent_required(testkit.facts('{"consent": false}'), 'true', '{}')), '{consent_missing consent}',
  'consent_required by itself');
select is(testkit.codes(rules.consent_max_age(testkit.facts(), '1', '{}')), '{consent_expired consent_at}',
  'consent_max_age by itself');
select is(testkit.codes(rules.consent_certificate(testkit.facts(), 'true', '{}')), '{certificate_missing consent_certificate_url}',
  'consent_certificate by itself');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), expected, format('as a policy: %s %s', key, value))
from (values
  ('consent_required', 'true'::jsonb, 'none'),
  ('consent_required', '1', 'LG423 rules.consent_required'),
  ('consent_max_age_hours', '0', 'LG423 rules.consent_max_age_hours'),
  ('consent_max_age_hours', '72.5', 'none'),
  ('consent_max_age_hours', '-1', 'LG423 rules.consent_max_age_hours'),
  ('consent_max_age_hours', '"24"', 'LG423 rules.consent_max_age_hours'),
  ('consent_certificate_required', 'false', 'none'),
  ('consent_certificate_required', '"yes"', 'LG423 rules.consent_certificate_required')
) as t (key, value, expected);

select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"consent_required": true, "consent_max_age_hours": 2}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, fields, n)), expected::text[], format('submitted: %s', fields))
from ids, (values
  (1, '{"consent_at": "2026-11-20T08:00:00-06:00"}'::jsonb, '{}'),
  (2, '{"consent_at": "2026-11-20T07:59:59-06:00"}', '{consent_expired consent_at}'),
  (3, '{"consent": false, "consent_at": "2026-11-20 15:00Z"}', '{consent_missing consent}'),
  (4, '{"consent": null}', '{consent_missing consent,consent_expired consent_at}')
) as t (n, fields, expected);
select is((select l.consent_at from leadgen.leads l where l.offer_id = ids.offer_id order by l.id limit 1),
  '2026-11-20T14:00:00Z'::timestamptz,
  'the time of the consent is stored') from ids;
select is((select l.consent from leadgen.leads l where l.offer_id = ids.offer_id order by l.id limit 1 offset 2), false,
  'a refusal is stored as one') from ids;

select * from finish();
rollback;
