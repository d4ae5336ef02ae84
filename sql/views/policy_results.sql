create or replace view report.policy_results as
with result as (
  select
    c.zone, c.market_id, c.offer_id, c.validation_policy_id, c.validation_version, c.routing_policy_id, c.routing_version,
    c.pricing_policy_id, c.pricing_version,
    min(c.came_day) as first_day,
    max(c.came_day) as last_day,
    sum(c.received) as received,
    sum(c.valid) as valid,
    sum(c.sold) as sold,
    sum(c.returned) as returned,
    sum(c.revenue - c.refunds) as net,
    sum(c.revenue - c.refunds - c.cost) as margin
  from report.came c
  where c.routing_version is not null
  group by c.zone, c.market_id, c.offer_id, c.validation_policy_id, c.validation_version, c.routing_policy_id, c.routing_version,
    c.pricing_policy_id, c.pricing_version
)
select
  r.first_day as came_day,
  r.zone,
  m.slug as market,
  o.slug as offer,
  vp.name as validation_policy,
  r.validation_version,
  rp.name as routing_policy,
  r.routing_version,
  pp.name as pricing_policy,
  r.pricing_version,
  r.last_day as last_came_day,
  m.currency,
  r.received as came_routed,
  r.sold as came_sold,
  round(100.0 * r.sold / nullif(r.valid, 0), 1) as came_fill_percent,
  round(100.0 * r.returned / nullif(r.sold + r.returned, 0), 1) as came_returned_percent,
  r.net as came_net,
  round(r.net / r.received, 2) as came_net_per_lead,
  round(r.margin / r.received, 2) as came_margin_per_lead,
  round(r.net / r.received, 2) - lag(round(r.net / r.received, 2)) over offer as came_net_per_lead_more
from result r
join leadgen.markets m on m.id = r.market_id
join leadgen.offers o on o.id = r.offer_id
left join leadgen.validation_policies vp on vp.id = r.validation_policy_id
left join leadgen.routing_policies rp on rp.id = r.routing_policy_id
left join leadgen.pricing_policies pp on pp.id = r.pricing_policy_id
window offer as (
  partition by r.zone, r.offer_id
  order by r.first_day, r.validation_version, r.routing_version, r.pricing_version);
comment on view report.policy_results is
  'What each set of policy versions of an offer brought, by the first day on which a lead that it routed came: leads that passed validation, fill, returns, net revenue. came_net_per_lead_more: how much more a lead brought than under the set before.';
