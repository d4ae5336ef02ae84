create or replace view report.sold_periods as
with marked as materialized (
  select k.* from report.marked_days k
),
changed as materialized (
  select distinct p.period, k.offer_id, k.market_id, k.zone, date_trunc(p.period, k.day::timestamp)::date as starts_on
  from marked k
  cross join (values ('week'), ('month')) as p (period)
),
open as materialized (
  select p.period, z.market_id, z.zone, z.part_to, date_trunc(p.period, z.kept_to::timestamp)::date as starts_on
  from report.zones z
  cross join (values ('week'), ('month')) as p (period)
)
select
  d.period,
  d.starts_on,
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
from open o
join leadgen.report_sale_periods d on d.market_id = o.market_id and d.zone = o.zone and d.period = o.period and d.starts_on < o.starts_on
where not exists (select from changed c where c.period = d.period and c.offer_id = d.offer_id and c.starts_on = d.starts_on)
union all
select
  o.period,
  date_trunc(o.period, d.sold_day::timestamp)::date as starts_on,
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
from open o
join leadgen.report_sale_days d on d.market_id = o.market_id and d.zone = o.zone and d.sold_day >= o.starts_on and d.sold_day < o.part_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.sold_day)
union all
select
  c.period,
  c.starts_on,
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
from changed c
join open o on o.period = c.period and o.market_id = c.market_id and c.starts_on < o.starts_on
join leadgen.report_sale_days d on d.market_id = c.market_id and d.zone = c.zone and d.offer_id = c.offer_id
  and d.sold_day >= c.starts_on and d.sold_day < c.starts_on + ('1 ' || c.period)::interval
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.sold_day)
union all
select
  p.period,
  date_trunc(p.period, n.sold_day::timestamp)::date as starts_on,
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
from (values ('week'), ('month')) as p (period)
cross join report.sold_now n;
comment on view report.sold_periods is
  'Sales by week and by month (period; starts_on: its first day), offer, source and buyer: of kept periods, of the kept days of those that are open or marked, and of the sales themselves. A period may have several rows.';
