create or replace view report.limits as
with paced as materialized (
  select a.offer_id, a.buyer_id, count(*) as sales, sum(a.price) as money
  from leadgen.offers o
  join leadgen.lead_assignments a on a.offer_id = o.id and a.created_at > now() - interval '24 hours'
  group by grouping sets ((a.offer_id, a.buyer_id), (a.offer_id))
),
limited as (
  select
    e.id as buyer_offer_id, e.buyer_id, e.offer_id, o.market_id, e.timezone,
    k.code, k.period, k.is_money, k.cap, u.starts, u.sales, u.money
  from leadgen.buyer_offers e
  join leadgen.offers o on o.id = e.offer_id
  cross join lateral unnest(e.limit_codes, e.limit_windows, e.limit_is_money, e.limit_caps) as k (code, period, is_money, cap)
  left join leadgen.enrollment_usage u on u.buyer_offer_id = e.id
  where e.is_active and k.period in ('hour', 'day', 'week', 'month')
  union all
  select
    null as buyer_offer_id, null as buyer_id, o.id as offer_id, o.market_id, null as timezone,
    k.code, k.period, k.is_money, k.cap, u.starts, u.sales, u.money
  from leadgen.offers o
  join leadgen.routing_policies p on p.id = o.routing_policy_id
  cross join lateral (
    values
      ('offer_cap_hour', 'hour', false, (p.compiled_config).cap_hour::numeric),
      ('offer_cap_day', 'day', false, (p.compiled_config).cap_day),
      ('offer_cap_week', 'week', false, (p.compiled_config).cap_week),
      ('offer_cap_month', 'month', false, (p.compiled_config).cap_month),
      ('offer_budget_day', 'day', true, (p.compiled_config).budget_day),
      ('offer_budget_month', 'month', true, (p.compiled_config).budget_month)
  ) as k (code, period, is_money, cap)
  left join leadgen.offer_usage u on u.offer_id = o.id
  where o.is_active and k.cap is not null
),
counted as (
  select
    l.*, m.slug as market, m.currency, w.zone, w.starts_at,
    case l.period
      when 'hour' then w.starts_at + interval '1 hour'
      else (date_trunc(l.period, now() at time zone w.zone) + ('1 ' || l.period)::interval) at time zone w.zone
    end as resets_at,
    case
      when coalesce(l.starts[w.place], '-infinity') <> w.starts_at then 0
      when l.is_money then l.money[w.place]
      else l.sales[w.place]
    end as used,
    case when l.is_money then p.money else p.sales end as last_day
  from limited l
  join leadgen.markets m on m.id = l.market_id
  cross join lateral (
    select
      z.zone, date_trunc(l.period, now(), z.zone) as starts_at,
      array_position(array['hour', 'day', 'week', 'month'], l.period) as place
    from (values (coalesce(l.timezone, m.timezone))) as z (zone)
  ) w
  left join paced p on p.offer_id = l.offer_id and p.buyer_id is not distinct from l.buyer_id
)
select
  c.starts_at,
  c.zone,
  c.market,
  o.slug as offer,
  c.buyer_id,
  b.name as buyer,
  c.buyer_offer_id,
  c.code as limit_code,
  c.cap,
  case when c.is_money then c.currency end as currency,
  c.used,
  greatest(c.cap - c.used, 0) as left_over,
  round(100.0 * c.used / nullif(c.cap, 0), 1) as used_percent,
  c.resets_at,
  case
    when c.used >= c.cap then now()
    when c.last_day > 0 then nullif(
      least(now() + (c.cap - c.used) / c.last_day * interval '24 hours', c.resets_at), c.resets_at)
  end as runs_out_at
from counted c
join leadgen.offers o on o.id = c.offer_id
left join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.limits is
  'Each cap and budget of each active enrollment, and those of a routing policy on its whole offer (without a buyer), now, in the zone that it counts in: used, left over, when it begins anew (resets_at), and when it runs out at the pace of the last 24 hours (runs_out_at; null: not before it begins anew).';
