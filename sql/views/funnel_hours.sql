create or replace view report.funnel_hours as
with marked as materialized (
  select k.* from report.marked_days k
),
hours as (
  select d.came_hour, d.zone, d.market_id, d.offer_id, d.source_id, d.received, d.valid, d.sold, d.held, d.delivered,
    d.accepted, d.returned, d.sales, d.revenue, d.refunds, d.cost
  from report.zones z
  join leadgen.report_lead_hours d on d.market_id = z.market_id and d.zone = z.zone and d.came_day < z.part_to
    and d.came_day > current_date - 5
  where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
  union all
  select
    date_trunc('hour', l.created_at, l.zone) as came_hour, l.zone, l.market_id, l.offer_id, l.source_id,
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
    sum(l.cost) as cost
  from (
    select l.*
    from report.zones z
    join report.leads l on l.market_id = z.market_id and l.created_at > now() - interval '48 hours'
      and l.created_at >= report.find_start() and l.created_at >= z.read_from and l.came_day >= z.kept_to
      and (l.came_day > z.kept_to or l.created_at >= z.kept_until)
    union all
    select l.*
    from marked k
    cross join lateral (
      select x.*
      from report.leads x
      where x.offer_id = k.offer_id and x.came_day = k.day and x.created_at > now() - interval '48 hours'
        and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
        and x.created_at < k.kept_until
      offset 0 -- noqa: AM09
    ) l
    where k.day > current_date - 5
  ) l
  group by date_trunc('hour', l.created_at, l.zone), l.zone, l.market_id, l.offer_id, l.source_id
)
select
  h.came_hour,
  h.zone,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  m.currency,
  sum(h.received)::bigint as came_received,
  sum(h.valid)::bigint as came_valid,
  sum(h.sold)::bigint as came_sold,
  sum(h.held)::bigint as came_held,
  sum(h.delivered)::bigint as came_delivered,
  sum(h.accepted)::bigint as came_accepted,
  sum(h.returned)::bigint as came_returned,
  sum(h.sales) as came_sales,
  sum(h.revenue) as came_revenue,
  sum(h.refunds) as came_refunds,
  sum(h.revenue - h.refunds) as came_net,
  sum(h.cost) as came_cost,
  sum(h.revenue - h.refunds - h.cost) as came_margin
from hours h
join leadgen.markets m on m.id = h.market_id
join leadgen.offers o on o.id = h.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.sources s on s.id = h.source_id
where h.came_hour > now() - interval '48 hours'
group by h.came_hour, h.zone, m.slug, v.slug, o.slug, s.source_key, m.currency;
comment on view report.funnel_hours is
  'The funnel of the last 48 hours by hour, offer and source. An hour that a clock which is set back has twice is two rows.';
