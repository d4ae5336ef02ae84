create or replace view report.delivery_speed as
with marked as materialized (
  select distinct k.market_id, k.day, k.starts_at from report.marked_days k where k.kept_until = 'infinity'
),
kept as (
  select
    d.sold_day, d.zone, d.market_id, d.buyer_id, d.channel, d.deliveries, d.delivered, d.open, d.failed, d.attempts_each,
    d.median_seconds, d.p90_seconds, d.p99_seconds
  from report.zones z
  join leadgen.report_speed_days d on d.market_id = z.market_id and d.zone = z.zone and d.sold_day < z.kept_to
  where not exists (select from marked k where k.market_id = d.market_id and k.day = d.sold_day)
),
counted as (
  select
    d.sold_day, d.zone, d.market_id, d.buyer_id, d.channel,
    count(*) as deliveries,
    count(d.seconds) as delivered,
    count(*) filter (where d.is_open) as open,
    count(*) filter (where d.has_failed) as failed,
    round(avg(d.attempts) filter (where d.seconds is not null), 2) as attempts_each,
    percentile_cont(0.5) within group (order by d.seconds) as median_seconds,
    percentile_cont(0.9) within group (order by d.seconds) as p90_seconds,
    percentile_cont(0.99) within group (order by d.seconds) as p99_seconds
  from (
    select d.*
    from report.zones z
    join leadgen.offers o on o.market_id = z.market_id
    join report.sale_deliveries d on d.offer_id = o.id
      and d.created_at >= report.find_day_start() and d.created_at >= z.days_from and d.sold_day >= z.kept_to
    union all
    select d.*
    from marked k
    cross join lateral (
      select x.*
      from leadgen.offers o
      join report.sale_deliveries x on x.offer_id = o.id
      where o.market_id = k.market_id and x.sold_day = k.day
        and x.created_at >= k.starts_at - interval '2 hours' and x.created_at < k.starts_at + interval '26 hours'
      offset 0 -- noqa: AM09
    ) d
  ) d
  group by d.sold_day, d.zone, d.market_id, d.buyer_id, d.channel
)
select
  c.sold_day,
  c.zone,
  m.slug as market,
  c.buyer_id,
  b.name as buyer,
  c.channel,
  c.deliveries as sold_deliveries,
  c.delivered as sold_delivered,
  c.open as sold_open,
  c.failed as sold_failed,
  round(100.0 * c.delivered / nullif(c.delivered + c.failed, 0), 1) as sold_delivered_percent,
  c.attempts_each,
  c.median_seconds,
  c.p90_seconds,
  c.p99_seconds
from (
  select k.* from kept k
  union all
  select n.* from counted n
) c
join leadgen.markets m on m.id = c.market_id
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.delivery_speed is
  'How fast and how surely sales reached each buyer by each channel, by the day of the sale: seconds from the sale to the delivery (median, 90th and 99th percentile), and what got through of what has ended. Percentiles of days cannot be added up: those of other spans are of report.sale_deliveries.';
