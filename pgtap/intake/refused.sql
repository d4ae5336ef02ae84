-- keep_refused, resubmit_quarantined: what is refused with 400 or 413 can be found, handed in again, and goes with its person.
begin;
select plan(24);

create temp table ids as
select o as offer_id, testkit.enroll_buyer(o, 'Ace') as seat,
  testkit.make_source(o, '{"source_key": "page", "hostname": "roofs.example"}') as page,
  testkit.make_source(o, jsonb_build_object('kind', 'partner_api', 'source_key', 'partner', 'api_key_hash', repeat('b', 64))) as partner,
  testkit.make_source(o, jsonb_build_object('kind', 'partner_api', 'source_key', 'mapped', 'api_key_hash', repeat('c', 64))) as mapped
from testkit.make_offer() o;
insert into leadgen.field_maps (slug, name, body) values ('acme', 'Acme', '{"leads": "$.rows[*]", "fields": {"name": "$.n", "email": "$.e",
  "phone": "$.t", "postal_code": "$.z"}}');
insert into leadgen.source_maps (source_id, field_map_id) select mapped, m.id from ids, leadgen.field_maps m where m.slug = 'acme';
create function pg_temp.keep(p_text text, p_context jsonb default '{}', p_source text default null, p_cut bigint default null,
  p_position integer default null) returns bigint language sql as $$
  select leadgen.keep_refused(p_source, p_text, p_context, '{"status": 400, "detail": "name: found a number; allowed: text"}', p_cut,
    p_position);
$$;
create function pg_temp.kept(p_id bigint) returns leadgen.intake_quarantine language sql as $$
  select q from leadgen.intake_quarantine q where q.id = p_id;
$$;
create function pg_temp.key(p_letter text) returns jsonb language sql as $$
  select jsonb_build_object('api_key_hash', repeat(p_letter, 64));
$$;

-- Whose it is.
select is(pg_temp.keep(body, context, source) is not null, is_kept, what)
from (values
  ('{"name": 5, "source_key": "page"}', '{}'::jsonb, null, true, 'a source that the payload names'),
  ('{"name": 5}', '{"referer": "https://roofs.example/a"}', null, true, 'a source of the page'),
  ('{"name": 5, "source_key": "page"', '{}', null, true, 'a source that broken JSON names'),
  ('{"name": 5}', pg_temp.key('b'), null, true, 'a source of the key'),
  ('{"rows": [', '{}', 'mapped', true, 'a source to whose address it was posted'),
  ('{"name": 5}', pg_temp.key('e'), null, false, 'a key that nobody has'),
  ('{"name": 5, "source_key": "partner"}', '{}', null, false, 'a partner without its key'),
  ('{"name": 5}', '{}', null, false, 'nobody''s'),
  ('{"rows": [', '{}', 'nobody', false, 'an address of nobody')) as t (body, context, source, is_kept, what);

-- What is kept.
create temp table broken as select pg_temp.keep('{"email": "ann@example.com", "name": ', pg_temp.key('b'), null, 77) as id;
select is((q).payload ->> 'body', '{"email": "ann@example.com", "name": ', 'a body that is no JSON is kept as it came')
from broken, pg_temp.kept(id) q;
select is((q).answered ->> 'detail', 'name: found a number; allowed: text', 'the error that was answered is kept')
from broken, pg_temp.kept(id) q;
select is((q).cut_bytes, 77::bigint, 'what was cut is said') from broken, pg_temp.kept(id) q;
select is(pg_temp.keep('{"email": "ann@example.com", "name": ', pg_temp.key('b')), id, 'the same again is the same row') from broken;
select is((q).times_seen, 2, 'the same again is counted') from broken, pg_temp.kept(id) q;
create temp table one as
select pg_temp.keep('{"rows": [{"n": "x"}, {"n": "Bo", "e": "bo@example.com", "t": "+15125550147", "z": "78701"}]}', pg_temp.key('c'),
  'mapped', null, 1) as id;
select is((q).payload ->> 'email', 'bo@example.com', 'of a post the lead at its position is kept, as its map reads it')
from one, pg_temp.kept(id) q;

-- Handed in again.
select is(leadgen.resubmit_quarantined(id) ->> 'status', 'accepted', 'what can be read now is a lead') from one;
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s)', id)), 'LG409 quarantine_id', 'what cannot be read is not')
from broken;

-- Bounded.
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('quarantine_source', 'partner', 100, 60),
  ('quarantine_address', '192.0.2.9', 100, 60);
delete from leadgen.rate_buckets;
select is(pg_temp.keep('{"message": 1}', pg_temp.key('b')) is not null, true, 'a source may put a little into quarantine');
select is(pg_temp.keep(jsonb_build_object('message', repeat('x', 200))::text, pg_temp.key('b')), null, 'a source may not put in more');
select is(pg_temp.keep(jsonb_build_object('source_key', 'page', 'message', repeat('x', 200))::text, '{"ip_address": "192.0.2.9"}'), null,
  'whoever has no key pays by the address');
select isnt(pg_temp.keep(jsonb_build_object('source_key', 'page', 'message', repeat('x', 200))::text, '{"ip_address": "192.0.2.8"}'),
  null, 'another address goes on');

-- Found and erased.
select is((select array_agg(f.quarantine_id) from leadgen.find_person('email', 'ann@example.com') f), array[id],
  'a person is found in a broken body') from broken;
select is(leadgen.erase_submission(id, 'asked for'), true, 'it is erased') from broken;
select is(format('%s %s', (q).payload, coalesce((q).answered::text, 'none')), '{} none', 'nothing of it is left')
from broken, pg_temp.kept(id) q;

select * from finish();
rollback;
