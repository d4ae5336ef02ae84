create or replace view report.buyer_delivery as
select
  b.id as buyer_id,
  b.name as buyer,
  d.channel,
  count(*) as deliveries,
  count(*) filter (where d.status = 'delivered') as delivered,
  count(*) filter (where d.status in ('pending', 'sending', 'sent', 'parked')) as open,
  count(*) filter (where d.status = 'unknown') as unknown,
  count(*) filter (where d.status = 'dead') as dead,
  count(*) filter (where d.status = 'cancelled') as cancelled,
  round(100.0 * count(*) filter (where d.status = 'delivered')
    / nullif(count(*) filter (where d.status in ('delivered', 'unknown', 'dead')), 0), 1) as delivered_percent,
  percentile_cont(0.5) within group (order by extract(epoch from d.finished_at - d.created_at))
    filter (where d.status = 'delivered') as median_seconds
from leadgen.buyers b
join leadgen.lead_assignments a on a.buyer_id = b.id and a.created_at > now() - interval '24 hours'
join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
group by b.id, b.name, d.channel;
comment on view report.buyer_delivery is
  'How well each buyer was reached by each channel for its sales of the last 24 hours; of what has ended, delivered_percent got through.';
