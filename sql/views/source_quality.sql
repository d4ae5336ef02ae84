create or replace view report.source_quality as
select
  date_trunc('month', c.came_day::timestamp)::date as came_month,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
  s.account,
  m.currency,
  sum(c.received) as came_received,
  round(100.0 * sum(c.valid) / sum(c.received), 1) as came_valid_percent,
  round(100.0 * sum(c.sold) / nullif(sum(c.valid), 0), 1) as came_fill_percent,
  round(100.0 * sum(c.returned) / nullif(sum(c.sold + c.returned), 0), 1) as came_returned_percent,
  sum(c.revenue - c.refunds) as came_net,
  sum(c.cost) as came_cost,
  sum(c.revenue - c.refunds - c.cost) as came_margin,
  round(sum(c.revenue - c.refunds) / sum(c.received), 2) as came_rpl,
  round(sum(c.cost) / sum(c.received), 2) as came_cpl
from report.came c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
group by date_trunc('month', c.came_day::timestamp)::date, c.zone, m.id, o.id, s.id;
comment on view report.source_quality is
  'How good the leads of each source were, by the month in which they came: validity, fill, returns, revenue, cost and margin.';
