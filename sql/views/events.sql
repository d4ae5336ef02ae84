create or replace view report.events as
select
  e.id as event_id,
  e.created_at,
  e.kind,
  m.slug as market,
  o.slug as offer,
  e.buyer_id,
  e.buyer_offer_id,
  e.message as description,
  e.facts
from leadgen.events e
left join leadgen.markets m on m.id = e.market_id
left join leadgen.offers o on o.id = e.offer_id;
comment on view report.events is 'What operators should hear of before it hurts: a cap, a budget or a balance that is about to run out.';
