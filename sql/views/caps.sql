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
  case when u.hour_start = date_trunc('hour', now(), e.zone) then u.hour_count else 0 end as used_hour,
  e.capacity_per_hour as cap_hour,
  case when u.day_start = date_trunc('day', now(), e.zone) then u.day_count else 0 end as used_day,
  e.capacity_per_day as cap_day,
  case when u.week_start = date_trunc('week', now(), e.zone) then u.week_count else 0 end as used_week,
  e.capacity_per_week as cap_week,
  case when u.month_start = date_trunc('month', now(), e.zone) then u.month_count else 0 end as used_month,
  e.capacity_per_month as cap_month,
  case when u.day_start = date_trunc('day', now(), e.zone) then u.day_spent else 0 end as spent_day,
  e.budget_per_day as budget_day,
  case when u.month_start = date_trunc('month', now(), e.zone) then u.month_spent else 0 end as spent_month,
  e.budget_per_month as budget_month,
  e.currency
from leadgen.enrollment_usage u
join enrollment e on e.id = u.buyer_offer_id;
comment on view report.caps is
  'How full each enrollment is now: sales and money in the current hour, day, week and month of its zone, beside its caps and budgets; a null cap is unlimited.';
