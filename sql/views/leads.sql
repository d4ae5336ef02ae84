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
  l.delivered_at,
  l.tracking ->> 'utm_term' as utm_term,
  l.tracking ->> 'utm_content' as utm_content,
  l.tracking ->> 'sub_id' as sub_id,
  l.tracking ->> 'sub_id1' as sub_id1,
  l.tracking ->> 'sub_id2' as sub_id2,
  l.tracking ->> 'sub_id3' as sub_id3,
  l.tracking ->> 'sub_id4' as sub_id4,
  l.tracking ->> 'sub_id5' as sub_id5,
  l.tracking ->> 'external_id' as external_id
from leadgen.leads l
join leadgen.markets m on m.id = l.market_id
join leadgen.verticals v on v.id = l.vertical_id
join leadgen.offers o on o.id = l.offer_id
join leadgen.sources s on s.id = l.source_id;
comment on view report.leads is
  'One row a lead, without personal data (click and session ids count as such); market_day is the day in the market''s '
  'zone.';
