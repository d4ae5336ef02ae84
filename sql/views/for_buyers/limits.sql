create or replace view for_buyers.limits
with (security_invoker = true) as
select
  e.id as enrollment_id,
  e.offer_id,
  e.is_active,
  e.price_per_lead,
  e.capacity_per_hour,
  e.capacity_per_day,
  e.capacity_per_week,
  e.capacity_per_month,
  e.budget_per_day,
  e.budget_per_month,
  e.timezone,
  e.pause_from,
  e.pause_until
from leadgen.buyer_offers e;
comment on view for_buyers.limits is 'One row an enrollment of the buyer: its price, caps, budgets and pause.';
