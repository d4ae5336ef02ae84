-- Results: what workers report of their attempts, what that means, and how it is recorded.
-- A verdict (outbox.verdict) is the one currency here: workers' results, providers' reports (reports.sql) and silence
-- all become verdicts, and every verdict is logged and concluded by the same two functions.

create or replace function outbox.read_results(p_results jsonb, p_now timestamptz)
returns outbox.result[]
language plpgsql
stable
as $$
-- Numbers are brought within what the columns hold, so that one odd result does not refuse its neighbours. Of two
-- results of the same claim the better one counts.
begin
  return array(
    select (
      r.delivery_id, r.lease_token, coalesce(r.started_at, p_now), r.outcome,
      case when r.status_code between 0 and 9999 then r.status_code::integer end,
      coalesce(least(greatest(r.latency_ms, 0), 99999999), 0),
      r.error, r.error_class, r.reply, r.retry_after_seconds, r.provider_id, r.disables, r.personal
    )::outbox.result
    from (
      select distinct on (r.delivery_id, r.lease_token) r.*
      from jsonb_to_recordset(p_results) as r (
        delivery_id bigint, lease_token uuid, started_at timestamptz, outcome text, status_code numeric,
        latency_ms numeric, error text, error_class text, reply text, retry_after_seconds numeric, provider_id text,
        disables boolean, personal text[])
      order by r.delivery_id, r.lease_token, r.outcome in ('answered', 'delivered', 'sent') desc
    ) r
  );
end;
$$;
comment on function outbox.read_results(jsonb, timestamptz) is
  'What leadgen.record_attempts is handed, as results: one a claim, its numbers bounded.';

create or replace function outbox.lock_results(p_results outbox.result[])
returns bigint[]
language plpgsql
volatile
as $$
-- Nobody is waited for: one row that somebody holds would stop the results of all others.
declare
  v_id bigint;
  v_free bigint[] := '{}';
begin
  for v_id in
    select d.id
    from (select distinct u.delivery_id from unnest(p_results) u) r
    join leadgen.deliveries d on d.id = r.delivery_id
    left join lateral (
      select a.id
      from leadgen.lead_assignments a
      where a.id = d.assignment_id and a.market_id = d.market_id
      for no key update skip locked
    ) sale on true
    left join lateral (
      select l.id
      from leadgen.leads l
      where l.id = d.lead_id and l.market_id = d.market_id
      for no key update skip locked
    ) lead on true
    where (d.assignment_id is null or sale.id is not null) and (d.lead_id is null or lead.id is not null)
    for no key update of d skip locked
  loop
    v_free := v_free || v_id;
  end loop;
  if cardinality(v_free) = cardinality(p_results) then
    return '{}';
  end if;
  return array(
    select u.delivery_id
    from unnest(p_results) u
    join leadgen.deliveries d on d.id = u.delivery_id
    where d.id <> all (v_free));
end;
$$;
comment on function outbox.lock_results(outbox.result[]) is
  'Locks what results change: deliveries, each with its sale and its lead. Returns the deliveries of which somebody '
  'else holds one of these rows.';

create or replace function outbox.judge_results(
  p_results outbox.result[],
  p_max_retries integer,
  p_retry_delay interval,
  p_now timestamptz
)
returns outbox.verdict[]
language plpgsql
volatile
as $$
-- The rows are locked before. A result counts under the row's token; and once for a delivery that was
-- cancelled while it was sent, because it says what the buyer got. All others come from workers that outslept their
-- leases. A plain 2xx, which is most of the work, needs no judge (`offset 0`: else the planner calls judge_answer
-- for every row). What somebody else holds is told as locked, and is to be reported again.
declare
  v_locked constant bigint[] := outbox.lock_results(p_results);
begin
  return array(
    with held as materialized (
      select
        r.*, d.market_id, d.lead_id, d.assignment_id, d.buyer_id, d.endpoint_id, d.channel, d.status, d.attempts,
        d.attempts_before, d.retry_seconds, d.worker,
        case when d.lease_token = r.lease_token
          or (d.status = 'cancelled' and not outbox.is_logged(d.id, d.market_id, d.attempts))
          then coalesce(r.outcome, 'unknown') end as said
      from (select u.* from unnest(p_results) u order by u.delivery_id) r
      left join leadgen.deliveries d on d.id = r.delivery_id and d.id <> all (v_locked)
    ),
    judged as materialized (
      select
        h.*, way.resends_lost,
        case
          when h.said is null or h.said in ('delivered', 'sent', 'failed', 'refused', 'unknown') then h.said
          when h.said = 'answered' then coalesce(answer.outcome, 'delivered')
          else 'unknown'
        end as meaning,
        coalesce(answer.reason, case when h.said is not null then h.error end) as reason,
        case when h.said = 'answered' then answer.error_class else h.error_class end as trouble
      from held h
      left join leadgen.channels way on way.code = h.channel
      left join leadgen.buyers b on b.id = h.buyer_id and h.said = 'answered'
      left join lateral (
        select j.outcome, j.reason, j.error_class
        from outbox.judge_answer(h.status_code, h.reply, b.compiled_response_rules) j
        where h.said = 'answered' and outbox.is_plain(h.status_code, h.reply, b.compiled_response_rules) is not true
        offset 0
      ) answer on true
    )
    select (
      j.delivery_id, outbox.find_fate(j.status, j.meaning, retry.at, j.delivery_id, j.market_id, j.attempts), retry.at,
      case when j.delivery_id = any (v_locked) then 'locked' else j.meaning end, j.reason, j.trouble, j.market_id,
      j.lead_id, j.assignment_id, j.endpoint_id, j.channel, j.attempts, j.worker, j.started_at, j.latency_ms,
      j.status_code, j.reply, j.provider_id, j.disables, j.personal)::outbox.verdict
    from judged j
    cross join lateral (
      select case
        when j.status = 'cancelled' or (j.meaning = 'unknown' and (j.said = 'answered' or not j.resends_lost)) then null
        when j.meaning = 'gone' then p_now
        when j.meaning in ('failed', 'unknown') then outbox.plan_retry(
          p_now, j.attempts - j.attempts_before, p_max_retries, p_retry_delay, j.retry_after_seconds, j.retry_seconds,
          (select s.slow_retry_seconds from leadgen.settings s))
      end as at
    ) retry
  );
end;
$$;
comment on function outbox.judge_results(outbox.result[], integer, interval, timestamptz) is
  'What each result means for its delivery, whose row is locked; of the worker''s own retries how many there are and '
  'how far apart. A verdict without a status is fenced, or locked if that is its outcome.';

create or replace function outbox.find_fate(
  p_status leadgen.delivery_status,
  p_outcome text,
  p_retry_at timestamptz,
  p_delivery_id bigint,
  p_market_id bigint,
  p_attempt integer
)
returns leadgen.delivery_status
language sql
stable
as $$
-- An expression, so that it is inlined.
  select case
    when p_outcome is null then null
    when p_status = 'cancelled' then 'cancelled'
    when p_outcome in ('delivered', 'accepted', 'rejected') then 'delivered'
    when p_outcome = 'sent' then 'sent'
    when p_retry_at is not null then 'pending'
    when p_outcome = 'unknown' or outbox.may_have_arrived(p_delivery_id, p_market_id, p_attempt) then 'unknown'
    else 'dead'
  end::leadgen.delivery_status;
$$;
comment on function outbox.find_fate(leadgen.delivery_status, text, timestamptz, bigint, bigint, integer) is
  'The state that a delivery goes to after an attempt, by what it was, what the attempt came to and when the next one'
  ' is; without an outcome none.';

create or replace function outbox.is_logged(p_delivery_id bigint, p_market_id bigint, p_attempt integer)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
    select from leadgen.delivery_attempts t
    where t.delivery_id = p_delivery_id and t.market_id = p_market_id and t.attempt = p_attempt);
end;
$$;
comment on function outbox.is_logged(bigint, bigint, integer) is 'Whether this attempt at a delivery is in the log.';

create or replace function outbox.log_attempts(p_verdicts outbox.verdict[])
returns void
language plpgsql
volatile
as $$
-- Of a cancelled delivery the receiver's words are not kept: its lead may be erased.
begin
  insert into leadgen.delivery_attempts (
    market_id, delivery_id, attempt, worker, started_at, latency_ms, outcome, status_code, error, error_class, reply
  )
  select
    v.market_id, v.delivery_id, v.attempt, v.worker, v.started_at, v.latency_ms,
    case when v.outcome in ('accepted', 'rejected') then 'delivered' when v.outcome = 'gone' then 'refused'
      else v.outcome end,
    v.status_code,
    case when v.outcome not in ('delivered', 'accepted', 'rejected') then v.reason end,
    v.error_class,
    case when v.reply <> '' and v.status <> 'cancelled' then
      outbox.redact_reply(
        v.reply, array[l.name, l.email, l.message, l.city, nullif(l.attributes::text, '{}')] || v.personal) end
  from unnest(p_verdicts) v
  left join leadgen.leads l on l.id = v.lead_id and l.market_id = v.market_id and v.reply <> ''
  where v.status is not null;
end;
$$;
comment on function outbox.log_attempts(outbox.verdict[]) is 'Writes attempts into the log.';

create or replace function outbox.conclude_deliveries(p_verdicts outbox.verdict[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.deliveries d
  set
    status = v.status,
    lease_token = null,
    next_attempt_at = v.retry_at,
    finished_at = case when v.status in ('delivered', 'unknown', 'dead') then p_now end,
    last_error = case when v.status not in ('delivered', 'sent') then v.reason end,
    provider_id = coalesce(v.provider_id, d.provider_id),
    attempts_before = case when v.outcome = 'gone' then v.attempt else d.attempts_before end
  from unnest(p_verdicts) v
  where d.id = v.delivery_id and d.market_id = v.market_id and v.status <> 'cancelled';
end;
$$;
comment on function outbox.conclude_deliveries(outbox.verdict[], timestamptz) is
  'Brings deliveries to the states that were found for them. The caller holds their rows.';
