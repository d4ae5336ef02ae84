create or replace view report.margin as
select
  c.sold_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
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
group by c.sold_day, c.zone, m.id, o.id, s.id;
comment on view report.margin is
  'Revenue, cost and margin by the day on which leads were sold, offer and source: what was given back or taken back since is taken off that day. sold_revenue: all prices; sold_refunds: what was given back of them, whether or not they are booked; sold_cost: what the source is owed by the ledger. The price of a lead (payout per lead) counts on the day of the sale that brought it.';
