create or replace view report.marked_days as
select distinct
  z.market_id,
  z.zone,
  k.offer_id,
  d.day,
  d.day::timestamp at time zone z.zone as starts_at,
  case d.day when z.kept_to then z.kept_until else 'infinity' end as kept_until
from leadgen.report_marks k
join leadgen.offers o on o.id = k.offer_id
join report.zones z on z.market_id = o.market_id
cross join lateral (values ((k.happened_at at time zone z.zone)::date)) as d (day)
where d.day < z.part_to and (d.day < z.kept_to or k.happened_at < z.kept_until);
comment on view report.marked_days is
  'The kept days of offers of which something changed since: views read their leads and sales, those of the open day up to kept_until, until a worker has added them up anew (chore roll_up).';
