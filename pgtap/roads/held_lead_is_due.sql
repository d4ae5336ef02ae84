-- The parts of routing a stored lead again: route_held_lead, settle_held_lead, route_lead_again, put_off_lead,
-- count_live_sales; recount_offer_usage, start_offer_usage, list_broken_counts.
begin;
select plan(19);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"max_buyers": 2, "caps": {"per_day": 9}}') as offer_id;
select is((select to_jsonb(u) - '{offer_id,market_id,hour_start,day_start,week_start,month_start}'::text[] from testkit.offer_usage u
  join ids using (offer_id)),
  '{"hour_count": 0, "day_count": 0, "week_count": 0, "month_count": 0, "day_spent": 0, "month_spent": 0}',
    'start_offer_usage: a row for every offer');
create temp table seats as select offer_id, testkit.enroll_buyer(offer_id, 'Ace', '{"price_per_lead": 60}') as a,
  testkit.enroll_buyer(offer_id, 'Best',
  '{"capacity_per_hour": 0}') as b from ids;
select testkit.at_time('2026-11-20T15:00:00Z');
select testkit.work_holds();
select is(testkit.outcome(offer_id, '2026-11-20T16:00:00Z'), 'Ace 60.00', 'one of two places is sold') from ids;
update leadgen.buyer_offers bo set capacity_per_hour = null from seats where bo.id = b;
create temp table lead as select x.id from leadgen.leads x join ids using (offer_id);
select is(market.count_live_sales(x), 1, 'count_live_sales') from lead join leadgen.leads x using (id);
select testkit.at_time('2026-11-20T17:00:00Z');
select roads.route_lead_again(x, catalog.load_route(x.source_id, x.offer_id), '2026-11-20T17:00:00Z', true) from lead
  join leadgen.leads x using (id);
select is(testkit.tell(id), 'Ace 60.00, Best 45.00', 'route_lead_again: the place that was left, not to who had it') from lead;
select is(market.count_live_sales(x), 2, 'count_live_sales: both') from lead join leadgen.leads x using (id);
select is((select array_agg(concat_ws(' ', d.attempt, d.max_buyers, d.reasons) order by d.attempt) from lead
  join leadgen.lead_decisions d on d.lead_id = lead.id),
  '{"1 2 {NULL,cap_hour}","2 1 {already_had_lead,NULL}"}', 'route_lead_again: recorded as the next attempt, with the places it had');
select is((leadgen.replay_lead(id)), '{"identical": true}', 'route_lead_again: the attempt replays') from lead;

-- A lead that cannot be routed is set aside, so that the others flow.
create temp table stuck as select testkit.make_offer() as offer_id;
select testkit.enroll_buyer(offer_id, 'Nix') from stuck;
select testkit.work_holds();
select testkit.outcome(offer_id, '2026-11-20T18:00:00Z') from stuck;
create function pg_temp.next() returns text language sql as $$
  select to_char(x.next_route_at at time zone 'UTC', 'HH24:MI') from leadgen.leads x join stuck using (offer_id);
$$;
select market.put_off_lead(x, '2026-11-20T18:20:00Z', '2026-11-20T18:00:00Z') from leadgen.leads x join stuck using (offer_id);
select is(pg_temp.next(), '18:20', 'put_off_lead');
create temp table kept as select pg_get_functiondef('roads.record_sales'::regproc) as definition;
create or replace function roads.record_sales(p_lead_id bigint, p_attempt integer, p_route catalog.route,
  p_snapshot kernel.snapshot, p_decision kernel.decision) returns void
language plpgsql as $$ begin raise exception 'out of order'; end; $$;
select set_config('client_min_messages', 'error', true);
select testkit.at_time('2026-11-20T18:20:00Z');
select lives_ok('select leadgen.route_held_lead()', 'route_held_lead: an error is not the worker''s');
select is(pg_temp.next(), '18:25', 'route_held_lead: five minutes later');
select is((select count(*) from leadgen.lead_decisions d join leadgen.leads x on x.id = d.lead_id
  join stuck on stuck.offer_id = x.offer_id), 1::bigint, 'a lead that cannot be routed gets no decision');
do $$ begin execute (select definition from kept); end $$;
select testkit.at_time('2026-11-20T18:25:00Z');
select leadgen.route_held_lead() is not null;
select is(pg_temp.next(), '19:25', 'in order again: the cap of the day, an hour at most');

-- Counters that went wrong are seen, and mended by counting.
select is(count(*), 0::bigint, 'list_broken_counts: all is well') from market.list_broken_counts();
update leadgen.offer_usage u set sales[2] = 7, money[2] = 1, sales[1] = 3 from ids where u.offer_id = ids.offer_id;
select is((select array_agg(distinct c.rule) from market.list_broken_counts() c), '{usage_row_is_true}',
  'list_broken_counts: a wrong row of an offer');
select is((select count(*) from market.list_broken_counts()), 2::bigint, 'list_broken_counts: each wrong window');
select market.recount_offer_usage(offer_id, 'America/Chicago') from ids;
select is(concat_ws(' ', u.hour_count, u.day_count, u.week_count, u.month_count, u.day_spent, u.month_spent), '0 2 2 2 105.00 105.00',
  'recount_offer_usage: from the sales')
from testkit.offer_usage u join ids using (offer_id);
select is(count(*), 0::bigint, 'list_broken_counts: mended') from market.list_broken_counts();
update leadgen.markets m set timezone = 'Asia/Tokyo' from ids join leadgen.offers o on o.id = offer_id where m.id = o.market_id;
select is(concat_ws(' ', u.day_count, u.week_count, u.day_start), '2 2 2026-11-20 15:00:00+00',
  'recount_offer_usage: in the windows of another zone')
from testkit.offer_usage u join ids using (offer_id);
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
