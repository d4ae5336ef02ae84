create or replace view report.buyer_scorecard as
select
  c.day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  c.buyer_id,
  b.name as buyer,
  m.currency,
  c.offered as came_offered,
  c.won as came_won,
  c.offered - c.won as came_lost,
  c.lost_to as came_lost_to,
  c.sales as sold_sales,
  c.standing as sold_standing,
  c.delivered as sold_delivered,
  c.accepted as sold_accepted,
  c.returned as sold_returned,
  round(100.0 * c.returned / nullif(c.sales, 0), 1) as sold_returned_percent,
  c.net as sold_net,
  round(c.response_seconds / nullif(c.delivered, 0), 1) as sold_response_seconds,
  round(100.0 * c.standing / nullif(e.capacity_per_day, 0), 1) as sold_fill_percent,
  round(100.0 * c.net / nullif(e.budget_per_day, 0), 1) as sold_budget_percent
from (
  select
    x.day, x.zone, x.offer_id, x.buyer_id,
    coalesce(sum(x.leads), 0) as offered,
    coalesce(sum(x.leads) filter (where x.reason = 'won'), 0) as won,
    coalesce(jsonb_object_agg(x.reason, x.leads) filter (where x.reason <> 'won'), '{}') as lost_to,
    coalesce(sum(x.sales), 0) as sales,
    coalesce(sum(x.standing), 0) as standing,
    coalesce(sum(x.delivered), 0) as delivered,
    coalesce(sum(x.accepted), 0) as accepted,
    coalesce(sum(x.returned), 0) as returned,
    coalesce(sum(x.net), 0.00) as net,
    sum(x.response_seconds) as response_seconds
  from (
    select
      r.came_day as day, r.zone, r.offer_id, r.buyer_id, r.reason, sum(r.leads) as leads,
      null::bigint as sales, null::bigint as standing, null::bigint as delivered, null::bigint as accepted,
      null::bigint as returned, null::numeric as net, null::numeric as response_seconds
    from report.judged r
    group by r.came_day, r.zone, r.offer_id, r.buyer_id, r.reason
    union all
    select
      s.sold_day, s.zone, s.offer_id, s.buyer_id, null as reason, null as leads, s.sales, s.standing, s.delivered, s.accepted,
      s.returned, s.revenue - s.refunds as net, s.response_seconds
    from report.sold s
  ) x
  group by x.day, x.zone, x.offer_id, x.buyer_id
) c
join leadgen.offers o on o.id = c.offer_id
join leadgen.markets m on m.id = o.market_id
join leadgen.buyers b on b.id = c.buyer_id
left join leadgen.buyer_offers e on e.offer_id = c.offer_id and e.buyer_id = c.buyer_id;
comment on view report.buyer_scorecard is
  'One row a day, offer and buyer. came_: of the leads that came that day, for how many it was a candidate, how many it won, and to which checks it lost the others. sold_: the sales of that day, what became of them, and how far they fill the daily cap and the daily budget that the enrollment has now.';
