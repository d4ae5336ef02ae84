-- A pause with a beginning: what a candidate is judged by, what a reader is told, and when a held lead wakes.
begin;
select plan(40);

select is(kernel.make_pause(starts, ends), pause, format('make_pause: %s to %s', starts, ends))
from (values
  (null::timestamptz, null::timestamptz, null::tstzrange), ('2026-12-24T06:00:00Z', null, null),
  (null, '2026-12-27T06:00:00Z', '(,2026-12-27T06:00:00Z)'),
  ('2026-12-24T06:00:00Z', '2026-12-27T06:00:00Z', '[2026-12-24T06:00:00Z,2026-12-27T06:00:00Z)'),
  ('2026-12-24T06:00:00Z', '2026-12-24T06:00:00Z', null), ('2026-12-24T06:00:01Z', '2026-12-24T06:00:00Z', null)
) as t (starts, ends, pause);
select is(kernel.describe_pause(pause, zone), words, words)
from (values
  ('(,2026-12-27T06:00:00Z)'::tstzrange, 'America/Chicago', 'until 2026-12-27T06:00:00Z (00:00 America/Chicago)'),
  ('(,infinity)', 'UTC', 'without end'),
  ('[2026-12-24T06:00:00Z,infinity)', 'Asia/Tokyo', 'from 2026-12-24T06:00:00Z (15:00 Asia/Tokyo) without end'),
  ('[2026-12-24T06:00:00Z,2026-12-27T06:00:00Z)', 'America/Chicago',
    'from 2026-12-24T06:00:00Z (00:00 America/Chicago) until 2026-12-27T06:00:00Z (00:00 America/Chicago)')
) as t (pause, zone, words);
select is(kernel.skip_pause(at, pause), expected, format('skip_pause: %s, %s', at, pause))
from (values
  ('2026-12-24T05:59:59Z'::timestamptz, '[2026-12-24T06:00:00Z,2026-12-27T06:00:00Z)'::tstzrange,
    '2026-12-24T05:59:59Z'::timestamptz),
  ('2026-12-24T06:00:00Z', '[2026-12-24T06:00:00Z,2026-12-27T06:00:00Z)', '2026-12-27T06:00:00Z'),
  ('2026-12-27T06:00:00Z', '[2026-12-24T06:00:00Z,2026-12-27T06:00:00Z)', '2026-12-27T06:00:00Z'),
  ('2026-12-24T06:00:00Z', null, '2026-12-24T06:00:00Z'), (null, '[2026-12-24T06:00:00Z,infinity)', null)
) as t (at, pause, expected);

-- Judged: paused from the first moment on, no more at the last. 20 November 2026 is a Friday; 16:20 UTC is 10:20 in Austin.
create function pg_temp.paused(p_from timestamptz, p_until timestamptz, p_fields jsonb default '{}', p_load jsonb default '{}')
returns kernel.snapshot language sql as $$
  select jsonb_populate_record(testkit.snapshot(testkit.candidates(p_fields), testkit.load(p_load), '2026-11-20T16:20:00Z'),
    jsonb_build_object('pauses', array[kernel.make_pause(p_from, p_until)]));
$$;
select is((kernel.judge_candidates(pg_temp.paused(starts, ends), null))[1], reason, format('judge: %s to %s', starts, ends))
from (values
  ('2026-11-20T16:20:00Z'::timestamptz, '2026-11-20T17:00:00Z'::timestamptz, 'paused'),
  ('2026-11-20T16:20:01Z', '2026-11-20T17:00:00Z', null), ('2026-11-20T15:00:00Z', '2026-11-20T16:20:00Z', null),
  ('2026-11-20T15:00:00Z', '2026-11-20T16:20:01Z', 'paused'), ('2026-11-20T15:00:00Z', 'infinity', 'paused')
) as t (starts, ends, reason);

-- What clears in the middle of a planned pause clears for this candidate at its end.
select is(to_char(kernel.find_clear_time(s, kernel.judge_candidates(s, null)) at time zone 'UTC', 'MM-DD HH24:MI'), expected,
  format('find_clear_time: %s%s, paused %s to %s', fields, nullif(load, '{}'), starts, ends))
from (values
  ('{"cap_hour": 0}'::jsonb, '{}'::jsonb, '2026-11-20T17:00:00Z'::timestamptz, '2026-11-20T17:10:00Z'::timestamptz, '11-20 17:10'),
  ('{"cap_hour": 0}', '{}', '2026-11-20T17:00:01Z', '2026-11-20T17:10:00Z', '11-20 17:00'),
  ('{"cap_hour": 0}', '{}', '2026-11-20T16:30:00Z', '2026-11-20T17:00:00Z', '11-20 17:00'),
  ('{"in_schedule": false, "schedule": "{[6400,6500)}"}', '{}', '2026-11-20T16:30:00Z', '2026-11-20T18:00:00Z', '11-20 18:00'),
  ('{}', '{"cap_hour": 0}', '2026-11-20T16:30:00Z', '2026-11-20T18:00:00Z', '11-20 18:00'),
  ('{}', '{}', '2026-11-20T16:00:00Z', '2026-11-20T18:05:00Z', '11-20 18:05')
) as t (fields, load, starts, ends, expected), lateral pg_temp.paused(starts, ends, fields, load) s;

-- Through the front door: the buyer sells up to the pause, is paused for its length, and the lead that waited is sold at its end.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"hold_hours": 30}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace') as a, offer_id from ids;
update leadgen.buyer_offers bo set pause_from = '2026-11-20T16:30:00Z', pause_until = '2026-11-20T17:10:00Z' from seats where bo.id = a;
select testkit.at_time('2026-11-20T16:20:00Z');
select testkit.work_holds();
select is(testkit.outcome(offer_id, '2026-11-20T16:29:59Z'), 'Ace 45.00', 'sold a second before the pause') from ids;
select is(testkit.outcome(offer_id, '2026-11-20T16:30:00Z'), 'paused 1, held', 'paused from its first second') from ids;
create temp table lead as select max(id) as id from leadgen.leads;
select is((select e.reason from leadgen.explain_candidates(lead.id) e),
  'paused: from 2026-11-20T16:30:00Z (10:30 America/Chicago) until 2026-11-20T17:10:00Z (11:10 America/Chicago)',
  'explained with the whole range') from lead;
select is(l.next_route_at, '2026-11-20T17:10:00Z', 'it wakes when the pause ends') from leadgen.leads l join lead using (id);
select testkit.at_time('2026-11-20T17:10:00Z');
select testkit.work_holds();
select is(testkit.tell(id), 'Ace 45.00', 'the held lead is sold when the pause ends') from lead;
select is(bool_and((leadgen.replay_lead(l.id) ->> 'identical')::boolean), true, 'each lead replays from its record') from leadgen.leads l;
select is((leadgen.what_if(offer_id, '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z')) ->> 'is_identical', 'true',
  'a what-if that changes nothing comes out the same') from ids;
select is((leadgen.what_if(offer_id, '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z', jsonb_build_object('enrollments',
  jsonb_build_object(a, fields)))) #>> '{simulated,sold}', sold, format('what-if: %s', fields))
from seats, (values
  ('{"pause_from": "2026-11-20T16:29:59Z", "pause_until": "2026-11-22T00:00:00Z"}'::jsonb, '0'),
  ('{"pause_until": null}', '2'), ('{"pause_until": "2026-11-22T00:00:00Z"}', '1'),
  ('{"pause_from": "2026-11-20T16:29:59Z"}', '2')
) as t (fields, sold);
-- An end that is not changed is the row's: together they are a pause that the row might have, or an error.
select is(testkit.detail_of(format('select leadgen.what_if(%s, %L, %L, %L)', offer_id, '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z',
    jsonb_build_object('enrollments', jsonb_build_object(a, fields)))) - 'field', jsonb_build_object('found', found, 'allowed', allowed),
  format('what-if: %s is refused', fields))
from seats, (values
  ('{"pause_from": "2026-11-20T17:10:00Z"}'::jsonb, '2026-11-20T17:10:00+00:00',
    'null, or a time before pause_until, 2026-11-20T17:10:00+00:00'),
  ('{"pause_until": "2026-11-20T16:00:00Z"}', '2026-11-20T16:30:00+00:00',
    'null, or a time before pause_until, 2026-11-20T16:00:00+00:00'),
  ('{"pause_from": "2026-11-20T16:00:00Z", "pause_until": null}', '2026-11-20T16:00:00+00:00', 'null while pause_until is null')
) as t (fields, found, allowed);

select * from finish();
rollback;
