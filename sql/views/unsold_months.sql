create or replace view report.unsold_months as
select
  c.came_month,
  c.zone,
  m.slug as market,
  o.slug as offer,
  c.reason,
  b.id as buyer_id,
  b.name as buyer,
  m.currency,
  c.places as came_places,
  c.money as came_money_lost,
  r.remedy
from (
  select
    d.came_month,
    d.zone, d.market_id, d.offer_id, d.reason, d.buyer_id,
    sum(d.places) as places,
    sum(d.money) as money
  from report.lost_months d
  group by d.came_month, d.zone, d.market_id, d.offer_id, d.reason, d.buyer_id
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.offers o on o.id = c.offer_id
left join leadgen.buyers b on b.id = c.buyer_id
left join report.reasons r on r.reason = c.reason;
comment on view report.unsold_months is
  'Places that nobody took by the month in which their leads came, offer, reason and the buyer that came nearest, with the money lost and what would have sold them.';
