-- route_held_lead: a lead that nobody could take is offered again, until its hold ends.
begin;
select plan(37);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{}', '{"hold_hours": 2}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Hugo') as id from ids;
create function pg_temp.lead(p_number integer) returns leadgen.leads language sql as $$
  select l.* from leadgen.leads l where l.email = format('person%s@example.com', p_number);
$$;
create function pg_temp.state(p_number integer) returns text language sql as $$
  select concat_ws(' ', l.status, case when l.buyer_id is null then 'unsold' else l.price::text end,
    to_char(l.hold_until at time zone 'UTC', '"until" HH24:MI'),
    to_char(l.next_route_at at time zone 'UTC', '"next" HH24:MI')) from pg_temp.lead(p_number) l;
$$;

select is(leadgen.follow_change() > 0, true, 'an enrollment was made: the offer''s leads are woken');
select is(leadgen.route_held_lead(), null, 'route_held_lead: nothing is held');
select testkit.submit(offer_id, '{}', 1) from ids;
select testkit.submit(offer_id, '{"city": null}', 2) from ids;
select is(pg_temp.state(1), 'validated 45.00', 'the hour''s one place is sold');
select is(pg_temp.state(2), 'validated unsold until 18:00 next 17:00', 'the next lead is held until the hour''s cap clears');
select is((pg_temp.lead(2)).unsold_reason, 'no buyer could take it: cap_hour 1', 'the held lead says why it waits');
select testkit.at_time('2026-11-20T16:59:59Z');
select is(leadgen.route_held_lead(), null, 'route_held_lead: nothing is due yet');

select testkit.at_time('2026-11-20T17:00:00Z');
select is(leadgen.route_held_lead(), (pg_temp.lead(2)).id, 'the next hour has a place');
select is(pg_temp.state(2), 'validated 45.00', 'the held lead is sold');
select is((pg_temp.lead(2)).unsold_reason, null, 'a lead that is sold has no unsold reason');
select is(array_agg(format('%s %s %s', d.attempt, d.decided_at, coalesce(d.unsold_reason, 'sold')) order by d.attempt),
  '{"1 2026-11-20 16:00:00+00 no buyer could take it: cap_hour 1","2 2026-11-20 17:00:00+00 sold"}'::text[],
  'each attempt is traced') from leadgen.lead_decisions d where d.lead_id = (pg_temp.lead(2)).id;
select is((select a.created_at from leadgen.lead_assignments a
  where a.lead_id = (pg_temp.lead(2)).id), '2026-11-20T17:00:00Z'::timestamptz, 'the sale is dated when it was made');
select is((select count(*) from leadgen.deliveries d where d.lead_id = (pg_temp.lead(2)).id), 1::bigint, 'it has its delivery');
select is((pg_temp.lead(2)).answer ->> 'buyer_id', null, 'the sender''s answer stays as it was given');
select is(format('%s %s', u.hour_count, u.day_count), '1 2', 'capacity is taken now') from testkit.enrollment_usage u;

-- The hold ends.
select testkit.submit(offer_id, '{}', 3) from ids;
update leadgen.buyer_offers set is_active = false;
select testkit.at_time('2026-11-20T18:30:00Z');
select is(leadgen.follow_change() > 0, true, 'a change of its enrollment wakes it');
select is(leadgen.route_held_lead(), (pg_temp.lead(3)).id, 'the lead is tried a last time when its hold ends');
select is(pg_temp.state(3), 'validated unsold until 19:00 next 19:00', 'it waits no longer than its hold');
select testkit.at_time('2026-11-20T19:00:00Z');
select is(leadgen.route_held_lead(), (pg_temp.lead(3)).id, 'route_held_lead: the lead is past its hold');
select is(pg_temp.state(3), 'validated unsold', 'the lead is unsold after its hold');
select is((pg_temp.lead(3)).unsold_reason, 'hold ended: no buyer could take it: enrollment_inactive 1',
  'the lead says that its hold ended');
select is(leadgen.route_held_lead(), null, 'route_held_lead: a lead after its hold is left alone');

-- Offer switched off: postponed, nothing new is sold. Source switched off: what came in before goes on.
select testkit.submit(offer_id, '{}', 4) from ids;
update leadgen.buyer_offers set is_active = true;
update leadgen.offers o set is_active = false from ids where o.id = ids.offer_id;
select testkit.at_time('2026-11-20T19:30:00Z');
select is(leadgen.follow_change() > 0, true, 'two changes of an offer, one wake');
select is(leadgen.route_held_lead(), (pg_temp.lead(4)).id, 'the offer is off: looked at');
select is(pg_temp.state(4), 'validated unsold until 21:00 next 19:31', 'a lead that cannot be routed is put off');
select is((select count(*) from leadgen.lead_decisions d where d.lead_id = (pg_temp.lead(4)).id), 1::bigint,
  'a lead that is put off is not routed');
update leadgen.offers o set is_active = true from ids where o.id = ids.offer_id;
update leadgen.sources s set is_active = false from ids where s.offer_id = ids.offer_id;
select testkit.at_time('2026-11-20T20:00:00Z');
select is(leadgen.follow_change() > 0, true, 'the offer is back: woken');
select is(leadgen.route_held_lead(), (pg_temp.lead(4)).id, 'route_held_lead: the lead''s source is switched off');
select is(pg_temp.state(4), 'validated 45.00', 'the lead of a source that is off is sold');
update leadgen.sources s set is_active = true from ids where s.offer_id = ids.offer_id;

-- Today's policy and price rule, not those of the day it came in.
update leadgen.buyer_offers set capacity_per_hour = 0;
select testkit.submit(offer_id, '{}', 5) from ids;
update leadgen.buyer_offers set capacity_per_hour = null, price_per_lead = 70;
update leadgen.routing_policies set config = '{"strategy": "round_robin"}';
select testkit.at_time('2026-11-20T20:30:00Z');
select is(leadgen.follow_change() > 0, true, 'the policy changed: woken');
select is(leadgen.route_held_lead(), (pg_temp.lead(5)).id, 'routed by today''s policy');
select is(format('%s %s', (pg_temp.lead(5)).price, (pg_temp.lead(5)).routing_policy_version), '70.00 2',
  'the lead is sold at the price of the day');

-- Who waited longest is first.
update leadgen.buyer_offers set pause_until = 'infinity';
select testkit.submit(offer_id, '{}', n) from ids, generate_series(6, 8) n;
update leadgen.buyer_offers set pause_until = '2026-11-20T21:30:00Z';
select testkit.at_time('2026-11-20T20:31:30Z');
select is(leadgen.follow_change() > 0, true, 'the pause is a change too');
create temp table first_round as select array[leadgen.route_held_lead(), leadgen.route_held_lead(), leadgen.route_held_lead(),
  leadgen.route_held_lead()] as ids;
select is((select array_agg(x order by x) from unnest(ids) x where x is not null), (select array_agg(l.id order by l.id)
  from leadgen.leads l where l.hold_until is not null), 'one lead a call, each once') from first_round;
select is(ids[4], null, 'no lead is due after the last') from first_round;
select testkit.at_time('2026-11-20T21:30:00Z');
select leadgen.route_held_lead(), leadgen.route_held_lead(), leadgen.route_held_lead();
select is((select count(*) from leadgen.leads l where l.hold_until is not null), 0::bigint, 'the pause is over: all are sold');
select is((select count(*) from leadgen.leads l where l.buyer_id is not null), 7::bigint, 'each lead is sold once');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
