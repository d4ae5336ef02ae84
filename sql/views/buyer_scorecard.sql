create or replace view report.buyer_scorecard as
with judged as (
  select
    j.came_day as day, j.zone, j.offer_id, j.buyer_id,
    sum(j.leads) as offered,
    sum(j.leads) filter (where j.reason = 'won') as won,
    sum(j.leads) filter (where j.reason <> 'won') as lost,
    jsonb_object_agg(j.reason, j.leads) filter (where j.reason <> 'won') as lost_to
  from (
    select r.came_day, r.zone, r.offer_id, r.buyer_id, r.reason, sum(r.leads) as leads
    from report.lost r
    where r.kind = 'judged'
    group by r.came_day, r.zone, r.offer_id, r.buyer_id, r.reason
  ) j
  group by j.came_day, j.zone, j.offer_id, j.buyer_id
),
bought as (
  select
    s.sold_day as day, s.zone, s.offer_id, s.buyer_id,
    sum(s.sales) as sales,
    sum(s.standing) as standing,
    sum(s.delivered) as delivered,
    sum(s.accepted) as accepted,
    sum(s.returned) as returned,
    sum(s.revenue - s.refunds) as net,
    sum(s.response_seconds) as response_seconds
  from report.sold s
  group by s.sold_day, s.zone, s.offer_id, s.buyer_id
)
select
  k.day,
  k.zone,
  m.slug as market,
  o.slug as offer,
  k.buyer_id,
  b.name as buyer,
  m.currency,
  coalesce(j.offered, 0) as came_offered,
  coalesce(j.won, 0) as came_won,
  coalesce(j.lost, 0) as came_lost,
  coalesce(j.lost_to, '{}') as came_lost_to,
  coalesce(s.sales, 0) as sold_sales,
  coalesce(s.standing, 0) as sold_standing,
  coalesce(s.delivered, 0) as sold_delivered,
  coalesce(s.accepted, 0) as sold_accepted,
  coalesce(s.returned, 0) as sold_returned,
  round(100.0 * s.returned / nullif(s.sales, 0), 1) as sold_returned_percent,
  coalesce(s.net, 0.00) as sold_net,
  round(s.response_seconds / nullif(s.delivered, 0), 1) as sold_response_seconds,
  round(100.0 * s.standing / nullif(e.capacity_per_day, 0), 1) as sold_fill_percent
from judged j
full join bought s using (day, zone, offer_id, buyer_id) as k
join leadgen.offers o on o.id = k.offer_id
join leadgen.markets m on m.id = o.market_id
join leadgen.buyers b on b.id = k.buyer_id
left join leadgen.buyer_offers e on e.offer_id = o.id and e.buyer_id = b.id;
comment on view report.buyer_scorecard is
  'One row a day, offer and buyer. came_: of the leads that came that day, for how many it was a candidate, how many it won, and to which checks it lost the others. sold_: the sales of that day, what became of them, and how far they fill the daily cap that the enrollment has now.';
