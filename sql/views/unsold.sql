create or replace view report.unsold as
select
  c.came_day,
  c.zone,
  m.slug as market,
  o.slug as offer,
  s.source_key as source,
  c.reason,
  b.id as buyer_id,
  b.name as buyer,
  m.currency,
  c.leads as came_leads,
  c.places as came_places,
  c.money as came_money_lost,
  r.remedy
from report.lost c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
join leadgen.sources s on s.id = c.source_id
left join leadgen.buyers b on b.id = c.buyer_id
left join report.reasons r on r.reason = c.reason
where c.kind = 'unsold';
comment on view report.unsold is
  'Places that the policies had and nobody took, by the day on which their leads came, the check that stood between, and the buyer that came nearest: what it would have paid is the money lost. remedy: what would have sold it. Leads that are still held are not in it. A lead that lost places to several reasons counts in each.';
