create or replace view report.sold as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  d.sold_day,
  d.market_id,
  d.zone,
  d.offer_id,
  d.source_id,
  d.buyer_id,
  d.sales,
  d.standing,
  d.delivered,
  d.accepted,
  d.returned,
  d.returned_in_1,
  d.returned_in_3,
  d.returned_in_7,
  d.returned_in_14,
  d.returned_in_30,
  d.revenue,
  d.refunds,
  d.cost,
  d.response_seconds
from report.zones z
join leadgen.report_sale_days d on d.market_id = z.market_id and d.zone = z.zone and d.sold_day < z.part_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.sold_day)
union all
select
  n.sold_day,
  n.market_id,
  n.zone,
  n.offer_id,
  n.source_id,
  n.buyer_id,
  n.sales,
  n.standing,
  n.delivered,
  n.accepted,
  n.returned,
  n.returned_in_1,
  n.returned_in_3,
  n.returned_in_7,
  n.returned_in_14,
  n.returned_in_30,
  n.revenue,
  n.refunds,
  n.cost,
  n.response_seconds
from report.sold_now n;
comment on view report.sold is
  'Sales by the day on which they were made, offer, source and buyer, of kept days and of the sales themselves. returned_in_7: returned within 7 days of the sale.';
