-- apply_field_map and what it stands on: a document of another shape as a payload of submit_lead, with nothing dropped.
begin;
select plan(69);

create function pg_temp.google(p_changes jsonb default '{}') returns jsonb language sql as $$
  select intake.apply_field_map((select body from leadgen.field_maps where slug = 'google-ads-lead-form'), '{
    "lead_id": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-0123456789-AaBbCcDdEeFfGgHhIiJjKkLl",
    "user_column_data": [
      {"column_name": "Full Name", "string_value": "Jane Roe", "column_id": "FULL_NAME"},
      {"column_name": "User Email", "string_value": "jane@example.com", "column_id": "EMAIL"},
      {"column_name": "User Phone", "string_value": "+15125550123", "column_id": "PHONE_NUMBER"},
      {"column_name": "Postal Code", "string_value": "78701", "column_id": "POSTAL_CODE"},
      {"column_name": "What kind of roof?", "string_value": "Metal"}],
    "api_version": "1.0", "form_id": 40000000000, "campaign_id": 21555000111, "google_key": "s3cret", "is_test": false,
    "gcl_id": "EAIaIQobChMI", "adgroup_id": 20000000000, "creative_id": 30000000000}'::jsonb || p_changes);
$$;
select is(pg_temp.google(), '{
  "idempotency_key":
    "google:TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-0123456789-AaBbCcDdEeFfGgHhIiJjKkLl",
  "name": "Jane Roe", "email": "jane@example.com", "phone": "+15125550123", "postal_code": "78701",
  "source": "google_lead_form", "utm_source": "google", "utm_medium": "lead_form", "utm_campaign": "21555000111",
  "attributes": {"what_kind_of_roof": "Metal", "form_id": 40000000000, "gcl_id": "EAIaIQobChMI", "adgroup_id": 20000000000,
    "creative_id": 30000000000}}', 'Google''s documented shape; its key, its version and its test mark stay out');
select is(pg_temp.google('{"user_column_data": [{"column_id": "FIRST_NAME", "string_value": "Jane"},
  {"column_id": "LAST_NAME", "string_value": " Roe "}]}') ->> 'name', 'Jane  Roe ', 'first and last name joined; submit_lead trims');
select is(pg_temp.google('{"user_column_data": [{"column_id": "FIRST_NAME", "string_value": "Jane"}]}') ->> 'name', 'Jane',
  'a first name alone is the name');
select is(pg_temp.google('{"user_column_data": [{"column_id": "FULL_NAME", "string_value": "Jane Roe"},
  {"column_id": "FIRST_NAME", "string_value": "Jenny"}]}') @> '{"name": "Jane Roe", "attributes": {"first_name": "Jenny"}}', true,
  'of alternatives the first; the one not taken is kept');
select is(pg_temp.google('{"user_column_data": [{"column_id": "WORK_EMAIL", "string_value": "w@x.example"},
  {"column_id": "EMAIL", "string_value": "  "}]}') ->> 'email', 'w@x.example', 'a blank answer is none');
select is(pg_temp.google('{"user_column_data": [{"column_id": "COUNTRY", "string_value": "Germany"}]}')
  @> '{"attributes": {"country": "Germany"}}', true, 'a country that is no code is kept as an attribute');
select is(pg_temp.google('{"user_column_data": [{"column_id": "COUNTRY", "string_value": "DE"}]}') ->> 'country_code', 'DE',
  'a country code is the lead''s');
select is(pg_temp.google('{"user_column_data": []}') ? 'name', false, 'no answers: no fields');
select is(pg_temp.google('{"lead_stage": "x", "asset_group_id": 7}') -> 'attributes' @> '{"lead_stage": "x", "asset_group_id": 7}', true,
  'what Google adds later comes along by itself');
select is(testkit.fault_of('select intake.read_request(pg_temp.google(), ''{}'')'), 'none', 'submit_lead takes what comes out');

create function pg_temp.meta(p_lead jsonb) returns jsonb language sql as $$
  select intake.apply_field_map((select body from leadgen.field_maps where slug = 'meta-lead-ads'), p_lead);
$$;
select is(pg_temp.meta('{"leadgen_id": "444", "page_id": "111", "form_id": "222", "adgroup_id": "5", "ad_id": "6",
  "created_time": "2026-11-20T16:00:00+0000", "id": "444", "field_data": [
    {"name": "full_name", "values": ["Jane Roe"]}, {"name": "email", "values": ["jane@example.com"]},
    {"name": "phone_number", "values": ["+15125550123"]}, {"name": "zip_code", "values": ["78701"]},
    {"name": "which_services?", "values": ["leak", "boiler"]}]}'), '{
  "idempotency_key": "meta:444", "name": "Jane Roe", "email": "jane@example.com", "phone": "+15125550123", "postal_code": "78701",
  "source": "meta_lead_ad", "utm_source": "facebook", "utm_medium": "lead_form", "utm_campaign": "222",
  "attributes": {"which_services": ["leak", "boiler"], "page_id": "111", "adgroup_id": "5", "ad_id": "6",
    "created_time": "2026-11-20T16:00:00+0000"}}', 'Meta''s documented shape; several answers stay a list');
select is(pg_temp.meta('{"id": "4", "form_id": "2", "campaign_id": "9", "field_data": []}')
  @> '{"idempotency_key": "meta:4", "utm_campaign": "9", "attributes": {"form_id": "2"}}', true,
    'the campaign before the form, which is kept');

-- Any shape.
create function pg_temp.apply(p_map jsonb, p_lead jsonb) returns jsonb language sql as $$
  select intake.apply_field_map(p_map, p_lead);
$$;
select is(pg_temp.apply(map, lead), result, what)
from (values
  ('{"fields": {"email": "$.contact.mail", "name": "$.\"full name\""}}'::jsonb,
    '{"contact": {"mail": "a@b.c", "fax": "1"}, "full name": "A", "Extra Field": true}'::jsonb,
    '{"email": "a@b.c", "name": "A", "attributes": {"contact": {"fax": "1"}, "extra_field": true}}'::jsonb,
    'nested paths; the rest of an object stays'),
  ('{"fields": {"email": "$.contact.mail"}}', '{"contact": {"mail": "a@b.c"}}', '{"email": "a@b.c", "attributes": {}}',
    'an emptied one goes'),
  ('{"fields": {"attributes.rooms": "$.r", "attributes.kind": {"constant": "x"}}}', '{"r": 3, "rooms": 4}',
    '{"attributes": {"rooms": 3, "kind": "x", "rooms_2": 4}}', 'an attribute keeps its type; a second of the name gets a number'),
  ('{"fields": {"phone": "$.tel"}}', '{"tel": 15125550123}', '{"phone": "15125550123", "attributes": {}}', 'a number becomes text'),
  ('{"fields": {"message": "$.notes"}}', '{"notes": ["a", "", null, "b"]}', '{"message": "a, b", "attributes": {}}', 'a list becomes text'),
  ('{"fields": {"message": {"join": ["$.a", "$.b", "$.c"], "with": "; "}}}', '{"a": "1", "c": "3"}',
    '{"message": "1; 3", "attributes": {}}', 'joined with a text, what is missing left out'),
  ('{"fields": {"message": {"join": ["$.a"]}}}', '{"x": ""}', '{"attributes": {}}', 'nothing to join; a blank is no attribute'),
  ('{"fields": {"email": "$.people[*].mail"}}', '{"people": [{"mail": ""}, {"mail": "b@c.d"}]}',
    '{"email": "b@c.d", "attributes": {"people": [{"mail": ""}, {"mail": "b@c.d"}]}}', 'a wildcard takes the first that says something'),
  ('{"fields": {"consent": "$.ok", "gdpr_consent": "$.gdpr"}}', '{"ok": "Yes", "gdpr": 0}',
    '{"consent": true, "gdpr_consent": false, "attributes": {}}', 'consents as people write them'),
  ('{"fields": {"consent": "$.ok"}}', '{"ok": "I agree"}', '{"attributes": {"consent": "I agree"}}',
    'one that cannot be read is kept, not guessed'),
  ('{"fields": {"consent": {"constant": true}}}', '{}', '{"consent": true, "attributes": {}}', 'a constant'),
  ('{"fields": {}, "answers": {"items": "$.list[*]", "name": "$.n", "value": "$.v"}}',
    '{"list": [{"n": "A b", "v": 1}, {"n": "A b", "v": 2}, {"v": 3}], "answers": "mine"}',
    '{"attributes": {"a_b": [1, 2], "unnamed": 3, "answers": "mine"}}', 'answers of one name, of none, and a member called answers'),
  ('{"fields": {"city": "$.Ort"}}', '{"屋根 の種類": "瓦", "x": 1}', '{"attributes": {"屋根_の種類": "瓦", "x": 1}}',
    'a name in another script keeps its letters'),
  ('{"fields": {}, "idempotency_key": {"path": ["$.id", "$.uuid"], "prefix": "acme:"}}', '{"uuid": 12}',
    '{"idempotency_key": "acme:12", "attributes": {}}', 'the key from the first id there is'),
  ('{"fields": {}, "idempotency_key": {"path": "$.id"}}', '{"id": "auto:1"}', jsonb_build_object('attributes', '{}'::jsonb,
    'idempotency_key',
    format('sha256:%s', encode(sha256('auto:1'), 'hex'))), 'an id that is no key is hashed'),
  ('{"fields": {}, "idempotency_key": {"path": "$.id"}}', jsonb_build_object('id', repeat('9', 129)),
    jsonb_build_object('attributes', '{}'::jsonb, 'idempotency_key',
      format('sha256:%s', encode(sha256(convert_to(repeat('9', 129), 'UTF8')), 'hex'))),
    'a key that is too long is hashed'),
  ('{"fields": {}, "idempotency_key": {"path": "$.id", "prefix": "p:"}}', '{"id": {"a": 1}}',
    '{"idempotency_key": {"a": 1}, "attributes": {}}', 'an id that is an object is no text, and goes on as it is'),
  ('{"fields": {}, "ignore": ["$.v", "$.deep.er"], "key": "$.secret"}', '{"v": 1, "deep": {"er": 2, "est": 3}, "secret": "s"}',
    '{"attributes": {"deep": {"est": 3}}}', 'ignored members and the key are left out'),
  ('{"fields": {"email": "$.mail.double()"}}', '{"mail": "x"}', '{"attributes": {"mail": "x"}}', 'a path that fails finds nothing')
) as t (map, lead, result, what);

-- The parts.
select is(intake.is_test_lead('{"is_test": "$.t"}', lead), verdict, format('is_test_lead %s', lead::text))
from (values ('{"t": true}'::jsonb, true), ('{"t": false}', false), ('{"t": null}', false), ('{}', false), ('{"t": "yes"}',
  true), ('{"t": "true"}', true), ('{"t": 1}', true), ('{"t": "TEST-7"}', true), ('{"t": {"by": "me"}}', true),
  ('{"t": [false, "true"]}', true),
  ('{"t": "false"}', false), ('{"t": " No "}', false), ('{"t": 0}', false), ('{"t": "0"}', false), ('{"t": ""}', false),
  ('{"t": []}', false), ('{"t": {}}', false), ('{"t": [false, 0]}', false)) as t (lead, verdict);
select is(intake.is_test_lead('{}', '{"is_test": true}'), false, 'is_test_lead: a map that knows no tests');
select is(intake.split_post('{"leads": ["$.a[*]", "$.b"]}', '{"a": [], "b": {"x": 1}}'), '[{"x": 1}]',
  'split_post: the first path that finds some');
select is(intake.split_post('{}', '{"x": 1}'), '[{"x": 1}]', 'split_post: all of it');
select is(intake.gather_answers('{"answers": {"items": "$.l[*]", "name": ["$.id", "$.n"], "value": "$.v[*]"}}',
  '{"l": [{"id": "a", "v": [1, " ", 2]}, {"n": "b", "v": "x"}, {"id": "c", "v": null}, {"id": "d"}, 7]}'), '{"a": [1, 2], "b": "x"}',
  'gather_answers: several values, one, none');
select is(intake.gather_answers('{}', '{"l": 1}'), '{}', 'gather_answers: a map without');
select is(intake.gather_leftovers('{"A b": 1, "c": {"d": 2, "e": 3}, "f": ""}', '{$.c.d,$.*,$.none}', '{"a_b": 0}'),
  '{"a_b": 0, "a_b_2": 1, "c": {"e": 3}}', 'gather_leftovers: what no plain path reads');
select is(intake.name_attribute(name, '{"a": 1, "a_2": 1}'), result, format('name_attribute: %s', name))
from (values ('What kind of roof?', 'what_kind_of_roof'), ('a', 'a_3'), ('Dachflächen', 'dachflachen'), (' 瓦 屋根 ', '瓦_屋根'),
  (repeat('ab', 30), repeat('ab', 30)), (repeat('ab', 50), format('%sa_c7f0d925', repeat('ab', 25)))) as t (name, result);
select isnt(intake.name_attribute(format('%s roof?', v_long), '{}'), intake.name_attribute(format('%s floor?', v_long), '{}'),
  'name_attribute: two questions that begin alike have two names, whichever is answered')
from repeat('How soon do you need it done? ', 3) v_long;
select is(intake.read_map_key('{"idempotency_key": {"path": "$.id", "prefix": "p:"}}', lead), key, format('read_map_key: %s', lead::text))
from (values ('{"id": " 7 "}'::jsonb, 'p:7'), ('{"id": ""}', null), ('{}', null), ('{"id": {"a": 1}}', null),
  ('{"id": ["7"]}', null), ('{"id": true}', null)) as t (lead, key);
select is(intake.read_map_key('{}', '{"id": 1}'), null, 'read_map_key: a map that names none');

select * from finish();
rollback;
