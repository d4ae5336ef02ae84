create or replace view report.return_cohorts as
select
  date_trunc('week', c.sold_day::timestamp)::date as sold_week,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  b.id as buyer_id,
  b.name as buyer,
  sum(c.sales) as sold_sales,
  sum(c.returned) as sold_returned,
  sum(c.returned_in_1) as sold_returned_in_1_day,
  sum(c.returned_in_3) as sold_returned_in_3_days,
  sum(c.returned_in_7) as sold_returned_in_7_days,
  sum(c.returned_in_14) as sold_returned_in_14_days,
  sum(c.returned_in_30) as sold_returned_in_30_days,
  round(100.0 * sum(c.returned) / sum(c.sales), 1) as sold_returned_percent
from report.sold c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
join leadgen.buyers b on b.id = c.buyer_id
group by date_trunc('week', c.sold_day::timestamp)::date, c.zone, m.id, o.id, s.id, b.id;
comment on view report.return_cohorts is
  'Of the sales of a week (its Monday), how many were returned so many days after the sale, by offer, source and buyer. The latest weeks are not over: their returns may still come.';
