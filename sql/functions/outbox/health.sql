-- The health of endpoints: failures in a row, the circuit, and when one is disabled. One row over all workers.

create or replace function outbox.describe_health(p_endpoint leadgen.endpoints, p_now timestamptz)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
-- Pinned, because views call it with the rights of those who read them.
begin
  return case
    when p_endpoint.disabled_at is not null then 'disabled'
    when p_endpoint.retry_at > p_now then 'resting'
    when p_endpoint.failures_in_a_row > 0 then 'failing'
    else 'well'
  end;
end;
$$;
comment on function outbox.describe_health(leadgen.endpoints, timestamptz) is
  'How an endpoint does: well, failing, resting (it failed, and is tried again later) or disabled.';

create or replace function outbox.note_endpoint_health(p_verdicts outbox.verdict[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- From the third failure in a row the circuit opens, for longer each time; those of the first ten seconds count as
-- three at most: a restart is no outage. Nothing changed, nothing written: the rows are few and everybody's. An
-- endpoint that somebody holds is left, or its row would stop all recording: its next attempt says the same again.
declare
  c_circuit_opens_at constant integer := 3;
  c_blip constant interval := '10 seconds';
begin
  with held as materialized (
    select
      e.id, r.error, r.disabling,
      coalesce(not r.is_well and r.failed_from > last.failure_at, false) as is_counted,
      case when r.is_well then 0 else e.failures_in_a_row end as failures,
      coalesce(not r.is_well and e.failing_since > p_now - c_blip, false) as is_blip,
      coalesce(e.disable_after, (select s.disable_endpoint_after from leadgen.settings s)) as disable_after
    from leadgen.endpoints e
    join outbox.sum_up_health(p_verdicts, p_now) r on r.endpoint_id = e.id
    cross join lateral (
      select coalesce(case when e.last_failure_at <= p_now then e.last_failure_at end, '-infinity') as failure_at
    ) last
    where (r.is_well and e.failures_in_a_row > 0)
      or (not r.is_well and r.failed_from > last.failure_at)
      or (r.disabling is not null and e.disabled_at is null)
    order by e.id
    for no key update of e skip locked
  ),
  counted as (
    select
      h.*,
      case
        when not h.is_counted then h.failures
        when h.is_blip then greatest(h.failures, least(h.failures + 1, c_circuit_opens_at))
        else h.failures + 1
      end as total
    from held h
  ),
  told as (
    select
      c.*,
      coalesce(c.disabling, case when c.is_counted and c.total >= c.disable_after then
        format('%s failed attempts in a row: %s', c.total, c.error) end) as verdict
    from counted c
  )
  update leadgen.endpoints e
  set
    failures_in_a_row = t.total,
    failing_since = case when t.total > 0 then coalesce(e.failing_since, p_now) end,
    last_failure_at = case when t.is_counted then p_now else e.last_failure_at end,
    retry_at = case
      when t.total < c_circuit_opens_at then null
      when t.is_counted and t.is_blip then null
      when t.is_counted then
        p_now + least(5 * power(2, least(t.total - c_circuit_opens_at, 10)), 120) * interval '1 second'
      else e.retry_at
    end,
    disabled_at = coalesce(e.disabled_at, case when t.verdict is not null then p_now end),
    disabled_reason = coalesce(e.disabled_reason, t.verdict),
    updated_at = p_now
  from told t
  where e.id = t.id;
end;
$$;
comment on function outbox.note_endpoint_health(outbox.verdict[], timestamptz) is
  'What attempts say of their endpoints: counted, and the endpoint rests or is disabled after too many failures in a '
  'row, or when its receiver wants no more.';

create or replace function outbox.sum_up_health(p_verdicts outbox.verdict[], p_now timestamptz)
returns table (endpoint_id bigint, is_well boolean, failed_from timestamptz, error text, disabling text)
language sql
stable
as $$
-- Not strict and not secured, so that it is inlined. Attempts that were under way together are one failure: it counts
-- when it began after the last counted one was recorded, and anything that got through beside it undoes it. When it
-- began, the latency says: a worker's clock may be ahead.
  select
    v.endpoint_id,
    bool_or(v.outcome in ('delivered', 'accepted', 'rejected', 'sent')),
    max(failed.since),
    (array_agg(v.reason order by failed.since desc nulls last))[1],
    min(case
      when v.outcome = 'gone' then 'HTTP 410: the receiver wants no more'
      when v.disables then coalesce(v.reason, 'the receiver wants no more')
    end)
  from unnest(p_verdicts) v
  join leadgen.channels way on way.code = v.channel
  cross join lateral (
    select case
      when v.outcome in ('failed', 'unknown', 'refused')
        and (v.error_class = any (way.endpoint_faults) or v.status_code::text = any (way.endpoint_faults))
      then greatest(
        least(v.started_at, p_now - v.latency_ms * interval '1 millisecond'),
        p_now - v.latency_ms * interval '1 millisecond' - interval '1 minute')
    end as since
  ) failed
  where v.status is not null
  group by v.endpoint_id;
$$;
comment on function outbox.sum_up_health(outbox.verdict[], timestamptz) is
  'What attempts say of each endpoint: whether any got through, since when the latest failed by the endpoint''s fault'
  ' (null: none did), with what error, and why it is to be disabled at once (null: it is not).';
