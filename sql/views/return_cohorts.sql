create or replace view report.return_cohorts as
select
  c.sold_week,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
  b.id as buyer_id,
  b.name as buyer,
  m.currency,
  c.sales as sold_sales,
  c.returned as sold_returned,
  c.returned_in_1 as sold_returned_in_1,
  c.returned_in_3 as sold_returned_in_3,
  c.returned_in_7 as sold_returned_in_7,
  c.returned_in_14 as sold_returned_in_14,
  c.returned_in_30 as sold_returned_in_30,
  round(100.0 * c.returned / c.sales, 1) as sold_returned_percent
from (
  select
    d.starts_on as sold_week,
    d.zone, d.market_id, d.offer_id, d.source_id, d.buyer_id,
    sum(d.sales) as sales,
    sum(d.returned) as returned,
    sum(d.returned_in_1) as returned_in_1,
    sum(d.returned_in_3) as returned_in_3,
    sum(d.returned_in_7) as returned_in_7,
    sum(d.returned_in_14) as returned_in_14,
    sum(d.returned_in_30) as returned_in_30
  from report.sold_periods d
  where d.period = 'week'
  group by d.starts_on, d.zone, d.market_id, d.offer_id, d.source_id, d.buyer_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.return_cohorts is
  'Of the sales of a week (its Monday), how many were returned so many days after the sale, by offer, source and buyer. The latest weeks are not over: their returns may still come.';
