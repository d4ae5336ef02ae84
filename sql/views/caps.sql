create or replace view report.caps as
with enrollment as (
  select bo.*, o.slug as offer, m.currency, coalesce(bo.timezone, m.timezone) as zone
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
)
select
  e.offer,
  e.buyer_id,
  e.id as buyer_offer_id,
  e.zone as timezone,
  case when u.starts[1] = date_trunc('hour', now(), e.zone) then u.sales[1] else 0 end as used_hour,
  e.capacity_per_hour as cap_hour,
  case when u.starts[2] = date_trunc('day', now(), e.zone) then u.sales[2] else 0 end as used_day,
  e.capacity_per_day as cap_day,
  case when u.starts[3] = date_trunc('week', now(), e.zone) then u.sales[3] else 0 end as used_week,
  e.capacity_per_week as cap_week,
  case when u.starts[4] = date_trunc('month', now(), e.zone) then u.sales[4] else 0 end as used_month,
  e.capacity_per_month as cap_month,
  case when u.starts[2] = date_trunc('day', now(), e.zone) then u.money[2] else 0 end as spent_day,
  e.budget_per_day as budget_day,
  case when u.starts[4] = date_trunc('month', now(), e.zone) then u.money[4] else 0 end as spent_month,
  e.budget_per_month as budget_month,
  e.currency
from leadgen.enrollment_usage u
join enrollment e on e.id = u.buyer_offer_id;
comment on view report.caps is
  'How full each enrollment is now: sales and money in the current hour, day, week and month of its zone, beside its caps and budgets; a null cap is unlimited.';
