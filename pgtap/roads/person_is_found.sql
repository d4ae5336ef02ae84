-- find_person, erase_submission, explain_erasure: a person found by contact, struck out where there is no lead, and the account of it.
begin;
select plan(33);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 24}') as offer_id;
create temp table seats as select testkit.enroll(offer_id) as a from ids;
create function pg_temp.submit(p_changes jsonb) returns jsonb language sql as $$
  select leadgen.submit_lead(testkit.given_lead(offer_id, '{"name": "Zaphod Beeblebrox", "email": "zaphod@heartofgold.example",
    "phone": "+15125557731"}'::jsonb || p_changes)) from ids;
$$;
create function pg_temp.is_left(p_words text) returns boolean language plpgsql as $$
-- Whether somebody's words are found in any table that holds what was sent.
begin
  return exists (select from leadgen.intake_quarantine q where q::text ~* p_words)
    or exists (select from leadgen.events e where e::text ~* p_words) or exists (select from leadgen.leads l where l::text ~* p_words);
end;
$$;
select testkit.at_time('2026-11-21T16:00:00Z');
create temp table people as select (pg_temp.submit('{"idempotency_key": "p-1"}') ->> 'lead_id')::bigint as a;
alter table people add column b bigint;
update people set b = (pg_temp.submit('{"idempotency_key": "p-2", "email": "other@people.example"}') ->> 'lead_id')::bigint;
insert into leadgen.intake_quarantine (failed_step, reason, payload, context, request_hash)
values ('source', 'no source', '{"phone": "(512) 555-7731", "source_key": "lost"}', '{}', 'p-3'),
  ('source', 'no source', '{"email": "nobody@people.example"}', '{}', 'p-4'),
  ('source', 'no source', '{"phone": "030 901820", "country_code": "DE"}', '{}', 'p-5'),
  ('source', 'no source', '{"phone": "030 901820"}', '{}', 'p-6'),
  ('source', 'no source', '{"phone": "030 901820", "country_code": "AT"}', '{}', 'p-7');
create temp table submissions as select q.id, convert_from(q.request_hash, 'UTF8') as name from leadgen.intake_quarantine q
  where q.request_hash in ('p-3', 'p-4', 'p-5', 'p-6', 'p-7');
create function pg_temp.found(p_kind text, p_value text, p_country text default null) returns text language sql as $$
  select string_agg(case when f.lead_id = p.a then 'a' when f.lead_id = p.b then 'b' else coalesce(s.name, 'another') end, ' '
    order by f.created_at, f.lead_id, f.quarantine_id)
  from leadgen.find_person(p_kind, p_value, p_country) f
  cross join people p
  left join submissions s on s.id = f.quarantine_id
  where f.lead_id is null or f.lead_id >= p.a;
$$;
select is(pg_temp.found(kind, value, country), expected, format('find_person: %s %s', kind, value))
from (values
  ('phone', '(512) 555-7731', 'US', 'a b p-3'), ('phone', '+1 512 555 7731', null, 'a b p-3'),
  ('phone', '+4930901820', null, 'p-5 p-6'), ('phone', '030 901820', 'de', 'p-5 p-6'),
  ('email', 'ZAPHOD@heartofgold.example', null, 'a'), ('email', 'other@people.example', null, 'b'),
  ('email', 'nobody@people.example', null, 'p-4'), ('email', 'nobody.else@people.example', null, null)
) as t (kind, value, country, expected);
select is(pg_temp.found('lead', a::text), 'a p-3', 'find_person: one lead, and what quarantine has of its contact') from people;
select is(testkit.fault_of(format('select * from leadgen.find_person(%L, %L)', kind, value)), fault,
  format('find_person: %s %s is refused', kind, value))
from (values ('phone', '(512) 555-7731', 'LG400 value'), ('email', 'zaphod', 'LG400 value'), ('name', 'Zaphod', 'LG400 kind'),
  (null, 'x', 'LG400 kind'), ('lead', '0', 'LG404 lead_id'), ('lead', 'x', 'LG404 lead_id'),
  ('lead', '-1', 'LG404 lead_id'), ('lead', '', 'LG404 lead_id'), ('lead', null, 'LG404 lead_id'),
  ('lead', '99999999999999999999', 'LG404 lead_id')) as t (kind, value, fault);
set local role leadgen_dba;
select is((select count(*) from leadgen.find_person('email', 'nobody@people.example')), 1::bigint, 'a DBA may look');
reset role;
select is(leadgen.erase_submission(id, ' asked  for it '), true, 'erase_submission: a person who is in quarantine only')
from submissions where name = 'p-4';
select is(pg_temp.is_left('nobody@people'), false, 'nothing of the person is left');
select is(array[e.message, e.facts ->> 'by', e.facts ->> 'reason'],
  array[format('submission %s in quarantine was erased: asked for it', e.facts ->> 'quarantine_id'), session_user, 'asked for it'],
  'who did it, and why') from leadgen.events e where e.kind = 'submission_erased';
select is(leadgen.erase_submission(id, 'again'), false, 'erase_submission: again') from submissions where name = 'p-4';
select is(count(*), 1::bigint, 'is one event') from leadgen.events e where e.kind = 'submission_erased';
select is(testkit.fault_of('select leadgen.erase_submission(0, ''asked'')'), 'LG404 quarantine_id', 'no such submission');
select is(testkit.fault_of('select leadgen.erase_submission(0, null)'), 'LG400 reason', 'a reason is needed');
select is(testkit.fault_of(format('select leadgen.resubmit_quarantined(%s)', id)) like 'LG4%', true, 'it is not resubmitted any more')
from submissions where name = 'p-4';

-- Explained: when, by whom and why.
select is(leadgen.explain_lead(a) -> 'erasure', 'null', 'a lead that was not erased') from people;
select leadgen.erase_lead(a, 'wished to be forgotten') from people;
select is(leadgen.explain_lead(a) -> 'erasure',
  jsonb_build_object('erased_at', '2026-11-21T16:00:00Z'::timestamptz, 'by', session_user, 'reason', 'wished to be forgotten'),
  'when it was erased, by whom and why') from people;
select is(pg_temp.found('phone', '+15125557731'), 'b', 'find_person: it is found no more, nor what quarantine had of it');
update leadgen.events e set facts = e.facts - 'reason' from people where e.kind = 'lead_erased' and e.subject = format('lead %s', a);
select is(leadgen.explain_lead(a) #>> '{erasure,reason}', 'wished to be forgotten', 'an event without the reason apart') from people;
delete from leadgen.events e using people where e.kind = 'lead_erased' and e.subject = format('lead %s', a);
select is(leadgen.explain_lead(a) -> 'erasure', jsonb_build_object('erased_at', '2026-11-21T16:00:00Z'::timestamptz),
  'an event that is gone') from people;

select * from finish();
rollback;
