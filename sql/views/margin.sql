create or replace view report.margin as
select
  c.sold_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
  m.currency,
  c.sales as sold_sales,
  c.standing as sold_standing,
  c.delivered as sold_delivered,
  c.accepted as sold_accepted,
  c.returned as sold_returned,
  c.revenue as sold_revenue,
  c.refunds as sold_refunds,
  c.revenue - c.refunds as sold_net,
  c.cost as sold_cost,
  c.revenue - c.refunds - c.cost as sold_margin,
  round(100 * (c.revenue - c.refunds - c.cost) / nullif(c.revenue - c.refunds, 0), 1) as sold_margin_percent
from (
  select
    d.sold_day,
    d.zone, d.market_id, d.offer_id, d.source_id,
    sum(d.sales) as sales,
    sum(d.standing) as standing,
    sum(d.delivered) as delivered,
    sum(d.accepted) as accepted,
    sum(d.returned) as returned,
    sum(d.revenue) as revenue,
    sum(d.refunds) as refunds,
    sum(d.cost) as cost,
    sum(d.response_seconds) as response_seconds
  from report.sold d
  group by d.sold_day, d.zone, d.market_id, d.offer_id, d.source_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id;
comment on view report.margin is
  'Revenue, cost and margin by the day on which leads were sold, offer and source: what was given back or taken back since is taken off that day. sold_revenue: all prices; sold_refunds: what was given back of them, whether or not they are booked; sold_cost: what the source is owed by the ledger. The price of a lead (payout per lead) counts on the day of the sale that brought it.';
