-- Holds come back: what time clears (find_clear_time, plan_hold, find_next_opening), and what somebody changes (note_change,
-- follow_change, wake_held_leads); end_hold.
begin;
select plan(71);

-- What time clears. 20 November 2026 is a Friday; 16:20 UTC is 10:20 in Austin.
create function pg_temp.clears(p_load jsonb, variadic p_fields jsonb[]) returns text language sql as $$
  select to_char(kernel.find_clear_time(testkit.snapshot(c, testkit.load(p_load), '2026-11-20T16:20:00Z'),
    testkit.judge_candidates(c, testkit.load(p_load), '2026-11-20T16:20:00Z', null)) at time zone 'UTC', 'MM-DD HH24:MI')
  from testkit.candidates(variadic p_fields) c;
$$;
select is(pg_temp.clears(load, variadic fields), expected, format('find_clear_time: %s%s: %s', fields, nullif(load, '{}'),
  coalesce(expected, 'never by itself')))
from (values
  ('{}'::jsonb, array['{"cap_hour": 0}']::jsonb[], '11-20 17:00'),
  ('{}', array['{"cap_day": 0}']::jsonb[], '11-21 06:00'),
  ('{}', array['{"cap_week": 0}']::jsonb[], '11-23 06:00'),
  ('{}', array['{"cap_month": 0}']::jsonb[], '12-01 06:00'),
  ('{}', array['{"budget_day": 0}']::jsonb[], '11-21 06:00'),
  ('{}', array['{"budget_month": 0}']::jsonb[], '12-01 06:00'),
  ('{}', array['{"cap_day": 0, "timezone": "Asia/Tokyo"}']::jsonb[], '11-21 15:00'),
  ('{}', array['{"pause_until": "2026-11-20T18:05:00Z"}']::jsonb[], '11-20 18:05'),
  ('{}', array['{"in_schedule": false, "schedule": "{[0,600)}"}']::jsonb[], '11-23 06:00'),
  ('{}', array['{"in_schedule": false, "schedule": "{[6400,6500)}"}']::jsonb[], '11-20 16:40'),
  ('{"cap_hour": 0}', array['{}']::jsonb[], '11-20 17:00'),
  ('{"cap_week": 0}', array['{}']::jsonb[], '11-23 06:00'),
  ('{"budget_day": 0}', array['{}']::jsonb[], '11-21 06:00'),
  ('{"budget_month": 1}', array['{}']::jsonb[], '12-01 06:00'),
  ('{}', array['{"cap_day": 0}', '{"cap_hour": 0}', '{"cap_week": 0}']::jsonb[], '11-20 17:00'),
  ('{}', array['{"buyer_is_active": false}', '{"cap_day": 0}']::jsonb[], '11-21 06:00'),
  ('{}', array['{"in_service_area": false}', '{"min_balance": 1000}', '{"min_balance": 1, "balance": 2}', '{"has_lead": true}',
    '{"enrollment_is_active": false}', '{"has_channel": false}', '{"has_contact": true}', '{"filter_fault": "x"}']::jsonb[], null),
  ('{}', array['{}']::jsonb[], '11-20 16:21')
) as t (load, fields, expected);
select is(kernel.find_clear_time(testkit.snapshot('{}', null, '2026-11-20T16:20:00Z'), '{}'), null, 'find_clear_time: nobody is enrolled');
select is(kernel.find_clear_time(testkit.snapshot(testkit.candidates('{"pause_until": "infinity"}'), null, '2026-11-20T16:20:00Z'),
  '{paused}'),
  'infinity', 'find_clear_time: a pause without end');
select is(kernel.plan_hold(testkit.snapshot(c, null, '2026-11-20T16:20:00Z'), reasons), expected,
  format('plan_hold: %s, %s', reasons, expected))
from (values
  (testkit.candidates('{"cap_hour": 0}'), '{cap_hour}'::text[], '2026-11-20T17:00:00Z'::timestamptz),
  (testkit.candidates('{"cap_day": 0}'), '{cap_day}', '2026-11-20T17:20:00Z'),
  (testkit.candidates('{"pause_until": "infinity"}'), '{paused}', '2026-11-20T17:20:00Z'),
  (testkit.candidates('{"pause_until": "2026-11-20T17:20:01Z"}'), '{paused}', '2026-11-20T17:20:00Z'),
  (testkit.candidates('{"pause_until": "2026-11-20T17:19:59Z"}'), '{paused}', '2026-11-20T17:19:59Z'),
  ('{}'::market.candidate_v1[], '{}', '2026-11-20T17:20:00Z')
) as t (c, reasons, expected);
select is(kernel.find_next_opening(schedule, at, zone), expected, format('find_next_opening: %s at %s in %s', schedule, at, zone))
from (values
  ('{[480,1080)}'::int4multirange, '2026-11-23T13:59:00Z'::timestamptz, 'America/Chicago', '2026-11-23T14:00:00Z'::timestamptz),
  ('{[480,1080)}', '2026-11-24T00:00:00Z', 'America/Chicago', '2026-11-30T14:00:00Z'),
  ('{[480,1080),[8640,8700)}', '2026-11-24T00:00:00Z', 'America/Chicago', '2026-11-29T06:00:00Z'),
  -- Sunday 8 March 2026, when 02:00 to 03:00 is not in Austin: eight o'clock is 13:00 UTC, on the day before it was 14:00.
  ('{[9120,9180)}', '2026-03-08T06:00:00Z', 'America/Chicago', '2026-03-08T13:00:00Z'),
  ('{[480,1080)}', '2026-11-23T13:59:00Z', 'UTC', '2026-11-30T08:00:00Z')
) as t (schedule, at, zone, expected);

-- The same through the front door: held, not sold a second before, sold at the time that clears it.
create temp table cases (name text, seat jsonb, fill boolean, held_until text, clears timestamptz);
insert into cases values
  ('the hour''s cap', '{"capacity_per_hour": 1}', true, '17:00', '2026-11-20T17:00:00Z'),
  ('the day''s cap', '{"capacity_per_day": 1}', true, '17:20', '2026-11-21T06:00:00Z'),
  ('the day''s budget', '{"budget_per_day": 89}', true, '17:20', '2026-11-21T06:00:00Z'),
  ('a pause', '{"pause_until": "2026-11-20T16:45:00Z"}', false, '16:45', '2026-11-20T16:45:00Z'),
  ('a schedule', '{"schedule": {"fri": [["10:30", "11:00"]]}}', false, '16:30', '2026-11-20T16:30:00Z'),
  ('a schedule of tomorrow', '{"schedule": {"sat": [["00:30", "11:00"]]}}', false, '17:20', '2026-11-21T06:30:00Z');
create function pg_temp.try(p_name text) returns text[] language plpgsql as $$
declare
  v_case constant cases := (select c from cases c where c.name = p_name);
  v_offer_id constant bigint := testkit.make_offer();
  v_seat constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', v_case.seat);
  v_said text[];
  v_lead leadgen.leads;
begin
  perform testkit.at_time('2026-11-20T16:20:00Z');
  perform testkit.work_holds();
  if v_case.fill then
    perform testkit.outcome(v_offer_id, '2026-11-20T16:20:00Z');
  end if;
  perform testkit.outcome(v_offer_id, '2026-11-20T16:20:00Z');
  select l.* into v_lead from leadgen.leads l where l.offer_id = v_offer_id order by l.id desc limit 1;
  v_said := array[to_char(v_lead.next_route_at at time zone 'UTC', 'HH24:MI')];
  perform testkit.at_time(v_case.clears - interval '1 second');
  perform testkit.work_holds();
  v_said := v_said || coalesce(split_part(testkit.tell(v_lead.id), ' ', 1), 'null');
  perform testkit.at_time(v_case.clears);
  perform testkit.work_holds();
  return v_said || testkit.tell(v_lead.id);
end;
$$;
select is(pg_temp.try(c.name), array[c.held_until, case c.name when 'the hour''s cap' then 'cap_hour' when 'the day''s cap' then 'cap_day'
  when 'the day''s budget' then 'budget_day' when 'a pause' then 'paused' else 'outside_schedule' end, 'Ace 45.00'],
  format('%s: held, still a second before, then sold', c.name)) from cases c;

-- What somebody changes wakes the offer: the same second, without waiting for the hour.
create temp table changes (name text, seat jsonb, areas text[], before text, change text);
insert into changes values
  ('funds arrive', '{"min_balance_required": 45}', '{*}', 'minimum_balance 1, held',
    'select testkit.set_balance(%2$s, 45)'),
  ('a cap is raised', '{"capacity_per_day": 0}', '{*}', 'cap_day 1, held',
    'update leadgen.buyer_offers set capacity_per_day = 1 where id = %1$s'),
  ('a budget is raised', '{"budget_per_month": 44}', '{*}', 'budget_month 1, held',
    'update leadgen.buyer_offers set budget_per_month = 45 where id = %1$s'),
  ('a new area', '{}', '{Waco}', 'outside_service_area 1, held',
    'insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
      select %2$s, market_id, ''postal_code'', ''78701'' from leadgen.offers where id = %3$s'),
  ('the buyer is switched on', '{}', '{*}', 'buyer_inactive 1, held', 'update leadgen.buyers set is_active = true where id = %2$s'),
  ('the enrollment is switched on', '{"is_active": false}', '{*}', 'enrollment_inactive 1, held',
    'update leadgen.buyer_offers set is_active = true where id = %1$s'),
  ('a pause is lifted', '{"pause_until": "infinity"}', '{*}', 'paused 1, held',
    'update leadgen.buyer_offers set pause_until = null where id = %1$s'),
  ('the hours are widened', '{"schedule": {"mon": [["08:00", "09:00"]]}}', '{*}', 'outside_schedule 1, held',
    'update leadgen.buyer_offers set schedule = null where id = %1$s'),
  ('a filter is dropped', '{"filters": {"attributes.roof_age": {"minimum": 5}}}', '{*}', 'filters 1, held',
    'update leadgen.buyer_offers set filters = null where id = %1$s'),
  ('the policy''s cap is raised', '{}', '{*}', 'offer_cap_day 1, held',
    'update leadgen.routing_policies p set config = ''{}'' from leadgen.offers o where o.id = %3$s and p.id = o.routing_policy_id'),
  ('an exclusivity ends', '{}', '{*}', 'cap_day 1, exclusive_to_other 1, held',
    'delete from leadgen.offer_exclusivities where offer_id = %3$s'),
  ('a channel is there', '{}', '{*}', 'no_channel 1, held', 'update leadgen.buyers set email_notifications = true where id = %2$s');
create function pg_temp.change(p_name text) returns text[] language plpgsql as $$
declare
  v_case constant changes := (select c from changes c where c.name = p_name);
  v_offer_id constant bigint := testkit.make_offer('{}', case p_name
    when 'the policy''s cap is raised' then '{"caps": {"per_day": 0}}'
    when 'an exclusivity ends' then '{"exclusivity": {"when_unavailable": "hold"}}'
    else '{}' end::jsonb);
  v_seat constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', v_case.seat, v_case.areas);
  v_said text[];
begin
  if p_name = 'an exclusivity ends' then
    perform testkit.own(testkit.enroll_buyer(v_offer_id, 'Nix'), 'postal_code', '78701');
  end if;
  update leadgen.buyers set is_active = p_name <> 'the buyer is switched on', email_notifications = p_name <> 'a channel is there'
  where id = testkit.buyer_of(v_seat);
  perform testkit.at_time('2026-11-20T16:20:00Z');
  perform testkit.work_holds();
  v_said := array[testkit.outcome(v_offer_id, '2026-11-20T16:20:00Z')];
  v_said := v_said || coalesce(leadgen.route_held_lead()::text, 'nothing to do');
  execute format(v_case.change, v_seat, testkit.buyer_of(v_seat), v_offer_id);
  v_said := v_said || case when leadgen.follow_change() > 0 then 'woken' else 'nothing to do' end;
  perform testkit.work_holds();
  return v_said || (select testkit.tell(l.id) from leadgen.leads l where l.offer_id = v_offer_id);
end;
$$;
select is(pg_temp.change(c.name), array[c.before, 'nothing to do', 'woken', 'Ace 45.00'], format('%s: woken and sold', c.name))
from changes c;
select is_empty('select * from leadgen.catalog_changes', 'no change is left over');

-- What cannot help does not wake: money spent, a name.
create temp table quiet as select testkit.make_offer() as offer_id;
create temp table quiet_seat as select testkit.enroll_buyer(offer_id, 'Ace', '{"min_balance_required": 45}') as id from quiet;
select testkit.set_balance(testkit.buyer_of(id), 30) from quiet_seat;
select testkit.work_holds();
select testkit.outcome(offer_id, '2026-11-20T16:20:00Z') from quiet;
select testkit.set_balance(testkit.buyer_of(id), 20) from quiet_seat;
update leadgen.buyers b set name = 'Renamed' from quiet_seat where b.id = testkit.buyer_of(quiet_seat.id);
select is(leadgen.follow_change() > 0, false, 'a debit leaves nothing to look at');
select is(l.next_route_at, '2026-11-20T17:20:00Z'::timestamptz, 'a debit and a new name wake nobody') from leadgen.leads l join quiet
  using (offer_id);
select is(leadgen.follow_change(), 0, 'no change is left to follow');
select testkit.set_balance(testkit.buyer_of(id), 40) from quiet_seat;
select testkit.at_time('2026-11-20T16:20:01Z');
select is(leadgen.follow_change() > 0, true, 'follow_change: funds arrive');
select is(l.next_route_at, '2026-11-20T16:20:01Z'::timestamptz, 'wake_held_leads: the offer''s leads are due now')
from leadgen.leads l join quiet using (offer_id);
select is(leadgen.follow_change(), 0, 'follow_change: once');
select testkit.at_time('2026-11-20T16:20:01Z');
select testkit.work_holds();
select is(l.next_route_at, '2026-11-20T17:20:01Z'::timestamptz, 'not enough: held on, an hour') from leadgen.leads l join quiet
  using (offer_id);

-- The end of a hold, half an hour away.
create temp table ending as select testkit.make_offer('{}', '{"hold_hours": 0.5}') as offer_id;
create temp table ending_seat as select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_hour": 0}') as id from ending;
select testkit.work_holds();
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from ending;
select is(format('%s %s', l.hold_until, l.next_route_at), '2026-11-20 16:30:00+00 2026-11-20 16:30:00+00',
  'the hold ends before the hour does')
  from leadgen.leads l join ending using (offer_id);
select testkit.at_time('2026-11-20T16:29:59Z');
select is(testkit.work_holds(), 0, 'a second before: still held');
select testkit.at_time('2026-11-20T16:30:00Z');
select testkit.work_holds();
select is(testkit.tell(l.id), 'hold ended: cap_hour 1', 'end_hold: the lead is unsold with a reason') from leadgen.leads l
  join ending using (offer_id);
select is(concat_ws(' ', l.status, l.hold_until, l.next_route_at), 'validated', 'end_hold: nothing is planned') from leadgen.leads l
  join ending using (offer_id);
update leadgen.buyer_offers bo set capacity_per_hour = null from ending_seat e where bo.id = e.id;
select testkit.work_holds();
select is(testkit.tell(l.id), 'hold ended: cap_hour 1', 'capacity after the end of the hold comes too late') from leadgen.leads l
  join ending using (offer_id);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- Very many held leads are woken in portions, here of two.
create temp table crowd as select testkit.make_offer('{}', '{"caps": {"per_day": 0}}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from crowd;
select testkit.work_holds();
select testkit.outcome(offer_id, '2026-11-20T16:20:00Z') from crowd, generate_series(1, 3);
do $$ begin execute replace(pg_get_functiondef('market.wake_held_leads'::regproc), '10000', '2'); end $$;
create function pg_temp.woken(p_now timestamptz) returns bigint language sql as $$
  select count(*) from leadgen.leads l join crowd using (offer_id) where l.next_route_at <= p_now;
$$;
update leadgen.offers o set default_price_per_lead = 46 from crowd where o.id = crowd.offer_id;
select testkit.at_time('2026-11-20T16:20:01Z');
select is(leadgen.follow_change() > 0, true, 'follow_change: a portion');
select is(pg_temp.woken('2026-11-20T16:20:01Z'), 2::bigint, 'wake_held_leads: two of three');
select testkit.at_time('2026-11-20T16:20:02Z');
select is(leadgen.follow_change() > 0, true, 'follow_change: the rest');
select is(pg_temp.woken('2026-11-20T16:20:02Z'), 3::bigint, 'wake_held_leads: all three');
select is(leadgen.follow_change(), 0, 'follow_change: and that was all');

-- Who asks not to be contacted while the lead is held is offered to nobody any more.
create temp table private as select l.id, l.phone from leadgen.leads l join crowd using (offer_id) order by l.id limit 1;
select leadgen.suppress('phone', phone) from private;
update leadgen.routing_policies p set config = config - 'caps' from leadgen.offers o join crowd on o.id = crowd.offer_id
where p.id = o.routing_policy_id;
select testkit.at_time('2026-11-20T16:21:00Z');
select testkit.work_holds();
select is(testkit.tell(id), 'hold ended: suppressed', 'a held lead is suppressed') from private;
select is(hold_until, null, 'a suppressed lead is held no longer') from private join leadgen.leads l using (id);
select is((select count(*) from leadgen.leads l join crowd using (offer_id) where l.price = 46), 2::bigint, 'the others are sold');

select * from finish();
rollback;
