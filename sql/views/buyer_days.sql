create or replace view report.buyer_days as
select
  c.sold_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
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
  round(100 * sum(c.revenue - c.refunds - c.cost) / nullif(sum(c.revenue - c.refunds), 0), 1) as sold_margin_percent,
  round(sum(c.response_seconds) / nullif(sum(c.delivered), 0), 1) as sold_response_seconds
from report.sold c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.buyers b on b.id = c.buyer_id
group by c.sold_day, c.zone, m.id, o.id, b.id;
comment on view report.buyer_days is
  'What each buyer bought, by the day of the sale and offer, and what became of it. sold_response_seconds: from the sale to its first delivery.';
