-- is_odd, mend_submission and its parts: what is mended of a submission, what is noted, and what is left for a refusal.
begin;
select plan(77);

select is(intake.is_odd(payload, has_key), verdict, format('is_odd: %s%s', left(payload::text, 60),
  case when has_key then ' with a key' end))
from (values
  ('{}'::jsonb, false, false), ('{"name": "José", "message": "Grüße", "city": "São Paulo"}', false, false),
  ('{"name": null, "consent": null, "attributes": {"a": "ü"}}', false, false), ('{"consent": true}', false, false),
  (E'{"message": "it\u2019s \u2013 wet\ufe0f"}', false, false),
  (jsonb_build_object('utm_source', repeat('x', 100)), false, false), (jsonb_build_object('utm_source', repeat('x', 101)), false, true),
  ('{"name": 7}', false, true), ('{"consent": "on"}', false, true), ('{"attributes": []}', false, true), ('{"nmae": "x"}', false, true),
  ('{"email": "jörg@example.com"}', false, true), (E'{"city": "Austin\u200b"}', false, true), (E'{"message": "x\ufffd"}', false, true),
  (E'{"attributes": {"a": ["x\u200e"]}}', false, true),
  ('{"ip_address": "203.0.113.255", "user_agent": "x"}', true, false), ('{"ip_address": "203.0.113.256"}', true, true),
  ('{"ip_address": "203.0.113.9"}', false, true), ('{"user_agent": "x"}', false, true)
) as t (payload, has_key, verdict);

select is(format('%s %s', m.payload, coalesce(array_to_string(m.notes, '; '), 'no notes')), mended, what)
from (values
  ('{"name": "John", "phone": 5125550123, "message": 2.50}'::jsonb,
    '{"name": "John", "phone": "5125550123", "message": "2.5"} no notes', 'a number is its text'),
  ('{"phone": 5125550123.0}', '{"phone": "5125550123"} no notes', 'a number that a spreadsheet wrote with decimals'),
  ('{"name": null, "attributes": null, "consent": ""}', '{"attributes": {}} no notes', 'what says nothing is left out'),
  ('{"attributes": {"a": null}, "consent": "x"}',
    '{"attributes": {"a": null}} consent: neither a clear yes nor a clear no, so there is no answer', 'an answer of null stays'),
  ('{"gdpr_consent": "No"}', '{"gdpr_consent": false} gdpr_consent: read as false', 'a clear no'),
  ('{"name": ["John"], "nmae": 1}', '{"name": ["John"], "nmae": 1} no notes', 'what cannot be mended is left as it is'),
  ('{"sub_id": true, "gclid": []}',
    '{"gclid": "[]", "sub_id": "true"} gclid: a value of type array was kept as text; sub_id: a value of type boolean was kept as text',
    'tracking data of any type'),
  (jsonb_build_object('utm_source', array[repeat('x', 200)]),
    format('{"utm_source": "[\"%s"} utm_source: a value of type array was kept as text; utm_source: cut to 100 of 204 characters',
      repeat('x', 98)), 'a list that is cut'),
  (jsonb_build_object('gclid', format(E'\ufffd%s', repeat('x', 500))),
    format(E'{"gclid": "\ufffd%s"} gclid: cut to 500 of 501 characters; gclid: a character that is no text was replaced',
      repeat('x', 499)), 'a lost character in what is cut'),
  (jsonb_build_object('utm_source', format(E'\u200b%s', repeat('x', 101))),
    format('{"utm_source": "%s"} utm_source: characters that nobody sees, or that look like others, were read as a person reads them; '
      'utm_source: cut to 100 of 101 characters', repeat('x', 100)), 'a mark that nobody sees in what is cut'),
  (E'{"\\ufeffsource_key": "x\\u200b"}',
    '{"source_key": "x"} source_key: its name was read without characters that nobody sees; '
    'source_key: characters that nobody sees, or that look like others, were read as a person reads them', 'a byte order mark in a name'),
  (E'{"email": "a@b.c", "em\\u00adail": "x"}', E'{"email": "a@b.c", "em\u00adail": "x"} no notes',
    'a name that is there twice stays for the refusal'),
  ('{"ip_address": "1.2.3.4", "user_agent": "x"}',
    '{} ip_address: not taken, because the sender has no API key; user_agent: not taken, because the sender has no API key',
    'the visitor of a sender without a key')
) as t (sent, mended, what)
cross join intake.mend_submission(sent, false) m;
select is(format('%s %s', m.payload, coalesce(m.notes[1], 'no notes')), mended, format('with a key: %s', sent))
from (values
  ('{"ip_address": "2001:DB8::1"}'::jsonb, '{"ip_address": "2001:db8::1"} no notes'),
  ('{"ip_address": "me"}', '{"ip_address": ""} ip_address: no IP address, so the lead has none'),
  ('{"user_agent": "x"}', '{"user_agent": "x"} no notes')
) as t (sent, mended)
cross join intake.mend_submission(sent, true) m;

select is(m.p_value #>> '{}', mended, format('mend_field: %s', field))
from (values
  ('email', E'"Jane\\u2011Roe\\uff20example.com"'::jsonb, 'Jane-Roe@example.com'), ('email', E'"\\u2066o\\u2019brien@a.b\\u2069"',
  'o''brien@a.b'),
  ('phone', E'"\\u202a\\uff15\\uff11\\uff12 555\\u20130123\\u202c"', '512 555-0123'), ('phone', E'"\\u0665\\u0661\\u0662"', '512'),
  ('city', E'"O\\u2019Fallon"', 'O''Fallon'), ('city', E'"Winston\\u2014Salem\\u3164"', 'Winston-Salem'), ('city',
  E'"S\\u00e3o\\u00a0Paulo"', 'São Paulo'),
  ('region_code', E'"\\uff35\\uff33\\uff0d\\uff34\\uff38"', 'US-TX'), ('landing_url', E'"https://a.example/\\u200b\\u00fc"',
  'https://a.example/ü'),
  ('name', E'"Zo\\u200d\\u00eb \\u2019"', E'Zo\u200dë ’'), ('message', E'"\\ud83d\\udc69\\u200d\\ud83d\\udd27\\ufe0f"', E'👩\u200d🔧\ufe0f'),
  ('idempotency_key', E'" k\\u200b "', ' k ')
) as t (field, sent, mended)
cross join intake.mend_field(field, sent, true) m;

select is(intake.mend_answer(sent), mended, format('mend_answer: %s', mended))
from (values ('yes', 'yes'), (E'yes\u200d', 'yes'), (E'\uff13', '3'), (E'\u0663\u06f5', '35'), (E'\u00bd', E'\u00bd'), (E'a\u2013b', 'a-b'),
  (E'ja\u200b, gr\u00fcn', 'ja, grün'), (E'👩\u200d🔧', E'👩\u200d🔧')) as t (sent, mended);
select is(format('%s %s', m.p_attributes, array_to_string(m.notes, '; ')), mended, format('mend_attributes: %s', mended))
from (values
  (E'{"ro\\u200bof": "3"}'::jsonb, '{"roof": "3"} attributes.roof: characters that nobody sees, or that look like others, '
    'were read as a person reads them'),
  (E'{"roof": 1, "ro\\u200bof": 2}', E'{"roof": 1, "ro\u200bof": 2} '),
  (E'{"Jane Roe": "\\ufffd"}', E'{"Jane Roe": "\ufffd"} attributes: a character that is no text was replaced'),
  ('"x"', '"x" '), ('[1]', '[1] '), ('[]', '{} ')
) as t (sent, mended)
cross join intake.mend_attributes(sent) m;
select is(intake.list_names(array(select format('a%s', n) from generate_series(10, 30) n)),
  'a10, a11, a12, a13, a14, a15, a16, a17, a18, a19 and others', 'list_names: ten are enough');
select is(intake.list_names('{}'), null, 'list_names: none');

select is(intake.gather_tracking(sent), kept, format('gather_tracking: %s', sent))
from (values ('{"gclid": " x ", "sub_id": "", "utm_source": "y"}'::jsonb, '{"gclid": "x"}'::jsonb), ('{"gclid": " "}', null)) as t (sent,
  kept);

create temp table zips as
select fields, stored, testkit.submit(o.offer_id, fields, 100 + length(fields::text)) as reply
from (select testkit.make_offer() as offer_id) o, (values
  ('{"postal_code": "2108"}'::jsonb, '02108 postal_code: read with the zero that it begins with'),
  ('{"postal_code": 2108.0}', '02108 postal_code: read with the zero that it begins with'),
  ('{"postal_code": "2108-0001"}', '02108 postal_code: read with the zero that it begins with'),
  ('{"postal_code": "78701.0"}', '78701 postal_code: read without decimals'), ('{"postal_code": "78701-1234"}', '78701 no note'),
  ('{"postal_code": "1010", "country_code": "AT", "phone": "+4315550123"}', '1010 no note')
) as t (fields, stored);
select is(format('%s %s', l.postal_code, coalesce(l.intake_notes[1], 'no note')), stored, format('a postal code: %s', fields))
from zips join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;

-- Nothing else is stored as it would be: a note holds nothing of what was sent.
create temp table taken as
select leadgen.submit_lead(testkit.given_lead(testkit.make_offer(), E'{"email": "secret\\u200b@example.com", "postal_code": "78701.0",
  "utm_term": "t\\ufffd", "attributes": {"roof": "\\uff13"}}')) as reply;
select is(l.intake_notes::text ~ 'secret|78701|\d{2}', false, 'notes repeat nothing')
from taken join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;
select is(format('%s %s %s', l.email, l.attributes, cardinality(l.intake_notes)), 'secret@example.com {"roof": "3"} 4',
  'what was mended is stored')
from taken join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;
select is(l.submitted -> 'attributes' ->> 'roof', E'\uff13', 'what was sent is kept')
from taken join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;
select is(leadgen.replay_lead((reply ->> 'lead_id')::bigint), '{"identical": true}', 'a mended lead replays') from taken;
select is(jsonb_array_length(leadgen.explain_lead((reply ->> 'lead_id')::bigint) -> 'intake_notes'), 4, 'explain_lead tells the notes')
  from taken;
select leadgen.erase_lead((reply ->> 'lead_id')::bigint, 'asked to be') from taken;
select is(num_nonnulls(l.intake_notes, l.tracking, l.submitted), 0, 'an erasure takes notes and tracking')
from taken join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;

select * from finish();
rollback;
