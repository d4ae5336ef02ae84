create or replace view report.sales as
select
  (a.created_at at time zone z.zone)::date as sold_day,
  z.zone,
  a.id as assignment_id,
  a.created_at,
  z.market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  a.lead_id,
  l.created_at as lead_created_at,
  a.buyer_id,
  b.name as buyer,
  a.is_exclusive,
  a.price,
  m.refunds,
  m.revenue - m.refunds as net,
  m.cost,
  m.revenue - m.refunds - m.cost as margin,
  a.currency,
  a.outcome,
  a.released_at is null as stands,
  a.accepted_at is not null and a.released_at is null as is_accepted,
  a.delivered_at,
  a.delivered_at - a.created_at as time_to_delivery,
  a.accepted_at,
  a.released_at,
  a.release_due_at,
  case when a.outcome = 'returned' then extract(epoch from a.released_at - a.created_at) / 86400 end as days_to_return,
  a.market_id,
  a.offer_id,
  l.source_id
from leadgen.lead_assignments a
join report.zones z on z.market_id = a.market_id
join leadgen.leads l on l.id = a.lead_id
join report.sale_money m on m.assignment_id = a.id
join leadgen.offers o on o.id = a.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.buyers b on b.id = a.buyer_id
join leadgen.sources s on s.id = l.source_id;
comment on view report.sales is
  'One row a sale: who got which lead of which source at what price, what was given back of it, what it cost and what became of it. It counts until released_at; '
  'with release_due_at it has ended and is about to be released. sold_day is counted in zone.';
