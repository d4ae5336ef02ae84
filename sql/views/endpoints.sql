create or replace view report.endpoints as
select
  e.id as endpoint_id,
  e.buyer_id,
  b.name as buyer,
  e.channel,
  case when c.is_url then substring(e.target from '^[a-zA-Z]+://([^/?#]*)') end as host,
  outbox.describe_health(e, now()) as state,
  e.id in (select w.endpoint_id from leadgen.enrollment_endpoints w) as is_current,
  e.disabled_at,
  e.disabled_reason,
  e.failures_in_a_row,
  e.failing_since,
  e.retry_at,
  waiting.deliveries as waiting,
  e.max_in_flight,
  e.disable_after
from leadgen.endpoints e
join leadgen.channels c on c.code = e.channel
join leadgen.buyers b on b.id = e.buyer_id
cross join lateral (
  select count(*) as deliveries
  from leadgen.deliveries d
  where d.endpoint_id = e.id and d.next_attempt_at is not null
) waiting;
comment on view report.endpoints is
  'How each address of a buyer does: well, failing, resting (it failed and is tried again at retry_at) or disabled, and how many deliveries wait for it; is_current: leads are sent there today.';
