create or replace view report.duplicates as
select
  c.came_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  c.received as came_received,
  c.duplicates as came_duplicates,
  round(100.0 * c.duplicates / nullif(c.received, 0), 1) as came_duplicate_percent
from (
  select d.came_day, d.zone, d.market_id, d.offer_id, d.source_id, sum(d.received) as received, sum(d.duplicates) as duplicates
  from (
    select f.came_day, f.zone, f.market_id, f.offer_id, f.source_id, f.received, 0 as duplicates
    from report.came f
    union all
    select r.came_day, r.zone, r.market_id, r.offer_id, r.source_id, 0 as received, r.leads
    from report.lost r
    where r.kind = 'rejected' and r.reason = 'duplicate'
  ) d
  group by d.came_day, d.zone, d.market_id, d.offer_id, d.source_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id;
comment on view report.duplicates is
  'Leads by day, offer and source, and how many of them were rejected as duplicates.';
