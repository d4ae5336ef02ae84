-- find_source and find_route: API key, source_key, page, campaign, default; the first hit wins.
begin;
select plan(35);

create temp table ids as select testkit.make_offer() as offer_id, testkit.make_offer() as other_offer_id;
insert into leadgen.sources (offer_id, kind, name, source_key, hostname, path_prefix, api_key_hash)
select offer_id, kind, name, name, hostname, null, hash
from ids, (values
  ('partner_api', 'partner', null, repeat('a', 64)), ('partner_api', 'silent', null, null),
  ('landing_page', 'keyed-page', null, repeat('b', 64)), ('landing_page', 'page', 'page.example', null),
  ('embed_form', 'form', 'form.example', null), ('landing_page', 'campaign', null, null), ('landing_page', 'fallback', null, null)
) as t (kind, name, hostname, hash);
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign)
select s.id, 'Google', 'Plumbing_Austin' from leadgen.sources s where s.source_key = 'campaign';

create function pg_temp.source(p_payload jsonb, p_context jsonb default '{}') returns text language sql as $$
  select s.source_key::text from leadgen.sources s where s.id = intake.find_source(intake.read_request(p_payload, p_context));
$$;
create function pg_temp.refused(p_payload jsonb, p_context jsonb) returns text language sql as $$
  select testkit.fault_of(format('select pg_temp.source(%L, %L)', p_payload, p_context));
$$;

select is(pg_temp.source(payload, context), key, what)
from (values
  ('{}'::jsonb, jsonb_build_object('api_key_hash', repeat('a', 64)), 'partner', '1: the key''s source'),
  ('{"source_key": "partner"}', jsonb_build_object('api_key_hash', repeat('a', 64)), 'partner', '1: named as well'),
  ('{"landing_url": "https://page.example/"}', jsonb_build_object('api_key_hash', repeat('a', 64)), 'partner', '1 before 3'),
  ('{}', jsonb_build_object('api_key_hash', repeat('b', 64)), 'keyed-page', '1: a page may have a key'),
  ('{"source_key": "keyed-page"}', '{}', 'keyed-page', '2: and do without it'),
  ('{"source_key": " form "}', '{}', 'form', '2: source_key'),
  ('{"source_key": "form", "landing_url": "https://page.example/"}', '{}', 'form', '2 before 3'),
  ('{"landing_url": "https://page.example/x"}', '{"referer": "https://form.example/"}', 'page', '3: landing_url before Referer'),
  ('{}', '{"referer": "https://form.example/a", "origin": "https://page.example"}', 'form', '3: Referer before Origin'),
  ('{}', '{"origin": "https://page.example"}', 'page', '3: Origin'),
  ('{"source_key": "nobody", "landing_url": "https://page.example/"}', '{}', 'page', 'an unknown source_key is no hit'),
  ('{"landing_url": "https://page.example/", "utm_source": "google", "utm_campaign": "plumbing_austin"}', '{}', 'page', '3 before 4'),
  ('{"utm_source": "GOOGLE", "utm_campaign": "plumbing_AUSTIN"}', '{}', 'campaign', '4: campaign, without case'),
  ('{"utm_source": "bing", "utm_campaign": "plumbing_austin"}', '{}', null, '4: another network'),
  ('{"utm_campaign": "plumbing_austin"}', '{}', null, '4: a campaign without its network'),
  ('{}', '{}', null, 'nothing claims it')
) as t (payload, context, key, what);

select is(pg_temp.refused(payload, context), fault, what)
from (values
  ('{}'::jsonb, jsonb_build_object('api_key_hash', repeat('c', 64)), 'LG401', 'an unknown key'),
  ('{"source_key": "form"}', jsonb_build_object('api_key_hash', repeat('c', 64)), 'LG401',
    'an unknown key is refused whatever else is named'),
  ('{"source_key": "partner"}', '{}', 'LG401', 'a partner without its key'),
  ('{"source_key": "silent"}', '{}', 'LG401', 'a partner that has none yet'),
  ('{"source_key": "form"}', jsonb_build_object('api_key_hash', repeat('a', 64)), 'LG403 source_key',
    'a payload that names another source'),
  ('{"source_key": "silent"}', jsonb_build_object('api_key_hash', repeat('a', 64)), 'LG403 source_key', 'another partner'),
  ('{"source_key": "nobody"}', jsonb_build_object('api_key_hash', repeat('a', 64)), 'LG403 source_key', 'a source that does not exist')
) as t (payload, context, fault, what);

update leadgen.settings set default_source_key = 'fallback';
select is(pg_temp.source('{}'), 'fallback', '5: the default source');
select is(pg_temp.source('{"landing_url": "https://page.example/"}'), 'page', '3 before 5');
update leadgen.settings set default_source_key = 'partner';
select is(pg_temp.source('{}'), null, 'a partner as default takes nothing without its key');
select is(leadgen.submit_lead('{"name": "Ann Roe", "email": "ann@example.com"}') ->> 'status', 'quarantined',
  'a lead that falls to a partner as default is kept');
select is(pg_temp.refused('{"source_key": "partner"}', '{}'), 'LG401', 'who names a partner hears that its key is missing');
update leadgen.source_campaigns set source_id = (select s.id from leadgen.sources s where s.source_key = 'partner');
select is(pg_temp.source('{"utm_source": "google", "utm_campaign": "plumbing_austin"}'), null,
  'a partner''s campaign takes nothing without its key');
update leadgen.sources set hostname = 'partner.example' where source_key = 'partner';
select is(pg_temp.source('{"landing_url": "https://partner.example/"}'), null, 'a partner''s page takes nothing without its key');
update leadgen.settings set default_source_key = 'gone';
select is((intake.find_route(intake.read_request('{}', '{}'))).failed_step, 'source',
  'find_route: a default that does not exist finds nothing');


-- The key by itself.
select is(testkit.fault_of(format('select leadgen.check_source_key(%L)', key)), fault, what)
from (values
  (repeat('b', 64), 'none', 'check_source_key: a source''s key is valid'),
  (repeat('c', 64), 'LG401', 'check_source_key: an unknown key is not'),
  ('', 'LG401', 'check_source_key: an empty key is not'),
  (null, 'LG401', 'check_source_key: no key is not')) as t (key, fault, what);

select * from finish();
rollback;
