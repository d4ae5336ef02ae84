-- find_source_by_page: hostname and longest path prefix, on segment boundaries.
begin;
select plan(32);

create temp table ids as select testkit.make_offer() as offer_id;
create function pg_temp.page(p_key text, p_hostname text, p_prefix text, p_active boolean default true) returns bigint language sql as $$
  select testkit.make_source(offer_id, jsonb_build_object('source_key', p_key, 'name', p_key, 'hostname', p_hostname, 'path_prefix',
    p_prefix,
    'is_active', p_active)) from ids;
$$;
select pg_temp.page(key, hostname, prefix, active)
from (values
  ('root', 'Austin.Example', null, true), ('plumb', 'austin.example', '/plumb', true), ('plumbing', 'austin.example', '/plumbing/', true),
  ('emergency', 'austin.example', '/plumbing/emergency', true), ('tampa', 'tampa.example', '/roofs', true),
  ('umlaut', 'Bücher.Example', null, true), ('off', 'denver.example', '/hvac', false), ('denver', 'denver.example', '/', true),
  ('old', 'moved.example', '/a', false), ('new', 'moved.example', '/a', true)
) as t (key, hostname, prefix, active);

select is((select s.source_key::text from leadgen.sources s where s.id = intake.find_source_by_page(url)), key, url)
from (values
  ('https://austin.example/plumb', 'plumb'),
  ('https://austin.example/plumb/', 'plumb'),
  ('https://austin.example/plumb/now', 'plumb'),
  ('https://austin.example/plumber', 'root'),
  ('https://austin.example/plumbing', 'plumbing'),
  ('https://austin.example/plumbing/drains', 'plumbing'),
  ('https://austin.example/plumbing/emergency', 'emergency'),
  ('https://austin.example/plumbing/emergency/x', 'emergency'),
  ('https://austin.example/plumbing/emergency-24h', 'plumbing'),
  ('https://austin.example/', 'root'),
  ('https://austin.example', 'root'),
  ('https://austin.example?utm=1', 'root'),
  ('https://austin.example/plumb?utm_source=/plumbing', 'plumb'),
  ('https://austin.example/plumb#/plumbing', 'plumb'),
  ('https://austin.example/Plumb', 'root'),
  ('HTTPS://AUSTIN.EXAMPLE/plumb', 'plumb'),
  ('http://austin.example:8443/plumb', 'plumb'),
  ('https://user:secret@austin.example/plumb', 'plumb'),
  ('https://austin.example./plumb', 'plumb'),
  ('https://tampa.example/roofs', 'tampa'),
  ('https://tampa.example/', null),
  ('https://www.austin.example/plumb', null),
  ('https://evil.example/https://austin.example/plumb', null),
  ('https://austin.example.evil.example/plumb', null),
  ('https://xn--bcher-kva.example/', 'umlaut'),
  ('https://BÜCHER.example/', 'umlaut'),
  ('ftp://austin.example/plumb', null),
  ('austin.example/plumb', null),
  ('', null),
  ('https://denver.example/hvac', 'off'),
  ('https://moved.example/a', 'new')
) as t (url, key);
select is(intake.find_source_by_page(null), null, 'without a page no source is found');

select * from finish();
rollback;
