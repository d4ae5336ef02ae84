-- read_sealing, ask_caller, find_blob, take_blob, list_contact, digest_text, hide_contact, hide_payload, hide_traces, open_submission:
-- a call with a digest key stores nothing clear, and is asked for what it has still to seal.
begin;
select plan(31);
select testkit.at_time('2026-11-20 16:00Z');

create temp table keys as select repeat('ab', 128) as hex, decode(repeat('ab', 128), 'hex') as key;
create temp table ids as select testkit.open_offer('{"on_no_buyer": "hold"}', 'Ace') as offer_id;
-- A caller that seals whatever it is asked for; \x01 and the document stand for a sealed text.
create function pg_temp.submit(p_payload jsonb, p_blobs jsonb default '{}', p_calls integer default 3) returns jsonb language plpgsql as $$
declare
  v_answer jsonb := leadgen.submit_lead(p_payload, jsonb_build_object('sealing',
    jsonb_build_object('hash_key', (select hex from keys), 'blobs', p_blobs)));
begin
  if v_answer ->> 'status' = 'seal' and p_calls > 1 then
    return pg_temp.submit(p_payload, p_blobs || jsonb_build_object(v_answer ->> 'digest',
      encode('\x01'::bytea || convert_to(v_answer ->> 'document', 'UTF8'), 'base64')), p_calls - 1);
  end if;
  return v_answer;
end;
$$;
create function pg_temp.lead(p_answer jsonb) returns leadgen.leads language sql as $$
  select l from leadgen.leads l where l.id = (p_answer ->> 'lead_id')::bigint;
$$;

-- What the contact is sealed as.
create temp table sent as
select testkit.given_lead(offer_id,
  '{"name": "Jane Doe", "email": "Jane+x@Gmail.com", "phone": "(512) 555-0123 ext. 9", "message": "Help"}')
  as payload from ids;
create temp table asked as select pg_temp.submit(payload, p_calls => 1) as answer from sent;
select is(answer ->> 'status', 'seal', 'a call with a digest key and no sealed text is asked for it') from asked;
select is(answer #> '{document,contact}', '["Jane Doe", "jane+x@gmail.com", "+15125550123", "9", "Help"]',
  'list_contact: as it is normalised')
from asked;
select is(answer #> '{document,submitted}', payload, 'what was sent is sealed as it was sent') from asked, sent;
select is((select count(*) from leadgen.leads), 0::bigint, 'nothing is stored meanwhile');
create temp table taken as select pg_temp.submit(payload) as answer from sent;
select is(answer ->> 'status', 'accepted', 'with the sealed text the lead is taken') from taken;
select is(to_jsonb(l) - array(select k from jsonb_object_keys(to_jsonb(l)) k
where k not in ('name', 'message', 'submitted', 'phone_extension',
  'seal_due')), '{"name": "J*** D***", "message": null, "submitted": null, "phone_extension": "*", "seal_due": null}',
  'a sealed lead has a mask for its name, and nothing else of the person') from taken, pg_temp.lead(answer) l;
select is(l.phone::text, ref.seal_phone('+15125550123', key), 'a sealed lead has a digest for its phone')
from taken, keys, pg_temp.lead(answer) l;
select matches(l.email::text, '^#[A-Za-z0-9+/]{24} j[*]{3}@g[*]{3}[.]com[|]#[A-Za-z0-9+/]{24} j[*]{3}@g[*]{3}[.]com$',
  'a sealed lead has digests for its e-mail and its mailbox') from taken, pg_temp.lead(answer) l;
select is(l.sealed, '\x01'::bytea || convert_to((a.answer -> 'document')::text, 'UTF8'), 'take_blob: the sealed text as it was brought')
from taken t, asked a, pg_temp.lead(t.answer) l;
select is((l.signals).line_types, ref.find_line_types('+15125550123', 'US'), 'hide_contact: what returns ask of the phone is kept')
from taken, pg_temp.lead(answer) l;
select isnt(l.request_hash, intake.hash_submission(payload), 'the hash of the submission is under the digest key')
from taken, sent, pg_temp.lead(answer) l;
select is(l.request_hash, intake.digest_request(intake.hash_submission(payload), key), 'digest_request: it is the digest of the plain hash')
from taken, sent, keys, pg_temp.lead(answer) l;

-- The same lead, and the same person.
select is(pg_temp.submit(payload) -> 'repeated', 'true', 'the same lead again gets its answer') from sent;
update leadgen.validation_policies set rules = rules
  || '{"duplicate_window_hours": 24, "duplicate_match": ["phone", "email", "mailbox"]}'::jsonb;
select is(pg_temp.submit(testkit.given_lead(offer_id, fields)) #>> '{errors,0,code}', 'duplicate', format('a duplicate by %s', what))
from ids, (values ('phone', '{"phone": "5125550123"}'::jsonb), ('e-mail', '{"email": "JANE+x@gmail.com"}'),
  ('mailbox', '{"email": "j.ane@googlemail.com"}')) as t (what, fields);
create temp table clear as select testkit.submit(offer_id, '{"email": "clear@example.com", "phone": "5125550177"}') as answer from ids;
select is(pg_temp.submit(testkit.given_lead(offer_id, '{"phone": "5125550177"}')) #>> '{errors,0,code}', 'duplicate',
  'a sealed lead is a duplicate of a clear one') from ids;
select is((select seal_due from pg_temp.lead(answer)), null, 'where nothing seals, a clear lead is not flagged') from clear;
update leadgen.settings set seals = true;
select is((select seal_due from pg_temp.lead(testkit.submit(offer_id, '{}'))), true, 'where something seals, a clear lead is flagged')
from ids;
select is((pg_temp.lead(testkit.submit(offer_id, '{}'))).name::text, 'John Smith', 'it stays clear until a worker seals it') from ids;

-- Quarantine.
create temp table lost as select '{"source_key": "nobody", "email": "lost@example.com", "phone": "+15125550188"}'::jsonb as payload;
create temp table kept as select pg_temp.submit(payload) as answer from lost;
select is(answer ->> 'status', 'quarantined', 'a submission that no source claims is sealed and kept') from kept;
select is(concat_ws('|', q.payload, q.sealed is not null, q.seal_due), '{"sealed": true, "source_key": "nobody"}|t',
  'hide_payload: what is kept clear says only whose it is') from kept, leadgen.intake_quarantine q
where q.id = (answer ->> 'quarantine_id')::bigint;
select is(q.traces && intake.trace_payload(lost.payload), false, 'hide_traces: its traces are under the digest key')
from kept, lost, leadgen.intake_quarantine q where q.id = (answer ->> 'quarantine_id')::bigint;
select is(array(select f.quarantine_id from leadgen.find_leads(asked_for, 20, hex) f), array[(answer ->> 'quarantine_id')::bigint],
  format('find_leads: a sealed submission by %s', asked_for))
from kept, keys, unnest('{lost@example.com,(512) 555-0188}'::text[]) asked_for;
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s)', answer ->> 'quarantine_id')), 'LG409 quarantine_id',
  'open_submission: a sealed submission is not resubmitted unopened') from kept;
select is((intake.open_submission(q, jsonb_build_object('document', jsonb_build_object('payload', lost.payload)))).payload, lost.payload,
  'open_submission: what was sent') from kept, lost, leadgen.intake_quarantine q where q.id = (answer ->> 'quarantine_id')::bigint;
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s, %L)', answer ->> 'quarantine_id', jsonb_build_object(
    'document', '{"payload": {"source_key": "nobody", "email": "other@example.com"}}'::jsonb,
    'sealing', jsonb_build_object('hash_key', hex)))),
  'LG409 quarantine_id', 'is_of_row: a text that was sealed for another submission is refused') from kept, keys;

-- Calls that cannot be meant.
select is(testkit.fault_of(format('select leadgen.submit_lead(%L, %L)', payload, context)), fault, format('read_sealing: %s', left(context,
  40)))
from sent, (values ('{"sealing": {}}', 'LG400 hash_key'), ('{"sealing": {"hash_key": "ab"}}', 'LG400 hash_key'),
  ('{"sealing": {"hash_key": "ab", "more": 1}}', 'LG400 sealing')) as t (context, fault);

select * from finish();
rollback;
