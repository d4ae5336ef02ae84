create or replace view for_buyers.endpoints
with (security_invoker = true) as
select
  e.id as endpoint_id,
  e.channel,
  e.target,
  e.disabled_at,
  e.disabled_reason,
  e.failures_in_a_row,
  e.last_failure_at,
  e.retry_at
from leadgen.endpoints e;
comment on view for_buyers.endpoints is 'One row an address of the buyer, and how it fares.';
