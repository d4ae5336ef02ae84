-- Billing periods: when they end, in a zone.
begin;
select plan(44);

select is(billing.find_period_end(cycle, at, zone), ends, what)
from (values
  ('daily', '2026-11-20 12:00+00'::timestamptz, 'America/Chicago', '2026-11-21 06:00+00'::timestamptz, 'a day ends at its midnight'),
  ('daily', '2026-11-21 05:59:59+00', 'America/Chicago', '2026-11-21 06:00+00', 'the last second of a day'),
  ('daily', '2026-11-21 06:00+00', 'America/Chicago', '2026-11-22 06:00+00', 'midnight is the next day'),
  ('daily', '2026-03-08 07:00+00', 'America/Chicago', '2026-03-09 05:00+00', 'a day of 23 hours'),
  ('daily', '2026-11-01 06:00+00', 'America/Chicago', '2026-11-02 06:00+00', 'a day of 25 hours'),
  ('daily', '2028-02-28 12:00+00', 'UTC', '2028-02-29 00:00+00', 'the day before a leap day'),
  ('weekly', '2026-11-22 12:00+00', 'UTC', '2026-11-23 00:00+00', 'a week ends on Monday'),
  ('weekly', '2026-11-23 00:00+00', 'UTC', '2026-11-30 00:00+00', 'Monday is the next week'),
  ('weekly', '2026-03-05 12:00+00', 'America/Chicago', '2026-03-09 05:00+00', 'a week with the night of spring'),
  ('biweekly', '2026-11-23 00:00+00', 'UTC', '2026-12-07 00:00+00', 'two weeks'),
  ('biweekly', '2026-12-06 23:59+00', 'UTC', '2026-12-07 00:00+00', 'the second of two weeks'),
  ('monthly', '2026-11-30 23:59+00', 'UTC', '2026-12-01 00:00+00', 'a month of 30 days'),
  ('monthly', '2027-01-31 12:00+00', 'UTC', '2027-02-01 00:00+00', 'a month of 31 days'),
  ('monthly', '2028-02-29 12:00+00', 'UTC', '2028-03-01 00:00+00', 'a leap day'),
  ('monthly', '2026-12-31 23:30+00', 'Asia/Tokyo', '2027-01-31 15:00+00', 'a month of another zone'),
  ('weekly', '2026-10-28 12:00+00', 'America/Chicago', '2026-11-02 06:00+00', 'a week with the night of autumn'),
  ('biweekly', '2026-02-24 12:00+00', 'America/Chicago', '2026-03-02 06:00+00', 'two weeks before the night of spring'),
  ('biweekly', '2026-03-02 06:00+00', 'America/Chicago', '2026-03-16 05:00+00', 'two weeks with the night of spring'),
  ('biweekly', '2026-10-26 05:00+00', 'America/Chicago', '2026-11-09 06:00+00', 'two weeks with the night of autumn'),
  ('biweekly', '2026-12-21 00:00+00', 'UTC', '2027-01-04 00:00+00', 'two weeks over the new year, in a year of 53 weeks'),
  ('biweekly', '2027-01-03 23:59:59+00', 'UTC', '2027-01-04 00:00+00', 'their last second'),
  ('biweekly', '2027-12-20 00:00+00', 'UTC', '2028-01-03 00:00+00', 'two weeks over the next new year'),
  ('monthly', '2026-03-01 06:00+00', 'America/Chicago', '2026-04-01 05:00+00', 'a month with the night of spring'),
  ('monthly', '2026-11-01 05:00+00', 'America/Chicago', '2026-12-01 06:00+00', 'a month that begins in the night of autumn'),
  ('monthly', '2027-02-28 12:00+00', 'UTC', '2027-03-01 00:00+00', 'a February of 28 days'),
  ('monthly', '2028-02-29 23:59:59+00', 'America/New_York', '2028-03-01 05:00+00', 'the last evening of a leap February'),
  ('daily', '2028-02-29 00:00+00', 'UTC', '2028-03-01 00:00+00', 'a leap day is a day'),
  ('daily', '2026-03-29 00:30+00', 'Europe/Berlin', '2026-03-29 22:00+00', 'a day of 23 hours in Berlin'),
  ('daily', '2026-04-04 14:00+00', 'Australia/Lord_Howe', '2026-04-05 13:30+00', 'a day that is half an hour longer'),
  ('daily', '2026-03-08 05:00+00', 'America/Havana', '2026-03-09 04:00+00', 'a day without a midnight'),
  ('daily', '2026-11-01 04:00+00', 'America/Havana', '2026-11-02 05:00+00', 'a day with two midnights')
) as t (cycle, at, zone, ends, what);

select is(billing.find_period_start(cycle, at, zone), starts, what)
from (values
  ('daily', '2026-11-01 12:00+00'::timestamptz, 'America/Chicago', '2026-11-01 05:00+00'::timestamptz, 'a day of 25 hours began'),
  ('weekly', '2026-11-22 12:00+00', 'UTC', '2026-11-16 00:00+00', 'a week began on Monday'),
  ('biweekly', '2026-12-06 12:00+00', 'UTC', '2026-11-23 00:00+00', 'two weeks began'),
  ('monthly', '2028-02-29 12:00+00', 'UTC', '2028-02-01 00:00+00', 'a month began'),
  ('biweekly', '2027-01-03 12:00+00', 'UTC', '2026-12-21 00:00+00', 'two weeks over the new year began'),
  ('biweekly', '2026-03-15 12:00+00', 'America/Chicago', '2026-03-02 06:00+00', 'two weeks with the night of spring began')
) as t (cycle, at, zone, starts, what);

-- The market moves to another zone: the period that is open ends as it was to, and the next one by the new zone.
select testkit.at_time('2026-10-30 12:00+00');
create temp table o as select testkit.open_books('Ace', '{"billing_cycle": "daily"}') as id;
create function pg_temp.period() returns text language sql as $$
  select format('%s to %s', to_char(c.period_start at time zone 'UTC', 'DD HH24:MI'),
    to_char(c.period_end at time zone 'UTC', 'DD HH24:MI'))
  from leadgen.billing_calendar c $$;
select testkit.sell_leads(id, 1) from o;
select testkit.bill('2026-10-30 13:00+00');
select is(pg_temp.period(), '30 05:00 to 31 05:00', 'a day of Chicago');
update leadgen.markets m set timezone = 'Asia/Tokyo' from o join leadgen.offers f on f.id = o.id where m.id = f.market_id;
select testkit.bill('2026-10-30 14:00+00');
select is(pg_temp.period(), '30 05:00 to 31 05:00', 'the day that is open stays');
select testkit.bill('2026-10-31 05:00+00');
select is(pg_temp.period(), '31 05:00 to 31 15:00', 'the next one ends at midnight in Tokyo');
select testkit.bill('2026-10-31 15:00+00');
select is(pg_temp.period(), '31 15:00 to 01 15:00', 'no time is left out, and none is billed twice');
select is(string_agg(format('%s %s', i.invoice_number, i.timezone), ', '), 'INV-2026-00001 Asia/Tokyo',
  'one invoice, in the zone of its day')
from leadgen.invoices i;

select is(billing.find_zone(testkit.new_buyer('Ace')), 'UTC', 'a buyer without an enrollment has the zone of the books');
select is(testkit.fault_of($$update leadgen.billing_settings set timezone = 'Mars/Base'$$), 'LG423 timezone',
  'the zone is one that there is');

select * from finish();
rollback;
