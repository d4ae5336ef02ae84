-- Road: what became of a delivery is reported, by the worker that sent it, later by the provider that took it, or by
-- nobody in time. Each of the three finds verdicts; what follows of them is the same.
-- Lock order: deliveries by id, then sales, leads and endpoints. Nobody here waits for an offer: what needs one (a
-- place that goes back, a return) is noted, and left to leadgen.release_due_sale and leadgen.settle_return.

create or replace function roads.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns table (delivery_id bigint, status text, outcome text, reason text)
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_results constant outbox.result[] := outbox.read_results(p_results, v_now);
  v_verdicts constant outbox.verdict[] := outbox.judge_results(v_results, p_max_retries, p_retry_delay, v_now);
begin
  perform roads.follow_verdicts(v_verdicts, v_now);
  return query
  select
    v.delivery_id, coalesce(v.status::text, case when v.outcome = 'locked' then 'locked' else 'fenced' end),
    nullif(v.outcome, 'locked'), v.reason
  from unnest(v_verdicts) v;
end;
$$;
comment on function roads.record_attempts(jsonb, integer, interval) is 'The work of leadgen.record_attempts.';

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
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery leadgen.deliveries;
  v_verdict outbox.verdict;
begin
  perform outbox.check_report(p_provider_id, p_status);
  v_delivery := outbox.find_reported(p_message_id, p_provider_id);
  v_verdict := outbox.judge_report(v_delivery, p_provider_id, p_status, p_error_code, v_now);
  if v_verdict.status is not null then
    perform roads.follow_verdicts(array[v_verdict], v_now);
  end if;
  return v_delivery.id is not null;
end;
$$;
comment on function roads.record_sms_status(uuid, text, text, integer) is 'The work of leadgen.record_sms_status.';

create or replace function roads.settle_reports()
returns integer
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_verdicts constant outbox.verdict[] := outbox.judge_silence(v_now);
begin
  if v_verdicts <> '{}' then
    perform roads.follow_verdicts(v_verdicts, v_now);
  end if;
  return cardinality(v_verdicts);
end;
$$;
comment on function roads.settle_reports() is 'The work of leadgen.settle_reports.';

create or replace function roads.follow_verdicts(p_verdicts outbox.verdict[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_ended bigint[];
  v_accepted bigint[];
  v_rejected bigint[];
begin
  perform outbox.log_attempts(p_verdicts);
  perform outbox.conclude_deliveries(p_verdicts, p_now);

  select
    array_agg(v.assignment_id) filter (where v.status in ('delivered', 'unknown', 'dead')),
    array_agg(v.assignment_id) filter (where v.status = 'delivered' and v.outcome = 'accepted'),
    array_agg(v.assignment_id) filter (where v.status = 'delivered' and v.outcome = 'rejected')
  into v_ended, v_accepted, v_rejected
  from unnest(p_verdicts) v
  where v.assignment_id is not null;
  if v_ended is not null then
    perform market.settle_assignments(v_ended, v_accepted, v_rejected, p_now);
  end if;
  if v_accepted is not null then
    perform billing.earn_sales(v_accepted, p_now);
  end if;
  if v_rejected is not null then
    perform roads.note_rejections(p_verdicts, p_now);
  end if;
  perform outbox.note_endpoint_health(p_verdicts, p_now);
end;
$$;
comment on function roads.follow_verdicts(outbox.verdict[], timestamptz) is
  'What follows of attempts for their deliveries, whose rows the caller holds, and for sales, leads and endpoints.';

create or replace function roads.note_rejections(p_verdicts outbox.verdict[], p_now timestamptz)
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
  select
    p_now, a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id,
    coalesce(
      (select c.code from leadgen.return_reasons c where c.code = v.reason and c.is_active), 'rejected_on_delivery'),
    nullif(outbox.redact_reply(v.reason, array[l.name, l.email, l.message] || v.personal), ''), 'reply', 'received'
  from unnest(p_verdicts) v
  join leadgen.lead_assignments a on a.id = v.assignment_id
  join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
  where v.status = 'delivered' and v.outcome = 'rejected' and not market.has_ended(a)
  order by a.id
  on conflict do nothing;
end;
$$;
comment on function roads.note_rejections(outbox.verdict[], timestamptz) is
  'Notes that buyers rejected leads by the reply to the webhook; once a sale.';
