-- Windows of limits: start_window, find_window_end, start_windows, count_in_windows, take_from_windows.
begin;
select plan(56);

-- 20 November 2026 is a Friday; 16:37 UTC is 10:37 in Austin.
select is(kernel.start_window(span, '2026-11-20T16:37:12Z', 'America/Chicago'), start_at::timestamptz, format('start_window: %s', span))
from (values ('hour', '2026-11-20T16:00:00Z'), ('day', '2026-11-20T06:00:00Z'), ('week', '2026-11-16T06:00:00Z'),
  ('month', '2026-11-01T05:00:00Z'), ('minutes:15', '2026-11-20T16:30:00Z'), ('minutes:7', '2026-11-20T16:37:00Z'),
  ('minutes:1440', '2026-11-20T06:00:00Z'), ('fri', '2026-11-20T06:00:00Z'), ('sat', null), ('ever', '-infinity'),
  ('fortnight', null)) as t (span, start_at);
select is(kernel.find_window_end(span, '2026-11-20T16:37:12Z', 'America/Chicago'), end_at::timestamptz, format('find_window_end: %s', span))
from (values ('hour', '2026-11-20T17:00:00Z'), ('day', '2026-11-21T06:00:00Z'), ('week', '2026-11-23T06:00:00Z'),
  ('month', '2026-12-01T06:00:00Z'), ('minutes:15', '2026-11-20T16:45:00Z'), ('minutes:1000', '2026-11-20T22:40:00Z'),
  ('fri', '2026-11-21T06:00:00Z'), ('ever', 'infinity')) as t (span, end_at);
select is(kernel.find_window_end('minutes:1000', '2026-11-21T01:00:00Z', 'America/Chicago'), '2026-11-21T06:00:00Z'::timestamptz,
  'the last piece of a day ends with the day');
-- Nights on which the clocks change.
select is(kernel.start_window(span, at::timestamptz, 'America/Chicago'), start_at::timestamptz, format('%s at %s', span, at))
from (values ('day', '2026-03-09T04:59:59Z', '2026-03-08T06:00:00Z'), ('day', '2026-11-02T05:59:59Z', '2026-11-01T05:00:00Z'),
  ('hour', '2026-11-01T07:30:00Z', '2026-11-01T07:00:00Z'), ('minutes:30', '2026-11-01T06:45:00Z', '2026-11-01T06:30:00Z'),
  ('minutes:30', '2026-11-01T07:45:00Z', '2026-11-01T07:30:00Z')) as t (span, at, start_at);
select is(kernel.find_window_end('day', '2026-03-08T12:00:00Z', 'America/Chicago'), '2026-03-09T05:00:00Z'::timestamptz,
  'a day of 23 hours ends at its own midnight');
select is(kernel.start_windows('2026-11-20T16:37:12Z', 'America/Chicago'),
  array(select kernel.start_window(w, '2026-11-20T16:37:12Z', 'America/Chicago') from unnest(kernel.list_windows()) w),
  'start_windows: the calendar windows, in their order');

-- Counters: {hour, day}, sold at 16:00 and looked at in the next hour of the same day.
create temp table c as select * from kernel.count_in_windows(array['2026-11-20T16:00:00Z', '2026-11-20T06:00:00Z']::timestamptz[], '{3,7}',
  '{30,70}', array['2026-11-20T17:00:00Z', '2026-11-20T06:00:00Z']::timestamptz[], 2, 9.50);
select is(sales, '{2,9}', 'count_in_windows: a window that is over starts again') from c;
select is(money, '{9.50,79.50}', 'money is counted in the same windows') from c;
select is(starts, array['2026-11-20T17:00:00Z', '2026-11-20T06:00:00Z']::timestamptz[], 'windows say since when they count') from c;
select is((kernel.count_in_windows(starts, sales, money, array['2026-11-20T16:00:00Z', '2026-11-19T06:00:00Z']::timestamptz[], 1, 1)).sales,
  '{3,10}', 'a clock that stepped back counts on') from c;
select is((t).sales || (t).money::integer[], expected, format('take_from_windows: %s', what))
from c, (values
  (array['2026-11-20T17:00:00Z', '2026-11-20T06:00:00Z']::timestamptz[], '{1,8,5,75}'::integer[], 'both windows counted it'),
  (array['2026-11-20T16:00:00Z', '2026-11-20T06:00:00Z']::timestamptz[], '{2,8,10,75}', 'an hour that began later never did'),
  (array['2026-11-19T16:00:00Z', '2026-11-19T06:00:00Z']::timestamptz[], '{2,9,10,80}',
    'a clock that steps back does not change the next day'),
  (array['2026-11-21T16:00:00Z', '2026-11-21T06:00:00Z']::timestamptz[], '{1,8,5,75}', 'a sale of a later window is in them')
) as w (sold, expected, what), lateral kernel.take_from_windows(starts, sales, money, sold, 1, 4.50) t;
select is(kernel.flag(name), bit, format('flag: %s', name))
from (values ('enrollment_is_active', 1), ('in_schedule', 16), ('has_contact', 64)) as t (name, bit);

-- Zones: the names of the IANA database that name a place, and UTC.
set local timezone = 'Asia/Tokyo';
select is(kernel.is_timezone(name), is_one, format('"%s": %s', left(name, 40), is_one)) from (values
  ('UTC', true), ('America/Chicago', true), ('America/Argentina/Buenos_Aires', true), ('Etc/GMT+5', true), ('US/Eastern', true),
  ('america/chicago', false), ('America/Foo', false), ('America/Foo+5', false), ('AMERICA/FOO+5', false), ('EST', false),
  ('posixrules', false), ('localtime', false), ('America/Chicago/', false), ('../../etc/passwd', false), ('', false),
  (repeat('a/', 5000), false)) as t (name, is_one);
select is(current_setting('timezone'), 'Asia/Tokyo', 'is_timezone leaves the session''s zone');
select is_empty($$select z.name from pg_timezone_names z where kernel.is_timezone(z.name) <> (z.name = 'UTC' or z.name ~ '/')$$,
  'is_timezone: every zone that PostgreSQL has and that names a place');

select * from finish();
rollback;
