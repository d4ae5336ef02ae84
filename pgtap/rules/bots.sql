-- honeypot and form_token: by facts, by real leads, replayed and rehearsed.
begin;
select plan(64);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"honeypot": "fax"}'::jsonb, '{"attributes": {"fax": "buy now"}}'::jsonb, '{"honeypot_filled attributes.fax"}'),
  ('{"honeypot": "fax"}', '{"attributes": {"fax": " "}}', '{}'), ('{"honeypot": "fax"}', '{"attributes": {"fax": null}}', '{}'),
  ('{"honeypot": "fax"}', '{"attributes": {"fax": false}}', '{"honeypot_filled attributes.fax"}'),
  ('{"honeypot": "fax"}', '{"attributes": {"job": "drain"}}', '{}'), ('{"honeypot": "fax"}', '{"attributes": null}', '{}'),
  ('{}', '{"attributes": {"fax": "buy now"}}', '{}'),
  ('{"form_token": {}}', '{}', '{"form_token_missing form_token"}'),
  ('{"form_token": {}}', '{"form_status": "invalid"}', '{"form_token_invalid form_token"}'),
  ('{"form_token": {"min_seconds": 10}}', '{"form_status": "keyed"}', '{}'),
  ('{"form_token": {}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T16:00:00Z"}', '{}'),
  ('{"form_token": {}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T16:00:00.001Z"}', '{"filled_too_fast form_token"}'),
  ('{"form_token": {}}', '{"form_status": "valid", "form_issued_at": "2026-11-19T16:00:00Z"}', '{}'),
  ('{"form_token": {}}', '{"form_status": "valid", "form_issued_at": "2026-11-19T15:59:59Z"}', '{"form_token_expired form_token"}'),
  ('{"form_token": {"min_seconds": 3}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T15:59:57Z"}', '{}'),
  ('{"form_token": {"min_seconds": 3}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T15:59:57.001Z"}',
    '{"filled_too_fast form_token"}'),
  ('{"form_token": {"max_minutes": 60}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T15:00:00Z"}', '{}'),
  ('{"form_token": {"max_minutes": 60}}', '{"form_status": "valid", "form_issued_at": "2026-11-20T14:59:59Z"}',
    '{"form_token_expired form_token"}'),
  ('{}', '{"form_status": "invalid"}', '{}')
) as t (rules, fields, expected);
select is((rules.form_token(testkit.facts('{"form_status": "valid", "form_issued_at": "2026-11-20T15:59:58.5Z"}'), '{"min_seconds": 3}',
  '{}'))[1].reason, 'The form was sent 1.5 s after it was opened, at least 3 s are asked for', 'filled_too_fast says how fast');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), fault, format('as a policy: %s %s', key, value))
from (values
  ('honeypot', '"company_fax"'::jsonb, 'none'), ('honeypot', '""', 'LG423 rules.honeypot'), ('honeypot', '"a b"', 'LG423 rules.honeypot'),
  ('honeypot', '1', 'LG423 rules.honeypot'), ('honeypot', 'null', 'LG423 rules.honeypot'), ('form_token', '{}', 'none'),
  ('form_token', '{"min_seconds": 2.5, "max_minutes": 60}', 'none'),
  ('form_token', '{"min_seconds": -1}', 'LG423 rules.form_token.min_seconds'),
  ('form_token', '{"min_seconds": 601}', 'LG423 rules.form_token.min_seconds'), ('form_token', 'true', 'LG423 rules.form_token'),
  ('form_token', '{"max_minutes": 0}', 'LG423 rules.form_token.max_minutes'),
  ('form_token', '{"seconds": 1}', 'LG423 rules.form_token.seconds')
) as t (key, value, fault);

-- Tokens
select testkit.at_time('2026-11-20T16:00:00.123456Z');
create temp table ids as select testkit.make_offer('{"form_token": {"min_seconds": 3, "max_minutes": 60}, "honeypot": "fax"}') as offer_id,
  testkit.make_offer() as other;
select testkit.enroll_buyer(offer_id, 'Ace') from ids;
create temp table token as select t.whose, x.*
from ids, lateral (values ('mine', offer_id), ('other', other)) t (whose, id), leadgen.issue_form_token(format('source-of-%s', t.id)) x;
select is(has_function_privilege('leadgen_api', 'leadgen.issue_form_token(text)', 'execute'), true, 'the API issues tokens');
select is(issued_at, '2026-11-20T16:00:00.123Z'::timestamptz, 'a token says when, to the millisecond') from token where whose = 'mine';
select matches(form_token, '^v1[.]1795190400123[.][A-Za-z0-9_-]{43}$', 'a token is a word of a URL') from token where whose = 'mine';
select is(intake.read_form_token(form_token, s.id), issued_at, 'a token is read') from token, ids
join leadgen.sources s on s.offer_id = ids.offer_id where whose = 'mine';
select is(intake.read_form_token(x.spoilt, s.id), null, format('this is none: %s', coalesce(left(x.spoilt, 12), 'null')))
from token t, ids join leadgen.sources s on s.offer_id = ids.offer_id
cross join lateral (
  values (null), (''), ('v1'), (replace(t.form_token, '1795190400123', '1795190400122')), (format('%s ', t.form_token)),
    (replace(t.form_token, 'v1', 'v2')), (format('v1.%s.%s', repeat('9', 15), right(t.form_token, 43))), (upper(t.form_token)),
    (format('%s%s', left(t.form_token, -1), case right(t.form_token, 1) when 'A' then 'B' else 'A' end))
) as x (spoilt)
where t.whose = 'mine';
select is(testkit.fault_of(format('select leadgen.issue_form_token(%L)', key)), 'LG404 source_key', 'no token of no source')
from unnest('{nobody,NULL}'::text[]) key;

-- Leads
create function pg_temp.send(p_at text, p_number integer, p_fields jsonb, p_context jsonb default '{}') returns text
language plpgsql as $$
begin
  perform testkit.at_time(p_at::timestamptz);
  return coalesce(array_to_string(testkit.codes_of(leadgen.submit_lead(
    testkit.given_lead((select offer_id from ids), p_fields, p_number), p_context)), ','), '');
end;
$$;
update leadgen.sources s set api_key_hash = repeat('a', 64) from ids where s.offer_id = ids.offer_id;
create temp table mine as select jsonb_build_object('form_token', form_token) as fields from token where whose = 'mine';
select is(pg_temp.send('2026-11-20T16:00:10Z', 1, fields), '', 'a form that was open for ten seconds is sold') from mine;
select is(pg_temp.send('2026-11-20T16:00:02Z', 2, fields), 'filled_too_fast form_token', 'one that was open for two is not') from mine;
select is(pg_temp.send('2026-11-20T17:00:01Z', 3, fields), 'form_token_expired form_token', 'one of an hour ago is not') from mine;
select is(pg_temp.send('2026-11-20T16:00:10Z', 4, jsonb_build_object('form_token', form_token)), 'form_token_invalid form_token',
  'one with the token of another source is not') from token where whose = 'other';
select is(pg_temp.send('2026-11-20T16:00:10Z', 5, '{}'), 'form_token_missing form_token', 'one without a token is not');
select is(pg_temp.send('2026-11-20T16:00:10Z', 6, '{}', jsonb_build_object('api_key_hash', repeat('a', 64))), '',
  'a program with a key has no form');
select is(pg_temp.send('2026-11-20T16:00:10Z', 7, fields || '{"attributes": {"fax": "", "job": "drain"}}'::jsonb), '', 'an empty honeypot')
from mine;
select is(l.attributes, '{"job": "drain"}', 'the buyer does not see it') from leadgen.leads l where l.phone = '+15125550007';
select is(pg_temp.send('2026-11-20T16:00:10Z', 8, fields || '{"attributes": {"fax": "http://spam.example"}}'::jsonb),
  'honeypot_filled attributes.fax', 'a bot fills it in') from mine;
select is(leadgen.explain_lead(l.id) -> 'form', jsonb_build_object('token', token, 'issued_at', issued), format('explain: %s', token))
from leadgen.leads l join (values ('+15125550001', 'valid', '2026-11-20T16:00:00.123+00:00'), ('+15125550004', 'invalid', null),
  ('+15125550005', null, null), ('+15125550006', 'keyed', null)) t (phone, token, issued) on t.phone = l.phone order by l.id;
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select is(leadgen.what_if(offer_id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', changes::jsonb)
  #>> '{simulated,rejected_by_code}', expected,
  format('what_if: %s', changes))
from ids, (values
  ('{}', '{"filled_too_fast": 1, "honeypot_filled": 1, "form_token_expired": 1, "form_token_invalid": 1, "form_token_missing": 1}'),
  ('{"validation": {"form_token": null}}', '{"honeypot_filled": 1}'),
  ('{"validation": {"form_token": {"min_seconds": 30}, "honeypot": null}}',
    '{"filled_too_fast": 4, "form_token_invalid": 1, "form_token_missing": 1}')) t (changes, expected);

select * from finish();
rollback;
