-- What is owed: the deliveries of a sale, written with it.

create or replace function outbox.queue_deliveries(
  p_market_id bigint,
  p_lead_id bigint,
  p_assignment_ids bigint[],
  p_buyer_offer_ids bigint[],
  p_timeout_seconds numeric,
  p_retry_seconds numeric[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Every lead that is sold passes here: one statement for all of its sales, from what was worked out when the buyer's
-- addresses were written (enrollment_endpoints). A buyer who lost its last endpoint after the lead was judged gets no
-- sale that nobody would hear of: the caller's transaction ends, and the lead is tried again.
declare
  v_timed leadgen.delivery_channel[];
  v_queued integer;
begin
  if p_timeout_seconds is not null then
    v_timed := array(select c.code from leadgen.channels c where c.is_url);
  end if;
  insert into leadgen.deliveries (
    created_at, market_id, lead_id, assignment_id, buyer_id, endpoint_id, channel, target, next_attempt_at,
    timeout_seconds, retry_seconds
  )
  select
    p_now, p_market_id, p_lead_id, sale.id, e.buyer_id, e.id, e.channel, e.target, p_now,
    case when e.channel = any (v_timed) then p_timeout_seconds end, p_retry_seconds
  from unnest(p_assignment_ids, p_buyer_offer_ids) as sale (id, buyer_offer_id)
  join leadgen.enrollment_endpoints w on w.buyer_offer_id = sale.buyer_offer_id
  join leadgen.endpoints e on e.id = w.endpoint_id;
  get diagnostics v_queued = row_count;

  if v_queued >= cardinality(p_assignment_ids) and cardinality(p_assignment_ids) > 1 then
    v_queued := (
      select count(distinct d.assignment_id) from leadgen.deliveries d where d.assignment_id = any (p_assignment_ids));
  end if;
  if v_queued < cardinality(p_assignment_ids) then
    raise exception using
      errcode = 'serialization_failure',
      message = 'the buyer''s channels changed while the lead was sold to it',
      hint = 'Send the same lead again.';
  end if;
  perform outbox.ring_workers();
end;
$$;
comment on function outbox.queue_deliveries(bigint, bigint, bigint[], bigint[], numeric, numeric[], timestamptz) is
  'Queues the deliveries of a lead''s new sales (aligned: sales, enrollments), one for each endpoint by which an '
  'enrollment is told, and wakes a worker that sleeps. The policy''s timeout and retries go with them; null: the '
  'worker''s own.';
