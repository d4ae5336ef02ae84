create or replace view report.came as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  d.came_day,
  d.market_id,
  d.zone,
  d.offer_id,
  d.source_id,
  d.validation_policy_id,
  d.validation_version,
  d.routing_policy_id,
  d.routing_version,
  d.pricing_policy_id,
  d.pricing_version,
  d.received,
  d.valid,
  d.sold,
  d.held,
  d.delivered,
  d.accepted,
  d.returned,
  d.sales,
  d.revenue,
  d.refunds,
  d.cost,
  d.response_seconds
from report.zones z
join leadgen.report_lead_days d on d.market_id = z.market_id and d.zone = z.zone and d.came_day < z.part_to
where not d.by_campaign
  and not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
union all
select
  l.came_day,
  l.market_id,
  l.zone,
  l.offer_id,
  l.source_id,
  l.validation_policy_id,
  l.validation_version,
  l.routing_policy_id,
  l.routing_version,
  l.pricing_policy_id,
  l.pricing_version,
  count(*) as received,
  count(*) filter (where l.is_valid) as valid,
  count(*) filter (where l.is_sold) as sold,
  count(*) filter (where l.is_held) as held,
  count(*) filter (where l.is_delivered) as delivered,
  count(*) filter (where l.is_accepted) as accepted,
  count(*) filter (where l.is_returned) as returned,
  sum(l.sales) as sales,
  sum(l.revenue) as revenue,
  sum(l.refunds) as refunds,
  sum(l.cost) as cost,
  coalesce(sum(l.response_seconds), 0) as response_seconds
from (
  select l.*
  from report.zones z
  join report.leads l on l.market_id = z.market_id
    and l.created_at >= report.find_start() and l.created_at >= z.read_from and l.came_day >= z.kept_to
    and (l.came_day > z.kept_to or l.created_at >= z.kept_until)
  union all
  select l.*
  from marked k
  cross join lateral (
    select x.*
    from report.leads x
    where x.offer_id = k.offer_id and x.came_day = k.day
      and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
        and x.created_at < k.kept_until
    offset 0 -- noqa: AM09
  ) l
) l
group by
  l.market_id, l.zone, l.came_day, l.offer_id, l.source_id, l.validation_policy_id, l.validation_version,
  l.routing_policy_id, l.routing_version, l.pricing_policy_id, l.pricing_version;
comment on view report.came is
  'Leads by the day on which they came, offer, source and policy versions: what the funnel and others add up, of kept days and of the leads themselves.';
