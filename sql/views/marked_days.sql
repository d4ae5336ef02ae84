create or replace view report.marked_days as
select distinct
  z.market_id,
  z.zone,
  k.offer_id,
  (k.happened_at at time zone z.zone)::date as day,
  (k.happened_at at time zone z.zone)::date::timestamp at time zone z.zone as starts_at
from leadgen.report_marks k
join leadgen.offers o on o.id = k.offer_id
join report.zones z on z.market_id = o.market_id
where (k.happened_at at time zone z.zone)::date < z.kept_to;
comment on view report.marked_days is
  'The kept days of offers of which something changed since: views read their leads and sales until a worker has added them up anew (chore roll_up).';
