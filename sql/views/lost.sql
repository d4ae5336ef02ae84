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
  n.came_day,
  n.market_id,
  n.zone,
  n.offer_id,
  n.source_id,
  n.kind,
  n.reason,
  n.buyer_id,
  sum(n.leads)::bigint as leads,
  sum(n.places)::bigint as places,
  sum(n.money) as money
from (
  select
    d.came_day, d.market_id, d.zone, d.offer_id, d.source_id, d.kind, d.reason, d.buyer_id, d.leads, d.places, d.money
  from report.zones z
  join leadgen.report_reason_days d on d.market_id = z.market_id and d.zone = z.zone
    and d.came_day >= z.kept_to and d.came_day < z.part_to
  where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
  union all
  select n.* from report.lost_now n
) n
group by n.came_day, n.market_id, n.zone, n.offer_id, n.source_id, n.kind, n.reason, n.buyer_id;
comment on view report.lost is
  'Why leads were rejected or not sold, by the day on which they came, offer, source, reason and buyer: of kept days and of the leads themselves.';
