create or replace function leadgen.resend_delivery(p_id bigint, p_from leadgen.delivery_status[], p_replay_id bigint)
returns text
language plpgsql
volatile
as $$
-- Only the delivery's row is locked. Whoever ends the sale or erases the lead takes that row before anything else, so what
-- is read after the lock holds until the end. The message's id stays: a receiver knows a repetition by it.
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery constant leadgen.deliveries := leadgen.lock_delivery(p_id);
  v_endpoint constant leadgen.endpoints := leadgen.find_current_endpoint(v_delivery);
  v_fault constant text := coalesce(leadgen.find_resend_fault(v_delivery, v_endpoint),
    case when v_delivery.status <> all (p_from) then 'it is ' || v_delivery.status end);
begin
  if v_fault is not null then
    return v_fault;
  end if;
  update leadgen.deliveries d
  set
    status = 'pending',
    next_attempt_at = v_now,
    finished_at = null,
    endpoint_id = v_endpoint.id,
    target = v_endpoint.target,
    attempts_before = d.attempts,
    replay_id = coalesce(p_replay_id, d.replay_id)
  where d.id = p_id and d.market_id = v_delivery.market_id;
  return null;
end;
$$;
comment on function leadgen.resend_delivery(bigint, leadgen.delivery_status[], bigint) is
  'Puts a delivery that has one of these states back into the queue, to where its buyer takes leads today, its retries begun anew. Returns null, or why it cannot be.';
