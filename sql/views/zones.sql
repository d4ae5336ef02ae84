create or replace view report.zones as
select
  m.id as market_id,
  m.slug as market,
  m.currency,
  z.zone,
  coalesce(k.rolled_to, '-infinity') as kept_to,
  coalesce(
    least(
      greatest(k.rolled_until, k.rolled_to::timestamp at time zone z.zone - interval '2 hours'),
      (k.rolled_to + 1)::timestamp at time zone z.zone - interval '2 hours'),
    '-infinity') as read_from,
  coalesce(k.rolled_to + (k.rolled_until is not null)::integer, '-infinity') as part_to,
  coalesce(k.rolled_until, '-infinity') as kept_until,
  coalesce(k.rolled_to::timestamp at time zone z.zone - interval '2 hours', '-infinity') as days_from
from leadgen.markets m
cross join lateral (values (coalesce(nullif(current_setting('leadgen.report_zone', true), ''), m.timezone))) as z (zone)
left join leadgen.report_zones k on k.market_id = m.id and k.zone = z.zone;
comment on view report.zones is
  'One row a market: the zone in which views count its days (report.set_zone, else its own), and what is kept of them. Days before kept_to are kept whole, and what happened on that day before kept_until (part_to is the day after it then). What came since is read from its rows: they begin at read_from; where only whole days can be kept, at days_from. kept_to -infinity: nothing is kept, and a report of many days in this zone is slow until leadgen.keep_report_zone.';
