create or replace view report.source_quality as
select
  c.came_month,
  c.zone,
  c.market,
  c.offer,
  c.source,
  s.account,
  c.currency,
  c.came_received,
  round(100.0 * c.came_valid / c.came_received, 1) as came_valid_percent,
  c.came_fill_percent,
  round(100.0 * c.came_returned / nullif(c.came_sold + c.came_returned, 0), 1) as came_returned_percent,
  c.came_net,
  c.came_cost,
  c.came_margin,
  c.came_rpl,
  c.came_cpl
from report.funnel_months c
join leadgen.sources s on s.source_key = c.source;
comment on view report.source_quality is
  'How good the leads of each source were, by the month in which they came: validity, fill, returns, revenue, cost and margin.';
