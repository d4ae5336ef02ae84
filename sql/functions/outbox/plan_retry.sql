create or replace function leadgen.plan_retry(
  p_now timestamptz,
  p_attempt integer,
  p_max_retries integer,
  p_retry_delay interval,
  p_retry_after_seconds numeric,
  p_retry_seconds numeric[]
)
returns timestamptz
language plpgsql
volatile
as $$
-- A schedule is followed to its end; without one, p_retry_delay doubles. Up to half as much again by chance, so that
-- failures of one moment do not return as one herd; never sooner than the receiver asked, and that at most an hour away.
declare
  v_pause constant interval := case
    when p_retry_seconds is not null then p_retry_seconds[p_attempt] * interval '1 second'
    when p_attempt <= p_max_retries then p_retry_delay * power(2, p_attempt - 1)
  end;
begin
  return p_now + greatest(
    v_pause * (1 + random() / 2),
    case when v_pause is not null then least(coalesce(p_retry_after_seconds, 0), 3600) * interval '1 second' end);
end;
$$;
comment on function leadgen.plan_retry(timestamptz, integer, integer, interval, numeric, numeric[]) is
  'When a delivery is tried again after its n-th attempt, by its own schedule (pause before each retry) or the worker''s; null: no more retries.';
