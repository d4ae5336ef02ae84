create or replace function leadgen.plan_retry(
  p_now timestamptz,
  p_attempt integer,
  p_max_retries integer,
  p_retry_delay interval,
  p_retry_after_seconds numeric
)
returns timestamptz
language sql
volatile
as $$
-- Doubling from p_retry_delay, up to half as much again by chance so that failures of one moment do not return as one
-- herd; never sooner than the receiver asked, and that at most an hour away.
  select case when p_attempt <= p_max_retries then
    p_now + greatest(
      p_retry_delay * power(2, p_attempt - 1) * (1 + random() / 2),
      least(coalesce(p_retry_after_seconds, 0), 3600) * interval '1 second')
  end;
$$;
comment on function leadgen.plan_retry(timestamptz, integer, integer, interval, numeric) is
  'When a delivery is tried again after its n-th attempt; null: no more retries.';
