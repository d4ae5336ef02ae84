-- what_if over leads that were held, sold later, or given back: history is reproduced, and left where it must be.
begin;
select plan(30);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"hold_hours": 30}') as offer_id;
create temp table seats as select offer_id, testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_day": 1, "routing_priority": 2}') as a,
  testkit.enroll_buyer(offer_id, 'Idle', '{"price_per_lead": 50}') as b from ids;
select testkit.at_time('2026-11-20T15:00:00Z');
select testkit.work_holds();

-- Three leads on Friday: one is sold, one waits for Saturday, one for Sunday, which its 30 hours do not reach.
create temp table history as select n, testkit.outcome(offer_id, '2026-11-20T16:00:00Z'::timestamptz + n * interval '1 minute') as outcome
from ids, generate_series(1, 3) n;
select is((select array_agg(outcome order by n) from history),
  '{"Ace 45.00","cap_day 1, enrollment_inactive 1, held","cap_day 1, enrollment_inactive 1, held"}',
    'on Friday one lead is sold and two wait');
create function pg_temp.work(p_from timestamptz, p_hours integer) returns void language plpgsql as $$
begin
  for v_hour in 0 .. p_hours loop
    perform testkit.at_time(p_from + v_hour * interval '1 hour');
    perform testkit.work_holds();
  end loop;
end;
$$;
create function pg_temp.play(p_changes jsonb, p_from timestamptz default '2026-11-20T06:00:00Z') returns text language plpgsql as $$
declare
  v_result constant jsonb := leadgen.what_if((select offer_id from ids), p_from, '2026-11-24T06:00:00Z', (
    select replace(replace(p_changes::text, '"A"', format('"%s"', a)), '"B"', format('"%s"', b)) from seats)::jsonb);
begin
  return concat_ws(' ', v_result #>> '{simulated,sold}', 'sold', v_result #>> '{simulated,unsold}', 'unsold',
    v_result #>> '{simulated,held}', 'held',
    trim_scale((v_result #>> '{simulated,revenue}')::numeric), case when (v_result ->> 'is_identical')::boolean then 'identical' end,
    (select string_agg(format('%s %s', m.key, m.value), ' ' order by m.key)
      from jsonb_each_text(v_result -> 'moved') m where m.key <> 'same' and m.value <> '0'));
end;
$$;
select is(pg_temp.play('{}'), '1 sold 0 unsold 2 held 45 identical', 'without changes two leads are still held');
select is(pg_temp.play('{"enrollments": {"A": {"capacity_per_day": 2}}}'), '2 sold 0 unsold 1 held 90 gained 1',
  'two a day: one is left waiting');
select is(pg_temp.play('{"routing": {"on_no_buyer": "reject", "hold_hours": null}}'), '1 sold 2 unsold 0 held 45',
  'nobody waits: unsold at once');

select pg_temp.work('2026-11-20T17:00:00Z', 67);
select is((select array_agg(testkit.tell(l.id) order by l.id) from leadgen.leads l),
  '{"Ace 45.00","Ace 45.00","hold ended: cap_day 1, enrollment_inactive 1"}',
  'the next midnight one is sold, the other never');
select is(pg_temp.play('{}'), '2 sold 1 unsold 0 held 90 identical', 'nothing changed: the later attempts come out the same');
select is(pg_temp.play('{"enrollments": {"A": {"capacity_per_day": 2}}}'), '3 sold 0 unsold 0 held 135 gained 1',
  'two a day: the second on Friday, so Saturday''s place is the third''s');
select is(pg_temp.play('{"routing": {"on_no_buyer": "reject", "hold_hours": null}}'), '1 sold 2 unsold 0 held 45 lost 1',
  'nobody waits: the one of Saturday is lost');
select is(pg_temp.play('{"routing": {"hold_hours": 10}}'), '1 sold 2 unsold 0 held 45 lost 1', 'a hold that ends before midnight');
select is(pg_temp.play('{"routing": {"hold_hours": 60}}'), '3 sold 0 unsold 0 held 135 gained 1', 'a hold that reaches Sunday');
select is(pg_temp.play('{"enrollments": {"B": {"is_active": true}}}'), '3 sold 0 unsold 0 held 145 gained 1 other_buyer 1',
  'B is switched on: 45 and two at 50');
select is(pg_temp.play('{"enrollments": {"B": {"is_active": true, "capacity_per_day": 1}}}'),
  '3 sold 0 unsold 0 held 140 gained 1 other_buyer 1',
  'B takes one a day: the third waits for Saturday, when A is first again');
select is(pg_temp.play('{"enrollments": {"A": {"pause_until": "2026-11-20T17:59:00Z"}}}'), '2 sold 1 unsold 0 held 90 identical',
  'a pause until nearly noon delays the sale and changes nothing else');
select is(pg_temp.play('{"enrollments": {"A": {"schedule": {"sat": [["00:00", "24:00"]]}}}}'), '1 sold 2 unsold 0 held 45 lost 1',
  'Saturdays only: one of three');
select is(pg_temp.play('{}', '2026-11-20T16:01:30Z'), '1 sold 1 unsold 0 held 45 identical', 'a period that begins after the first lead');
select is(pg_temp.play('{"enrollments": {"A": {"capacity_per_day": 2}}}', '2026-11-20T16:01:30Z'), '2 sold 0 unsold 0 held 90 gained 1',
  'the first lead''s place counts, though it is not in the period');
select is(pg_temp.play('{"routing": {"caps": {"per_day": 1}}, "enrollments": {"A": {"capacity_per_day": 9}}}', '2026-11-20T16:01:30Z'),
  '1 sold 1 unsold 0 held 45', 'the offer''s own sales from before the period count');

-- A sale is given back: its place is free again, in history and in the rehearsal.
create temp table back as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject", "reroute": {"on_return": false}}') as offer_id;
create temp table back_seat as select testkit.enroll_buyer(offer_id, 'Dora') as a from back;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from back;
select testkit.at_time('2026-11-20T16:30:00Z');
select lives_ok(format('select leadgen.return_sale(%s, ''wrong_number'')', a.id), 'the buyer returns it') from leadgen.lead_assignments a
  join back using (offer_id);
select leadgen.release_due_sale();
select is(testkit.outcome(offer_id, '2026-11-20T17:00:00Z'), 'Dora 45.00', 'the free place takes the next lead') from back;
select is(testkit.outcome(offer_id, '2026-11-20T18:00:00Z'), 'cap_day 1', 'a full day takes no lead') from back;
select testkit.at_time('2026-11-20T20:00:00Z');
create function pg_temp.play_back(p_changes jsonb) returns text language sql as $$
  select concat_ws(' ', r #>> '{simulated,sold}', 'sold', r #>> '{simulated,unsold}', 'unsold', r ->> 'is_identical')
  from back, back_seat, leadgen.what_if(back.offer_id, '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z',
    replace(p_changes::text, '"A"', format('"%s"', a))::jsonb) r;
$$;
select is(pg_temp.play_back('{}'), '1 sold 2 unsold true', 'nothing changed: the returned lead has no buyer');
select is(pg_temp.play_back('{"enrollments": {"A": {"capacity_per_day": 2}}}'), '2 sold 1 unsold false',
  'two a day: the returned one gives its place back');
-- A sale is given back while others wait for its place: who waits in the rehearsal alone is woken, too.
create temp table wake as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"hold_hours": 4, "reroute": {"on_return": false}}')
  as offer_id;
create temp table wake_seat as select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_day": 2}') as a from wake;
create temp table woken as select n, testkit.outcome(offer_id, at) as outcome from wake,
  (values (1, '2026-11-23T16:00:00Z'::timestamptz), (2, '2026-11-23T16:30:00Z')) as t (n, at);
select testkit.at_time('2026-11-23T17:00:00Z');
select leadgen.return_sale((select min(a.id) from leadgen.lead_assignments a where a.offer_id = wake.offer_id), 'wrong_number') from wake;
select leadgen.release_due_sale();
select testkit.work_holds();
insert into woken select 3, testkit.outcome(offer_id, '2026-11-24T16:00:00Z') from wake;
select is((select array_agg(outcome order by n) from woken), '{Ace 45.00,Ace 45.00,Ace 45.00}', 'two a day: all three are sold at once');
create function pg_temp.play_wake(p_changes jsonb) returns text language sql as $$
  select concat_ws(' ', r #>> '{simulated,sold}', 'sold', r #>> '{simulated,unsold}', 'unsold', r #>> '{simulated,held}', 'held',
    trim_scale((r #>> '{simulated,revenue}')::numeric), (r -> 'moved') - '{same,other_buyer,other_price}'::text[])
  from wake, wake_seat, leadgen.what_if(wake.offer_id, '2026-11-23T06:00:00Z', '2026-11-25T06:00:00Z',
    replace(p_changes::text, '"A"', format('"%s"', a))::jsonb) r;
$$;
select is(pg_temp.play_wake('{}'), '2 sold 1 unsold 0 held 90 {"lost": 0, "gained": 0}', 'nothing changed: one was returned');
select is(pg_temp.play_wake('{"enrollments": {"A": {"capacity_per_day": 1}}}'), '2 sold 1 unsold 0 held 90 {"lost": 0, "gained": 0}',
  'with one a day the second waits for the returned place');
select is(pg_temp.play_wake('{"routing": {"hold_hours": 0.25}, "enrollments": {"A": {"capacity_per_day": 1}}}'),
  '1 sold 2 unsold 0 held 45 {"lost": 1, "gained": 0}', 'a hold that has ended before the return');

-- A buyer is switched on while a lead waits that history sold at once: it hears of that when history next decides.
create temp table edit as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"hold_hours": 4}') as offer_id;
create temp table edit_seat as select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_day": 2, "routing_priority": 2}') as a,
  testkit.enroll_buyer(offer_id, 'Idle', '{"price_per_lead": 50}') as b from edit;
create temp table edited as select n, testkit.outcome(offer_id, '2026-11-26T15:00:00Z'::timestamptz + n * interval '1 hour') as outcome
from edit, generate_series(1, 2) n;
select testkit.at_time('2026-11-26T17:30:00Z');
update leadgen.buyer_offers bo set is_active = true from edit_seat where bo.id = b;
select testkit.work_holds();
insert into edited select 3, testkit.outcome(offer_id, '2026-11-26T18:00:00Z') from edit;
select is((select array_agg(outcome order by n) from edited), '{Ace 45.00,Ace 45.00,Idle 50.00}', 'the third is the new buyer''s');
select testkit.at_time('2026-11-27T18:00:00Z');
select is((r -> 'simulated' -> 'sold', trim_scale((r #>> '{simulated,revenue}')::numeric), r #> '{moved,other_buyer}')::text, '(3,145,1)',
  'one a day: the second waits for the new buyer')
from edit, edit_seat, leadgen.what_if(edit.offer_id, '2026-11-26T06:00:00Z', '2026-11-27T06:00:00Z',
  jsonb_build_object('enrollments', jsonb_build_object(a, '{"capacity_per_day": 1}'::jsonb))) r;

select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
