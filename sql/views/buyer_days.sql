create or replace view report.buyer_days as
select
  c.sold_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
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
  round(100 * (c.revenue - c.refunds - c.cost) / nullif(c.revenue - c.refunds, 0), 1) as sold_margin_percent,
  round(c.response_seconds / nullif(c.delivered, 0), 1) as sold_response_seconds
from (
  select
    d.sold_day,
    d.zone, d.market_id, d.offer_id, d.buyer_id,
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
  group by d.sold_day, d.zone, d.market_id, d.offer_id, d.buyer_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.buyer_days is
  'What each buyer bought, by the day of the sale and offer, and what became of it. sold_response_seconds: from the sale to its first delivery.';
