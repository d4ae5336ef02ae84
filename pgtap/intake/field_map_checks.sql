-- check_field_map, check_map_rule, check_map_path(s), write_field_map, write_source_map: what a DBA may write, and who may read it.
begin;
select plan(60);

create function pg_temp.fault(p_changes jsonb) returns text language sql as $$
  select testkit.fault_of(format('insert into leadgen.field_maps (name, body) values (''tried'', %L)',
    '{"fields": {"email": "$.mail"}}'::jsonb || p_changes));
$$;

select is(testkit.fault_of(format('select intake.check_map_paths(%L, ''p'')', paths)), fault, format('check_map_paths: %s', paths))
from (values ('"$.a"', 'none'), ('["$.a", "$.b"]', 'none'), ('[]', 'LG423 p'), ('["$.a", 1]', 'LG423 p[1]'), ('null',
  'LG423 p'), ('"$.a ? (@ like_regex \"x\" flag \"x\")"', 'LG423 p'), ('"$.a ? (@ > 1e999999)"', 'LG423 p'),
  ('"$.a[last"', 'LG423 p'), ('"$.a \\u"', 'LG423 p'), ('"$.a ? (last > 1)"', 'LG423 p')) as t (paths, fault);
select is(pg_temp.fault(changes), testkit.fault_at('LG423 %s', path), format('%s %s', coalesce(path, 'good'), changes))
from (values
  ('{}'::jsonb, null),
  ('{"fields": {}}', null),
  ('{"fields": {"email": ["$.mail", "$.\"e mail\""], "name": {"join": ["$.first", ["$.last", "$.surname"]], "with": "-"}}}', null),
  ('{"fields": {"consent": {"constant": true}, "utm_source": {"constant": "x"}, "attributes.any": {"constant": [1]}}}', null),
  ('{"fields": {"country_code": "$.country ? (@ like_regex \"^[A-Z]{2}$\")"}}', null),
  ('{"leads": "$.rows[*]", "is_test": ["$.test", "$.mode ? (@ == \"test\")"], "ignore": "$.version"}', null),
  ('{"fetch": "$.id", "answers": {"items": "$.list[*]", "name": "$.n", "value": "$.v[*]"}}', null),
  ('{"authentication": "key_in_body", "key": "$.auth.key", "answer": "empty", "by_campaign": true}', null),
  ('{"idempotency_key": {"path": ["$.id", "$.uuid"], "prefix": "acme:"}}', null),

  ('{"feilds": {}}', 'body.feilds'),
  ('{"fields": []}', 'body.fields'),
  ('{"fields": {"e_mail": "$.mail"}}', 'body.fields.e_mail'),
  ('{"fields": {"source_key": {"constant": "another"}}}', 'body.fields.source_key'),
  ('{"fields": {"idempotency_key": "$.id"}}', 'body.fields.idempotency_key'),
  ('{"fields": {"attributes.": "$.x"}}', 'body.fields.attributes.'),
  ('{"fields": {"attributes.a b": "$.x"}}', 'body.fields.attributes.a b'),
  ('{"fields": {"email": "mail"}}', 'body.fields.email'),
  ('{"fields": {"email": "$.mail["}}', 'body.fields.email'),
  ('{"fields": {"email": "$.mail ? (@ like_regex \"(\")"}}', 'body.fields.email'),
  ('{"fields": {"email": "$.mail ? (@ == $other)"}}', 'body.fields.email'),
  ('{"fields": {"email": "$\"mail\""}}', 'body.fields.email'),
  ('{"fields": {"email": 7}}', 'body.fields.email'),
  ('{"fields": {"email": []}}', 'body.fields.email'),
  ('{"fields": {"email": ["$.mail", "mail"]}}', 'body.fields.email[1]'),
  ('{"fields": {"name": {"join": "$.first"}}}', 'body.fields.name'),
  ('{"fields": {"name": {"join": ["$.first", "last"]}}}', 'body.fields.name.join[1]'),
  ('{"fields": {"name": {"join": ["$.first"], "with": 1}}}', 'body.fields.name'),
  ('{"fields": {"name": {"joined": ["$.first"]}}}', 'body.fields.name'),
  ('{"fields": {"name": {"constant": "x", "join": ["$.a"]}}}', 'body.fields.name'),
  ('{"fields": {"consent": {"constant": "yes"}}}', 'body.fields.consent.constant'),
  ('{"fields": {"utm_source": {"constant": 1}}}', 'body.fields.utm_source.constant'),
  ('{"leads": []}', 'body.leads'),
  ('{"is_test": true}', 'body.is_test'),
  ('{"ignore": "$.rows[*]"}', 'body.ignore'),
  ('{"authentication": "none"}', 'body.authentication'),
  ('{"authentication": "key_in_body"}', 'body.key'),
  ('{"authentication": "key_in_body", "key": "$.keys[*]"}', 'body.key'),
  ('{"answers": {"items": "$.list[*]", "name": "$.n"}}', 'body.answers.value'),
  ('{"fetch": "$.id"}', 'body.answers'),
  ('{"idempotency_key": {"path": "id"}}', 'body.idempotency_key.path'),
  ('{"idempotency_key": {"path": "$.id", "prefix": "auto"}}', 'body.idempotency_key.prefix')
) as t (changes, path);
select matches(
  testkit.detail_of($$insert into leadgen.field_maps (name, body) values ('x', '{"fields": {"e_mail": "$.m"}}')$$) ->> 'allowed',
  'one of source, name, email, .* attributes\.<name>', 'an unknown field: what is allowed is said');

-- The shipped rows, and a row of one's own.
select results_eq($$select slug::text from leadgen.field_maps where slug in ('google-ads-lead-form', 'meta-lead-ads') order by 1$$,
  $$values ('google-ads-lead-form'), ('meta-lead-ads')$$, 'Google''s and Meta''s maps ship as rows');
insert into leadgen.field_maps (name, body) values ('Acme Forms', '{"fields": {}}');
select is(slug::text, 'acme-forms', 'write_field_map: a slug from the name') from leadgen.field_maps where name = 'Acme Forms';

-- A source behind a signature.
create temp table ids as
select o as offer_id, testkit.make_source(o, '{"kind": "partner_api", "source_key": "meta"}') as source_id,
  testkit.make_source(o, jsonb_build_object('kind', 'partner_api', 'source_key', 'keyed', 'api_key_hash', repeat('a', 64))) as keyed_id
from testkit.make_offer() o;
grant select on ids to leadgen_dba;
set local role leadgen_dba;
select is(testkit.fault_of(format($$insert into leadgen.source_maps (source_id, field_map_id)
  select %s, id from leadgen.field_maps where slug = 'meta-lead-ads'$$, source_id)), 'LG423 app_secret',
  'write_source_map: signatures cannot be checked without the secret') from ids;
select is(testkit.fault_of(format($$select leadgen.set_network_secrets(%1$s, p_app_secret => 's');
  insert into leadgen.source_maps (source_id, field_map_id)
  select %1$s, id from leadgen.field_maps where slug = 'meta-lead-ads'$$, s)), 'none', 'a DBA connects a source')
from ids, unnest(array[source_id, keyed_id]) s;
select results_eq($$select leadgen.try_field_map('meta-lead-ads', '{"field_data": [{"name": "email", "values": ["a@b.c"]}]}') ->> 'email'$$,
  $$values ('a@b.c')$$, 'try_field_map: a DBA sees what a map makes of a sample');
select is(testkit.fault_of('select leadgen.try_field_map(''none'', ''{}'')'), 'LG404 slug', 'try_field_map: of no map');
reset role;
select is(array[s.api_key_hash ~ '^[0-9a-f]{64}$', k.api_key_hash = repeat('a', 64)], '{t,t}',
  'write_source_map: a partner''s source without a key is closed by a hash of nothing; a key that there is stays')
from ids join leadgen.sources s on s.id = source_id join leadgen.sources k on k.id = keyed_id;

select * from finish();
rollback;
