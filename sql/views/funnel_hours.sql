create or replace view report.funnel_hours as
select
  date_trunc('hour', l.created_at, l.zone) as came_hour,
  l.zone,
  l.market,
  l.vertical,
  l.offer,
  l.source,
  l.currency,
  count(*) as came_received,
  count(*) filter (where l.is_valid) as came_valid,
  count(*) filter (where l.is_sold) as came_sold,
  count(*) filter (where l.is_held) as came_held,
  count(*) filter (where l.is_delivered) as came_delivered,
  count(*) filter (where l.is_accepted) as came_accepted,
  count(*) filter (where l.is_returned) as came_returned,
  sum(l.sales) as came_sales,
  sum(l.revenue) as came_revenue,
  sum(l.refunds) as came_refunds,
  sum(l.net) as came_net,
  sum(l.cost) as came_cost,
  sum(l.margin) as came_margin
from report.zones z
join report.leads l on l.market_id = z.market_id and l.created_at > now() - interval '48 hours'
group by date_trunc('hour', l.created_at, l.zone), l.zone, l.market, l.vertical, l.offer, l.source, l.currency;
comment on view report.funnel_hours is
  'The funnel of the last 48 hours by hour, offer and source. An hour that a clock which is set back has twice is two rows.';
