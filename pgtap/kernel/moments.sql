-- read_moment: times as people write them, by the clock of a zone.
begin;
select plan(15);
set local timezone = 'UTC';
select is(kernel.read_moment(said, 'America/Chicago', 'from'), meant::timestamptz, format('%s is %s', said, meant))
from (values
  ('2026-12-24', '2026-12-24T06:00:00Z'), -- a date is its midnight
  ('2026-07-04', '2026-07-04T05:00:00Z'), -- by the clock of that day
  ('2026-12-24 18:00', '2026-12-25T00:00:00Z'),
  ('2026-12-24T18:00:30', '2026-12-25T00:00:30Z'),
  ('2026-12-24T18:00-08:00', '2026-12-25T02:00:00Z'), -- an offset counts
  ('2026-12-24T18:00Z', '2026-12-24T18:00:00Z'),
  ('infinity', 'infinity')
) as t (said, meant);
select is(kernel.read_moment(null, 'America/Chicago', 'from'), null, 'no time is none');
select is(testkit.detail_of(format('select kernel.read_moment(%L, %L, %L)', said, zone, 'from')) ->> 'allowed', allowed,
  format('%s in %s is refused', said, zone))
from (values
  ('2026-03-08 02:30', 'America/Chicago', '2026-03-08T08:30:00+00:00'), -- skipped
  ('2026-11-01 01:30', 'America/Chicago', '2026-11-01T06:30:00+00:00 or 2026-11-01T07:30:00+00:00'), -- shown twice
  ('2026-04-05 01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00+00:00 or 2026-04-04T15:15:00+00:00'), -- half an hour
  ('2026-02-30', 'America/Chicago', '2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00-06:00'),
  ('2026-12-24T18:00+99:99', 'America/Chicago', '2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00-06:00'), -- no such offset
  ('tomorrow', 'America/Chicago', '2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00-06:00'),
  ('24.12.2026', 'America/Chicago', '2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00-06:00')
) as t (said, zone, allowed);

select * from finish();
rollback;
