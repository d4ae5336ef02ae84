-- core_fields: always on, whatever the policy says.
begin;
select plan(21);

select is(testkit.judge('{}', fields), expected::text[], what)
from (values
  ('{}'::jsonb, '{}', 'a good lead passes'),
  ('{"name": null}', '{field_required name}', 'no name'),
  ('{"email": null}', '{field_required email}', 'no e-mail'),
  ('{"email": "john@"}', '{field_invalid email}', 'an e-mail without domain'),
  ('{"email": "john\u2800@example.com"}', '{field_invalid email}', 'an e-mail with a blank that is a symbol'),
  ('{"email": "john\ufff9@example.com"}', '{field_invalid email}', 'an e-mail with a format character'),
  ('{"email": "john\u2800@example.com", "reading": 2}', '{}', 'an earlier lead is judged as it was'),
  ('{"phone": null, "phone_country": null}', '{field_required phone}', 'no phone is said to be missing, not invalid'),
  ('{"phone": "123", "phone_country": null}', '{field_invalid phone}', 'a phone that is no number anywhere'),
  ('{"postal_code": null}', '{field_required postal_code}', 'no postal code'),
  ('{"postal_code": "7870"}', '{field_invalid postal_code}', 'a US postal code of four digits'),
  ('{"postal_code": "SW1A 1AA", "country_code": "GB"}', '{}', 'a British postal code in Britain'),
  ('{"postal_code": "SW1A 1AA"}', '{field_invalid postal_code}', 'a British postal code in the US'),
  ('{"name": null, "email": null, "phone": null, "postal_code": null}',
    '{field_required name,field_required email,field_required phone,field_required postal_code}', 'every failure is told')
) as t (fields, expected, what);

select is(
  testkit.codes(rules.core_fields(testkit.facts('{"name": null}'), 'null', '{}')),
  '{field_required name}', 'core_fields by itself');

select is((rules.core_fields(testkit.facts('{"email": "john\u2800@example.com"}'), 'null', '{}'))[1].reason,
  'email has a character that no address has', 'what is wrong with such an e-mail');

create temp table ids as select testkit.make_offer() as offer_id;
create temp table answers as
select testkit.submit(offer_id, '{"name": " \t ", "email": "nobody", "phone": "call me", "postal_code": "X"}') as answer from ids;
select is(testkit.codes_of(answer),
  '{field_required name,field_invalid email,field_invalid phone,field_invalid postal_code}', 'judged through submit_lead')
from answers;
select is(answer ->> 'status', 'rejected', 'a lead without core fields is stored as rejected') from answers;
select is(answer ->> 'reason', 'name is missing', 'the first failure in registry order is the reason') from answers;
select is(format('%s|%s|%s', l.status::text, l.name, l.phone), 'rejected||call me', 'what was sent is kept beside the verdict')
from answers a join leadgen.leads l on l.id = (a.answer ->> 'lead_id')::bigint;
select is(l.submitted ->> 'email', 'nobody', 'the payload is kept as it came')
from answers a join leadgen.leads l on l.id = (a.answer ->> 'lead_id')::bigint;

select * from finish();
rollback;
