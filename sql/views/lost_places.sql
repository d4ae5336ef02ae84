create or replace view report.lost_places as
select
  (l.created_at at time zone z.zone)::date as came_day,
  z.zone,
  l.id as lead_id,
  l.created_at,
  z.market,
  o.slug as offer,
  s.source_key as source,
  r.kind,
  r.reason,
  r.buyer_id,
  b.name as buyer,
  r.price,
  z.currency,
  l.market_id,
  l.offer_id,
  l.source_id
from leadgen.leads l
join report.zones z on z.market_id = l.market_id
join leadgen.offers o on o.id = l.offer_id
join leadgen.sources s on s.id = l.source_id
left join lateral (
  select d.lead_id, d.max_buyers, d.winners, d.enrollments, d.reasons, d.prices
  from leadgen.lead_decisions d
  where d.lead_id = l.id and l.validation_reason is null and l.hold_until is null
  order by d.attempt desc
  limit 1
) d on true
cross join lateral (
  select
    'rejected' as kind, coalesce(l.answer -> 'errors' -> 0 ->> 'code', 'unknown') as reason, null::bigint as buyer_id,
    null::numeric as price
  where l.validation_reason is not null
  union all
  select 'unsold' as kind, n.reason, n.buyer_id, n.price
  from (
    (
      select k.reason, e.buyer_id, c.price
      from unnest(d.enrollments, d.reasons, d.prices) as c (buyer_offer_id, reason, price)
      cross join lateral (select coalesce(c.reason, 'taken_meanwhile') as reason) k
      join leadgen.buyer_offers e on e.id = c.buyer_offer_id
      where not exists (
        select from leadgen.lead_assignments a where a.lead_id = d.lead_id and a.buyer_id = e.buyer_id)
      order by
        case when c.reason is null then 1000000 else kernel.rank_reason(c.reason) end desc,
        c.price desc nulls last, c.buyer_offer_id asc
      limit greatest(d.max_buyers - cardinality(d.winners), 0)
    )
    union all
    select 'nobody_enrolled' as reason, null as buyer_id, null as price
    where d.enrollments = '{}' and d.winners = '{}'
  ) n
  where d.lead_id is not null and not exists (
    select from leadgen.lead_assignments a
    where a.lead_id = d.lead_id and a.is_exclusive and a.released_at is null)
) r
left join leadgen.buyers b on b.id = r.buyer_id;
comment on view report.lost_places is
  'What was not sold of which lead, and why. kind unsold: one row a place that its policy had and nobody took, with the buyer that came nearest to buying it, the price that it would have paid and the check that it failed; a lead that is still held is not in it. kind rejected: one row a rejected lead, with the rule that its sender was told of first.';
