-- Enrollment schedule: compile_hours, and what an enrollment takes when; midnight, Sunday to Monday, both daylight-saving nights.
begin;
select plan(62);

select is(catalog.compile_hours(hours), minutes, format('compile_hours: %s', hours))
from (values
  ('{"mon": [["00:00", "00:01"]]}'::jsonb, '{[0,1)}'::int4multirange),
  ('{"mon": [["08:00", "18:00"]]}', '{[480,1080)}'),
  ('{"tue": [["08:00", "18:30"]]}', '{[1920,2550)}'),
  ('{"sun": [["00:00", "24:00"]]}', '{[8640,10080)}'),
  ('{"mon": [["22:00", "02:00"]]}', '{[1320,1560)}'),
  ('{"sun": [["22:00", "02:00"]]}', '{[0,120),[9960,10080)}'),
  ('{"sun": [["22:00", "00:00"]]}', '{[9960,10080)}'),
  ('{"mon": [["08:00", "12:00"], ["13:00", "17:00"]]}', '{[480,720),[780,1020)}'),
  ('{"mon": [["08:00", "12:00"], ["11:00", "17:00"]]}', '{[480,1020)}'),
  ('{"mon": [["08:00", "12:00"], ["12:00", "17:00"]]}', '{[480,1020)}'),
  ('{"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]]}', '{[0,2880)}'),
  ('{"mon": [["23:00", "08:00"]], "tue": [["07:00", "09:00"]], "wed": []}', '{[1380,1980)}'),
  (null, null)
) as t (hours, minutes);

-- What an enrollment with these hours takes at a time. Austin is at UTC-6 in winter, at UTC-5 in summer.
create function pg_temp.at(p_schedule jsonb, p_zone text, p_at timestamptz) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}');
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', jsonb_build_object('schedule', p_schedule, 'timezone', p_zone));
  return case testkit.outcome(v_offer_id, p_at) when 'Ace 45.00' then 'open' when 'outside_schedule 1' then 'closed' end;
end;
$$;
select is(pg_temp.at(schedule, zone, at), expected, format('%s %s at %s: %s', schedule, coalesce(zone, 'in Austin'), at, expected))
from (values
  (null::jsonb, null::text, '2026-11-20T16:00:00Z'::timestamptz, 'open'),
  ('{"fri": [["08:00", "18:00"]]}', null, '2026-11-20T13:59:59Z', 'closed'),
  ('{"fri": [["08:00", "18:00"]]}', null, '2026-11-20T14:00:00Z', 'open'),
  ('{"fri": [["08:00", "18:00"]]}', null, '2026-11-20T23:59:59Z', 'open'),
  ('{"fri": [["08:00", "18:00"]]}', null, '2026-11-21T00:00:00Z', 'closed'),
  ('{"fri": [["08:00", "18:00"]]}', null, '2026-11-19T16:00:00Z', 'closed'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-21T03:59:59Z', 'closed'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-21T04:00:00Z', 'open'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-21T06:00:00Z', 'open'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-21T07:59:59Z', 'open'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-21T08:00:00Z', 'closed'),
  ('{"fri": [["22:00", "02:00"]]}', null, '2026-11-20T07:00:00Z', 'closed'),
  -- Sunday into Monday
  ('{"sun": [["22:00", "02:00"]]}', null, '2026-11-23T05:59:59Z', 'open'),
  ('{"sun": [["22:00", "02:00"]]}', null, '2026-11-23T06:00:00Z', 'open'),
  ('{"sun": [["22:00", "02:00"]]}', null, '2026-11-23T07:59:59Z', 'open'),
  ('{"sun": [["22:00", "02:00"]]}', null, '2026-11-23T08:00:00Z', 'closed'),
  ('{"sun": [["22:00", "02:00"]]}', null, '2026-11-22T07:00:00Z', 'closed'),
  -- its own zone: Saturday 08:00 in Tokyo is Friday 23:00 UTC
  ('{"sat": [["08:00", "09:00"]]}', 'Asia/Tokyo', '2026-11-20T22:59:59Z', 'closed'),
  ('{"sat": [["08:00", "09:00"]]}', 'Asia/Tokyo', '2026-11-20T23:00:00Z', 'open'),
  ('{"sat": [["08:00", "09:00"]]}', 'Asia/Tokyo', '2026-11-21T00:00:00Z', 'closed'),
  -- 8 March 2026: after 01:59 comes 03:00, so 02:30 is not
  ('{"sun": [["01:30", "02:30"]]}', null, '2026-03-08T07:29:59Z', 'closed'),
  ('{"sun": [["01:30", "02:30"]]}', null, '2026-03-08T07:30:00Z', 'open'),
  ('{"sun": [["01:30", "02:30"]]}', null, '2026-03-08T07:59:59Z', 'open'),
  ('{"sun": [["01:30", "02:30"]]}', null, '2026-03-08T08:00:00Z', 'closed'),
  ('{"sun": [["02:00", "03:00"]]}', null, '2026-03-08T07:59:59Z', 'closed'),
  ('{"sun": [["02:00", "03:00"]]}', null, '2026-03-08T08:00:00Z', 'closed'),
  ('{"sun": [["02:30", "03:30"]]}', null, '2026-03-08T08:00:00Z', 'open'),
  ('{"sun": [["02:30", "03:30"]]}', null, '2026-03-08T08:29:59Z', 'open'),
  ('{"sun": [["02:30", "03:30"]]}', null, '2026-03-08T08:30:00Z', 'closed'),
  -- 1 November 2026: 01:00 to 02:00 comes twice, and is open twice
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T06:29:59Z', 'closed'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T06:30:00Z', 'open'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T06:59:59Z', 'open'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T07:00:00Z', 'closed'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T07:29:59Z', 'closed'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T07:30:00Z', 'open'),
  ('{"sun": [["01:30", "02:00"]]}', null, '2026-11-01T08:00:00Z', 'closed'),
  ('{"sun": [["00:00", "24:00"]]}', null, '2026-11-02T05:59:59Z', 'open'),
  ('{"sun": [["00:00", "24:00"]]}', null, '2026-11-02T06:00:00Z', 'closed')
) as t (schedule, zone, at, expected);

select is(testkit.fault_of(format('select testkit.enroll_buyer(testkit.make_offer(), ''Ace'', %L)',
  jsonb_build_object('schedule', schedule))),
  fault, format('as a schedule: %s', schedule))
from (values
  ('{"mon": [["08:00", "24:00"]]}'::jsonb, 'none'), ('{"mon": [["08:00", "08:00"]]}', 'LG423 schedule.mon[0]'),
  ('{"mon": [["24:00", "08:00"]]}', 'LG423 schedule.mon[0][0]'), ('{"monday": [["08:00", "18:00"]]}', 'LG423 schedule.monday'),
  ('{"mon": [["8:00", "18:00"]]}', 'LG423 schedule.mon[0][0]'), ('{"mon": [["08:00", "25:00"]]}', 'LG423 schedule.mon[0][1]'),
  ('{"mon": [["08:00"]]}', 'LG423 schedule.mon[0]'), ('{"mon": "08:00-18:00"}', 'LG423 schedule.mon'), ('{}', 'LG423 schedule'),
  ('{"mon": []}', 'LG423 schedule'), ('[]', 'LG423 schedule')
) as t (schedule, fault);

select * from finish();
rollback;
