create or replace view for_buyers.deliveries
with (security_invoker = true) as
select
  d.id as delivery_id,
  d.assignment_id as sale_id,
  d.created_at,
  d.channel,
  d.target,
  d.status,
  d.attempts,
  d.next_attempt_at,
  d.finished_at
from leadgen.lead_assignments a
join leadgen.deliveries d on d.assignment_id = a.id;
comment on view for_buyers.deliveries is 'One row a delivery of a sale of the buyer.';
