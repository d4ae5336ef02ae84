-- hash_digest, digest_lead, digest_contact, digest_payload, list_digested, can_find_copies, list_undigested, keep_digests,
-- flag_clear_submissions, check_finds_sealed: who is sealed is found without a key by its lead, and with it by a contact.
begin;
select plan(33);
select testkit.at_time('2026-11-20 16:00Z');

create temp table keys as select repeat('ab', 128) as hex, decode(repeat('ab', 128), 'hex') as key;
create temp table ids as select testkit.open_offer('{"on_no_buyer": "hold"}', 'Ace') as offer_id;
-- A caller that seals whatever it is asked for; \x01, eight bytes for the key and the document stand for a sealed text.
create function pg_temp.wrap(p_document text) returns text language sql as $$
  select encode('\x010000000000000001'::bytea || convert_to(p_document, 'UTF8'), 'base64');
$$;
create function pg_temp.submit(p_payload jsonb, p_blobs jsonb default '{}', p_calls integer default 3) returns jsonb language plpgsql as $$
declare
  v_answer jsonb := leadgen.submit_lead(p_payload, jsonb_build_object('sealing',
    jsonb_build_object('hash_key', (select hex from keys), 'blobs', p_blobs)));
begin
  if v_answer ->> 'status' = 'seal' and p_calls > 1 then
    return pg_temp.submit(p_payload, p_blobs || jsonb_build_object(v_answer ->> 'digest', pg_temp.wrap(v_answer ->> 'document')),
      p_calls - 1);
  end if;
  return v_answer;
end;
$$;
create function pg_temp.lose(p_payload jsonb) returns bigint language sql as $$
  select (pg_temp.submit(p_payload || '{"source_key": "nobody"}'::jsonb) ->> 'quarantine_id')::bigint;
$$;
-- A worker: what it is handed it opens and seals anew.
create function pg_temp.work(p_opens boolean default true) returns integer language sql as $$
  select leadgen.keep_sealed(coalesce(jsonb_agg(jsonb_build_object('kind', u.kind, 'id', u.id, 'digest', u.digest)
    || case when p_opens then jsonb_build_object('document', o.document, 'blob', pg_temp.wrap(o.document)) else '{}' end), '[]'),
    (select hex from keys))
  from leadgen.list_unsealed(100) u
  cross join lateral (select coalesce(u.document::text, convert_from(substr(u.sealed, 10), 'UTF8')) as document) o;
$$;
create function pg_temp.is_empty(p_id bigint) returns boolean language sql as $$
  select q.payload = '{}' and q.sealed is null from leadgen.intake_quarantine q where q.id = p_id;
$$;

-- What is one contact.
select is(digests && intake.digest_contact(email, phone, key), is_found, format('digest_payload: %s', what))
from keys, lateral (values
  ('a phone as the intake reads it', '{"phone": "(512) 555-0123"}'::jsonb, null, '+15125550123', true),
  ('a phone in a sentence', '{"text": "please call 512 555 0123 after six"}', null, '+15125550123', true),
  ('a phone of another country in a sentence', '{"text": "it is 0049 30 1234 5678"}', null, '+493012345678', true),
  ('a number of another person', '{"phone": "5125550124"}', null, '+15125550123', false),
  ('an e-mail', '{"email": "Ann@Example.com"}', 'ann@example.com', null, true),
  ('an e-mail in a sentence', '{"text": "to <ann@example.com>, please"}', 'ann@example.com', null, true),
  ('an e-mail that ends like it', '{"email": "joann@example.com"}', 'ann@example.com', null, false),
  ('nothing of a person', '{"text": "none"}', 'ann@example.com', '+15125550123', false)
) as t (what, payload, email, phone, is_found), lateral (select intake.digest_payload(payload, key) as digests) d;
select is(intake.digest_payload('{"phone": "5125550123"}', null), null, 'digest_payload: nothing without the key');

-- A lead that is erased in SQL, by who has no key.
update leadgen.settings set seals = true;
create temp table sent as select testkit.given_lead(offer_id,
  '{"phone": "(512) 555-0123", "email": "ann@example.com"}') as payload from ids;
create temp table taken as select (pg_temp.submit(payload) ->> 'lead_id')::bigint as id from sent;
create temp table lost as select
  pg_temp.lose('{"phone": "+1 512 555 0123"}') as by_phone, pg_temp.lose('{"email": "ANN@example.com"}') as by_email,
  pg_temp.lose('{"phone": "5125550199", "email": "else@example.com"}') as other;
select is(intake.digest_lead(l), intake.digest_contact('ann@example.com', '+15125550123', key), 'digest_lead: what its row has')
from taken, keys, leadgen.leads l where l.id = taken.id;
select is(intake.can_find_copies(l), true, 'can_find_copies: where all is sealed') from taken, leadgen.leads l where l.id = taken.id;
select is(array(select f.quarantine_id from leadgen.find_person('lead', id::text) f where f.quarantine_id is not null order by 1),
  array[by_phone, by_email], 'find_person: a lead''s submissions, without the key') from taken, lost;
select leadgen.erase_lead(id, 'asked') from taken;
select is(array[pg_temp.is_empty(by_phone), pg_temp.is_empty(by_email), pg_temp.is_empty(other)], '{t,t,f}',
  'erase_lead: without the key the sealed submissions of its phone and its e-mail are emptied, and no others') from lost;

-- Looked for by contact.
select is(testkit.fault_of(call), 'LG409 hash_key', format('check_finds_sealed: %s', call)) from (values
  ($$select leadgen.list_holdings('email', 'else@example.com', null, null)$$),
  ($$select leadgen.count_holdings('email', 'else@example.com', null, null)$$),
  ($$select leadgen.start_person_export('email', 'else@example.com', null, 'asked', null)$$),
  ($$select leadgen.find_person('email', 'else@example.com')$$)) as t (call);
select is(array(select h.id from leadgen.list_holdings('email', 'else@example.com', null, hex) h), array[other],
  'check_finds_sealed: with the key it is found') from keys, lost;

-- The retention rule.
create temp table old as
select (pg_temp.submit(testkit.given_lead(offer_id, '{"phone": "5125550199"}')) ->> 'lead_id')::bigint as id from ids;
update leadgen.retention_rules set is_active = true, keep = '30 days' where name = 'leads';
select testkit.at_time('2027-01-20 16:00Z');
update leadgen.intake_quarantine set digests = null from lost where id = other;
select roads.erase_old_lead() from generate_series(1, 5);
select is(l.erased_at, null, 'erase_old_lead: it waits while a submission has no digests') from old, leadgen.leads l where l.id = old.id;
select is(testkit.fault_of(format($$select leadgen.erase_lead(%s, 'asked')$$, id)), 'LG409 lead_id',
  'can_find_copies: an erasure without the key is refused meanwhile') from old;
select is(pg_temp.work(), 1, 'list_undigested: a worker opens what was sealed before');
select is(q.digests, intake.digest_payload('{"phone": "5125550199", "email": "else@example.com"}', key),
  'keep_digests: it has digests now') from lost, keys, leadgen.intake_quarantine q where q.id = other;
select roads.erase_old_lead() from generate_series(1, 5);
select is(pg_temp.is_empty(other), true, 'erase_old_lead: it misses no sealed submission') from lost;

-- What nobody can open.
create temp table torn as select pg_temp.lose('{"phone": "5125550177"}') as id;
update leadgen.intake_quarantine q set digests = null from torn where q.id = torn.id;
select is(pg_temp.work(false), 2, 'pass_unopened: what cannot be opened is passed');
select is(q.digests, '{}', 'keep_digests: nothing waits for it') from torn, leadgen.intake_quarantine q where q.id = torn.id;
select is(array(select e.facts from leadgen.events e where e.kind = 'sealed_texts_altered'), array['{"texts": 1}'::jsonb],
  'pass_unopened: an event says so');
select leadgen.add_data_key('data', '\x00112233445566778899aabbccddeeff', 'first');
create temp table kept as
select (pg_temp.submit(testkit.given_lead(offer_id, '{}')) ->> 'lead_id')::bigint as id from ids, generate_series(1, 2);
select leadgen.retire_data_keys();
update leadgen.sealing_walks set started_in = '3', started_at = started_at - interval '2 minutes';
select pg_temp.work(false);
select is(w.unopened @> array(select k.id from kept k), true, 'pass_unopened: the walk notes the leads of its portion')
from leadgen.sealing_walks w;
select pg_temp.work(false) from generate_series(1, 3);
select is(leadgen.measure_sealing() -> 'walks', '{}', 'walk_on: it ends all the same');

-- From before anything was sealed.
update leadgen.settings set seals = false;
create temp table early as
select (leadgen.submit_lead('{"source_key": "nobody", "phone": "+15125550166"}') ->> 'quarantine_id')::bigint as id;
update leadgen.settings set seals = true;
select privacy.start_walk('seal');
update leadgen.sealing_walks set started_in = '3';
select pg_temp.work() from generate_series(1, 4);
select is((q.payload, cardinality(q.digests))::text, '("{""sealed"": true, ""source_key"": ""nobody""}",1)',
  'flag_clear_submissions: with the leads, submissions are sealed') from early, leadgen.intake_quarantine q where q.id = early.id;

-- A post that waits.
insert into leadgen.lead_fetches (source_id, lead, sealed)
select min(s.id), '{"sealed": true}', decode(pg_temp.wrap('{"lead": {"tel": "+15125550155"}}'), 'base64') from leadgen.sources s;
select is(count(*), 0::bigint, 'list_fetches_of: a post without digests is not found')
from keys, leadgen.list_holdings('phone', '+15125550155', null, hex);
select pg_temp.work();
select is(array(select what from leadgen.list_holdings('phone', '+15125550155', null, hex)), '{fetch}',
  'list_fetches_of: a sealed post by a phone in it') from keys;
select is(leadgen.open_fetch(f.id, 'asked'), f.sealed, 'open_fetch: the sealed text') from leadgen.lead_fetches f;
select is(count(*), 1::bigint, 'open_fetch: an event says so') from leadgen.events e where e.kind = 'fetch_opened';

select * from finish();
rollback;
