create or replace view report.funnel as
select
  c.came_day,
  c.zone,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  m.currency,
  c.received as came_received,
  c.valid as came_valid,
  c.sold as came_sold,
  c.held as came_held,
  c.delivered as came_delivered,
  c.accepted as came_accepted,
  c.returned as came_returned,
  c.sales as came_sales,
  c.revenue as came_revenue,
  c.refunds as came_refunds,
  c.revenue - c.refunds as came_net,
  c.cost as came_cost,
  c.revenue - c.refunds - c.cost as came_margin,
  round((c.revenue - c.refunds) / c.received, 2) as came_rpl,
  round(c.cost / c.received, 2) as came_cpl,
  round(100.0 * c.sold / nullif(c.valid, 0), 1) as came_fill_percent,
  round(c.response_seconds / nullif(c.delivered, 0), 1) as came_response_seconds
from (
  select
    d.came_day,
    d.zone, d.market_id, d.offer_id, d.source_id,
    sum(d.received) as received,
    sum(d.valid) as valid,
    sum(d.sold) as sold,
    sum(d.held) as held,
    sum(d.delivered) as delivered,
    sum(d.accepted) as accepted,
    sum(d.returned) as returned,
    sum(d.sales) as sales,
    sum(d.revenue) as revenue,
    sum(d.refunds) as refunds,
    sum(d.cost) as cost,
    sum(d.response_seconds) as response_seconds
  from report.came d
  group by d.came_day, d.zone, d.market_id, d.offer_id, d.source_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.sources s on s.id = c.source_id;
comment on view report.funnel is
  'Leads by the day on which they came, offer and source: received, valid, sold (a sale stands), held, delivered, accepted, returned; what all their sales brought, less what was given back, and cost. All of it counts where the lead came (docs/reference/measures.md).';
