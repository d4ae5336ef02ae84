-- Reports: what a provider says of a message afterwards, or does not.

create or replace function outbox.check_report(p_provider_id text, p_status text)
returns void
language plpgsql
immutable
as $$
declare
  c_statuses constant text[] :=
    '{queued,accepted,scheduled,sending,sent,delivered,read,undelivered,failed,canceled}';
begin
  if coalesce(p_provider_id, '') !~ '^[[:graph:]]{1,64}$' then
    perform kernel.refuse('LG400', 'The report does not name the provider''s message', 'provider_id',
      'none, or text of another form', '1 to 64 characters');
  elsif p_status = any (c_statuses) is not true then
    perform kernel.refuse('LG400', 'There is no such status', 'status', coalesce(left(p_status, 50), 'none'),
      array_to_string(c_statuses, ', '));
  end if;
end;
$$;
comment on function outbox.check_report(text, text) is
  'LG400 unless a report names its message at the provider and a status that Twilio knows.';

create or replace function outbox.find_reported(p_message_id uuid, p_provider_id text)
returns leadgen.deliveries
language plpgsql
volatile
as $$
-- Reports come late, twice, in any order, and before the worker has recorded its attempt. The stored name is that of
-- the message before while the next one is sent: what is said of it then comes too late.
declare
  v_delivery leadgen.deliveries;
begin
  select d.* into v_delivery
  from leadgen.deliveries d
  where d.message_id = p_message_id and d.channel = 'sms'
  for no key update;
  if v_delivery.provider_id <> p_provider_id and not outbox.is_sent_again(v_delivery) then
    perform kernel.refuse('LG409', 'The report is of another message', 'provider_id', 'another id',
      'the id that the provider gave the message');
  end if;
  return v_delivery;
end;
$$;
comment on function outbox.find_reported(uuid, text) is
  'The delivery that a report is about, its row locked; nothing when there is none, LG409 when the report is of '
  'another of its messages.';

create or replace function outbox.is_sent_again(p_delivery leadgen.deliveries)
returns boolean
language plpgsql
stable
as $$
begin
  return p_delivery.status = 'sending' and exists (
    select from leadgen.delivery_attempts t
    where t.delivery_id = p_delivery.id and t.market_id = p_delivery.market_id);
end;
$$;
comment on function outbox.is_sent_again(leadgen.deliveries) is
  'Whether a delivery that was attempted before is being sent: its provider_id is that of the message before.';

create or replace function outbox.judge_report(
  p_delivery leadgen.deliveries,
  p_provider_id text,
  p_status text,
  p_error_code integer,
  p_now timestamptz
)
returns outbox.verdict
language plpgsql
volatile
as $$
-- Only the last word counts, and the first last word stands. One that overtakes the worker ends the lease: what the
-- worker records then is fenced. A row that waits or has ended is left as it is. Where an earlier attempt may have got
-- through, one that did not leaves the delivery unknown.
declare
  c_last_words constant text[] := '{delivered,read,undelivered,failed,canceled}';
  c_opt_outs constant integer[] := '{21610,30004}';
  v_is_sent_again constant boolean := outbox.is_sent_again(p_delivery);
  v_verdict outbox.verdict;
begin
  if p_delivery.status in ('sending', 'sent', 'unknown') is not true
    or (v_is_sent_again and p_delivery.provider_id is not distinct from p_provider_id) then
    return null;
  end if;
  if p_status <> all (c_last_words) then
    update leadgen.deliveries d
    set provider_id = p_provider_id
    where d.id = p_delivery.id and d.market_id = p_delivery.market_id and d.provider_id is null and not v_is_sent_again;
    return null;
  end if;

  v_verdict := outbox.begin_verdict(p_delivery, p_now);
  v_verdict.provider_id := p_provider_id;
  v_verdict.disables := coalesce(p_error_code = any (c_opt_outs), false);
  if p_status in ('delivered', 'read') then
    v_verdict.status := 'delivered';
    v_verdict.outcome := 'delivered';
  else
    v_verdict.status := outbox.find_fate(
      p_delivery.status, 'refused', null, p_delivery.id, p_delivery.market_id, p_delivery.attempts);
    v_verdict.outcome := 'refused';
    v_verdict.error_class := 'provider';
  end if;
  v_verdict.reason := case
    when v_verdict.disables then 'the recipient opted out: ' || p_error_code
    when v_verdict.outcome = 'refused' then
      concat_ws(', ', 'the provider reports: ' || p_status, 'error ' || p_error_code)
  end;
  if v_verdict.status = p_delivery.status then
    return null;
  end if;
  return v_verdict;
end;
$$;
comment on function outbox.judge_report(leadgen.deliveries, text, text, integer, timestamptz) is
  'What a report means for its delivery, whose row is locked; null: nothing follows. A first word keeps the '
  'provider''s name of the message.';

create or replace function outbox.begin_verdict(p_delivery leadgen.deliveries, p_now timestamptz)
returns outbox.verdict
language plpgsql
immutable
as $$
declare
  v_verdict outbox.verdict;
begin
  v_verdict.delivery_id := p_delivery.id;
  v_verdict.market_id := p_delivery.market_id;
  v_verdict.lead_id := p_delivery.lead_id;
  v_verdict.assignment_id := p_delivery.assignment_id;
  v_verdict.endpoint_id := p_delivery.endpoint_id;
  v_verdict.channel := p_delivery.channel;
  v_verdict.attempt := p_delivery.attempts;
  v_verdict.worker := p_delivery.worker;
  v_verdict.started_at := p_now;
  v_verdict.latency_ms := 0;
  return v_verdict;
end;
$$;
comment on function outbox.begin_verdict(leadgen.deliveries, timestamptz) is
  'A verdict on the current attempt at a delivery, reported now by no worker; its state and outcome are still open.';

create or replace function outbox.judge_silence(p_now timestamptz)
returns outbox.verdict[]
language plpgsql
volatile
as $$
-- A report that comes later all the same still counts. A message whose worker died before it said anything is unknown
-- at the end of its lease, where it must not be sent twice. Rows that somebody holds are left for the next round.
declare
  c_patience constant interval := '4 hours';
  v_delivery leadgen.deliveries;
  v_verdict outbox.verdict;
  v_verdicts outbox.verdict[] := '{}';
begin
  for v_delivery in
    select d.*
    from leadgen.deliveries d
    where d.id in (
        (
          select s.id
          from leadgen.deliveries s
          where s.status = 'sent' and s.created_at < p_now - c_patience
            and not exists (
              select from leadgen.delivery_attempts a
              where a.delivery_id = s.id and a.market_id = s.market_id and a.started_at >= p_now - c_patience)
          order by s.created_at
          limit 500
        )
        union all
        (
          select f.id
          from leadgen.channels way
          join leadgen.endpoints e on e.channel = way.code
          join leadgen.deliveries f on f.endpoint_id = e.id
          where not way.resends_lost and f.status = 'sending' and f.next_attempt_at <= p_now
        )
        limit 500
      )
      and (d.status = 'sent' or (d.status = 'sending' and d.next_attempt_at <= p_now))
    order by d.id
    for no key update skip locked
  loop
    v_verdict := outbox.begin_verdict(v_delivery, p_now);
    v_verdict.status := 'unknown';
    v_verdict.outcome := 'unknown';
    v_verdict.reason := 'the provider did not report';
    v_verdict.error_class := 'provider';
    v_verdicts := v_verdicts || v_verdict;
  end loop;
  return v_verdicts;
end;
$$;
comment on function outbox.judge_silence(timestamptz) is
  'Messages of which nobody has said anything for four hours, and those that were lost with their worker: unknown, at'
  ' most 500 at a time.';
