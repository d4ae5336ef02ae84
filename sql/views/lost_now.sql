create or replace view report.lost_now as
with marked as materialized (
  select k.* from report.marked_days k
)
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
  cross join lateral (
    select x.*
    from report.lost_places x
    where x.market_id = z.market_id
      and x.created_at >= report.find_start() and x.created_at >= z.read_from and x.came_day >= z.kept_to
      and (x.came_day > z.kept_to or x.created_at >= z.kept_until)
    offset 0 -- noqa: AM09
  ) r
  union all
  select r.*
  from marked k
  cross join lateral (
    select x.*
    from report.lost_places x
    where x.offer_id = k.offer_id and x.came_day = k.day
      and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
        and x.created_at < k.kept_until
    offset 0 -- noqa: AM09
  ) r
) r
group by r.came_day, r.market_id, r.zone, r.offer_id, r.source_id, r.kind, r.reason, r.buyer_id;
comment on view report.lost_now is
  'Why leads were rejected or not sold, as report.lost has it, of what is not kept: read from the leads themselves.';
