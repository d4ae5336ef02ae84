-- When a delivery is tried again.

create or replace function outbox.plan_retry(
  p_now timestamptz,
  p_attempt integer,
  p_max_retries integer,
  p_retry_delay interval,
  p_retry_after_seconds numeric,
  p_retry_seconds numeric[],
  p_slow_seconds numeric[]
)
returns timestamptz
language plpgsql
volatile
as $$
-- A delivery's own schedule is followed to its end. Without one there are p_max_retries quick retries, p_retry_delay
-- doubling, then the slow ones. Up to half as much again by chance, so that failures of one moment do not return as one
-- herd; never sooner than the receiver asked, and that at most an hour away.
declare
  c_longest_seconds constant numeric := 604800;
  v_seconds constant numeric := case
    when p_retry_seconds is not null then p_retry_seconds[p_attempt]
    when p_attempt <= p_max_retries then extract(epoch from p_retry_delay) * power(2::numeric, least(p_attempt - 1, 30))
    else p_slow_seconds[p_attempt - greatest(coalesce(p_max_retries, 0), 0)]
  end;
begin
  if v_seconds is null then
    return null;
  end if;
  return p_now + interval '1 second' * greatest(
    least(v_seconds, c_longest_seconds) * (1 + random() / 2)::numeric,
    least(coalesce(nullif(p_retry_after_seconds, 'NaN'), 0), 3600));
end;
$$;
comment on function outbox.plan_retry(timestamptz, integer, integer, interval, numeric, numeric[], numeric[]) is
  'When a delivery is tried again after its n-th attempt, by its own schedule (pause before each retry), or by the '
  'worker''s quick one and then the slow one; null: no more retries.';

create or replace function outbox.may_have_arrived(p_delivery_id bigint, p_market_id bigint, p_attempt integer)
returns boolean
language plpgsql
stable
as $$
-- Each attempt's last word counts. One that nobody reported (its worker died) may have got through as well as one
-- without an answer.
begin
  return (
    select count(*) < p_attempt - 1 or coalesce(bool_or(said.outcome in ('unknown', 'sent')), false)
    from (
      select distinct on (t.attempt) t.outcome
      from leadgen.delivery_attempts t
      where t.delivery_id = p_delivery_id and t.market_id = p_market_id and t.attempt < p_attempt
      order by t.attempt, t.id desc
    ) said
  );
end;
$$;
comment on function outbox.may_have_arrived(bigint, bigint, integer) is
  'Whether any attempt at a delivery before this one may have reached the receiver, though nobody knows: then it '
  'never ends dead, for a dead one is sold to somebody else.';
