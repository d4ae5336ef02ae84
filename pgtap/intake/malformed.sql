-- check_size, check_submission, read_request, read_timestamp: a malformed call is refused by field, and nothing is stored.
begin;
select plan(60);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer() as offer_id;

select is(testkit.fault_of(format('select leadgen.submit_lead(%L)', payload)), fault, what)
from (values
  (null::jsonb, 'LG400', 'no payload'), ('null', 'LG400', 'JSON null'), ('[]', 'LG400', 'a list'), ('"lead"', 'LG400', 'a text'), ('1',
    'LG400', 'a number'),
  ('{"nmae": "John"}', 'LG400 nmae', 'a typo'), ('{"zip": "78701"}', 'LG400 zip', 'another system''s field'),
  ('{"": 1}', 'LG400 (not a plain name)', 'a field without a name'), ('{"john@example.com": 1}', 'LG400 (not a plain name)',
    'a field that may be somebody''s name is not repeated'), ('{"Name": "John"}', 'LG400 Name', 'fields have case'),
  ('{"lead_id": 1}', 'LG400 lead_id', 'a field that is ours to give'), ('{"price": 0}', 'LG400 price', 'the sender cannot set a price')
) as t (payload, fault, what);
select is(testkit.hint_of(format('select leadgen.submit_lead(%L)', jsonb_build_object(field, 1))), hint, format('the way out of %s', field))
from (values
  ('zip', 'Did you mean postal_code?'), ('Zip_Code', 'Did you mean postal_code?'), ('first_name', 'Did you mean name?'),
  ('Name', 'Did you mean name?'), ('leads', 'Post several leads at once to /api/leads/batch.'),
  ('nmae', 'Answers of your own go into attributes.')
) as t (field, hint);
select is(testkit.fault_of(format('select testkit.submit(%s, %L)', offer_id, fields)), fault, format('%s: %s', fault, left(fields::text,
  60)))
from ids, (values
  ('{"name": ["John"]}'::jsonb, 'LG400 name'), ('{"name": {"first": "John"}}', 'LG400 name'), ('{"email": true}', 'LG400 email'),
  ('{"attributes": ["x"]}', 'LG400 attributes'), ('{"attributes": "x"}', 'LG400 attributes'),
  ('{"country_code": "Atlantis"}', 'LG400 country_code'), ('{"country_code": "U"}', 'LG400 country_code'), ('{"country_code": "1A"}',
    'LG400 country_code'),
  ('{"consent_at": "yesterday"}', 'LG400 consent_at'), ('{"consent_at": "2026-11-20"}', 'LG400 consent_at'),
  ('{"consent_at": "2026-11-20T10:00:00"}', 'LG400 consent_at'), ('{"consent_at": "2026-02-30T10:00:00Z"}', 'LG400 consent_at'),
  ('{"consent_at": "2026-11-20T25:00:00Z"}', 'LG400 consent_at'), ('{"consent_at": "2026-11-20T10:00:00+99:00"}', 'LG400 consent_at')
) as t (fields, fault);

-- Lengths: the longest that fits, and one more.
select is(testkit.fault_of(format('select testkit.submit(%s, %L, %s)', offer_id, jsonb_build_object(field, rpad('x', length + extra,
  'x')), length + extra)),
  case extra when 0 then 'none' else format('LG400 %s', field) end, format('%s of %s characters', field, length + extra))
from ids, (values ('name', 200), ('email', 200), ('phone', 40), ('postal_code', 16), ('city', 128),
  ('message', 10000)) as f (field, length),
  (values (0), (1)) as e (extra);

select is(testkit.detail_of($$select leadgen.submit_lead('{"name": "Secret Person", "email": [7]}')$$),
  '{"field": "email", "found": "a value of type array", "allowed": "text of at most 200 characters"}',
    'the detail describes and does not repeat');
select is(testkit.fault_of(format('select leadgen.submit_lead(%L, %L)', '{}', context)), fault,
  format('context %s', coalesce(context::text, 'null')))
from (values
  (null::jsonb, 'LG400'), ('[]', 'LG400'), ('{"apikey": "x"}', 'LG400'), ('{"ip_address": "not an address"}', '22P02')
) as t (context, fault);
select is((select count(*) from leadgen.leads l join ids using (offer_id)), 6::bigint, 'only the leads that fitted are stored');
select is((select count(*) from leadgen.intake_quarantine), 0::bigint, 'a malformed call is not kept in quarantine');

-- What read_request makes of good input.
select is(format('%s|%s|%s|%s|%s', r.name, r.country_code, r.attributes::text, host(r.ip_address), coalesce(r.city, 'none')),
  'John Smith|US|{}|203.0.113.7|none', 'read_request trims, and reads empty as missing')
from intake.read_request('{"name": " John \t Smith ", "country_code": "us", "city": " ", "attributes": null}',
  '{"ip_address": "203.0.113.7"}') r;
select is(ref.read_timestamp(text, 'consent_at'), expected, format('read_timestamp: %s', text))
from (values
  ('2026-11-21T10:15:00Z', '2026-11-21T10:15:00Z'::timestamptz), ('2026-11-21 10:15-06', '2026-11-21T16:15:00Z'),
  ('2026-11-21T10:15:00.5+0530', '2026-11-21T04:45:00.5Z')
) as t (text, expected);
select lives_ok($$select intake.check_submission('{"name": null, "attributes": {"deep": {"er": []}}, "consent": null}')$$,
  'check_submission: null is not a fault');

-- Mending takes time for each field: what nobody could mean is refused before it begins.
set local track_functions = 'all';
select is(testkit.fault_of(format('select leadgen.submit_lead(%L)', payload)), fault, what)
from (values
  ((select jsonb_object_agg(concat('k', n), 1) from generate_series(1, 7000) n), 'LG400 k1', '7,000 unknown fields'),
  ((select jsonb_build_object('source_key', 'x', 'attributes', jsonb_object_agg(concat('k', n), e'\u200b'))
    from generate_series(1, 5000) n), 'LG400 attributes', '5,000 attributes with a mark'),
  (jsonb_build_object('source_key', 'x', 'attributes', jsonb_build_object('k', repeat(e'\u200b', 6000))), 'LG400 attributes',
    'an attribute that is too long with its marks')
) as t (payload, fault, what);
select is_empty($$select funcname from pg_stat_xact_user_functions where funcname like 'mend%'$$, 'none of them was mended');

select * from finish();
rollback;
