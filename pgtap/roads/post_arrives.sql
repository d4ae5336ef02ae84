-- authenticate_post, open_post, submit_mapped_lead, verify_subscription: who posts, whose lead it is, and that none is lost or sold twice.
begin;
select plan(116);

create temp table ids as
select o as offer_id, other as other_id, testkit.enroll_buyer(o, 'Ace') as seat, testkit.enroll_buyer(other, 'Best') as other_seat,
  testkit.make_source(o, jsonb_build_object('kind', 'partner_api', 'source_key', 'google', 'api_key_hash', encode(sha256('gkey'),
    'hex'))) as google,
  testkit.make_source(o, '{"kind": "partner_api", "source_key": "meta"}') as meta,
  testkit.make_source(o, jsonb_build_object('kind', 'partner_api', 'source_key', 'partner', 'api_key_hash', repeat('b', 64))) as partner,
  testkit.make_source(o, '{"source_key": "keyless"}') as keyless,
  testkit.make_source(other, jsonb_build_object('kind', 'partner_api', 'source_key', 'campaign', 'api_key_hash', repeat('c',
    64))) as campaign
from testkit.make_offer() o, testkit.make_offer() other;
insert into leadgen.field_maps (slug, name, body) values ('acme', 'Acme',
  '{"is_test": "$.test", "idempotency_key": {"path": "$.ref", "prefix": "acme:"},
  "fields": {"name": "$.n", "email": "$.e", "phone": "$.t", "postal_code": "$.z"}}');
select lives_ok(format('select leadgen.set_network_secrets(%s, ''s3cret'', ''page-token'', ''hello'')', meta), 'Meta''s secrets') from ids;
insert into leadgen.source_maps (source_id, field_map_id)
select s, m.id
from ids, lateral (values (google, 'google-ads-lead-form'), (meta, 'meta-lead-ads'), (partner, 'acme'), (keyless, 'acme')) as t (s, slug)
join leadgen.field_maps m using (slug);
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign) select campaign, 'Google', '777' from ids;

create function pg_temp.google(p_number integer, p_changes jsonb default '{}') returns bytea language sql as $$
  select convert_to((jsonb_build_object('lead_id', format('g%s', p_number), 'google_key', 'gkey', 'campaign_id', 5, 'user_column_data',
    jsonb_build_array(
    '{"column_id": "FULL_NAME", "string_value": "Jane Roe"}'::jsonb,
    jsonb_build_object('column_id', 'EMAIL', 'string_value', format('g%s@example.com', p_number)),
    jsonb_build_object('column_id', 'PHONE_NUMBER', 'string_value', format('+1512555%s', 1000 + p_number)),
    '{"column_id": "POSTAL_CODE", "string_value": "78701"}'::jsonb)) || p_changes)::text, 'UTF8');
$$;
create function pg_temp.post(p_body bytea, p_context jsonb default '{}') returns jsonb language sql as $$
  select leadgen.submit_mapped_lead('google', p_body, p_context);
$$;
create function pg_temp.leads() returns bigint language sql as $$ select count(*) from leadgen.leads; $$;

-- Google: the key is in the body.
create temp table first as select pg_temp.post(pg_temp.google(1), '{"ip_address": "192.0.2.1", "idempotency_key": "theirs"}') as reply;
select is(reply ->> 'status', 'accepted', 'Google: taken') from first;
select is(array[s.source_key::text, l.idempotency_key, l.utm_source, l.utm_campaign, host(l.ip_address), l.attributes::text],
  array['google', 'google:g1', 'google', '5', null, '{}'], 'under Google''s id; the address of Google is not the person''s')
from first join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint join leadgen.sources s on s.id = l.source_id;
select is(l.submitted::text like '%gkey%', false, 'the key is stored nowhere') from first
  join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint;
select is(pg_temp.post(pg_temp.google(1)), reply || '{"repeated": true}'::jsonb, 'sent again: the same lead') from first;
select is(pg_temp.post(pg_temp.google(1, '{"lead_stage": "new"}')), reply || '{"repeated": true}'::jsonb,
  'the same id with another description is the same lead') from first;
select is(pg_temp.leads(), 1::bigint, 'a repeated post is sold once');
select is(testkit.fault_of(format('select leadgen.submit_mapped_lead(%L, %L)', key, body)), 'LG401', what)
from (values
  ('google', pg_temp.google(2, '{"google_key": "other"}'), 'another key'),
  ('google', pg_temp.google(2, '{"google_key": null}'), 'a null'),
  ('google', pg_temp.google(2, '{"google_key": ["gkey"]}'), 'a list'),
  ('google', convert_to((convert_from(pg_temp.google(2), 'UTF8')::jsonb - 'google_key')::text, 'UTF8'), 'no key'),
  ('nobody', pg_temp.google(2), 'no such source'), ('campaign', pg_temp.google(2), 'a source without a map'),
  ('meta', pg_temp.google(2), 'a source that proves itself otherwise'),
  ('keyless', pg_temp.google(2), 'a source without a key: nothing proves it')
) as t (key, body, what);
select is(testkit.detail_of(format('select leadgen.submit_mapped_lead(%L, %L)', key, pg_temp.google(2, '{"google_key": "other"}'))), '{}',
  format('%s: the refusal says nothing more', key)) from unnest('{google,nobody,keyless}'::text[]) key;
update leadgen.sources set api_key_hash = null where source_key = 'google';
select is(testkit.fault_of(format('select pg_temp.post(%L)', pg_temp.google(2))), 'LG401', 'a revoked key is refused');
update leadgen.sources set api_key_hash = encode(sha256('gkey'), 'hex') where source_key = 'google';
select is(pg_temp.leads(), 1::bigint, 'none of them left a lead');

-- Tests are rehearsed.
select is(pg_temp.post(pg_temp.google(3, '{"is_test": true}')) #>> '{outcome,status}', 'accepted', 'a test: what would have become of it');
select is(pg_temp.post(pg_temp.google(3, '{"is_test": true, "user_column_data": []}')) ->> 'status', 'test',
  'a test lead with made-up answers is a test');
select is(pg_temp.post(pg_temp.google(3, '{"is_test": true}'::jsonb || jsonb_build_object('user_column_data', jsonb_build_array(
  '{"column_id": "EMAIL", "string_value": "g4@example.com"}'::jsonb,
  jsonb_build_object('column_id', 'FULL_NAME', 'string_value', repeat('x', 201)))))) #>> '{outcome,status}',
  'refused',
  'a test lead tells the refusal without an error');
select is(pg_temp.post(pg_temp.google(3, '{"is_test": "true"}')) ->> 'status', 'test', 'a test may be marked by a text');
select is(pg_temp.leads(), 1::bigint, 'a test lead is not stored');
select is((select count(*) from leadgen.lead_assignments), 1::bigint, 'a test lead is not sold');
select is((select count(*) from leadgen.intake_quarantine), 0::bigint, 'a test lead is not in quarantine');
select is(testkit.fault_of(format('select pg_temp.post(%L)', pg_temp.google(3, '{"is_test": true, "google_key": "x"}'))), 'LG401',
  'a test needs the key');
select is(roads.rehearse_lead('{"nonsense": 1}', '{}') #>> '{outcome,detail,field}', 'nonsense', 'rehearse_lead: a malformed lead');

-- Mail servers are looked up by the caller, as for any lead; not for a test.
update leadgen.validation_policies set rules = '{"mx_lookup_enabled": true}';
select is(pg_temp.post(pg_temp.google(10), '{"can_look_up_mail": true}'), '{"status": "lookup", "domain": "example.com"}',
  'a mail domain is asked for first');
select is(pg_temp.post(pg_temp.google(10, '{"is_test": true}'), '{"can_look_up_mail": true}') ->> 'status', 'test',
  'a test asks for nothing');
select isnt(pg_temp.post(pg_temp.google(10, '{"is_test": true}'), '{"can_look_up_mail": true}') #>> '{outcome,status}', 'lookup',
  'a test lead is rehearsed to its end');
update leadgen.validation_policies set rules = '{}';

-- What a network cannot mend is not lost.
create temp table odd as select pg_temp.post(pg_temp.google(4, jsonb_build_object('user_column_data', jsonb_build_array(
  '{"column_id": "EMAIL", "string_value": "g4@example.com"}'::jsonb,
  jsonb_build_object('column_id', 'FULL_NAME', 'string_value', repeat('x', 201)))))) as reply;
select is(reply ->> 'status', 'quarantined', 'a text that is too long: kept, where a partner would get a 400') from odd;
select is(format('%s %s', q.failed_step, q.payload ->> 'email'), 'field_map g4@example.com', 'the submission is kept whole') from odd
  join leadgen.intake_quarantine q on q.id = (reply ->> 'quarantine_id')::bigint;
select is(pg_temp.post(pg_temp.google(5, '{"user_column_data": []}')) ->> 'status', 'rejected', 'an empty form is stored as rejected');

select is(intake.settle_refusal('LG422', 'another body', '{"idempotency_key": "none"}', '{}', null) ->> 'status', 'quarantined',
  'settle_refusal: no first answer to give');

-- Campaigns: of a source of another account none is taken, and the lead is not lost.
create temp table foreign_post as select pg_temp.post(pg_temp.google(20, '{"campaign_id": 777}')) as reply;
select is(reply ->> 'step', 'campaign', 'another account''s campaign: kept') from foreign_post;
select is(reply ->> 'message', 'The lead is kept, but not accepted: The campaign belongs to a source of another account',
  'another account''s campaign: the reason')
from foreign_post;
select is(testkit.fault_of(format('select pg_temp.post(%L)', pg_temp.google(21, '{"campaign_id": 777, "is_test": true}'))),
  'LG403 utm_campaign', 'a test of the network hears of it');
insert into leadgen.field_maps (slug, name, body)
select 'acme-campaigns', 'Acme', jsonb_set(body, '{by_campaign}', 'true')
  || jsonb_build_object('fields', (body -> 'fields') || jsonb '{"utm_source": "$.s", "utm_campaign": "$.c"}')
from leadgen.field_maps where slug = 'acme';
insert into leadgen.source_maps (source_id, field_map_id)
select testkit.make_source(offer_id, jsonb_build_object('kind', 'partner_api', 'source_key', 'rival', 'api_key_hash', repeat('d', 64))),
  (select id from leadgen.field_maps where slug = 'acme-campaigns')
from ids;
create function pg_temp.rival(p_changes jsonb default '{}') returns jsonb language sql as $$
  select leadgen.submit_mapped_lead('rival', convert_to(('{"ref": "r1", "n": "Eve Roe", "e": "eve9@example.com",
    "t": "+15125558001", "z": "78701", "s": "google", "c": "777"}'::jsonb || p_changes)::text, 'UTF8'),
    jsonb_build_object('api_key_hash', repeat('d', 64)));
$$;
select is(testkit.fault_of('select pg_temp.rival()'), 'LG403 utm_campaign', 'a partner that names another''s campaign is refused');
select is((select count(*) from leadgen.leads l join ids on l.source_id = ids.campaign), 0::bigint, 'no lead is the other''s');
update leadgen.sources set account = 'rival' where source_key = 'rival';
update leadgen.sources set account = 'ours' where source_key = 'campaign';
select is(testkit.fault_of('select pg_temp.rival()'), 'LG403 utm_campaign', 'two accounts with names are two');
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s)', reply ->> 'quarantine_id')), 'LG403 utm_campaign',
  'a resubmission hands the lead over to no other account') from foreign_post;
select is(testkit.fault_of(format('update leadgen.sources set account = %L where source_key = ''google''', account)), fault,
  format('an account is one word: %L', account))
from (values ('', '23514'), ('a b', '23514'), (e'a\nb', '23514'), ('ours', 'none')) as t (account, fault);
create temp table again as select leadgen.resubmit_quarantined((reply ->> 'quarantine_id')::bigint) as reply from foreign_post;
select is(reply ->> 'status', 'accepted', 'with the account of its campaign''s source it is taken') from again;
select is(format('%s %s', s.source_key, l.idempotency_key), 'campaign google:g20',
  'a resubmitted lead is its campaign''s, under the network''s id')
from again join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint join leadgen.sources s on s.id = l.source_id;
select is(pg_temp.post(pg_temp.google(20, '{"campaign_id": 777}')) -> 'repeated', 'true', 'a resubmitted lead is taken once');
select is((pg_temp.rival('{"c": "none"}')) ->> 'status', 'accepted', 'a campaign that nobody has stays with the source that posts');

select is((intake.choose_mapped_source(row(ids.google, 's', 'h', map, null, null, null), payload)).source_key, key,
  format('choose_mapped_source: %s', payload::text))
from (values ('{"by_campaign": true}'::jsonb, '{"utm_source": "Google", "utm_campaign": " 777 "}'::jsonb, 'campaign'),
  ('{"by_campaign": true}', '{"utm_source": "bing", "utm_campaign": "777"}', 's'), ('{"by_campaign": true}', '{}', 's'),
  ('{}', '{"utm_source": "google", "utm_campaign": "777"}', 's')) as t (map, payload, key), ids;
select is((intake.choose_mapped_source(row(ids.partner, 's', 'h', '{"by_campaign": true}', null, null, null),
  '{"utm_source": "Google", "utm_campaign": "777"}')).source_id, null, 'choose_mapped_source: null for another account') from ids;
create temp table routed as select pg_temp.post(pg_temp.google(6, '{"campaign_id": 777}')) as reply;
select is(reply ->> 'offer_id', other_id::text, 'a campaign that is mapped sells into its own offer') from routed, ids;
select is(s.source_key::text, 'campaign', 'the lead belongs to the source of its campaign') from routed
  join leadgen.leads l on l.id = (reply ->> 'lead_id')::bigint
  join leadgen.sources s on s.id = l.source_id;
select is(pg_temp.post(pg_temp.google(6, '{"campaign_id": 777}')) -> 'repeated', 'true', 'the same odd submission is taken once');
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign) select campaign, 'google', '5' from ids;
select is(pg_temp.post(pg_temp.google(1)) ->> 'lead_id', reply ->> 'lead_id', 'a campaign mapped later does not sell an old lead again')
  from first;
select is(pg_temp.post(pg_temp.google(7)) ->> 'offer_id', other_id::text, 'another source gets new leads only') from ids;
update leadgen.sources set api_key_hash = null where source_key = 'campaign';
select is(pg_temp.post(pg_temp.google(8)) ->> 'status', 'quarantined', 'a campaign of a partner whose key was revoked: kept');
update leadgen.sources set is_active = false where source_key = 'google';
delete from leadgen.source_campaigns where utm_campaign = '5';
select is(pg_temp.post(pg_temp.google(9)) ->> 'step', 'source', 'a source that is switched off: kept');

-- Meta: signed; answers are fetched, or there.
create function pg_temp.meta(variadic p_values jsonb[]) returns bytea language sql as $$
  select convert_to(jsonb_build_object('object', 'page', 'entry', jsonb_build_array(jsonb_build_object('id', '1', 'time', 1, 'changes',
    (select jsonb_agg(jsonb_build_object('field', 'leadgen', 'value', v) order by n) from unnest(p_values) with ordinality as t (v,
      n)))))::text, 'UTF8');
$$;
create function pg_temp.signed(p_body bytea) returns jsonb language sql as $$
  select jsonb_build_object('signature', format('sha256=%s', encode(kernel.compute_hmac('s3cret', p_body), 'hex')));
$$;
create function pg_temp.answers(p_number integer) returns jsonb language sql as $$
  select jsonb_build_object('id', p_number::text, 'field_data', jsonb_build_array('{"name": "full_name", "values": ["Max Roe"]}'::jsonb,
    jsonb_build_object('name', 'email', 'values', jsonb_build_array(format('m%s@example.com', p_number))),
    jsonb_build_object('name', 'phone_number', 'values', jsonb_build_array(format('+1512555%s', 2000 + p_number))),
    '{"name": "zip_code", "values": ["78701"]}'::jsonb));
$$;
create temp table posts as select pg_temp.meta('{"leadgen_id": "11", "form_id": "2"}', '{"leadgen_id": "12", "form_id": "777"}',
  '{"leadgen_id": "444444444444"}', '{"leadgen_id": "13"}'::jsonb || pg_temp.answers(13)) as body;
select is(leadgen.open_post('meta', body, pg_temp.signed(body)), '{"answer": "empty", "positions": [2, 3]}',
  'open_post: tests and leads that bring their answers are to be submitted') from posts;
select is(array_agg(f.fetch_id order by f.fetch_id), '{11,12}', 'open_post: the others are stored, to be fetched')
from leadgen.lead_fetches f;
select is(testkit.fault_of(format('select leadgen.%s', call)), 'LG401', call)
from posts, unnest(array[format('open_post(''meta'', %L)', body), format('submit_mapped_lead(''meta'', %L)', body),
  format('open_post(''meta'', %L, %L)', body, pg_temp.signed('other')),
  format('open_post(''meta'', %L, %L)', body || '\x20'::bytea, pg_temp.signed(body)),
  format('submit_mapped_lead(''meta'', %L, %L)', body, jsonb_build_object('api_key_hash', (select api_key_hash from leadgen.sources
    where source_key = 'meta')))]) call;
create temp table sold as
select n, leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body), n, case when n < 2 then pg_temp.answers(11 + n) end) as reply
from posts, generate_series(0, 3) n;
select is(array_agg(reply ->> 'status' order by n), '{accepted,accepted,test,accepted}', 'each lead of a post has its own outcome')
  from sold;
select is(array_agg(format('%s %s', l.idempotency_key::text, l.email) order by l.id),
  '{meta:11 m11@example.com,meta:12 m12@example.com,meta:13 m13@example.com}',
  'the leads are stored under Meta''s ids') from leadgen.leads l join ids on l.source_id = ids.meta;
select is(leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body), 0, pg_temp.answers(11)
  || '{"created_time": "now"}'::jsonb) -> 'repeated', 'true',
  'sent again: the same lead') from posts;
select is(testkit.fault_of(format('select leadgen.submit_mapped_lead(''meta'', %L, %L, %s)', body, pg_temp.signed(body), rest)), fault,
  what)
from posts, (values ('0', 'LG400 fetched', 'not fetched'), ('4', 'LG400 position', 'one more than there is'), ('null', 'LG400 position',
  'no position'),
  ('0, ''[]''', 'LG400 position', 'fetched something that is no lead'))
  as t (rest, fault, what);
select is(leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body), 0, jsonb_build_object('field_data',
  '[{"name": "email", "values": ["<test lead: dummy data for email>"]}]'::jsonb)) ->> 'status', 'test', 'a lead of Meta''s testing tool')
from pg_temp.meta('{"leadgen_id": "15"}') body;
select is(leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body), 0, '{"field_data": []}') ->> 'status', 'rejected',
  'a form without answers is stored as rejected') from pg_temp.meta('{"leadgen_id": "17"}') body;
select is(leadgen.open_post('meta', body, pg_temp.signed(body)) -> 'positions', '[]', 'another change of the page is no lead')
from convert_to('{"object": "page", "entry": [{"changes": [{"field": "feed", "value": {}}]}]}', 'UTF8') body;
select is(leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body)) ->> 'status', 'accepted',
  'a lead by itself, as somebody in between sends it')
from convert_to(pg_temp.answers(16)::text, 'UTF8') body;

-- One lead that cannot be read is kept, and the others of its post are taken.
create temp table mixed as
select pg_temp.meta('{"leadgen_id": "1/../2", "page_id": "1"}', '{"leadgen_id": "21"}'::jsonb || pg_temp.answers(21), '{"page_id": 1}', '5',
  '[{"leadgen_id": "22"}]', '{"leadgen_id": {"a": 1}}'::jsonb || pg_temp.answers(23), '{"leadgen_id": "24"}', 'null') as body;
select is(leadgen.open_post('meta', body, pg_temp.signed(body)) -> 'positions', '[0, 1, 2, 3, 4, 5, 7]',
  'find_fetch_id: nothing without an id, nor with one that would be a path') from mixed;
create temp table kept as
select n, leadgen.submit_mapped_lead('meta', body, pg_temp.signed(body), n, case n when 6 then pg_temp.answers(24) end) as reply
from mixed, generate_series(0, 7) n;
select is(reply ->> 'status', case when n in (1, 6) then 'accepted' else 'quarantined' end, format('lead %s of a mixed post', n))
from kept order by n;
select is(format('%s: %s', q.failed_step, q.reason), format('field_map: %s', t.reason), format('why lead %s is kept', n))
from (values
  (0, 'The lead has neither answers nor an id to fetch them by', '{"idempotency_key": "meta:1/../2", "attributes": {"page_id": "1"}}'),
  (2, 'The lead has neither answers nor an id to fetch them by', '{"attributes": {"page_id": 1}}'),
  (3, 'The lead is no object', '{"attributes": {"value": 5}}'),
  (4, 'The lead is no object', '{"attributes": {"value": [{"leadgen_id": "22"}]}}'),
  (5, 'idempotency_key is not acceptable', '{"idempotency_key": {"a": 1}, "email": "m23@example.com"}'),
  (7, 'The lead is no object', '{"source_key": "meta"}')) as t (n, reason, payload)
join kept using (n)
join leadgen.intake_quarantine q on q.id = (reply ->> 'quarantine_id')::bigint and q.payload @> t.payload::jsonb
order by n;
update leadgen.sources set is_active = true where source_key = 'google';
select is(pg_temp.post(pg_temp.google(11, '{"lead_id": {"a": 1}}')) ->> 'status', 'quarantined', 'an id of Google''s that is an object');
select is(pg_temp.post(pg_temp.google(11, '{"lead_id": {"a": 1}, "is_test": true}')) #>> '{outcome,detail,field}', 'idempotency_key',
  'a test lead tells that its id is an object');
select is(pg_temp.post(pg_temp.google(n, jsonb_build_object('is_test', mark))) ->> 'status', 'accepted',
  format('is_test %s is no test', mark))
from (values (12, '"false"'::jsonb), (13, '0'), (14, '[]')) as t (n, mark);
select is(testkit.fault_of('select intake.read_post(''[1]'')'), 'LG400', 'read_post: no object');
select is(leadgen.verify_subscription(key, token), verdict, format('verify_subscription: %s %s', key, token))
from (values ('meta', 'hello', true), ('meta', 'Hello', false), ('meta', null, false), ('google', null, false), ('nobody', 'hello',
  false)) as t (key, token, verdict);

-- A partner with a shape of its own: the key as usual, and the answers of submit_lead.
create function pg_temp.acme(p_changes jsonb, p_context jsonb) returns jsonb language sql as $$
  select leadgen.submit_mapped_lead('partner',
    convert_to(('{"n": "Ann", "e": "ann@example.com", "t": "+15125553001", "z": "78701", "ref": 1}'::jsonb
    || p_changes)::text, 'UTF8'), jsonb_build_object('api_key_hash', repeat('b', 64)) || p_context);
$$;
select is(pg_temp.acme('{}', '{"ip_address": "192.0.2.7"}') ->> 'status', 'accepted', 'a partner''s lead is taken');
select is(array[l.idempotency_key::text, host(l.ip_address)], '{acme:1,192.0.2.7}', 'a partner''s lead has what the transport knew')
  from leadgen.leads l where l.email = 'ann@example.com';
select is(testkit.fault_of($$select pg_temp.acme('{"n": "Bob"}', '{}')$$), 'LG422 idempotency_key',
  'the same id with another body is refused');
select is(pg_temp.acme('{"n": "Cid", "e": "cid@example.com", "t": "+15125553002"}', '{"idempotency_key": "mine"}') ->> 'status',
  'accepted', 'the header names the submission before the map does');
select is(testkit.fault_of(format($$select pg_temp.acme('{"n": %s, "ref": 2}', '{}')$$, to_jsonb(repeat('x', 201)))), 'LG400 name',
  'what a partner can mend is refused');
select is(pg_temp.acme('{"test": 1}', '{}') ->> 'status', 'test', 'a partner''s test is a test');
select is(testkit.fault_of($$select pg_temp.acme('{"ref": {"a": 1}}', '{}')$$), 'LG400 idempotency_key',
  'a partner''s id that is an object');

-- A partner whose leads are fetched, or several in one post.
insert into leadgen.field_maps (slug, name, body) values ('named', 'Named', '{"leads": "$.rows[*]", "fetch": "$.id",
  "answers": {"items": "$.list[*]", "name": "$.n", "value": "$.v"}, "fields": {"email": "$.answers.mail"}}');
update leadgen.source_maps set field_map_id = (select id from leadgen.field_maps where slug = 'named')
where source_id = (select partner from ids);
select is(testkit.fault_of(format('select leadgen.submit_mapped_lead(''partner'', %L, %L, %s)',
  '{"rows": [{"id": "1/../2"}, 5]}', jsonb_build_object('api_key_hash', repeat('b', 64)), n)), fault, what)
from (values (0, 'LG400', 'neither answers nor an id'), (1, 'LG400 position', 'no object: a partner can mend it')) as t (n, fault, what);

select * from finish();
rollback;
