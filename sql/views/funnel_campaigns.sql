create or replace view report.funnel_campaigns as
select
  c.came_day as came_day,
  c.zone,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  c.utm_source,
  c.utm_campaign,
  c.sub_id,
  m.currency,
  sum(c.received) as came_received,
  sum(c.valid) as came_valid,
  sum(c.sold) as came_sold,
  sum(c.held) as came_held,
  sum(c.delivered) as came_delivered,
  sum(c.accepted) as came_accepted,
  sum(c.returned) as came_returned,
  sum(c.sales) as came_sales,
  sum(c.revenue) as came_revenue,
  sum(c.refunds) as came_refunds,
  sum(c.revenue - c.refunds) as came_net,
  sum(c.cost) as came_cost,
  sum(c.revenue - c.refunds - c.cost) as came_margin,
  round(sum(c.revenue - c.refunds) / sum(c.received), 2) as came_rpl,
  round(sum(c.cost) / sum(c.received), 2) as came_cpl,
  round(100.0 * sum(c.sold) / nullif(sum(c.valid), 0), 1) as came_fill_percent,
  round(sum(c.response_seconds) / nullif(sum(c.delivered), 0), 1) as came_response_seconds
from report.came_by_campaign c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.sources s on s.id = c.source_id
group by c.came_day, c.zone, m.id, v.id, o.id, s.id, c.utm_source, c.utm_campaign, c.sub_id;
comment on view report.funnel_campaigns is
  'The funnel by campaign and sub-id, as leads carried them.';
