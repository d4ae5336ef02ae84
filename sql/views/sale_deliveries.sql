create or replace view report.sale_deliveries as
select
  (a.created_at at time zone z.zone)::date as sold_day,
  z.zone,
  d.id as delivery_id,
  a.id as assignment_id,
  a.created_at,
  z.market,
  a.buyer_id,
  d.channel,
  d.status in ('pending', 'sending', 'sent', 'parked') as is_open,
  d.status in ('unknown', 'dead') as has_failed,
  d.attempts,
  case when d.status = 'delivered' then extract(epoch from d.finished_at - d.created_at)::double precision end as seconds,
  a.market_id,
  a.offer_id
from leadgen.lead_assignments a
join report.zones z on z.market_id = a.market_id
join leadgen.deliveries d on d.assignment_id = a.id;
comment on view report.sale_deliveries is
  'One row a delivery of a sale: whether it is open or has failed, and how many seconds after the sale it was delivered.';
