create or replace view report.limits as
with limited as (
  select
    e.id as buyer_offer_id, e.buyer_id, e.offer_id, m.slug as market, m.currency, coalesce(e.timezone, m.timezone) as zone,
    k.code, k.period, k.is_money, k.cap,
    case k.period
      when 'hour' then date_trunc('hour', now(), coalesce(e.timezone, m.timezone)) + interval '1 hour'
      else (date_trunc(k.period, now() at time zone coalesce(e.timezone, m.timezone)) + ('1 ' || k.period)::interval)
        at time zone coalesce(e.timezone, m.timezone)
    end as resets_at,
    date_trunc(k.period, now(), coalesce(e.timezone, m.timezone)) as starts_at,
    array_position(array['hour', 'day', 'week', 'month'], k.period) as place
  from leadgen.buyer_offers e
  join leadgen.offers o on o.id = e.offer_id
  join leadgen.markets m on m.id = o.market_id
  cross join lateral unnest(e.limit_codes, e.limit_windows, e.limit_is_money, e.limit_caps) as k (code, period, is_money, cap)
  where e.is_active and k.period in ('hour', 'day', 'week', 'month')
),
counted as (
  select
    l.*,
    case
      when coalesce(u.starts[l.place], '-infinity') <> l.starts_at then 0
      when l.is_money then u.money[l.place]
      else u.sales[l.place]
    end as used,
    case when l.is_money then p.money else p.sales end as last_day
  from limited l
  left join leadgen.enrollment_usage u on u.buyer_offer_id = l.buyer_offer_id
  cross join lateral (
    select count(*) as sales, coalesce(sum(a.price), 0) as money
    from leadgen.lead_assignments a
    where a.offer_id = l.offer_id and a.buyer_id = l.buyer_id and a.created_at > now() - interval '24 hours'
  ) p
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
join leadgen.buyers b on b.id = c.buyer_id;
comment on view report.limits is
  'Each cap and budget of each active enrollment now, in the zone that it counts in: used, left over, when it begins anew (resets_at), and when it runs out at the pace of the last 24 hours (runs_out_at; null: not before it begins anew). Caps of a policy on its whole offer are not in it.';
