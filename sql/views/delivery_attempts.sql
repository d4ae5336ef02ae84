create or replace view report.delivery_attempts as
select
  a.id as attempt_id,
  a.delivery_id,
  a.attempt,
  d.buyer_id,
  d.endpoint_id,
  d.channel,
  a.started_at,
  a.latency_ms,
  a.outcome,
  a.status_code,
  a.error_class
from leadgen.delivery_attempts a
join leadgen.deliveries d on d.id = a.delivery_id and d.market_id = a.market_id;
comment on view report.delivery_attempts is
  'One row an attempt at a delivery: when, how long, with what outcome and what kind of trouble; what the receiver said is not shown.';
