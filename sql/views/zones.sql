create or replace view report.zones as
select
  m.id as market_id,
  m.slug as market,
  m.currency,
  z.zone,
  coalesce(k.rolled_to, '-infinity') as kept_to,
  coalesce(k.rolled_to::timestamp at time zone z.zone - interval '2 hours', '-infinity') as read_from
from leadgen.markets m
cross join lateral (values (coalesce(nullif(current_setting('leadgen.report_zone', true), ''), m.timezone))) as z (zone)
left join leadgen.report_zones k on k.market_id = m.id and k.zone = z.zone;
comment on view report.zones is
  'One row a market: the zone in which views count its days (report.set_zone, else its own), and before which day they read days that are kept. kept_to -infinity: none, and a report of many days in this zone is slow until leadgen.keep_report_zone.';
