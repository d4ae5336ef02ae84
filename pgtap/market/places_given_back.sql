-- give_place_back: a sale that ends frees its place in the windows that counted it, and in no other.
begin;
select plan(30);
-- A place goes back into the windows that counted it, and into no other. Austin is six hours behind UTC in November.
create function pg_temp.give_back(p_sold timestamptz, p_later timestamptz, p_price numeric default null) returns text language plpgsql as $$
-- Sells one lead then and one later, returns the first, and says what is left used.
declare
  v_offer_id constant bigint := testkit.open_offer('{"reroute": {"on_return": false}, "returns": {"window_hours": 2160}}', 'Ace');
  v_sale_id bigint;
begin
  perform testkit.at_time(p_sold);
  v_sale_id := testkit.sell_lead(v_offer_id, 1);
  perform testkit.at_time(p_later);
  perform testkit.sell_lead(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  return testkit.tell_usage(v_offer_id);
end;
$$;
select is(pg_temp.give_back(sold, later), format('%s / %s', used, used), format('give_place_back: %s', what))
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
  v_offer_id constant bigint := testkit.open_offer(
    '{"reroute": {"on_return": false}, "on_no_buyer": "reject", "returns": {"window_hours": 2160}}', 'Ace');
  v_sale_id bigint;
begin
  execute format('update leadgen.buyer_offers set %I = 1 where offer_id = %s', p_cap, v_offer_id);
  perform testkit.at_time(p_sold);
  v_sale_id := testkit.sell_lead(v_offer_id, 1);
  perform testkit.at_time(p_later);
  perform testkit.sell_lead(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  perform testkit.sell_lead(v_offer_id, 3);
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
  perform testkit.enroll_buyer(v_offer_id, 'Ace', p_enrollment);
  v_sale_id := testkit.sell_lead(v_offer_id, 1);
  perform testkit.at_time(p_returned);
  perform testkit.sell_lead(v_offer_id, 2);
  perform leadgen.return_sale(v_sale_id, 'wrong_number');
  perform testkit.sell_lead(v_offer_id, 3);
  perform testkit.sell_lead(v_offer_id, 4);
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
create temp table moved as select testkit.open_offer('{"reroute": {"on_return": false}}', 'Ace') as offer_id;
create temp table s7 as select n, testkit.sell_lead(offer_id, n) as id from moved, generate_series(1, 3) n;
select leadgen.return_sale(id, 'wrong_number') from s7 where n = 2;
update leadgen.buyer_offers bo set timezone = 'Asia/Tokyo' from moved where bo.offer_id = moved.offer_id;
select is(testkit.tell_usage(offer_id), '2 2 2 2 90.00 90.00 / 2 2 2 2 90.00 90.00', 'recount_usage: a returned sale does not count')
from moved;
select leadgen.return_sale(id, 'wrong_number') from s7 where n = 3;
select is(testkit.tell_usage(offer_id), '1 1 1 1 45.00 45.00 / 1 1 1 1 45.00 45.00', 'a sale that is returned later leaves the new windows')
from moved;

-- A held lead gets the place that came free.
create temp table full_up as select testkit.open_offer('{"reroute": {"on_return": false}}', 'Ace') as offer_id;
update leadgen.buyer_offers bo set capacity_per_month = 1 from full_up where bo.offer_id = full_up.offer_id;
create temp table s8 as select testkit.sell_lead(offer_id, 1) as id from full_up;
select testkit.submit(offer_id, '{}', 2) from full_up;
select testkit.tend();
select is(testkit.tell_sale(id), 'pending | validated', 'the only place of the month is sold') from s8;
select is((select count(*) from leadgen.leads l join full_up using (offer_id) where l.hold_until is not null), 1::bigint,
  'the second lead waits');
select leadgen.return_sale(id, 'wrong_number') from s8;
select is(testkit.tell_sale(id), 'returned released | rejected returned', 'no reroute: the returned lead is rejected')
from s8;
select testkit.tend();
select is((select array_agg(format('%s %s', l.status, l.hold_until is null) order by l.id) from leadgen.leads l
  join full_up using (offer_id)),
  '{"rejected t","validated t"}', 'the lead that waited has the free place');

select * from finish();
rollback;
