create or replace view report.leads as
select
  (l.created_at at time zone z.zone)::date as came_day,
  z.zone,
  l.id as lead_id,
  l.created_at,
  z.market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  l.postal_code,
  l.status,
  l.validation_reason,
  l.unsold_reason,
  l.hold_until,
  l.validation_reason is null as is_valid,
  coalesce(x.standing, 0) > 0 as is_sold,
  l.unsold_reason is not null and l.hold_until is not null as is_held,
  l.delivered_at is not null as is_delivered,
  coalesce(x.accepted, 0) > 0 as is_accepted,
  coalesce(x.returned, 0) > 0 as is_returned,
  l.buyer_id as first_buyer_id,
  l.price as first_price,
  coalesce(x.sales, 0) as sales,
  coalesce(x.revenue, 0.00) as revenue,
  coalesce(x.refunds, 0.00) as refunds,
  coalesce(x.revenue - x.refunds, 0.00) as net,
  coalesce(x.cost, 0.00) as cost,
  coalesce(x.revenue - x.refunds - x.cost, 0.00) as margin,
  z.currency,
  l.delivered_at,
  extract(epoch from l.delivered_at - l.created_at) as response_seconds,
  l.utm_source,
  l.utm_medium,
  l.utm_campaign,
  l.tracking ->> 'utm_term' as utm_term,
  l.tracking ->> 'utm_content' as utm_content,
  l.tracking ->> 'sub_id' as sub_id,
  l.tracking ->> 'sub_id1' as sub_id1,
  l.tracking ->> 'sub_id2' as sub_id2,
  l.tracking ->> 'sub_id3' as sub_id3,
  l.tracking ->> 'sub_id4' as sub_id4,
  l.tracking ->> 'sub_id5' as sub_id5,
  l.tracking ->> 'external_id' as external_id,
  l.market_id,
  l.offer_id,
  l.source_id,
  l.validation_policy_id,
  l.validation_policy_version as validation_version,
  l.routing_policy_id,
  l.routing_policy_version as routing_version,
  l.pricing_policy_id,
  l.pricing_policy_version as pricing_version
from leadgen.leads l
join report.zones z on z.market_id = l.market_id
join leadgen.verticals v on v.id = l.vertical_id
join leadgen.offers o on o.id = l.offer_id
join leadgen.sources s on s.id = l.source_id
left join lateral (
  select
    count(*) as sales,
    count(*) filter (where a.released_at is null) as standing,
    count(*) filter (where a.accepted_at is not null and a.released_at is null) as accepted,
    count(*) filter (where a.outcome = 'returned') as returned,
    sum(m.revenue) as revenue,
    sum(m.refunds) as refunds,
    sum(m.cost) as cost
  from leadgen.lead_assignments a
  join report.sale_money m on m.assignment_id = a.id
  where a.lead_id = l.id
) x on true;
comment on view report.leads is
  'One row a lead, without personal data (click and session ids count as such), with what all its sales brought: revenue, refunds, net, cost and margin. first_price is that of its first sale alone. is_sold: one of its sales stands. came_day is counted in zone.';
