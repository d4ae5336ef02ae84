create or replace view report.delivery_speed as
select
  (a.created_at at time zone z.zone)::date as sold_day,
  z.zone,
  z.market,
  a.buyer_id,
  b.name as buyer,
  d.channel,
  count(*) as sold_deliveries,
  count(*) filter (where d.status = 'delivered') as sold_delivered,
  count(*) filter (where d.status in ('pending', 'sending', 'sent', 'parked')) as sold_open,
  count(*) filter (where d.status in ('unknown', 'dead')) as sold_failed,
  round(100.0 * count(*) filter (where d.status = 'delivered')
    / nullif(count(*) filter (where d.status in ('delivered', 'unknown', 'dead')), 0), 1) as sold_delivered_percent,
  round(avg(d.attempts) filter (where d.status = 'delivered'), 2) as attempts_each,
  (percentile_cont(array[0.5, 0.9, 0.99]) within group (order by extract(epoch from d.finished_at - d.created_at))
    filter (where d.status = 'delivered'))[1] as median_seconds,
  (percentile_cont(array[0.5, 0.9, 0.99]) within group (order by extract(epoch from d.finished_at - d.created_at))
    filter (where d.status = 'delivered'))[2] as p90_seconds,
  (percentile_cont(array[0.5, 0.9, 0.99]) within group (order by extract(epoch from d.finished_at - d.created_at))
    filter (where d.status = 'delivered'))[3] as p99_seconds
from report.zones z
join leadgen.offers o on o.market_id = z.market_id
join leadgen.lead_assignments a on a.offer_id = o.id and a.created_at > now() - interval '7 days'
join leadgen.deliveries d on d.assignment_id = a.id
join leadgen.buyers b on b.id = a.buyer_id
group by (a.created_at at time zone z.zone)::date, z.zone, z.market, a.buyer_id, b.name, d.channel;
comment on view report.delivery_speed is
  'How fast and how surely sales of the last 7 days reached each buyer by each channel, by the day of the sale: seconds from the sale to the delivery (median, 90th and 99th percentile), and what got through of what has ended.';
