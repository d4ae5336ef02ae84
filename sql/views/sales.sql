create or replace view report.sales as
select
  a.id as assignment_id,
  a.created_at,
  (a.created_at at time zone m.timezone)::date as market_day,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  a.lead_id,
  a.buyer_id,
  b.name as buyer,
  a.is_exclusive,
  a.price,
  a.currency,
  a.outcome,
  a.delivered_at,
  a.delivered_at - a.created_at as time_to_delivery,
  a.accepted_at,
  a.released_at,
  a.release_due_at
from leadgen.lead_assignments a
join leadgen.markets m on m.id = a.market_id
join leadgen.offers o on o.id = a.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.buyers b on b.id = a.buyer_id;
comment on view report.sales is
  'One row a sale: who got which lead at what price, and what became of it. It counts until released_at; '
  'with release_due_at it has ended and is about to be released.';
