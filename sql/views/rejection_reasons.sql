create or replace view report.rejection_reasons as
select
  c.came_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  c.reason as code,
  m.currency,
  c.leads as came_rejected
from report.lost c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
where c.kind = 'rejected';
comment on view report.rejection_reasons is
  'Rejected leads by the day on which they came, offer, source and the rule that their senders were told of first. report.rejections has every rule that failed.';
