-- The health of endpoints: failures in a row, circuit, disabling.

create or replace function outbox.note_endpoint_health(
  p_endpoint_ids bigint[],
  p_are_well boolean[],
  p_failed_from timestamptz[],
  p_errors text[],
  p_disabling text[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Attempts that were under way together are one failure: it counts when it began after the last counted one was
-- recorded. A batch in which anything got through has no failures in a row. From the third the
-- circuit opens, for longer each time, and those of the first ten seconds count as three at most: a restart is no
-- outage. Nothing changed, nothing written: the rows are few and everybody's.
declare
  c_circuit_opens_at constant integer := 3;
  c_blip constant interval := '10 seconds';
begin
  with report as (
    select
      r.endpoint_id, bool_or(r.is_well) as is_well, max(r.failed_from) as failed_from,
      (array_agg(r.error order by r.failed_from desc nulls last))[1] as error, min(r.disabling) as disabling
    from unnest(p_endpoint_ids, p_are_well, p_failed_from, p_errors, p_disabling) as r (endpoint_id, is_well, failed_from, error, disabling)
    group by r.endpoint_id
  ),
  held as materialized (
    select
      e.id, r.error, r.disabling,
      coalesce(not r.is_well and r.failed_from > coalesce(case when e.last_failure_at <= p_now then e.last_failure_at end, '-infinity'), false) as is_counted,
      case when r.is_well then 0 else e.failures_in_a_row end as failures,
      case when not r.is_well then e.failing_since end as failing_since,
      coalesce(e.disable_after, (select s.disable_endpoint_after from leadgen.settings s)) as disable_after
    from leadgen.endpoints e
    join report r on r.endpoint_id = e.id
    where (r.is_well and e.failures_in_a_row > 0)
      or (not r.is_well and r.failed_from > coalesce(case when e.last_failure_at <= p_now then e.last_failure_at end, '-infinity'))
      or (r.disabling is not null and e.disabled_at is null)
    order by e.id
    for no key update of e
  ),
  counted as (
    select
      h.*,
      coalesce(h.is_counted and h.failing_since > p_now - c_blip, false) as is_blip,
      case
        when not h.is_counted then h.failures
        when h.failing_since > p_now - c_blip then greatest(h.failures, least(h.failures + 1, c_circuit_opens_at))
        else h.failures + 1
      end as total
    from held h
  ),
  told as (
    select
      c.*,
      coalesce(c.disabling,
        case when c.is_counted and c.total >= c.disable_after then format('%s failed attempts in a row: %s', c.total, c.error) end) as verdict
    from counted c
  )
  update leadgen.endpoints e
  set
    failures_in_a_row = t.total,
    failing_since = case when t.total > 0 then coalesce(e.failing_since, p_now) end,
    last_failure_at = case when t.is_counted then p_now else e.last_failure_at end,
    retry_at = case
      when t.total < c_circuit_opens_at then null
      when t.is_blip then null
      when t.is_counted then p_now + least(5 * power(2, least(t.total - c_circuit_opens_at, 10)), 120) * interval '1 second'
      else e.retry_at
    end,
    disabled_at = coalesce(e.disabled_at, case when t.verdict is not null then p_now end),
    disabled_reason = coalesce(e.disabled_reason, t.verdict),
    updated_at = p_now
  from told t
  where e.id = t.id;
end;
$$;
comment on function outbox.note_endpoint_health(bigint[], boolean[], timestamptz[], text[], text[], timestamptz) is
  'What attempts say of their endpoints, aligned: whether it got through, when an attempt began that failed by the endpoint''s fault (null: it did not), with what error, and why the endpoint is to be disabled at once (null: it is not).';
