create or replace view report.judged as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  d.came_day,
  d.market_id,
  d.zone,
  d.offer_id,
  d.buyer_id,
  d.reason,
  d.leads
from report.zones z
join leadgen.report_judged_days d on d.market_id = z.market_id and d.zone = z.zone and d.came_day < z.part_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
union all
select
  j.came_day,
  j.market_id,
  j.zone,
  j.offer_id,
  j.buyer_id,
  j.reason,
  count(distinct j.lead_id) as leads
from (
  select j.*
  from report.zones z
  cross join lateral (
    select x.*
    from report.judgements x
    where x.market_id = z.market_id
      and x.created_at >= report.find_start() and x.created_at >= z.read_from and x.came_day >= z.kept_to
      and (x.came_day > z.kept_to or x.created_at >= z.kept_until)
    offset 0 -- noqa: AM09
  ) j
  union all
  select j.*
  from marked k
  cross join lateral (
    select x.*
    from report.judgements x
    where x.offer_id = k.offer_id and x.came_day = k.day
      and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
        and x.created_at < k.kept_until
    offset 0 -- noqa: AM09
  ) j
) j
group by j.came_day, j.market_id, j.zone, j.offer_id, j.buyer_id, j.reason;
comment on view report.judged is
  'How buyers were judged as candidates, by the day on which leads came and offer, of kept days and of the decisions themselves.';
