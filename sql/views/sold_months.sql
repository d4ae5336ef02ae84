create or replace view report.sold_months as
select
  date_trunc('month', c.sold_day::timestamp)::date as sold_month,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  b.id as buyer_id,
  b.name as buyer,
  m.currency,
  sum(c.sales) as sold_sales,
  sum(c.standing) as sold_standing,
  sum(c.delivered) as sold_delivered,
  sum(c.accepted) as sold_accepted,
  sum(c.returned) as sold_returned,
  sum(c.revenue) as sold_revenue,
  sum(c.refunds) as sold_refunds,
  sum(c.revenue - c.refunds) as sold_net,
  sum(c.cost) as sold_cost,
  sum(c.revenue - c.refunds - c.cost) as sold_margin,
  round(100 * sum(c.revenue - c.refunds - c.cost) / nullif(sum(c.revenue - c.refunds), 0), 1) as sold_margin_percent
from report.sold c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
join leadgen.buyers b on b.id = c.buyer_id
group by date_trunc('month', c.sold_day::timestamp)::date, c.zone, m.id, o.id, s.id, b.id;
comment on view report.sold_months is 'Sales by the month in which they were made, offer, source and buyer.';
