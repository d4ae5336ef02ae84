create or replace view report.duplicates as
select
  c.came_day,
  c.zone,
  c.market,
  c.offer,
  c.source,
  c.came_received,
  coalesce(d.came_rejected, 0) as came_duplicates,
  round(100.0 * coalesce(d.came_rejected, 0) / c.came_received, 1) as came_duplicate_percent
from report.funnel c
left join report.rejection_reasons d on d.came_day = c.came_day and d.market = c.market and d.offer = c.offer
  and d.source = c.source and d.code = 'duplicate';
comment on view report.duplicates is
  'Leads by day, offer and source, and how many of them were rejected as duplicates.';
