-- Answers of Stripe to our calls: objects are what it says of them, a fault is why there is no object.

create or replace function billing.record_answer(
  p_subject text,
  p_id bigint,
  p_asks integer,
  p_call text,
  p_objects jsonb,
  p_fault jsonb,
  p_said_at timestamptz
)
returns text
language plpgsql
volatile
as $$
-- An object counts whoever brings it, and when. A fault counts for the latest call only.
declare
  v_object jsonb;
  v_payment_id constant bigint := case p_subject when 'payment' then p_id else (
    select r.payment_id from leadgen.payment_reversals r where r.id = p_id) end;
begin
  perform billing.lock_payment(v_payment_id);
  for v_object in select o.value from jsonb_array_elements(coalesce(p_objects, '[]')) o loop
    perform billing.take_in(v_object, p_said_at);
  end loop;
  if p_fault is not null then
    if p_subject = 'payment' then
      perform billing.note_payment_fault(p_id, p_asks, p_call, p_fault);
    else
      perform billing.note_refund_fault(p_id, p_asks, p_call, p_fault);
    end if;
    perform billing.settle_payment(v_payment_id);
  end if;
  update leadgen.payments p
  set ask_at = billing.find_next_ask(p)
  where p_subject = 'payment' and p.id = p_id and p.asks = p_asks;
  update leadgen.payment_reversals r
  set ask_at = case when r.status in ('pending', 'unknown') then leadgen.clock() + billing.find_pause(r.asks) end
  where p_subject = 'reversal' and r.id = p_id and r.asks = p_asks;
  return (select p.status from leadgen.payments p where p.id = v_payment_id);
end;
$$;
comment on function billing.record_answer(text, bigint, integer, text, jsonb, jsonb, timestamptz) is
  'The work of leadgen.record_payment_answer.';

create or replace function billing.find_next_ask(p_payment leadgen.payments)
returns timestamptz
language plpgsql
stable
as $$
-- A buyer may take a day on Stripe's page, whose end it tells by itself; the fee of a payment may come late.
declare
  c_most_asks constant integer := 40;
begin
  return case
    when p_payment.said_status in ('failed', 'cancelled') then null
    when p_payment.said_status = 'completed' and (p_payment.fee is not null or p_payment.asks >= c_most_asks) then null
    else leadgen.clock() + billing.find_pause(p_payment.asks)
  end;
end;
$$;
comment on function billing.find_next_ask(leadgen.payments) is
  'When Stripe is asked about a payment again; null: everything is known.';

create or replace function billing.note_payment_fault(p_id bigint, p_asks integer, p_call text, p_fault jsonb)
returns void
language plpgsql
volatile
as $$
-- refused: Stripe did nothing, and will not. settings: it knows no such account. absent: it was looked for. Anything
-- else leaves open what happened.
declare
  v_kind constant text := p_fault ->> 'kind';
begin
  update leadgen.payments p
  set
    said_status = case
      when p.said_status not in ('pending', 'unknown') then p.said_status
      when v_kind = 'refused' and p_call in ('charge', 'open_session') then 'failed'
      when v_kind = 'absent' and billing.is_key_old(p.called_at + interval '1 hour') then 'failed'
      when v_kind = 'unknown' and p_call = 'charge' then 'unknown'
      else p.said_status
    end,
    failure_code = left(p_fault ->> 'code', 100),
    failure_reason = left(case v_kind when 'absent' then 'Stripe has no such payment' else p_fault ->> 'message' end,
      300)
  where p.id = p_id and p.asks = p_asks and p.said_status in ('pending', 'unknown')
    and (v_kind <> 'absent' or billing.is_key_old(p.called_at + interval '1 hour'));
end;
$$;
comment on function billing.note_payment_fault(bigint, integer, text, jsonb) is
  'What follows where a call about a payment brought no object: refused: it has failed; unknown after a charge: nobody '
  'knows; absent a day after the first call: it never came to Stripe.';

create or replace function billing.note_refund_fault(p_id bigint, p_asks integer, p_call text, p_fault jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_kind constant text := p_fault ->> 'kind';
begin
  update leadgen.payment_reversals r
  set
    status = case
      when v_kind = 'refused' and p_call = 'refund' or v_kind = 'absent' then 'failed'
      when v_kind = 'unknown' and p_call = 'refund' then 'unknown'
      else r.status
    end,
    failure_reason = left(case v_kind when 'absent' then 'Stripe has no such refund' else p_fault ->> 'message' end,
      300)
  where r.id = p_id and r.asks = p_asks and r.status in ('pending', 'unknown')
    and (v_kind <> 'absent' or billing.is_key_old(r.called_at + interval '1 hour'));
end;
$$;
comment on function billing.note_refund_fault(bigint, integer, text, jsonb) is
  'What follows where a call about a refund brought no object: see billing.note_payment_fault.';
