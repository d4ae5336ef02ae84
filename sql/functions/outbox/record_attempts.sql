create or replace function leadgen.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns table (delivery_id bigint, status text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A batch of outcomes in one transaction. Rows are locked by id; an outcome whose token is no longer the row's comes
-- from a worker that outslept its lease and is refused. A delivery that was cancelled while it was sent (its sale was
-- returned) stays so, but the attempt is logged: it says what the buyer got.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  if exists (
    select from jsonb_array_elements(p_results) r
    where coalesce(r ->> 'outcome', '') not in ('delivered', 'failed', 'refused', 'unknown')
  ) then
    perform leadgen.refuse('LG400', 'A result has no outcome that there is', 'outcome', 'another word or none',
      'delivered, failed, refused, unknown');
  end if;
  return query
  with result as materialized (
    select distinct on (r.delivery_id, r.lease_token) r.*
    from jsonb_to_recordset(p_results) as r (
      delivery_id bigint, lease_token uuid, started_at timestamptz, outcome text, status_code integer, latency_ms numeric,
      error text, reply text, retry_after_seconds numeric)
    order by r.delivery_id, r.lease_token, r.outcome = 'delivered' desc
  ),
  held as materialized (
    select d.*
    from leadgen.deliveries d
    where d.id = any (array(select r.delivery_id from result r))
    order by d.id
    for no key update
  ),
  verdict as materialized (
    select
      h.id, r.lease_token, h.market_id, h.lead_id, h.assignment_id, h.attempts, h.worker,
      r.started_at, r.outcome, r.status_code, r.latency_ms, r.error, r.reply,
      retry.at as retry_at,
      case
        when h.status = 'cancelled' then 'cancelled'
        when r.outcome = 'delivered' then 'delivered'
        when r.outcome = 'refused' then 'dead'
        when retry.at is not null then 'pending'
        when r.outcome = 'unknown' then 'unknown'
        else 'dead'
      end::leadgen.delivery_status as new_status
    from held h
    join result r on r.delivery_id = h.id and (r.lease_token = h.lease_token or h.status = 'cancelled')
    cross join lateral (
      select case when r.outcome in ('failed', 'unknown') and h.status <> 'cancelled' then
        leadgen.plan_retry(v_now, h.attempts, p_max_retries, p_retry_delay, r.retry_after_seconds, h.retry_seconds) end as at
    ) retry
  ),
  logged as (
    insert into leadgen.delivery_attempts (
      market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, status_code, error, reply)
    select v.market_id, v.id, v.attempts, v.worker, v.started_at, least(v.latency_ms, 99999999), v.outcome, v.status_code, v.error, v.reply
    from verdict v
  ),
  updated as (
    update leadgen.deliveries d
    set
      status = v.new_status,
      lease_token = null,
      next_attempt_at = v.retry_at,
      finished_at = case when v.retry_at is null then v_now end,
      last_error = case when v.new_status <> 'delivered' then v.error end
    from verdict v
    where d.id = v.id and d.market_id = v.market_id and d.status <> 'cancelled'
    returning d.id
  )
  select r.delivery_id, coalesce(v.new_status::text, 'fenced')
  from result r
  left join verdict v on v.id = r.delivery_id and v.lease_token = r.lease_token;

  perform leadgen.settle_assignments(array(
    select distinct d.assignment_id
    from leadgen.deliveries d
    where d.id = any (array(select (r ->> 'delivery_id')::bigint from jsonb_array_elements(p_results) r))
      and d.finished_at is not null
  ), v_now);
end;
$$;
comment on function leadgen.record_attempts(jsonb, integer, interval) is
  'Records outcomes of claimed deliveries and what follows for sale and lead. Returns each delivery''s new status, or fenced where the lease is no longer held.';
