create or replace view for_buyers.payments
with (security_invoker = true) as
select
  p.id as payment_id,
  p.created_at,
  p.purpose,
  p.method,
  p.amount,
  p.currency,
  p.status,
  p.failure_reason
from leadgen.payments p;
comment on view for_buyers.payments is 'One row a payment of the buyer.';
