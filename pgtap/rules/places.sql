-- allowed_country_codes, allowed_region_codes, allowed_postal_codes, allowed_cities.
begin;
select plan(67);

select is(testkit.judge(rules, fields), expected::text[], format('%s for %s', rules, fields))
from (values
  ('{"allowed_country_codes": ["CA", "US"]}'::jsonb, '{}'::jsonb, '{}'),
  ('{"allowed_country_codes": ["CA"]}', '{}', '{country_not_allowed country_code}'),
  ('{"allowed_region_codes": ["US-TX"]}', '{}', '{}'),
  ('{"allowed_region_codes": ["US-OK"]}', '{}', '{region_not_allowed region_code}'),
  ('{"allowed_region_codes": ["US-TX"]}', '{"region_code": null}', '{region_not_allowed region_code}'),
  ('{"allowed_postal_codes": ["78702", "78701"]}', '{}', '{}'),
  ('{"allowed_postal_codes": ["78702"]}', '{}', '{postal_code_not_allowed postal_code}'),
  ('{"allowed_postal_codes": ["787*"]}', '{}', '{}'),
  ('{"allowed_postal_codes": ["788*"]}', '{}', '{postal_code_not_allowed postal_code}'),
  ('{"allowed_postal_codes": ["78701*"]}', '{}', '{}'),
  ('{"allowed_postal_codes": ["78701-78799"]}', '{}', '{}'),
  ('{"allowed_postal_codes": ["78600-78701"]}', '{}', '{}'),
  ('{"allowed_postal_codes": ["78702-78799"]}', '{}', '{postal_code_not_allowed postal_code}'),
  ('{"allowed_postal_codes": ["78600-78700"]}', '{}', '{postal_code_not_allowed postal_code}'),
  ('{"allowed_postal_codes": ["7-8"]}', '{}', '{postal_code_not_allowed postal_code}'),
  ('{"allowed_postal_codes": ["SW1A*"]}',
    '{"country_code": "GB", "postal_code": "SW1A 1AA", "postal_patterns": ["SW1A 1AA", "SW1A 1A*", "SW1A*", "S*", "*"]}', '{}'),
  ('{"allowed_cities": ["Waco", "AUSTIN "]}', '{}', '{}'),
  ('{"allowed_cities": ["Waco"]}', '{}', '{city_not_allowed city}'),
  ('{"allowed_cities": ["San José"]}', '{"city": "san jose", "city_key": "sanjose"}', '{}'),
  ('{"allowed_cities": ["Austin"]}', '{"city": null, "city_key": null}', '{city_not_allowed city}')
) as t (rules, fields, expected);

select is(testkit.codes(rules.allowed_country_codes(testkit.facts(), '["CA"]', '{}')), '{country_not_allowed country_code}',
  'allowed_country_codes by itself');
select is(testkit.codes(rules.allowed_region_codes(testkit.facts(), '["US-OK"]', '{}')), '{region_not_allowed region_code}',
  'allowed_region_codes by itself');
select is((rules.allowed_postal_codes(testkit.facts(), '["1*"]', '{}'))[1].reason, 'Invalid postal_code for offer',
  'allowed_postal_codes says it in the seed''s words');
select is(testkit.codes(rules.allowed_cities(testkit.facts(), '["Waco"]', '{}')), '{city_not_allowed city}',
  'allowed_cities by itself');
select is(testkit.judge('{"allowed_postal_codes": ["1*"]}', '{"postal_code": null, "postal_patterns": null}'),
  '{field_required postal_code}', 'a missing postal code is reported once');

select is(testkit.policy_fault('validation', jsonb_build_object(key, value)), expected, format('as a policy: %s %s', key, value))
from (values
  ('allowed_country_codes', '["US"]'::jsonb, 'none'),
  ('allowed_country_codes', '[]', 'LG423 rules.allowed_country_codes'),
  ('allowed_country_codes', '["us"]', 'LG423 rules.allowed_country_codes[0]'),
  ('allowed_country_codes', '["USA"]', 'LG423 rules.allowed_country_codes[0]'),
  ('allowed_country_codes', '"US"', 'LG423 rules.allowed_country_codes'),
  ('allowed_region_codes', '["US-TX"]', 'none'),
  ('allowed_region_codes', '[]', 'LG423 rules.allowed_region_codes'),
  ('allowed_region_codes', '["US-TX", "TX"]', 'LG423 rules.allowed_region_codes[1]'),
  ('allowed_postal_codes', '["78701", "787*", "78701-78799", "SW1A 1AA"]', 'none'),
  ('allowed_postal_codes', '[]', 'LG423 rules.allowed_postal_codes'),
  ('allowed_postal_codes', '[78701]', 'LG423 rules.allowed_postal_codes[0]'),
  ('allowed_postal_codes', '["*787"]', 'LG423 rules.allowed_postal_codes[0]'),
  ('allowed_postal_codes', '["787*-788*"]', 'LG423 rules.allowed_postal_codes[0]'),
  ('allowed_postal_codes', '["78799-78701"]', 'LG423 rules.allowed_postal_codes[0]'),
  ('allowed_postal_codes', '["787-78799"]', 'LG423 rules.allowed_postal_codes[0]'),
  ('allowed_cities', '["Austin"]', 'none'),
  ('allowed_cities', '[]', 'LG423 rules.allowed_cities'),
  ('allowed_cities', '[" "]', 'LG423 rules.allowed_cities[0]'),
  ('allowed_cities', '["Austin", null]', 'LG423 rules.allowed_cities[1]')
) as t (key, value, expected);

-- The place is filled in from the postal code before the rules run.
create temp table ids as select testkit.make_offer(
  '{"allowed_cities": ["Austin"], "allowed_region_codes": ["US-TX"], "allowed_postal_codes": ["787*"]}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, '{"city": null}', 1)), '{}', 'city and region come from the postal code') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"city": "  aUstin "}', 2)), '{}', 'a city as people type it') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"postal_code": "78701-1234"}', 3)), '{}', 'a ZIP+4 code passes') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"city": null, "postal_code": "33602"}', 4)),
  '{region_not_allowed region_code,postal_code_not_allowed postal_code,city_not_allowed city}', 'a lead from Tampa fails') from ids;
select is(testkit.codes_of(testkit.submit(offer_id, '{"region_code": "us-ok"}', 5)), '{region_not_allowed region_code}',
  'the region that was sent wins over the postal code''s') from ids;
select is(testkit.submit(offer_id, '{"postal_code": "33602", "region_code": "US-TX"}', 6) ->> 'reason', 'Invalid postal_code for offer',
  'the reason is the first failure') from ids;
select is((select format('%s %s', l.region_code, l.city) from leadgen.leads l
  where l.offer_id = ids.offer_id order by l.id limit 1), 'US-TX Austin',
  'what was filled in is stored') from ids;
select is((select count(*) from leadgen.leads l where l.offer_id = ids.offer_id and l.status = 'rejected'), 3::bigint,
  'all three rejected leads are kept') from ids;
select isnt(catalog.compile_rules('{}'), catalog.compile_rules('{"allowed_cities": ["Austin"]}'), 'compile_rules: a rule more');

-- Long lists: compiled once, looked up by key.
select is(catalog.compile_postal_codes('["78701", "787*", "78701-78799", "SW1A 1AA"]'),
  '{"78701": 1, "787*": 1, "SW1A 1AA": 1, "-": [["78701", "78799"]]}', 'compile_postal_codes');
select is(catalog.compile_postal_codes('["78701-78799"]'), '{"-": [["78701", "78799"]]}', 'compile_postal_codes: a range alone');
select is(catalog.compile_cities('["New York", "Zürich"]'), '{"New York": 1, "newyork": 1, "Zürich": 1, "zurich": 1}', 'compile_cities');
select is(catalog.compile_domains('["Example.COM", "b.example"]'), '{"b.example": 1, "example.com": 1}', 'compile_domains');
create temp table lists (key text, entries jsonb, hit jsonb, miss jsonb);
insert into lists
select 'allowed_postal_codes', jsonb_agg(lpad((2 * n)::text, 5, '0')),
  jsonb '{"postal_code": "19998", "postal_patterns": ["19998", "1999*"]}',
  jsonb '{"postal_code": "19999", "postal_patterns": ["19999", "1999*"]}'
from generate_series(1, 10000) n
union all
select 'allowed_cities', jsonb_agg(format('City %s', n)), jsonb '{"city": "CITY 10000", "city_key": "city10000"}',
  jsonb '{"city": "City 10001", "city_key": "city10001"}' from generate_series(1, 10000) n;
select is(testkit.policy_fault('validation', jsonb_build_object(key, entries)), 'none', format('%s: 10,000 entries', key)) from lists;
select is(testkit.policy_fault('validation', jsonb_build_object(key, entries || jsonb '["10001"]')), format('LG423 rules.%s', key),
  format('%s: one more', key))
from lists;
select is(testkit.judge(jsonb_build_object(key, entries), hit), '{}', format('%s: on the long list', key)) from lists;
select isnt(testkit.judge(jsonb_build_object(key, entries), miss), '{}', format('%s: not on the long list', key)) from lists;
select is(testkit.judge(jsonb_build_object('blocked_email_domains', '["Blocked.example"]'::jsonb),
  format('{"email_domain": "%s"}', domain)::jsonb),
  failures::text[], format('blocked_email_domains: %s', domain))
from (values ('mail.blocked.example', '{email_blocked email}'), ('notblocked.example', '{}')) as t (domain, failures);

select * from finish();
rollback;
