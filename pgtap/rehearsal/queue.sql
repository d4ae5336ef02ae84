-- put_into_queue, sort_queue, comes_first, wake_waiting, waits_as_before, seat_departed: held leads and departed enrollments.
begin;
select plan(26);
-- The queue: an hour at a time, at the same moment the lower id first; one that comes before the sorted ones sorts anew.
create function pg_temp.waiting(p_lead_id bigint, p_at text) returns rehearsal.waiting language sql as $$
  select (p_lead_id, null, 'infinity', '2026-11-20Z'::timestamptz + p_at::interval, 'cap_day')::rehearsal.waiting;
$$;
create function pg_temp.ids(p_waiting rehearsal.waiting[]) returns bigint[] language sql as $$
  select array(select w.lead_id from unnest(p_waiting) with ordinality as w order by w.ordinality);
$$;
create temp table queue as select rehearsal.put_into_queue(rehearsal.put_into_queue(rehearsal.put_into_queue(
  ('{}', 'infinity', '{}', 1)::rehearsal.queue, array[pg_temp.waiting(3, '10:00')]), array[pg_temp.waiting(2, '10:00')]),
  array[pg_temp.waiting(1, '11:30')]) as q;
select is((q).next_at, '2026-11-20T10:00:00Z'::timestamptz, 'put_into_queue: the first of them') from queue;
create temp table sorted as select rehearsal.sort_queue(q) as q from queue;
select is(concat_ws(' ', pg_temp.ids((q).due), pg_temp.ids((q).waiting), (q).next_at), '{2,3} {1} 2026-11-20 11:30:00+00', 'sort_queue')
from sorted;
select is(concat_ws(' ', pg_temp.ids(p.due), pg_temp.ids(p.waiting), p.next_at), expected, format('put_into_queue: at %s', at))
from sorted, (values ('09:50', '{} {1,4,2,3} 2026-11-20 09:50:00+00'), ('10:30', '{2,3} {1,4} 2026-11-20 10:30:00+00')) as t (at,
  expected),
  lateral rehearsal.put_into_queue(sorted.q, array[pg_temp.waiting(4, at)]) p;
select is(rehearsal.comes_first(pg_temp.waiting(5, '10:00'), jsonb_populate_record(null::rehearsal.event, event),
  '2026-11-20T10:30:00Z'), first,
  format('comes_first: before %s', event))
from (values ('{"happened_at": "2026-11-20T10:01:00Z", "lead_id": 1}'::jsonb, true),
  ('{"happened_at": "2026-11-20T09:59:00Z", "lead_id": 9}', false),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9, "decision": {"attempt": 2}}', true),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 3, "decision": {"attempt": 2}}', false),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9, "decision": {"attempt": 1}}', true),
  ('{"kind": "returned", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9}', false), ('{}', true)) as t (event, first);
select is(concat_ws(' ', pg_temp.ids(woken.due), pg_temp.ids(woken.waiting), woken.next_at, pg_temp.ids(asleep.waiting), asleep.next_at),
  expected, format('wake_waiting, let_wait: %s', most))
from sorted, (values (1, '{2} {3,1} 2026-11-20 10:00:00+00 {3,1,2} 2026-11-20 10:00:00+00'),
  (2, '{2,3} {1} 2026-11-20 11:30:00+00 {1,2,3} 2026-11-20 10:00:00+00'),
  (null, '{1,2,3} {} infinity {1,2,3} 2026-11-20 10:00:00+00')) as t (most, expected),
  lateral rehearsal.wake_waiting(sorted.q, '2026-11-20T09:00:00Z', most) woken,
  lateral rehearsal.let_wait(woken, sorted.q) asleep;

-- A lead that stays unsold: offered again exactly when it was, though perhaps for another reason.
create function pg_temp.waits(p_recorded jsonb, p_config jsonb, p_candidate jsonb) returns boolean language sql as $$
  select rehearsal.waits_as_before(testkit.rehearsed(p_config, p_candidate), jsonb_populate_record(null::leadgen.lead_decisions,
    '{"is_held": true, "reasons": ["cap_day"], "next_route_at": "2026-11-20T17:30:00Z",
      "settings": {"hold_hours": 24}}'::jsonb || p_recorded));
$$;
select is(pg_temp.waits(recorded, config, candidate), same, format('waits_as_before: recorded %s, now %s, %s', recorded, config,
  candidate))
from (values
  ('{}'::jsonb, '{}'::jsonb, '{"cap_day": 0}'::jsonb, true), ('{}', '{}', '{"cap_week": 0}', true), ('{}', '{}', '{"cap_hour": 0}',
    false),
  ('{}', '{"hold_hours": 5}', '{"cap_day": 0}', false), ('{}', '{"on_no_buyer": "reject"}', '{"cap_day": 0}', false),
  ('{"is_held": false}', '{"on_no_buyer": "reject"}', '{"cap_hour": 0}', true), ('{"is_held": null}', '{}', '{"cap_day": 0}', false)
) as t (recorded, config, candidate, same);
-- Unsold as in history, for another cause: told, and no lead moved.
create temp table unsold as select testkit.make_offer('{}', '{"on_no_buyer": "reject"}') as offer_id;
create temp table closed as select testkit.enroll_buyer(offer_id, 'Nix') as nix from unsold;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from unsold;
select is(concat_ws(' ', r #> '{simulated,unsold_by_cause}', r -> 'moved' -> 'same', r -> 'is_identical'), '{"paused": 1} 1 false',
  'stay: for another cause')
from unsold, closed, lateral leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z',
  format('{"enrollments": {"%s": {"pause_until": "infinity"}}}', nix)::jsonb) r;

-- An enrollment that was deleted since has a seat in the periods in which it was a candidate.
create temp table gone as select testkit.make_offer('{}', '{"strategy": "priority"}') as offer_id;
create temp table left_over as select testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 9}') as stays,
  testkit.enroll_buyer(offer_id, 'Best', '{"price_per_lead": 90}') as goes from gone;
select is(testkit.sell(offer_id, 1, '2026-11-20T16:00:00Z'), stays, 'seat_departed: one takes the lead') from gone, left_over;
delete from leadgen.buyer_offers bo using left_over where bo.id = goes;
select is((rehearsal.seat_departed(rehearsal.read_changes(offer_id, '{}'), '2026-11-20Z', '2026-11-21Z')).ids,
  array[0, stays, goes], 'seat_departed: the other, deleted since, has a seat') from gone, left_over;
select is(leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z') -> 'is_identical', 'true',
  'a deleted enrollment: without changes the what-if is history') from gone;
select is(leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z', '{"routing": {"strategy": "highest_price"}}') #>> '{simulated,revenue}',
  '90.00', 'a deleted enrollment would have taken the lead under another strategy') from gone;

select * from finish();
rollback;
