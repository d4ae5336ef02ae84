create or replace view report.sold_months as
select
  c.sold_month,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
  b.id as buyer_id,
  b.name as buyer,
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
    d.starts_on as sold_month,
    d.zone, d.market_id, d.offer_id, d.source_id, d.buyer_id,
    sum(d.sales) as sales,
    sum(d.standing) as standing,
    sum(d.delivered) as delivered,
    sum(d.accepted) as accepted,
    sum(d.returned) as returned,
    sum(d.revenue) as revenue,
    sum(d.refunds) as refunds,
    sum(d.cost) as cost,
    sum(d.response_seconds) as response_seconds
  from report.sold_periods d
  where d.period = 'month'
  group by d.starts_on, d.zone, d.market_id, d.offer_id, d.source_id, d.buyer_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.sold_months is
  'Sales by the month in which they were made, offer, source and buyer.';
