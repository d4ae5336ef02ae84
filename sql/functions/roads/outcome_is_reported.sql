-- Road: what became of a delivery is reported.

create or replace function roads.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns table (delivery_id bigint, status text, outcome text, reason text)
language plpgsql
volatile
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
      from outbox.judge_answer(h.status_code, h.reply, b.compiled_response_rules) j
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
        when j.outcome = 'unknown' or outbox.may_have_arrived(j.id, j.market_id, j.attempts) then 'unknown'
        else 'dead'
      end::leadgen.delivery_status as new_status
    from judged j
    cross join lateral (
      select case
        when j.status = 'cancelled' or (j.channel = 'sms' and j.outcome = 'unknown') then null
        when j.outcome = 'gone' then v_now
        when j.outcome in ('failed', 'unknown') then outbox.plan_retry(v_now, j.attempts - j.attempts_before, p_max_retries, p_retry_delay,
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
        outbox.redact_reply(v.reply, array[l.name, l.email, l.message, l.city, nullif(l.attributes::text, '{}')]) end
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
    perform market.settle_assignments(v_ended, v_accepted, v_rejected, v_now);
  end if;
  if v_rejected is not null then
    perform roads.note_rejections(v_rejected, v_rejections);
  end if;
  if v_endpoints is not null then
    perform outbox.note_endpoint_health(v_endpoints, v_are_well, v_failed_from, v_errors, v_disabling, v_now);
  end if;
  return query select r.* from unnest(v_ids, v_statuses, v_outcomes, v_reasons) r;
end;
$$;
comment on function roads.record_attempts(jsonb, integer, interval) is 'The work of leadgen.record_attempts.';

create or replace function roads.note_rejections(p_assignment_ids bigint[], p_reasons text[])
returns void
language plpgsql
volatile
as $$
-- Whether it is returned, leadgen.settle_return decides, under the offer's lock. A code that there is counts as such;
-- anything else is the receiver's own words.
begin
  insert into leadgen.sale_returns (
    created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
  )
  select leadgen.clock(), a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, code.code,
    nullif(outbox.redact_reply(r.reason, array[l.name, l.email, l.message]), ''), 'reply', 'received'
  from unnest(p_assignment_ids, p_reasons) as r (assignment_id, reason)
  join leadgen.lead_assignments a on a.id = r.assignment_id
  join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
  cross join lateral (
    select coalesce(
      (select c.code from leadgen.return_reasons c where c.code = r.reason and c.is_active), 'rejected_on_delivery') as code
  ) code
  where not market.has_ended(a)
  order by a.id
  on conflict do nothing;
end;
$$;
comment on function roads.note_rejections(bigint[], text[]) is
  'Notes that buyers rejected leads by the reply to the webhook; once a sale.';

create or replace function roads.record_sms_status(
  p_message_id uuid,
  p_provider_id text,
  p_status text,
  p_error_code integer
)
returns boolean
language plpgsql
volatile
as $$
-- The stored name is that of the message before while the next one is sent: what is said of it then comes too late.
-- Reports come late, twice, in any order, and before the worker has recorded its attempt. Only the last word counts, and the
-- first last word stands. One that overtakes the worker ends the lease: what the worker records then is fenced. A row that
-- waits or has ended is left as it is. Each conclusion is logged, under the number of the attempt that it is about. Where an
-- earlier attempt may have got through, one that did not leaves the delivery unknown.
declare
  c_last_words constant text[] := '{delivered,read,undelivered,failed,canceled}';
  c_statuses constant text[] := '{queued,accepted,scheduled,sending,sent}'::text[] || c_last_words;
  c_opt_outs constant integer[] := '{21610,30004}';
  v_now constant timestamptz := leadgen.clock();
  v_error constant text := concat_ws(', ', 'the provider reports: ' || p_status, 'error ' || p_error_code);
  v_delivery leadgen.deliveries;
  v_status leadgen.delivery_status;
  v_is_old boolean := false;
  v_was_tried boolean;
begin
  if coalesce(p_provider_id, '') !~ '^[[:graph:]]{1,64}$' then
    perform kernel.refuse('LG400', 'A report names the message at the provider', 'provider_id', 'none, or text of another form',
      '1 to 64 characters');
  elsif p_status = any (c_statuses) is not true then
    perform kernel.refuse('LG400', 'There is no such status', 'status', coalesce(left(p_status, 50), 'none'), array_to_string(c_statuses, ', '));
  end if;
  select d.* into v_delivery
  from leadgen.deliveries d
  where d.message_id = p_message_id and d.channel = 'sms'
  for no key update;
  if not found then
    return false;
  end if;
  v_was_tried := exists (
    select from leadgen.delivery_attempts t where t.delivery_id = v_delivery.id and t.market_id = v_delivery.market_id);
  if v_delivery.status = 'sending' and v_was_tried then
    v_is_old := v_delivery.provider_id is not distinct from p_provider_id;
  elsif v_delivery.provider_id <> p_provider_id then
    perform kernel.refuse('LG409', 'The report is of another message', 'provider_id', 'another id',
      'the id that the provider gave the message');
  end if;
  if v_is_old or v_delivery.status not in ('sending', 'sent', 'unknown') then
    return true;
  end if;

  if p_status = any (c_last_words) is not true then
    update leadgen.deliveries d
    set provider_id = p_provider_id
    where d.id = v_delivery.id and d.market_id = v_delivery.market_id and d.provider_id is null
      and (d.status <> 'sending' or not v_was_tried);
    return true;
  end if;

  v_status := case
    when p_status in ('delivered', 'read') then 'delivered'
    when outbox.may_have_arrived(v_delivery.id, v_delivery.market_id, v_delivery.attempts) then 'unknown'
    else 'dead'
  end;
  if v_status = v_delivery.status then
    return true;
  end if;
  update leadgen.deliveries d
  set
    provider_id = p_provider_id, status = v_status, lease_token = null, next_attempt_at = null, finished_at = v_now,
    last_error = case when v_status <> 'delivered' then v_error end
  where d.id = v_delivery.id and d.market_id = v_delivery.market_id;
  insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, error, error_class)
  values (
    v_delivery.market_id, v_delivery.id, v_delivery.attempts, v_delivery.worker, v_now, 0,
    case v_status when 'delivered' then 'delivered' else 'refused' end,
    case when v_status <> 'delivered' then v_error end,
    case when v_status <> 'delivered' then 'provider' end);
  perform market.settle_assignments(array_remove(array[v_delivery.assignment_id], null), '{}', '{}', v_now);
  if p_error_code = any (c_opt_outs) then
    update leadgen.endpoints e
    set disabled_at = v_now, disabled_reason = 'the recipient opted out: ' || p_error_code, updated_at = v_now
    where e.id = v_delivery.endpoint_id and e.disabled_at is null;
  end if;
  return true;
end;
$$;
comment on function roads.record_sms_status(uuid, text, text, integer) is 'The work of leadgen.record_sms_status.';

create or replace function roads.settle_reports()
returns integer
language plpgsql
volatile
as $$
-- A report that comes later all the same still counts (record_sms_status). A text message whose worker died before it said
-- anything is unknown at the end of its lease. Rows that somebody holds are left for the next round.
declare
  c_patience constant interval := '4 hours';
  v_now constant timestamptz := leadgen.clock();
  v_assignments bigint[];
  v_count integer;
begin
  with silent as materialized (
    select d.id, d.market_id, d.attempts, d.worker
    from leadgen.deliveries d
    where d.id in (
        select s.id
        from leadgen.deliveries s
        where s.status = 'sent'
          and v_now - c_patience > (
            select coalesce(max(a.started_at), s.created_at)
            from leadgen.delivery_attempts a
            where a.delivery_id = s.id and a.market_id = s.market_id)
        union all
        select f.id
        from leadgen.deliveries f
        where f.channel = 'sms' and f.lease_token is not null and f.next_attempt_at <= v_now
        limit 500)
      and (d.status = 'sent' or (d.lease_token is not null and d.next_attempt_at <= v_now))
    order by d.id
    for no key update skip locked
  ),
  settled as (
    update leadgen.deliveries d
    set status = 'unknown', lease_token = null, next_attempt_at = null, finished_at = v_now, last_error = 'the provider did not report'
    from silent s
    where d.id = s.id and d.market_id = s.market_id
    returning d.assignment_id
  ),
  logged as (
    insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, error, error_class)
    select s.market_id, s.id, s.attempts, s.worker, v_now, 0, 'unknown', 'the provider did not report', 'provider'
    from silent s
  )
  select count(*), array_agg(s.assignment_id) filter (where s.assignment_id is not null) into v_count, v_assignments
  from settled s;
  if v_assignments is not null then
    perform market.settle_assignments(v_assignments, '{}', '{}', v_now);
  end if;
  return v_count;
end;
$$;
comment on function roads.settle_reports() is 'The work of leadgen.settle_reports.';
