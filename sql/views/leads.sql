create or replace view report.leads as
select
  l.id as lead_id,
  l.created_at,
  (l.created_at at time zone m.timezone)::date as market_day,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  l.postal_code,
  l.status,
  l.validation_reason,
  l.unsold_reason,
  l.hold_until,
  l.buyer_id,
  l.price,
  m.currency,
  l.utm_source,
  l.utm_medium,
  l.utm_campaign,
  l.delivered_at
from leadgen.leads l
join leadgen.markets m on m.id = l.market_id
join leadgen.verticals v on v.id = l.vertical_id
join leadgen.offers o on o.id = l.offer_id
join leadgen.sources s on s.id = l.source_id;
comment on view report.leads is 'One row a lead, without personal data; market_day is the day in the market''s zone.';
