-- Data keys, list_unsealed, keep_sealed, walk_on, flag_clear, open_leads, erasure and search of sealed leads, what is not known of them.
begin;
select plan(45);
select testkit.at_time('2026-11-20 16:00Z');

create temp table keys as select repeat('ab', 128) as hex, decode(repeat('ab', 128), 'hex') as key;
create temp table ids as select testkit.open_offer('{"on_no_buyer": "hold"}', 'Ace') as offer_id;
create function pg_temp.lead(p_id bigint) returns leadgen.leads language sql as $$
  select l from leadgen.leads l where l.id = p_id;
$$;
-- Of the test's own key: ids go on where other tests took some and rolled back.
create function pg_temp.find_data_key() returns bigint language sql as $$
  select min(k.id) from leadgen.data_keys k where k.purpose = 'data';
$$;
-- A worker that seals: \x01 and eight bytes for the key, then the document itself.
create function pg_temp.seal(p_key_id bigint default pg_temp.find_data_key()) returns integer language sql as $$
  select leadgen.keep_sealed(coalesce(jsonb_agg(jsonb_build_object('kind', u.kind, 'id', u.id, 'digest', u.digest, 'blob',
    encode('\x01'::bytea || int8send(p_key_id) || coalesce(convert_to(u.document::text, 'UTF8'), substr(u.sealed, 10)), 'base64'))), '[]'),
    (select hex from keys))
  from leadgen.list_unsealed(100) u;
$$;
create function pg_temp.reset() returns void language sql as $$
  -- As though the transaction that started it had ended long ago.
  update leadgen.sealing_walks set started_in = '3', started_at = started_at - interval '2 minutes';
$$;

-- Keys.
create temp table before as select testkit.outcome(offer_id, '2026-11-20 16:00Z', '{"name": "Early Bird", "phone": "5125550101"}') from ids;
create temp table early as select max(l.id) as id from leadgen.leads l;
select is(count(*), 0::bigint, 'list_unsealed: where nothing seals, nothing is to be sealed') from leadgen.list_unsealed(10);
select is((select seals from leadgen.settings), false, 'a database does not seal by itself');
create temp table data_key as select leadgen.add_data_key('data', '\x00112233445566778899aabbccddeeff', 'first') as id;
create temp table digest_key as select leadgen.add_data_key('digest', '\x00112233445566778899aabbccddeeff', 'first') as id;
select is((select seals from leadgen.settings), true, 'add_data_key: with the digest key the database seals');
select is(leadgen.add_data_key('digest', '\xff112233445566778899aabbccddeeff', 'second'), null, 'add_data_key: there is one digest key');
select is(testkit.fault_of(call), fault, format('add_data_key: %s', fault)) from (values
  ($$select leadgen.add_data_key('other', '\x00112233445566778899aabbccddeeff', 'a')$$, 'LG400 purpose'),
  ($$select leadgen.add_data_key('data', '\x00', 'a')$$, 'LG400 wrapped'),
  ($$select leadgen.add_data_key('data', '\x00112233445566778899aabbccddeeff', 'a b')$$, 'LG400 wrapped')) as t (call, fault);
select is(leadgen.rewrap_data_key(id, '\x01', '\xaa112233445566778899aabbccddeeff', 'second'), false,
  'rewrap_data_key: not what somebody else has wrapped anew') from data_key;
select is(leadgen.rewrap_data_key(id, '\x00112233445566778899aabbccddeeff', '\xaa112233445566778899aabbccddeeff', 'second'), true,
  'rewrap_data_key: the same key, wrapped by another') from data_key;
select is(array(select k.wrapped_by from leadgen.list_data_keys() k order by k.id), '{second,first}', 'list_data_keys: who wraps each');

-- The walk over what was there before.
select is(count(*), 0::bigint, 'walk_on: it waits for transactions that may still store leads') from leadgen.list_unsealed(10);
select pg_temp.reset();
select is(leadgen.measure_sealing() -> 'walks', '{"seal": {"last_id": null, "next_id": 1}}', 'measure_sealing: a walk that has not begun');
select is(pg_temp.seal(), 1, 'keep_sealed: a lead from before is sealed');
select is(concat_ws('|', l.name, l.phone = ref.seal_phone('+15125550101', key), l.message, l.submitted, l.seal_due), 'E*** B***|t',
  'keep_sealed: nothing of the person is left') from early, keys, pg_temp.lead(id) l;
select is(convert_from(substr(l.sealed, 10), 'UTF8')::jsonb #>> '{contact,0}', 'Early Bird', 'list_clear: what was clear is sealed')
from early, pg_temp.lead(id) l;
select is(privacy.read_key_id(l.sealed), k.id, 'read_key_id: the data key') from data_key k, early, pg_temp.lead(early.id) l;
select pg_temp.seal() from generate_series(1, 2);
select is(leadgen.measure_sealing() -> 'walks', '{}', 'walk_on: a walk that has ended is gone');

-- What comes clear.
create temp table held as select (testkit.submit(offer_id, '{"name": "Hold Me", "phone": "5125550102", "email": "hold@example.com"}')
  ->> 'lead_id')::bigint as id from ids;
update leadgen.leads l set hold_until = leadgen.clock() + interval '1 hour', next_route_at = leadgen.clock() from held where l.id = held.id;
create temp table lost as select (leadgen.submit_lead('{"source_key": "nobody", "email": "lost@example.com", "phone": "+15125550103"}')
  ->> 'quarantine_id')::bigint as id;
create temp table taken_out as select u.* from leadgen.list_unsealed(100) u;
select is(array(select kind from taken_out order by kind), '{lead,submission}', 'list_unsealed: what is flagged');
update leadgen.leads l set message = 'changed meanwhile' from held where l.id = held.id;
select is(leadgen.keep_sealed(jsonb_agg(jsonb_build_object('kind', kind, 'id', t.id, 'digest', digest, 'blob', 'AQ==')), hex), 1,
  'keep_sealed: what has changed meanwhile is left') from taken_out t, keys group by hex;
select is((l.sealed, l.seal_due), (null::bytea, true), 'what has changed is handed out again') from held, pg_temp.lead(id) l;
select is(pg_temp.seal(), 1, 'keep_sealed: the next time it is sealed');
select is(concat_ws('|', q.payload, q.seal_due), '{"sealed": true, "source_key": "nobody"}', 'keep_sealed: a submission')
from lost, leadgen.intake_quarantine q where q.id = lost.id;

-- Retired keys.
select is(leadgen.retire_data_keys(), 1, 'retire_data_keys: the keys in use');
select is(leadgen.retire_data_keys(), 0, 'retire_data_keys: once');
select pg_temp.reset();
select is(pg_temp.seal(id + 1), 2, 'keep_sealed: leads of a retired key are sealed anew') from data_key;
select is(array(select distinct privacy.read_key_id(l.sealed) from leadgen.leads l), array[id + 1], 'walk_on: all of them') from data_key;

-- What is found, and what is not known.
select is(array(select f.lead_id from leadgen.find_leads('(512) 555-0102', 20, k) f), found, format('find_leads: %s', what))
from keys, held, lateral (values (hex, array[id], 'by phone, with the digest key'), (null, '{}', 'nothing without it')) as t (k, found,
  what);
select is(array(select f.lead_id from leadgen.find_person('email', 'hold@example.com', null, jsonb_build_object('hash_key', hex)) f),
  array[id], 'find_person: by e-mail, with the digest key') from keys, held;
select is(leadgen.replay_lead(id), '{"identical": true, "without": "validation: the lead is sealed"}', 'replay_lead: a sealed lead')
from early;
select is(leadgen.replay_lead(id, convert_from(substr((pg_temp.lead(id)).sealed, 10), 'UTF8')::jsonb -> 'contact'), '{"identical": true}',
  'replay_lead: a lead that was opened') from early;
select is(leadgen.replay_lead(id, '["Early Bird", "", "+15125550101", null, null]') -> 'identical', 'false',
  'replay_lead: judged by another contact it differs') from early;
select is((leadgen.verify_leads(0, 10)).faults, '[]', 'verify_leads: sealed leads');
select is(testkit.fault_of(format($$select leadgen.what_if(%s, '2026-11-20', '2026-11-21', '{"validation": {"min_message_length": 5}}')$$,
  offer_id)), 'LG409 changes.validation', 'check_contacts: validation does not judge sealed leads again') from ids;
create temp table played as select leadgen.what_if(offer_id, '2026-11-20', '2026-11-21', '{"validation": {"min_message_length": 1000}}', (
  select jsonb_object_agg(l.id, convert_from(substr(l.sealed, 10), 'UTF8')::jsonb -> 'contact') from leadgen.leads l)) as result from ids;
select is(result #> '{simulated,rejected_by_code}', '{"message_too_short": 2}', 'what_if: validation judges leads that were opened')
from played;
select is((leadgen.what_if(offer_id, '2026-11-20', '2026-11-21', '{"default_price_per_lead": 50}') ->> 'leads')::integer, 2,
  'check_contacts: prices are rehearsed on sealed leads') from ids;

-- Who opens them.
select is(array(select o.lead_id from leadgen.open_leads(array[early.id, -1], 'unmask', 'she asks') o), array[early.id],
  'open_leads: the sealed ones among these') from early;
select is(array(select e.message from leadgen.events e where e.kind = 'leads_opened'),
  array[format('%s opened 1 sealed lead for unmask: she asks', session_user)], 'open_leads: an event says who and why');
select is(testkit.fault_of($$select leadgen.open_leads('{1}', ' ')$$), 'LG400 purpose', 'open_leads: not without a purpose');

-- Suppressed while it was held.
select leadgen.suppress('phone', '+15125550102');
select testkit.at_time('2026-11-20 16:01Z');
update leadgen.suppressions set created_at = leadgen.clock();
select is(array(select u.lead_id from leadgen.list_held_unchecked(10) u), array[id], 'list_held_unchecked: a held lead from before')
from held;
select is(leadgen.end_suppressed_holds(jsonb_build_array(jsonb_build_object('lead_id', id, 'phone', '+15125550102', 'email', 'x'))), 1,
  'end_suppressed_holds: its hold ends') from held;
select is((pg_temp.lead(id)).hold_until, null, 'it is offered to nobody any more') from held;

-- Erased.
select is(leadgen.erase_lead(id, 'asked', jsonb_build_object('hash_key', hex, 'contact',
  '["", "lost@example.com", "", null, null]'::jsonb)),
  true, 'erase_lead: a sealed lead') from early, keys;
select is((l.name, l.sealed, l.phone)::text, '("",,"")', 'erase_lead: nothing of it is left') from early, pg_temp.lead(id) l;
select is(q.payload, '{}', 'erase_lead: a sealed submission of its contact is emptied') from lost, leadgen.intake_quarantine q
where q.id = lost.id;

select * from finish();
rollback;
