-- reserve: a place and a turn in every window, or nothing.
begin;
select plan(26);

create temp table ids as select testkit.make_offer(p_config => '{"max_buyers": 2}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace') as a, testkit.enroll_buyer(offer_id, 'Best') as b,
  testkit.enroll_buyer(offer_id, 'Cole') as c from ids;
create function pg_temp.reserve(p_at timestamptz, p_last_turn bigint, p_turn bigint, p_tag float8 default null) returns text
language plpgsql as $$
-- One winner, as if it had been gathered when its latest turn was p_last_turn.
declare
  v_route constant catalog.route := (select catalog.load_route(s.id, s.offer_id) from leadgen.sources s join ids using (offer_id));
  v_snapshot kernel.snapshot := testkit.snapshot(array(
    select testkit.candidate(jsonb_build_object('buyer_offer_id', a, 'last_turn', p_last_turn)) from seats), null, p_at);
  v_decision kernel.decision;
begin
  v_decision.winners := '{1}';
  v_decision.turns := array[p_turn];
  v_decision.finish_tags := case when p_tag is not null then array[p_tag] end;
  v_decision.virtual_times := v_decision.finish_tags;
  return testkit.fault_of(format('select market.reserve(%L::kernel.snapshot, %L::kernel.decision, %L::catalog.route)', v_snapshot,
    v_decision, v_route));
end;
$$;
create function pg_temp.counts() returns text language sql as $$
  select concat_ws(' ', hour_count, day_count, week_count, month_count, coalesce(last_turn::text, 'never'))
    from testkit.enrollment_usage u, seats where u.buyer_offer_id = a;
$$;

select is(pg_temp.counts(), '0 0 0 0 never', 'a new enrollment has sold nothing');
select is(pg_temp.reserve('2026-11-20T16:10:00Z', null, 11), 'none', 'reserve: a place is taken');
select is(pg_temp.counts(), '1 1 1 1 11', 'a place is taken in every window');
select is(pg_temp.reserve('2026-11-20T16:20:00Z', 11, 12), 'none', 'reserve: another place in the same hour');
select is(pg_temp.counts(), '2 2 2 2 12', 'the second sale counts in the same windows');
select is(pg_temp.reserve('2026-11-20T16:59:59Z', 11, 13), '40001', 'it was served since it was gathered: not on old numbers');
select is(pg_temp.reserve('2026-11-20T16:59:59Z', null, 13), '40001', 'who seemed never served is not sold to on old numbers');
select is(pg_temp.counts(), '2 2 2 2 12', 'a refused reservation takes no place and no turn');
select is(pg_temp.reserve('2026-11-20T17:00:00Z', 12, 13), 'none', 'reserve: a place in the next hour');
select is(pg_temp.counts(), '1 3 3 3 13', 'its count starts again, the others go on');
select is(pg_temp.reserve('2026-11-21T06:00:00Z', 13, 14), 'none', 'reserve: a place on the next day in Austin');
select is(pg_temp.counts(), '1 1 4 4 14', 'hour and day start again');
select is(pg_temp.reserve('2026-11-23T06:00:00Z', 14, 15), 'none', 'reserve: a place on Monday');
select is(pg_temp.counts(), '1 1 1 5 15', 'Monday starts a new week');
select is(pg_temp.reserve('2026-12-01T06:00:00Z', 15, 16), 'none', 'reserve: a place on the first of a month');
select is(pg_temp.counts(), '1 1 1 1 16', 'starts a month; its week began the day before');
select is(pg_temp.reserve('2026-11-30T12:00:00Z', 16, 17), 'none', 'a clock that stepped back');
select is(pg_temp.counts(), '2 2 2 2 17', 'counts in the windows that are counted: no place is given twice');
select is(pg_temp.reserve('2026-12-01T07:00:00Z', 17, 18, 2.5), 'none', 'reserve: a place with tags');
select is(format('%s %s', u.finish_tag, u.virtual_time), '2.5 2.5', 'the tags are written') from leadgen.enrollment_usage u, seats
  where u.buyer_offer_id = a;
select is(pg_temp.reserve('2026-12-01T07:00:00Z', 18, 19), 'none', 'reserve: a place without tags');
select is(format('%s %s', u.finish_tag, u.virtual_time), '2.5 2.5', 'the tags stay as they were') from leadgen.enrollment_usage u, seats
where u.buyer_offer_id = a;

-- A shared sale through the front door: each buyer once, each with its own price, deliveries and count.
select testkit.submit(offer_id) from ids;
select is(array_agg(a.buyer_offer_id order by a.id), (select array[b, c]
  from seats), 'max_buyers 2: two sales, to those who wait longest') from leadgen.lead_assignments a;
select is((select count(*) from leadgen.deliveries), 2::bigint, 'each sale has its delivery');
select is(l.buyer_id, testkit.buyer_of(b), 'the lead shows the first') from leadgen.leads l, seats;
select is(d.winners, '{2,3}', 'the decision names both winners') from leadgen.lead_decisions d;

select * from finish();
rollback;
