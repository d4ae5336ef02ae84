create or replace view report.lost as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  d.came_day,
  d.market_id,
  d.zone,
  d.offer_id,
  d.source_id,
  d.kind,
  d.reason,
  d.buyer_id,
  d.leads,
  d.places,
  d.money
from report.zones z
join leadgen.report_reason_days d on d.market_id = z.market_id and d.zone = z.zone and d.came_day < z.kept_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
union all
select
  r.came_day,
  r.market_id,
  r.zone,
  r.offer_id,
  r.source_id,
  r.kind,
  r.reason,
  r.buyer_id,
  count(distinct r.lead_id) as leads,
  count(*) as places,
  coalesce(sum(r.price), 0) as money
from (
  select r.*
  from report.zones z
  join report.lost_places r on r.market_id = z.market_id
    and r.created_at >= report.find_start() and r.created_at >= z.read_from and r.came_day >= z.kept_to
  union all
  select r.*
  from marked k
  cross join lateral (
    select x.*
    from report.lost_places x
    where x.offer_id = k.offer_id and x.came_day = k.day
      and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
    offset 0 -- noqa: AM09
  ) r
) r
group by r.came_day, r.market_id, r.zone, r.offer_id, r.source_id, r.kind, r.reason, r.buyer_id;
comment on view report.lost is
  'Why leads were rejected or not sold, by the day on which they came, offer, source, reason and buyer: of kept days and of the leads themselves.';
