-- accept_sale, return_sale, settle_answers, release_sale, release_due_sale and what they do to places, leads and the next buyer
-- (lock_sale, check_answer, give_place_back, pass_lead_on).
begin;
select plan(159);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';
create function pg_temp.offer(p_config jsonb, p_buyers integer default 2) returns bigint language plpgsql as $$
-- An offer whose buyers are served in the order of their ids.
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  perform testkit.enroll(v_offer_id, jsonb_build_object('routing_priority', 100 - n)) from generate_series(1, p_buyers) n;
  return v_offer_id;
end;
$$;
create function pg_temp.sell(p_offer_id bigint, p_number integer) returns bigint language sql as $$
  select testkit.submit(p_offer_id, '{}', p_number);
  select max(a.id) from leadgen.lead_assignments a where a.offer_id = p_offer_id;
$$;
create function pg_temp.attempt(p_sale_id bigint, p_outcome text) returns void language plpgsql as $$
-- Claims what is due, records this outcome, without a retry, for the sale's delivery and gives the rest back.
declare
  v_claim record;
begin
  select c.* into v_claim from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '30 seconds') c
  join leadgen.deliveries d on d.id = c.delivery_id and d.assignment_id = p_sale_id;
  perform leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token, 'started_at', leadgen.clock(), 'outcome', p_outcome, 'latency_ms', 1)), 0, '1 second');
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.lease_token is not null;
end;
$$;
create function pg_temp.tend() returns void language plpgsql as $$
-- What the worker does in one turn.
begin
  perform leadgen.settle_answers();
  while leadgen.release_due_sale() is not null loop null; end loop;
  while leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null loop null; end loop;
end;
$$;
create function pg_temp.state(p_sale_id bigint) returns text language sql as $$
  select concat_ws(' ', a.outcome, case when a.released_at is not null then 'released' end,
    case when a.release_due_at is not null then 'due' end, '|', l.status,
    coalesce(l.rejection_reason, l.unsold_reason), case when l.hold_until is not null then 'held' end)
  from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id where a.id = p_sale_id;
$$;
create function pg_temp.sales(p_sale_id bigint) returns text[] language sql as $$
  select array_agg(s.outcome || case when s.released_at is not null then ' released' else '' end order by s.id)
  from leadgen.lead_assignments a join leadgen.lead_assignments s on s.lead_id = a.lead_id where a.id = p_sale_id;
$$;
create function pg_temp.used(p_offer_id bigint) returns text language sql as $$
-- Hour, day, week, month of the first enrollment, then of the offer.
  select format('%s %s %s %s %s %s / %s %s %s %s %s %s', u.hour_count, u.day_count, u.week_count, u.month_count,
    u.day_spent, u.month_spent, o.hour_count, o.day_count, o.week_count, o.month_count, o.day_spent, o.month_spent)
  from testkit.enrollment_usage u join testkit.offer_usage o using (offer_id)
  where offer_id = p_offer_id order by u.buyer_offer_id limit 1;
$$;

-- on_delivery.
create temp table plain as select pg_temp.offer('{}') as offer_id;
create temp table s1 as select pg_temp.sell(offer_id, 1) as id from plain;
select is(a.acceptance || ' ' || coalesce(a.answer_by::text, 'no window'), 'on_delivery no window', 'on_delivery: stored with the sale')
from leadgen.lead_assignments a join s1 using (id);
select is(pg_temp.state(id), 'pending | validated', 'on_delivery: not accepted yet') from s1;
select pg_temp.attempt(id, 'delivered') from s1;
select is(pg_temp.state(id), 'accepted | accepted', 'on_delivery: accepted with the delivery') from s1;
select is(leadgen.accept_sale(id)::text, 'accepted', 'accept_sale: what is accepted stays so') from s1;
select is(leadgen.settle_answers(), 0, 'settle_answers: nobody has to answer');
select is(leadgen.release_due_sale(), null, 'release_due_sale: nothing has ended');

-- Refusals.
select is(testkit.fault_of('select leadgen.accept_sale(0)'), 'LG404 assignment_id', 'accept_sale: no such sale');
select is(testkit.fault_of($$select leadgen.return_sale(0, 'other')$$), 'LG404 assignment_id', 'return_sale: no such sale');
select is(testkit.fault_of($$select roads.release_sale(0)$$), 'LG404 assignment_id', 'release_sale: no such sale');
select is(testkit.fault_of('select roads.lock_sale(0, false)'), 'LG404 assignment_id', 'lock_sale: no such sale');
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, reason)), 'LG400 reason', 'return_sale: a reason is needed')
from s1, unnest(array[null, '', 'wrong number', 'rejected_on_delivery']) reason;
select is(testkit.fault_of(format('select roads.release_sale(%s)', id)), 'LG409 outcome', 'release_sale: not while it stands')
from s1;

-- A return: place, lead, next buyer.
select is(pg_temp.used(offer_id), '1 1 1 1 45.00 45.00 / 1 1 1 1 45.00 45.00', 'return_sale: a place is taken') from plain;
select is(leadgen.return_sale(id, 'wrong_number', E'  nobody\n there ')::text, 'returned', 'return_sale: returned') from s1;
select is(pg_temp.state(id), 'returned released | validated returned held',
  'return_sale: the lead waits for the next buyer; the buyer''s words stay with the sale') from s1;
select is(pg_temp.used(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'return_sale: the place is free again') from plain;
select is(leadgen.return_sale(id, 'spam')::text, 'returned', 'return_sale: what is returned stays so') from s1;
select is(pg_temp.used(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'return_sale: and gives one place') from plain;
select is(roads.release_sale(id), false, 'release_sale: done before') from s1;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'accept_sale: not after a return') from s1;
select is(testkit.detail_of(format('select leadgen.accept_sale(%s)', id)) ->> 'allowed', 'pending, delivered, unknown, failed',
  'accept_sale: and says what could be') from s1;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"returned released",pending}', 'the next buyer has it') from s1;
select is(count(distinct s.buyer_id), 2::bigint, 'another one')
from leadgen.lead_assignments s join leadgen.lead_assignments a using (lead_id) join s1 on s1.id = a.id;
select is(l.status || ' ' || (l.buyer_id = a.buyer_id) || ' ' || (l.price = a.price) || ' ' || coalesce(l.unsold_reason, 'sold'),
  'validated true true sold', 'buyer and price of the lead are still the first sale''s')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1 on s1.id = a.id;
create temp table s1b as select max(a.id) as id from leadgen.lead_assignments a join plain using (offer_id);
select pg_temp.attempt(id, 'delivered') from s1b;
select is(pg_temp.state(id), 'accepted | accepted', 'and accepts it') from s1b;
select leadgen.return_sale(id, 'other') from s1b;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"returned released","returned released"}', 'both returned it: nobody is left, and no buyer sees it twice')
from s1b;
select matches(pg_temp.state(id), '^returned released \| validated no buyer could take it: already_had_lead 2 held$',
  'it is offered until the hold ends') from s1b;
select testkit.at_time('2026-11-21T16:00:01Z');
select pg_temp.tend();
select is(l.status || ' ' || (l.rejection_reason is not null) || ' ' || (l.hold_until is null), 'rejected true true',
  'then the lead is rejected, and says why')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s1b on s1b.id = a.id;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- explicit: the buyer has to answer in time.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table asked as select pg_temp.offer('{"acceptance": {"mode": "explicit", "window_hours": 2}}') as offer_id;
create temp table s2 as select pg_temp.sell(offer_id, 1) as id from asked;
select is(a.acceptance || ' ' || (a.answer_by = '2026-11-20T18:00:00Z'), 'explicit true', 'explicit: until when')
from leadgen.lead_assignments a join s2 using (id);
select pg_temp.attempt(id, 'delivered') from s2;
select is(pg_temp.state(id), 'delivered | delivered', 'explicit: delivered is not accepted') from s2;
select testkit.at_time('2026-11-20T17:59:59Z');
select is(leadgen.settle_answers(), 0, 'explicit: a second before its end the window is open');
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: accepted in time') from s2;
select is(pg_temp.state(id), 'accepted | accepted', 'explicit: sale and lead') from s2;
select is(array[a.accepted_at, l.accepted_at], array_fill('2026-11-20T17:59:59Z'::timestamptz, '{2}'), 'explicit: and when')
from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id join s2 on s2.id = a.id;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(leadgen.settle_answers(), 0, 'explicit: an accepted sale does not lapse');
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: accepting again is no fault then') from s2;
select testkit.at_time('2026-11-27T16:00:00Z');
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by',
  'explicit: an accepted sale is not returned after return_by') from s2;

select testkit.at_time('2026-11-20T16:00:00Z');
create temp table s3 as select pg_temp.sell(offer_id, 2) as id from asked;
create temp table s4 as select pg_temp.sell(offer_id, 3) as id from asked;
create temp table s5 as select pg_temp.sell(offer_id, 4) as id from asked;
select is(leadgen.accept_sale(id)::text, 'accepted', 'explicit: a buyer who answers before we know that it got through') from s4;
select is(a.delivered_at = '2026-11-20T16:00:00Z', true, 'explicit: has it') from leadgen.lead_assignments a join s4 using (id);
select leadgen.return_sale(id, 'not_interested') from s4;
select is(pg_temp.state(id), 'returned released | validated returned held',
  'explicit: an accepted sale may be returned within the window') from s4;
select pg_temp.attempt(id, 'delivered') from s3;
create temp table late_claim as select c.* from leadgen.claim_deliveries('slow', '{"webhook": 100, "email": 100}', '1 day') c
  join leadgen.deliveries d on d.id = c.delivery_id join s5 on s5.id = d.assignment_id;
select testkit.at_time('2026-11-20T18:00:00Z');
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 answer_by', 'explicit: at its end the window is over')
from s3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 answer_by', 'explicit: for a return too')
from s3;
select is(leadgen.settle_answers(), 2, 'explicit: silent buyers let their sales lapse, also one that we still try to reach');
select is(leadgen.settle_answers(), 0, 'explicit: once');
select is(pg_temp.state(id), 'lapsed due | delivered', 'explicit: lapsed, its place due to go back') from s3;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'explicit: nobody accepts it any more') from s3;
create temp table released as select n, leadgen.release_due_sale() as id from generate_series(1, 3) n;
select is(array_agg(r.id order by n), array[s3.id, s5.id, null], 'release_due_sale: one sale a call, then none')
from released r, s3, s5 group by s3.id, s5.id;
select is(pg_temp.state(id), 'lapsed released | validated not accepted in time held', 'explicit: offered again')
from s3;
select is(array_agg(d.status || ' ' || coalesce(d.next_attempt_at::text, 'never')), '{"cancelled never"}',
  'what was not delivered yet is cancelled') from leadgen.deliveries d join s5 on s5.id = d.assignment_id;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"lapsed released",pending}', 'explicit: the next buyer is asked') from s3;
select is((select max(a.answer_by) from leadgen.lead_assignments a join asked using (offer_id)), '2026-11-20T20:00:00Z'::timestamptz,
  'explicit: with a window of its own');
select testkit.at_time('2026-11-20T20:00:00Z');
select pg_temp.tend();
select is(pg_temp.sales(id), '{"lapsed released","lapsed released"}', 'explicit: who is as silent loses it too') from s3;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- auto_after: silence is acceptance.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table silent as select pg_temp.offer('{"acceptance": {"mode": "auto_after", "window_hours": 24}}') as offer_id;
create temp table s6 as select n, pg_temp.sell(offer_id, n) as id from silent, generate_series(1, 4) n;
select pg_temp.attempt(id, 'delivered') from s6 where n < 4;
select is(array_agg(pg_temp.state(id) order by n),
  '{"delivered | delivered","delivered | delivered","delivered | delivered","pending | validated"}',
  'auto_after: not accepted yet') from s6;
select is(leadgen.accept_sale(id)::text, 'accepted', 'auto_after: who says so accepts at once') from s6 where n = 1;
select testkit.at_time('2026-11-21T15:59:59Z');
select is(leadgen.return_sale(id, 'spam')::text, 'returned', 'auto_after: a return in the last second') from s6 where n = 2;
select testkit.at_time('2026-11-21T16:00:00Z');
select is(leadgen.settle_answers(), 1, 'auto_after: the silent one');
select is(array_agg(split_part(pg_temp.state(id), ' |', 1) order by n),
  '{accepted,"returned released",accepted,pending}', 'auto_after: accepted; what never arrived is not')
from s6;
select is(a.accepted_at = '2026-11-21T16:00:00Z' and l.status = 'accepted', true, 'auto_after: and the lead')
from s6 join leadgen.lead_assignments a using (id) join leadgen.leads l on l.id = a.lead_id where n = 3;
select is(testkit.fault_of(format('select leadgen.return_sale(%s, %L)', id, 'other')), 'LG409 return_by',
  'auto_after: no return after that')
from s6 where n = 3;
select pg_temp.attempt(id, 'delivered') from s6 where n = 4;
select is(leadgen.settle_answers(), 1, 'auto_after: accepted when it arrives late');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- A place goes back into the windows that counted it, and into no other. Austin is six hours behind UTC in November.
create function pg_temp.give_back(p_sold timestamptz, p_later timestamptz, p_price numeric default null) returns text language plpgsql as $$
-- Sells one lead then and one later, returns the first, and says what is left used.
declare
  v_offer_id constant bigint := pg_temp.offer('{"reroute": {"on_return": false}, "returns": {"window_hours": 2160}}', 1);
  v_sale_id bigint;
begin
  perform testkit.at_time(p_sold);
  v_sale_id := pg_temp.sell(v_offer_id, 1);
  perform testkit.at_time(p_later);
  perform pg_temp.sell(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  return pg_temp.used(v_offer_id);
end;
$$;
select is(pg_temp.give_back(sold, later), used || ' / ' || used, 'give_place_back: ' || what)
from (values
  ('the same hour', '2026-11-20T16:00:00Z'::timestamptz, '2026-11-20T16:59:59Z'::timestamptz, '1 1 1 1 45.00 45.00'),
  ('another hour', '2026-11-20T16:59:59Z', '2026-11-20T17:00:00Z', '1 1 1 1 45.00 45.00'),
  ('another day', '2026-11-21T05:59:59Z', '2026-11-21T06:00:00Z', '1 1 1 1 45.00 45.00'),
  ('another week', '2026-11-23T05:59:59Z', '2026-11-23T06:00:00Z', '1 1 1 1 45.00 45.00'),
  ('another month, the same week', '2026-12-01T05:59:59Z', '2026-12-01T06:00:00Z', '1 1 1 1 45.00 45.00'),
  ('another month and week', '2026-11-20T16:00:00Z', '2027-01-20T16:00:00Z', '1 1 1 1 45.00 45.00'),
  ('the night with an hour twice', '2026-11-01T06:30:00Z', '2026-11-01T07:30:00Z', '1 1 1 1 45.00 45.00')
) as t (what, sold, later, used);
create function pg_temp.place_after(p_cap text, p_sold timestamptz, p_later timestamptz) returns boolean language plpgsql as $$
-- Fills the later window of a cap of 1, returns the earlier sale: is there a place?
declare
  v_offer_id constant bigint := pg_temp.offer('{"reroute": {"on_return": false}, "on_no_buyer": "reject", "returns": {"window_hours": 2160}}', 1);
  v_sale_id bigint;
begin
  execute format('update leadgen.buyer_offers set %I = 1 where offer_id = %s', p_cap, v_offer_id);
  perform testkit.at_time(p_sold);
  v_sale_id := pg_temp.sell(v_offer_id, 1);
  perform testkit.at_time(p_later);
  perform pg_temp.sell(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  perform pg_temp.sell(v_offer_id, 3);
  return (select count(*) = case when count(*) filter (where released_at is not null) = 1 then 3 end
    from leadgen.lead_assignments where offer_id = v_offer_id);
end;
$$;
select is(pg_temp.place_after(cap, sold, later), is_free, format('a return of %s frees %s place of %s at %s', sold,
  case when is_free then 'the' else 'no' end, cap, later))
from (values
  ('capacity_per_hour', '2026-11-20T16:59:59Z'::timestamptz, '2026-11-20T17:00:00Z'::timestamptz, false),
  ('capacity_per_day', '2026-11-21T05:59:59Z', '2026-11-21T06:00:00Z', false),
  ('capacity_per_week', '2026-11-23T05:59:59Z', '2026-11-23T06:00:00Z', false),
  ('capacity_per_month', '2026-12-01T05:59:59Z', '2026-12-01T06:00:00Z', false)
) as t (cap, sold, later, is_free);
create function pg_temp.place_in(p_enrollment jsonb, p_config jsonb, p_returned timestamptz) returns text language plpgsql as $$
-- A full window, then a return of its one sale: what the next two leads get.
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}',
    '{"reroute": {"on_return": false}, "on_no_buyer": "reject", "returns": {"window_hours": 2160}}'::jsonb || p_config);
  v_sale_id bigint;
begin
  perform testkit.at_time('2026-11-20T16:00:00Z');
  perform testkit.enroll(v_offer_id, p_enrollment);
  v_sale_id := pg_temp.sell(v_offer_id, 1);
  perform testkit.at_time(p_returned);
  perform pg_temp.sell(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  perform pg_temp.sell(v_offer_id, 3);
  perform pg_temp.sell(v_offer_id, 4);
  return (select string_agg(case when l.buyer_id is null then 'unsold' else 'sold' end, ' ' order by l.id)
    from leadgen.leads l where l.offer_id = v_offer_id);
end;
$$;
select is(pg_temp.place_in(enrollment, config, returned), 'sold unsold sold unsold',
  format('one place comes back: %s %s', enrollment, config))
from (values
  ('{"capacity_per_hour": 1}'::jsonb, '{}'::jsonb, '2026-11-20T16:59:59Z'::timestamptz),
  ('{"capacity_per_day": 1}', '{}', '2026-11-21T05:59:59Z'), ('{"capacity_per_week": 1}', '{}', '2026-11-23T05:59:59Z'),
  ('{"capacity_per_month": 1}', '{}', '2026-12-01T05:59:59Z'),
  ('{"budget_per_day": 89.99}', '{}', '2026-11-21T05:59:59Z'), ('{"budget_per_month": 89.99}', '{}', '2026-12-01T05:59:59Z'),
  ('{}', '{"caps": {"per_hour": 1}}', '2026-11-20T16:59:59Z'), ('{}', '{"caps": {"per_day": 1}}', '2026-11-21T05:59:59Z'),
  ('{}', '{"caps": {"per_week": 1}}', '2026-11-23T05:59:59Z'), ('{}', '{"caps": {"per_month": 1}}', '2026-12-01T05:59:59Z'),
  ('{}', '{"caps": {"budget_per_day": 89.99}}', '2026-11-21T05:59:59Z'),
  ('{}', '{"caps": {"budget_per_month": 89.99}}', '2026-12-01T05:59:59Z')
) as t (enrollment, config, returned);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- A change of zone counts what stands.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table moved as select pg_temp.offer('{"reroute": {"on_return": false}}', 1) as offer_id;
create temp table s7 as select n, pg_temp.sell(offer_id, n) as id from moved, generate_series(1, 3) n;
select leadgen.return_sale(id, 'wrong_number') from s7 where n = 2;
update leadgen.buyer_offers bo set timezone = 'Asia/Tokyo' from moved where bo.offer_id = moved.offer_id;
select is(pg_temp.used(offer_id), '2 2 2 2 90.00 90.00 / 2 2 2 2 90.00 90.00', 'recount_usage: a returned sale does not count') from moved;
select leadgen.return_sale(id, 'wrong_number') from s7 where n = 3;
select is(pg_temp.used(offer_id), '1 1 1 1 45.00 45.00 / 1 1 1 1 45.00 45.00', 'and one returned later goes out of the new windows')
from moved;

-- A held lead gets the place that came free.
create temp table full_up as select pg_temp.offer('{"reroute": {"on_return": false}}', 1) as offer_id;
update leadgen.buyer_offers bo set capacity_per_month = 1 from full_up where bo.offer_id = full_up.offer_id;
create temp table s8 as select pg_temp.sell(offer_id, 1) as id from full_up;
select testkit.submit(offer_id, '{}', 2) from full_up;
select pg_temp.tend();
select is(pg_temp.state(id), 'pending | validated', 'the month is full') from s8;
select is((select count(*) from leadgen.leads l join full_up using (offer_id) where l.hold_until is not null), 1::bigint, 'a lead waits');
select leadgen.return_sale(id, 'wrong_number') from s8;
select is(pg_temp.state(id), 'returned released | rejected returned', 'no reroute: the returned lead is rejected')
from s8;
select pg_temp.tend();
select is((select array_agg(l.status || ' ' || (l.hold_until is null) order by l.id) from leadgen.leads l join full_up using (offer_id)),
  '{"rejected true","validated true"}', 'and the one that waited has its place');

-- Failures: the next buyer, as often as the policy says.
create temp table failing as select pg_temp.offer('{"reroute": {"max_attempts": 2}}', 5) as offer_id;
create temp table s9 as select pg_temp.sell(offer_id, 1) as id from failing;
create function pg_temp.fail_latest(p_outcome text default 'refused') returns bigint language plpgsql as $$
declare
  v_sale_id constant bigint := (select max(a.id) from leadgen.lead_assignments a);
begin
  perform pg_temp.attempt(v_sale_id, p_outcome);
  perform pg_temp.tend();
  return v_sale_id;
end;
$$;
select pg_temp.fail_latest();
select is(pg_temp.sales(id), '{"failed released",pending}', 'on_failure: the next buyer has it') from s9;
select is(pg_temp.state(id), 'failed released | validated', 'on_failure: and the lead is sold') from s9;
select pg_temp.fail_latest();
select is(pg_temp.sales(id), '{"failed released","failed released",pending}', 'on_failure: and the next') from s9;
select pg_temp.fail_latest();
select is(pg_temp.sales(id), '{"failed released","failed released","failed released"}', 'max_attempts: two reroutes and no more') from s9;
select is(pg_temp.state(id), 'failed released | validated delivery failed', 'nobody refused it: unsold, not rejected')
from s9;
select is(pg_temp.used(offer_id), '0 0 0 0 0.00 0.00 / 0 0 0 0 0.00 0.00', 'a failed sale takes no place') from failing;

create temp table stubborn as select pg_temp.offer('{"reroute": {"on_failure": false}}') as offer_id;
create temp table s10 as select pg_temp.sell(offer_id, 1) as id from stubborn;
select pg_temp.fail_latest();
select is(pg_temp.state(id), 'failed | validated', 'on_failure false: no other buyer, the sale keeps its place') from s10;
select leadgen.return_sale(id, 'unreachable') from s10;
select is(pg_temp.state(id), 'returned released | validated returned held',
  'until an operator ends it: then it is offered again') from s10;
create temp table s11 as select pg_temp.sell(offer_id, 2) as id from stubborn;
select pg_temp.attempt(id, 'delivered') from s11;
select leadgen.return_sale(id, 'wrong_number') from s11;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"returned released",pending}', 'on_failure false says nothing about returns') from s11;

-- Unknown: kept with the buyer, unless the policy says resell.
create temp table careful as select pg_temp.offer('{}') as offer_id;
create temp table s12 as select pg_temp.sell(offer_id, 1) as id from careful;
select pg_temp.fail_latest('unknown');
select is(pg_temp.state(id), 'unknown | validated', 'unknown: the buyer may have it, nobody else gets it') from s12;
select is(leadgen.accept_sale(id)::text, 'accepted', 'unknown: the buyer has it') from s12;
create temp table bold as select pg_temp.offer('{"delivery": {"resell_on_unknown": true}}') as offer_id;
create temp table s13 as select pg_temp.sell(offer_id, 1) as id from bold;
select pg_temp.fail_latest('unknown');
select is(pg_temp.sales(id), '{"unknown released",pending}', 'resell_on_unknown: the next buyer has it, the first sale stays unknown')
from s13;
select is(testkit.fault_of(format('select leadgen.accept_sale(%s)', id)), 'LG409 outcome', 'resell_on_unknown: the first comes too late')
from s13;

-- A shared sale: who keeps the lead keeps it, only the place that came free is sold again.
create temp table shared as select pg_temp.offer('{"max_buyers": 2}', 3) as offer_id;
create temp table s14 as select pg_temp.sell(offer_id, 1) - 1 as id from shared;
select pg_temp.attempt(id, 'delivered') from s14;
select pg_temp.attempt(id + 1, 'delivered') from s14;
select leadgen.return_sale(id, 'wrong_number') from s14;
select is(pg_temp.state(id), 'returned released | accepted held',
  'shared: the lead is still accepted by one, and offered again') from s14;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"returned released",accepted,pending}', 'shared: one more buyer') from s14;
select is(pg_temp.state(id), 'returned released | accepted', 'shared: all places are sold') from s14;
select leadgen.return_sale(id + 1, 'wrong_number') from s14;
select pg_temp.tend();
select is(l.status || ' ' || (l.rejection_reason is null), 'accepted true', 'shared: with a buyer left it is not rejected')
from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id join s14 on s14.id = a.id;

-- explicit, and a failure that is kept: it lapses like the others, and cannot be sent again after that.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table kept as select pg_temp.offer('{"acceptance": {"mode": "explicit", "window_hours": 5},
  "reroute": {"on_failure": false}}') as offer_id;
create temp table s20 as select pg_temp.sell(offer_id, 1) as id from kept;
select pg_temp.attempt(id, 'refused') from s20;
select is((market.pick_due_sale(leadgen.clock())).id, null, 'pick_due_sale: not what is kept');
select is(market.lock_free_offer('{}'), null, 'lock_free_offer: of none');
select is(market.lock_free_offer(array[offer_id, 0]), offer_id, 'lock_free_offer: the first that is free') from kept;
select testkit.at_time('2026-11-20T20:59:59Z');
select is(leadgen.settle_answers(), 0, 'settle_answers: there is time to send it again');
select is(outbox.find_resend_fault(d, e), null, 'find_resend_fault: in time')
from s20 join leadgen.deliveries d on d.assignment_id = s20.id join leadgen.endpoints e on e.id = d.endpoint_id;
select testkit.at_time('2026-11-20T21:00:00Z');
select is(outbox.find_resend_fault(d, e), 'the time to accept its sale has ended', 'find_resend_fault: too late')
from s20 join leadgen.deliveries d on d.assignment_id = s20.id join leadgen.endpoints e on e.id = d.endpoint_id;
select is(leadgen.settle_answers(), 1, 'settle_answers: it lapses');
select is(leadgen.settle_answers(), 0, 'settle_answers: once');
select is((market.pick_due_sale(leadgen.clock())).id, id, 'pick_due_sale: now it is due') from s20;
select pg_temp.tend();
select is(pg_temp.sales(id), '{"lapsed released",pending}', 'the next buyer has it') from s20;
select testkit.at_time('2026-11-20T16:00:00Z');

-- One that cannot be released does not hold up the others.
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table broken as select pg_temp.offer('{"reroute": {"max_attempts": 1}}') as offer_id;
create temp table s15 as select n, pg_temp.sell(offer_id, n) as id from broken, generate_series(1, 2) n;
select pg_temp.attempt(id, 'refused') from s15 where n = 1;
select testkit.at_time('2026-11-20T16:01:00Z');
select pg_temp.attempt(id, 'refused') from s15 where n = 2;
select testkit.at_time('2026-11-20T16:02:00Z');
create function pg_temp.break_down() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
do $$ begin execute format('create trigger break_down before update of released_at on leadgen.lead_assignments for each row
  when (new.id = %s and new.released_at is not null) execute function pg_temp.break_down()', (select id from s15 where n = 1)); end $$;
set local client_min_messages = error; -- it warns the log
select is(leadgen.release_due_sale(), id, 'release_due_sale: the one that raises comes first') from s15 where n = 1;
select is(pg_temp.state(id), 'failed due | validated', 'release_due_sale: and stays due') from s15 where n = 1;
set local client_min_messages = notice;
select is(leadgen.release_due_sale(), id, 'release_due_sale: the next is released') from s15 where n = 2;
select is(leadgen.release_due_sale(), null, 'release_due_sale: the first is put off');
select testkit.at_time('2026-11-20T16:03:00Z');
drop trigger break_down on leadgen.lead_assignments;
select is(leadgen.release_due_sale(), id, 'release_due_sale: for a minute') from s15 where n = 1;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

-- The policy, as it is written.
select is(testkit.policy_fault('routing', config), fault, format('policy: %s', config))
from (values
  ('{"acceptance": {"mode": "on_delivery"}}'::jsonb, 'none'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 0.5}}', 'none'),
  ('{"acceptance": {"mode": "auto_after", "window_hours": 2160}}', 'none'),
  ('{"acceptance": "explicit"}', 'LG423 config.acceptance'),
  ('{"acceptance": {}}', 'LG423 config.acceptance.mode'),
  ('{"acceptance": {"mode": "later"}}', 'LG423 config.acceptance.mode'),
  ('{"acceptance": {"mode": "explicit"}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "auto_after"}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "on_delivery", "window_hours": 2}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 0}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 2161}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 1, "hours": 2}}', 'LG423 config.acceptance.hours'),
  ('{"reroute": {}}', 'none'),
  ('{"reroute": {"on_return": false, "on_failure": false, "max_attempts": 0}}', 'none'),
  ('{"reroute": {"on_return": true, "max_attempts": 0}}', 'LG423 config.reroute.on_return'),
  ('{"reroute": {"max_attempts": 20}}', 'none'),
  ('{"reroute": {"max_attempts": 21}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"max_attempts": -1}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"max_attempts": 1.5}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"on_return": "yes"}}', 'LG423 config.reroute.on_return'),
  ('{"reroute": {"on_lapse": true}}', 'LG423 config.reroute.on_lapse'),
  ('{"delivery": {"timeout_seconds": 0.1, "retry_seconds": [0.1, 604800], "resell_on_unknown": true}}', 'none'),
  ('{"delivery": {"timeout_seconds": 60, "retry_seconds": []}}', 'none'),
  ('{"delivery": {"timeout_seconds": 60.1}}', 'LG423 config.delivery.timeout_seconds'),
  ('{"delivery": {"timeout_seconds": 0}}', 'LG423 config.delivery.timeout_seconds'),
  ('{"delivery": {"retry_seconds": 5}}', 'LG423 config.delivery.retry_seconds'),
  ('{"delivery": {"retry_seconds": [1, 0]}}', 'LG423 config.delivery.retry_seconds[1]'),
  ('{"delivery": {"retry_seconds": [604801]}}', 'LG423 config.delivery.retry_seconds[0]'),
  ('{"delivery": {"retries": 3}}', 'LG423 config.delivery.retries')
) as t (config, fault);
select is(testkit.policy_fault('routing', jsonb_build_object('delivery', jsonb_build_object('retry_seconds',
  (select jsonb_agg(1) from generate_series(1, 51))))), 'LG423 config.delivery.retry_seconds', 'policy: too many retries');

select * from finish();
rollback;
