create or replace view report.judgements as
select
  (l.created_at at time zone z.zone)::date as came_day,
  z.zone,
  l.id as lead_id,
  l.created_at,
  z.market,
  o.slug as offer,
  s.source_key as source,
  c.verdict as reason,
  c.buyer_id,
  b.name as buyer,
  c.price,
  z.currency,
  l.market_id,
  l.offer_id,
  l.source_id
from leadgen.leads l
join report.zones z on z.market_id = l.market_id
join leadgen.offers o on o.id = l.offer_id
join leadgen.sources s on s.id = l.source_id
cross join lateral (
  select d.*
  from leadgen.lead_decisions d
  where d.lead_id = l.id
  order by d.attempt desc
  limit 1
) d
cross join lateral (
  select
    e.buyer_id,
    case
      when (select true from leadgen.lead_assignments a where a.lead_id = l.id and a.buyer_id = e.buyer_id order by a.id
        limit 1) then 'won'
      else coalesce(k.reason, 'outranked')
    end as verdict,
    k.price
  from unnest(d.enrollments, d.reasons, d.prices) as k (buyer_offer_id, reason, price)
  join leadgen.buyer_offers e on e.id = k.buyer_offer_id
) c
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.judgements is
  'One row a lead and buyer that was a candidate in its latest decision: won, if the buyer has or had it; outranked, if it passed every check and others were chosen; else the check that it failed.';
