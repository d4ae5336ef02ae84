create or replace view report.sold_now as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  s.sold_day,
  s.market_id,
  s.zone,
  s.offer_id,
  s.source_id,
  s.buyer_id,
  count(*) as sales,
  count(*) filter (where s.stands) as standing,
  count(s.delivered_at) as delivered,
  count(*) filter (where s.is_accepted) as accepted,
  count(s.days_to_return) as returned,
  count(*) filter (where s.days_to_return <= 1) as returned_in_1,
  count(*) filter (where s.days_to_return <= 3) as returned_in_3,
  count(*) filter (where s.days_to_return <= 7) as returned_in_7,
  count(*) filter (where s.days_to_return <= 14) as returned_in_14,
  count(*) filter (where s.days_to_return <= 30) as returned_in_30,
  sum(s.price) as revenue,
  sum(s.refunds) as refunds,
  sum(s.cost) as cost,
  coalesce(sum(extract(epoch from s.time_to_delivery)), 0) as response_seconds
from (
  select s.*
  from report.zones z
  join leadgen.offers o on o.market_id = z.market_id
  join report.sales s on s.offer_id = o.id
    and s.created_at >= report.find_start() and s.created_at >= z.read_from and s.sold_day >= z.kept_to
    and (s.sold_day > z.kept_to or s.created_at >= z.kept_until)
  union all
  select s.*
  from marked k
  cross join lateral (
    select x.*
    from report.sales x
    where x.offer_id = k.offer_id and x.sold_day = k.day
      and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
        and x.created_at < k.kept_until
    offset 0 -- noqa: AM09
  ) s
) s
group by s.sold_day, s.market_id, s.zone, s.offer_id, s.source_id, s.buyer_id;
comment on view report.sold_now is
  'Sales by day as report.sold has them, of what is not kept: read from the sales themselves.';
