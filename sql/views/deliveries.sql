create or replace view report.deliveries as
select
  d.id as delivery_id,
  d.created_at,
  m.slug as market,
  o.slug as offer,
  d.buyer_id,
  d.endpoint_id,
  d.channel,
  coalesce(n.kind, 'lead.assigned') as kind,
  d.lead_id,
  d.assignment_id,
  d.status,
  d.attempts,
  d.next_attempt_at,
  d.finished_at,
  d.finished_at - d.created_at as time_to_finish,
  d.resend_id
from leadgen.deliveries d
join leadgen.markets m on m.id = d.market_id
left join leadgen.lead_assignments a on a.id = d.assignment_id and a.market_id = d.market_id
left join leadgen.offers o on o.id = a.offer_id
left join leadgen.notices n on n.id = d.notice_id;
comment on view report.deliveries is
  'One row a delivery: of which sale (or what notice), by which endpoint, what became of it and when it is tried next.';
