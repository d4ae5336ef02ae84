create or replace function leadgen.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns table (delivery_id bigint, status text, outcome text, reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
-- A batch of outcomes in one transaction. Rows are locked by id; an outcome whose token is no longer the row's comes
-- from a worker that outslept its lease and is refused. A delivery that was cancelled while it was sent (its sale was
-- returned, its lead erased) stays so, but the attempt is logged, without the receiver's words: it says what the buyer got.
--
-- A text message is not sent again when nobody knows whether it was.
declare
  v_now constant timestamptz := leadgen.clock();
  v_ids bigint[];
  v_statuses text[];
  v_outcomes text[];
  v_reasons text[];
  v_ended bigint[];
  v_accepted bigint[];
  v_rejected bigint[];
  v_rejections text[];
  v_endpoints bigint[];
  v_are_well boolean[];
  v_failed_from timestamptz[];
  v_errors text[];
  v_disabling text[];
begin
  with result as materialized (
    select distinct on (r.delivery_id, r.lease_token)
      row_number() over () as place, r.delivery_id, r.lease_token, r.outcome, r.error, r.error_class, r.reply, r.retry_after_seconds,
      r.provider_id, r.disables,
      case when r.status_code between 0 and 9999 then r.status_code::integer end as status_code,
      coalesce(least(greatest(r.latency_ms, 0), 99999999), 0) as latency_ms,
      coalesce(r.started_at, v_now) as started_at
    from jsonb_to_recordset(p_results) as r (
      delivery_id bigint, lease_token uuid, started_at timestamptz, outcome text, status_code numeric, latency_ms numeric,
      error text, error_class text, reply text, retry_after_seconds numeric, provider_id text, disables boolean)
    order by r.delivery_id, r.lease_token, r.outcome in ('answered', 'delivered', 'sent') desc
  ),
  held as materialized (
    select
      r.*, d.id, d.market_id, d.lead_id, d.assignment_id, d.buyer_id, d.endpoint_id, d.channel, d.status, d.attempts, d.attempts_before,
      d.lease_token as current_token, d.worker, d.retry_seconds
    from result r
    join leadgen.deliveries d on d.id = r.delivery_id
    order by d.id
    for no key update of d
  ),
  judged as materialized (
    select
      h.place, h.id, h.market_id, h.lead_id, h.assignment_id, h.endpoint_id, h.channel, h.status, h.attempts, h.attempts_before,
      h.worker, h.retry_seconds, h.started_at, h.status_code, h.latency_ms, h.reply, h.retry_after_seconds, h.provider_id, h.disables,
      case
        when h.outcome in ('delivered', 'sent', 'failed', 'refused', 'unknown') then h.outcome
        when h.outcome = 'answered' then coalesce(answer.outcome, 'delivered')
        else 'unknown'
      end as outcome,
      coalesce(answer.reason, h.error) as reason,
      case when h.outcome = 'answered' then answer.error_class else h.error_class end as error_class
    from held h
    left join leadgen.buyers b on b.id = h.buyer_id and h.outcome = 'answered'
    left join lateral (
      select j.outcome, j.reason, j.error_class
      from leadgen.judge_answer(h.status_code, h.reply, b.compiled_response_rules) j
      where h.outcome = 'answered'
        and (h.status_code between 200 and 299 and b.compiled_response_rules is null and coalesce(h.reply, '') !~* 'accepted|rejected') is not true
    ) answer on true
    where h.lease_token = h.current_token
      or (h.status = 'cancelled' and not exists (
        select from leadgen.delivery_attempts t where t.delivery_id = h.id and t.market_id = h.market_id and t.attempt = h.attempts))
  ),
  verdict as materialized (
    select
      j.*, retry.at as retry_at,
      case
        when j.status = 'cancelled' then 'cancelled'
        when j.outcome in ('delivered', 'accepted', 'rejected') then 'delivered'
        when j.outcome = 'sent' then 'sent'
        when retry.at is not null then 'pending'
        when j.outcome = 'unknown' or leadgen.may_have_arrived(j.id, j.market_id, j.attempts) then 'unknown'
        else 'dead'
      end::leadgen.delivery_status as new_status
    from judged j
    cross join lateral (
      select case
        when j.status = 'cancelled' or (j.channel = 'sms' and j.outcome = 'unknown') then null
        when j.outcome = 'gone' then v_now
        when j.outcome in ('failed', 'unknown') then leadgen.plan_retry(v_now, j.attempts - j.attempts_before, p_max_retries, p_retry_delay,
          j.retry_after_seconds, j.retry_seconds, (select s.slow_retry_seconds from leadgen.settings s))
      end as at
    ) retry
  ),
  logged as (
    insert into leadgen.delivery_attempts (
      market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, status_code, error, error_class, reply)
    select
      v.market_id, v.id, v.attempts, v.worker, v.started_at, v.latency_ms,
      case when v.outcome in ('accepted', 'rejected') then 'delivered' when v.outcome = 'gone' then 'refused' else v.outcome end,
      v.status_code,
      case when v.outcome not in ('delivered', 'accepted', 'rejected') then v.reason end,
      v.error_class,
      case when v.reply <> '' and v.status <> 'cancelled' then
        leadgen.redact_reply(v.reply, array[l.name, l.email, l.message, l.city, nullif(l.attributes::text, '{}')]) end
    from verdict v
    left join leadgen.leads l on l.id = v.lead_id and l.market_id = v.market_id and v.reply <> ''
  ),
  updated as (
    update leadgen.deliveries d
    set
      status = v.new_status,
      lease_token = null,
      next_attempt_at = v.retry_at,
      finished_at = case when v.new_status in ('delivered', 'unknown', 'dead') then v_now end,
      last_error = case when v.new_status not in ('delivered', 'sent') then v.reason end,
      provider_id = coalesce(v.provider_id, d.provider_id),
      attempts_before = case when v.outcome = 'gone' then v.attempts else d.attempts_before end
    from verdict v
    where d.id = v.id and d.market_id = v.market_id and d.status <> 'cancelled'
  ),
  told as (
    select
      v.id as delivery_id, v.new_status::text, v.outcome, v.reason, v.assignment_id, v.endpoint_id,
      v.outcome in ('delivered', 'accepted', 'rejected', 'sent') as is_well,
      case when case v.channel
        when 'webhook' then v.outcome in ('failed', 'unknown', 'refused') and case v.error_class
          when 'http_4xx' then v.status_code in (408, 429)
          else v.error_class not in ('message', 'setup')
        end
        when 'email' then v.error_class = 'smtp_5xx'
      end then greatest(
        least(v.started_at, v_now - v.latency_ms * interval '1 millisecond'),
        v_now - v.latency_ms * interval '1 millisecond' - interval '1 minute') end as failed_from,
      case
        when v.outcome = 'gone' then 'HTTP 410: the receiver wants no more'
        when v.disables then coalesce(v.reason, 'the receiver wants no more')
      end as disabling
    from verdict v
    union all
    select r.delivery_id, 'fenced', null, null, null, null, null, null, null
    from result r
    where r.place not in (select v.place from verdict v)
  )
  select
    array_agg(t.delivery_id), array_agg(t.new_status), array_agg(t.outcome), array_agg(t.reason),
    array_agg(t.assignment_id) filter (where t.assignment_id is not null and t.new_status in ('delivered', 'unknown', 'dead')),
    array_agg(t.assignment_id) filter (where t.outcome = 'accepted' and t.new_status = 'delivered'),
    array_agg(t.assignment_id) filter (where t.outcome = 'rejected' and t.new_status = 'delivered' and t.assignment_id is not null),
    array_agg(t.reason) filter (where t.outcome = 'rejected' and t.new_status = 'delivered' and t.assignment_id is not null),
    array_agg(t.endpoint_id) filter (where t.endpoint_id is not null),
    array_agg(t.is_well) filter (where t.endpoint_id is not null),
    array_agg(t.failed_from) filter (where t.endpoint_id is not null),
    array_agg(t.reason) filter (where t.endpoint_id is not null),
    array_agg(t.disabling) filter (where t.endpoint_id is not null)
  into
    v_ids, v_statuses, v_outcomes, v_reasons, v_ended, v_accepted, v_rejected, v_rejections,
    v_endpoints, v_are_well, v_failed_from, v_errors, v_disabling
  from told t;

  if v_ended is not null then
    perform leadgen.settle_assignments(v_ended, v_accepted, v_rejected, v_now);
  end if;
  if v_rejected is not null then
    perform leadgen.note_rejections(v_rejected, v_rejections);
  end if;
  if v_endpoints is not null then
    perform leadgen.note_endpoint_health(v_endpoints, v_are_well, v_failed_from, v_errors, v_disabling, v_now);
  end if;
  return query select r.* from unnest(v_ids, v_statuses, v_outcomes, v_reasons) r;
end;
$$;
comment on function leadgen.record_attempts(jsonb, integer, interval) is
  'Records outcomes of claimed deliveries and what follows for sale, lead and endpoint. Returns each delivery''s new status, or fenced where the lease is no longer held, and what its answer was judged to mean.';
