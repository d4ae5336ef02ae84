create or replace view for_buyers.areas
with (security_invoker = true) as
select
  s.id as area_id,
  s.market_id,
  s.scope_type,
  s.scope_value,
  s.is_active
from leadgen.buyer_service_areas s;
comment on view for_buyers.areas is 'One row an area in which the buyer works.';
