-- falls_through, find_lasting_reason, find_fall_through: an exclusivity under when_unavailable hold waits for what may pass, and for
-- nothing else.
begin;
select plan(47);
select testkit.at_time('2026-11-20T16:00:00Z');

-- One by one: what the owner lacks, and why the lead does not wait for it (null: it waits).
select is(kernel.find_lasting_reason(testkit.snapshot(testkit.candidates(fields, '{}')), 101), expected,
  format('find_lasting_reason: %s', fields))
from (values
  ('{}'::jsonb, null), ('{"cap_day": 0}', null), ('{"cap_month": 5, "used_month": 5}', null), ('{"budget_day": 40}', null),
  ('{"min_balance": 10, "balance": 5}', null), ('{"min_balance": 10, "balance": 20}', null),
  ('{"pause_until": "2027-01-01T00:00:00Z"}', null), ('{"pause_until": "infinity"}', 'paused'),
  ('{"in_schedule": false, "schedule": "{[0,600)}"}', null), ('{"in_schedule": false}', 'outside_schedule'),
  ('{"has_lead": true}', 'already_had_lead'), ('{"has_contact": true}', 'bought_contact_before'),
  ('{"enrollment_is_active": false}', 'enrollment_inactive'), ('{"buyer_is_active": false}', 'buyer_inactive'),
  ('{"has_channel": false}', 'no_channel'), ('{"in_service_area": false}', 'outside_service_area'),
  ('{"filter_fault": "roof_age is 3, wanted at least 10"}', 'filters'),
  ('{"cap_day": 0, "has_lead": true}', 'already_had_lead'),
  ('{"pause_until": "2027-01-01T00:00:00Z", "has_contact": true}', 'bought_contact_before')
) as t (fields, expected);
select is(kernel.find_lasting_reason(testkit.snapshot(testkit.candidates('{}')), 999), 'not_enrolled',
  'find_lasting_reason: an owner that is no candidate');
select is(kernel.find_lasting_reason(testkit.snapshot('{}'), 101), 'not_enrolled', 'find_lasting_reason: nobody is enrolled');
select is(kernel.find_fall_through(testkit.snapshot(testkit.candidates('{"cap_day": 0}'), p_exclusive_buyer_id => 101), '{cap_day}'),
  'cap_day', 'find_fall_through: without a reason that lasts, the one for which the owner lost');

select is(kernel.find_fall_through(testkit.snapshot(testkit.candidates(fields), p_exclusive_buyer_id => 101), '{held_lead_first}'), reason,
  format('find_fall_through: behind held leads, %s', fields))
from (values ('{}'::jsonb, null), ('{"has_contact": true}', 'bought_contact_before')) as t (fields, reason);

-- An earlier version waits whatever the reason is, so that its decisions replay.
select is(kernel.falls_through(testkit.snapshot(testkit.candidates('{"has_lead": true}'), p_exclusive_buyer_id => 101),
    jsonb_populate_record(testkit.settings(), jsonb_build_object('when_unavailable', word))), expected,
  format('falls_through: settings with %s', word))
from (values ('hold', false), ('hold_while_passing', true), ('fall_through', true), ('reject', false)) as t (word, expected);

-- Through the front door: Ace owns 787*, Best comes next.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"exclusivity": {"when_unavailable": "hold"}, "contact_window_days": 30}') as offer_id;
create temp table seats as
select testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 9}') as ace, testkit.enroll_buyer(offer_id, 'Best') as best from ids;
select testkit.own(ace, 'postal_code', '787*') from seats;

create function pg_temp.latest() returns leadgen.leads language sql as $$
  select l from leadgen.leads l join ids using (offer_id) order by l.id desc limit 1;
$$;
create function pg_temp.account() returns jsonb language sql as $$
  select leadgen.explain_lead((pg_temp.latest()).id) #> '{attempts,-1}';
$$;
create temp table returned as select testkit.sell_delivered(offer_id) as sale_id from ids;
select is(leadgen.return_sale(sale_id, 'unreachable'), 'returned', 'the owner returns its lead') from returned;
select testkit.work_holds();
select is(testkit.tell((pg_temp.latest()).id), 'Ace 45.00, Best 45.00', 'returned by its owner: the lead goes to the next buyer');
select is(pg_temp.account() -> 'exclusive_buyer_id', 'null', 'fallen through: nobody is exclusive');
select is((pg_temp.account() -> 'fell_through') - 'buyer_id',
  '{"buyer": "Ace", "scope_type": "postal_code", "scope_value": "787*", "reason": "already_had_lead"}',
  'explain_lead: through whom it fell, and why');
select is(leadgen.replay_lead((pg_temp.latest()).id), '{"identical": true}', 'replay: the same');

create temp table twice as select testkit.given_lead(offer_id, '{}', 2) as lead from ids;
select testkit.hand_in(lead || jsonb_build_object('idempotency_key', key)) from twice, unnest('{one,two}'::text[]) key;
select is(testkit.tell((pg_temp.latest()).id), 'Best 45.00', 'the owner bought the contact before: to the next buyer');
select is(pg_temp.account() #>> '{fell_through,reason}', 'bought_contact_before', 'explain_lead: says so');

create function pg_temp.try(p_edit text) returns text language plpgsql as $$
-- The fate of a new lead after an edit, which is undone.
declare
  v_told text;
begin
  execute (select format(p_edit, ace, testkit.buyer_of(ace)) from seats);
  v_told := testkit.outcome((select offer_id from ids), '2026-11-20T17:00:00Z');
  v_told := concat_ws(' ', v_told, pg_temp.account() #>> '{fell_through,reason}');
  raise exception using errcode = 'DRY01';
exception
  when sqlstate 'DRY01' then
    return v_told;
end;
$$;
select is(pg_temp.try(edit), expected, edit)
from (values
  ('update leadgen.buyer_offers set is_active = false where id = %s', 'Best 45.00 enrollment_inactive'),
  ('update leadgen.buyers set is_active = false where id = %2$s', 'Best 45.00 buyer_inactive'),
  ('update leadgen.buyer_offers set capacity_per_day = 1 where id = %s', 'cap_day 1, exclusive_to_other 1, held'),
  ('update leadgen.buyer_offers set pause_until = ''2026-11-21T00:00:00Z'' where id = %s', 'exclusive_to_other 1, paused 1, held')
) as t (edit, expected);

-- Who is not enrolled owns nothing.
select is(testkit.fault_of(format($$insert into leadgen.offer_exclusivities (offer_id, buyer_id, scope_type, scope_value)
  values (%s, %s, 'city', 'Austin')$$, offer_id, testkit.new_buyer('Cole'))), 'LG423 buyer_id',
  'an exclusivity of a buyer that is not enrolled is refused') from ids;
select is(testkit.fault_of(format('update leadgen.offer_exclusivities set buyer_id = %s', testkit.new_buyer('Dunn'))), 'LG423 buyer_id',
  'an exclusivity given to a buyer that is not enrolled is refused');
select is(testkit.fault_of(format('delete from leadgen.buyer_offers where id = %s', testkit.enroll_buyer(offer_id, 'Eads'))), 'none',
  'an enrollment without an exclusivity can be deleted') from ids;
create temp table owner as select testkit.enroll_buyer(offer_id, 'Eads') as id from ids;
select testkit.own(id, 'city', 'Waco') from owner;
select is(testkit.fault_of(format('delete from leadgen.buyer_offers where id = %s', id)), 'LG409 buyer_offer_id',
  'an enrollment whose buyer owns a place cannot be deleted') from owner;
update leadgen.offer_exclusivities x set is_active = false from owner where x.buyer_id = testkit.buyer_of(owner.id);
select is(testkit.fault_of(format('delete from leadgen.buyer_offers where id = %s', id)), 'none',
  'an enrollment whose exclusivity is switched off can be deleted') from owner;

-- A what-if of hold: the lead of an owner that is switched off falls through, that of a full one waits.
create temp table refused as select testkit.make_offer('{}', '{"exclusivity": {"when_unavailable": "reject"}}') as offer_id;
select testkit.own(testkit.enroll_buyer(offer_id, 'Idle'), 'postal_code', '78701'),
  testkit.own(testkit.enroll_buyer(offer_id, 'Nix'), 'postal_code', '78702'), testkit.enroll_buyer(offer_id, 'Best') from refused;
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z', jsonb_build_object('postal_code', code)),
  'cap_day 1, enrollment_inactive 1, exclusive_to_other 1', format('reject: nobody gets a lead from %s', code))
from refused, unnest('{78701,78702}'::text[]) code;
select testkit.at_time('2026-11-20T18:00:00Z');
select is((select format('%s sold, %s held', r #>> '{simulated,sold}', r #>> '{simulated,held}')
  from leadgen.what_if(offer_id, '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z',
    '{"routing": {"exclusivity": {"when_unavailable": "hold"}}}') r), '1 sold, 1 held', 'what_if: hold instead of reject') from refused;

select * from finish();
rollback;
