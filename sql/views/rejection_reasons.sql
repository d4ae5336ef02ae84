create or replace view report.rejection_reasons as
select
  c.came_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  c.reason as code,
  m.currency,
  c.leads as came_rejected,
  round(c.leads * c.net / nullif(c.valid, 0), 2) as came_worth
from (
  select
    d.came_day, d.zone, d.market_id, d.offer_id, d.source_id, d.reason, d.leads,
    sum(d.net) over offer_day as net,
    sum(d.valid) over offer_day as valid
  from (
    select
      r.came_day, r.zone, r.market_id, r.offer_id, r.source_id, r.reason, r.leads, null::numeric as net, null::bigint as valid
    from report.lost r
    where r.kind = 'rejected'
    union all
    select
      f.came_day, f.zone, f.market_id, f.offer_id, null as source_id, null as reason, null as leads,
      sum(f.revenue - f.refunds) as net, sum(f.valid)::bigint as valid
    from report.came f
    group by f.came_day, f.zone, f.market_id, f.offer_id
  ) d
  window offer_day as (partition by d.came_day, d.zone, d.offer_id)
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id;
comment on view report.rejection_reasons is
  'Rejected leads by the day on which they came, offer, source and the rule that their senders were told of first, and what they would have brought if they had been as good as the valid leads of their offer on that day (came_worth; null: it had none). report.rejections has every rule that failed.';
