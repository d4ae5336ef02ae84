-- One delivery sent again by an operator.

create or replace function outbox.retry_delivery(p_id bigint, p_again boolean default false)
returns text
language plpgsql
volatile
as $$
-- One that waits is sent now, and to where its buyer takes leads today: so what waits for a disabled address finds its
-- way to the new one. One that is being sent is left alone, so a second click does nothing.
declare
  v_delivery constant leadgen.deliveries := outbox.lock_delivery(p_id);
  v_from constant leadgen.delivery_status[] := '{pending,dead,unknown,parked}'::leadgen.delivery_status[]
    || case when p_again then '{delivered}'::leadgen.delivery_status[] else '{}' end;
  v_fault text;
begin
  if v_delivery.status = 'sending' then
    return 'sending';
  end if;
  v_fault := outbox.resend_delivery(p_id, v_from, null);
  if v_fault is not null then
    perform kernel.refuse('LG409', format('Delivery %s cannot be sent again: %s', p_id, v_fault), 'delivery_id',
      v_fault,
      'one that is ' || array_to_string(v_from, ', ') || ', of a sale that stands, to an endpoint in use',
      case v_fault
        when 'it is delivered' then 'It was delivered. To send it once more: p_again => true.'
        when 'it is sent' then 'Its provider has it and will report.'
      end);
  end if;
  perform catalog.note_action('delivery_retried', format('delivery %s', p_id), v_delivery.buyer_id,
    format('delivery %s, %s: sent again', p_id, v_delivery.status),
    jsonb_build_object('delivery_id', p_id, 'was', v_delivery.status));
  perform outbox.ring_workers();
  return 'pending';
end;
$$;
comment on function outbox.retry_delivery(bigint, boolean) is 'The work of leadgen.retry_delivery.';

create or replace function outbox.resend_delivery(p_id bigint, p_from leadgen.delivery_status[], p_resend_id bigint)
returns text
language plpgsql
volatile
as $$
-- Only the delivery's row is locked. Whoever ends the sale or erases the lead takes that row before anything else, so
-- what is read after the lock holds until the end. The message's id stays: a receiver knows a repetition by it.
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery constant leadgen.deliveries := outbox.lock_delivery(p_id);
  v_endpoint constant leadgen.endpoints := outbox.find_current_endpoint(v_delivery);
  v_fault constant text := coalesce(outbox.find_resend_fault(v_delivery, v_endpoint),
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
    resend_id = coalesce(p_resend_id, d.resend_id)
  where d.id = p_id and d.market_id = v_delivery.market_id;
  return null;
end;
$$;
comment on function outbox.resend_delivery(bigint, leadgen.delivery_status[], bigint) is
  'Puts a delivery that has one of these states back into the queue, to where its buyer takes leads today, its '
  'retries begun anew. Returns null, or why it cannot be.';

create or replace function outbox.park_delivery(p_id bigint)
returns text
language plpgsql
volatile
as $$
declare
  v_delivery constant leadgen.deliveries := outbox.lock_delivery(p_id);
begin
  if v_delivery.status = 'parked' then
    return 'parked';
  elsif v_delivery.status <> 'pending' then
    perform kernel.refuse('LG409', format('Delivery %s cannot be parked: it is %s', p_id, v_delivery.status),
      'delivery_id', 'it is ' || v_delivery.status, 'one that is pending');
  end if;
  update leadgen.deliveries d
  set status = 'parked', next_attempt_at = null
  where d.id = p_id and d.market_id = v_delivery.market_id;
  perform catalog.note_action('delivery_parked', format('delivery %s', p_id), v_delivery.buyer_id,
    format('delivery %s: parked', p_id), jsonb_build_object('delivery_id', p_id));
  return 'parked';
end;
$$;
comment on function outbox.park_delivery(bigint) is 'The work of leadgen.park_delivery.';

create or replace function outbox.park_waiting()
returns integer
language plpgsql
volatile
as $$
-- Two steps, as the states allow. A claimed one keeps its attempt, which nobody reported: it may have arrived. Where a
-- receiver would not know a repetition, a claimed one is left to settle_reports, which ends it unknown.
declare
  v_ids bigint[];
begin
  v_ids := array(
    select d.id
    from leadgen.deliveries d
    join leadgen.channels c on c.code = d.channel
    where d.next_attempt_at is not null and (d.status = 'pending' or c.resends_lost)
    order by d.id
    for no key update of d);
  update leadgen.deliveries d
  set status = 'pending', lease_token = null, worker = null
  where d.id = any (v_ids) and d.status = 'sending';
  update leadgen.deliveries d
  set status = 'parked', next_attempt_at = null
  where d.id = any (v_ids) and d.status = 'pending';
  return cardinality(v_ids);
end;
$$;
comment on function outbox.park_waiting() is
  'Parks every delivery that waits or is claimed, but claimed ones that are not sent twice. Returns how many.';

create or replace function outbox.find_resend_fault(p_delivery leadgen.deliveries, p_endpoint leadgen.endpoints)
returns text
language plpgsql
stable
as $$
-- The words are counted by reason in resends.skipped_for: they hold no ids and nothing of a lead.
declare
  v_sale leadgen.lead_assignments;
begin
  if p_delivery.status = 'cancelled' then
    return 'it was cancelled';
  end if;
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.id = p_delivery.assignment_id and a.market_id = p_delivery.market_id;
  return case
    when exists (
      select from leadgen.leads l
      where l.id = p_delivery.lead_id and l.market_id = p_delivery.market_id and l.erased_at is not null)
      then 'its lead was erased'
    when v_sale.outcome = 'returned' then 'its sale was returned'
    when coalesce(v_sale.release_due_at, v_sale.released_at) is not null then 'its sale has ended'
    when v_sale.acceptance = 'explicit' and v_sale.accepted_at is null and v_sale.answer_by <= leadgen.clock()
      then 'the time to accept its sale has ended'
    when p_endpoint.id is null then 'the buyer no longer takes leads by ' || p_delivery.channel
    when p_endpoint.disabled_at is not null then 'its endpoint is disabled'
  end;
end;
$$;
comment on function outbox.find_resend_fault(leadgen.deliveries, leadgen.endpoints) is
  'Why a delivery cannot be sent (again) to an endpoint, in words; null: it can.';

create or replace function outbox.find_current_endpoint(p_delivery leadgen.deliveries)
returns leadgen.endpoints
language plpgsql
stable
as $$
-- A lead goes where its enrollment takes leads by that channel today, a notice where it was sent.
declare
  v_endpoint leadgen.endpoints;
begin
  if p_delivery.notice_id is not null then
    select e.* into v_endpoint from leadgen.endpoints e where e.id = p_delivery.endpoint_id;
    return v_endpoint;
  end if;
  select e.* into v_endpoint
  from leadgen.lead_assignments a
  join leadgen.enrollment_endpoints w on w.buyer_offer_id = a.buyer_offer_id and w.channel = p_delivery.channel
  join leadgen.endpoints e on e.id = w.endpoint_id
  where a.id = p_delivery.assignment_id and a.market_id = p_delivery.market_id;
  return v_endpoint;
end;
$$;
comment on function outbox.find_current_endpoint(leadgen.deliveries) is
  'Where a delivery would go today; nothing: the buyer no longer takes leads by its channel.';

create or replace function outbox.lock_delivery(p_id bigint)
returns leadgen.deliveries
language plpgsql
volatile
as $$
declare
  v_delivery leadgen.deliveries;
begin
  select d.* into v_delivery from leadgen.deliveries d where d.id = p_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such delivery', 'delivery_id', p_id::text,
      'an id in report.deliveries');
  end if;
  return v_delivery;
end;
$$;
comment on function outbox.lock_delivery(bigint) is
  'A delivery, its row locked until the transaction ends; LG404 when there is none.';
