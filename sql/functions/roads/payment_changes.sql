-- Road: a payment has another status. What follows from it is told, and a recharge that was declined pauses the rest.

create or replace function roads.tell_payment()
returns bigint
language plpgsql
volatile
as $$
begin
  return roads.pay_for_one('tell_payment', array(
    select p.buyer_id from leadgen.payments p
    where p.status <> p.told_status
    group by p.buyer_id
    order by min(p.id)
    limit 100));
end;
$$;
comment on function roads.tell_payment() is
  'Chore: carries out what follows from the status of one payment; its buyer''s id, null: there is none to tell.';

create or replace function roads.pay_for_one(p_chore text, p_buyer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
-- What somebody else holds, or did meanwhile, is passed, as is a buyer with whom it fails.
declare
  v_now constant timestamptz := leadgen.clock();
  v_buyer_id bigint;
  v_is_done boolean;
begin
  foreach v_buyer_id in array p_buyer_ids loop
    begin
      v_is_done := case p_chore
        when 'tell_payment' then roads.tell_payment_of(v_buyer_id)
        when 'start_recharge' then billing.start_recharge_of(v_buyer_id) is not null
      end;
      if v_is_done then
        return v_buyer_id;
      end if;
    exception
      when query_canceled or others then -- `others` does not include query_canceled
        if not roads.set_aside(p_chore, v_buyer_id, sqlstate, sqlerrm, v_now) then
          raise;
        end if;
    end;
  end loop;
  return null;
end;
$$;
comment on function roads.pay_for_one(text, bigint[]) is
  'Does a chore of payments for the first of these buyers with whom there is something to do; its id, null: there is '
  'none.';

create or replace function roads.tell_payment_of(p_buyer_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_payment leadgen.payments;
begin
  select p.* into v_payment
  from leadgen.payments p
  where p.status <> p.told_status and p.buyer_id = p_buyer_id
  order by p.id
  limit 1
  for no key update skip locked;
  if not found then
    return false;
  end if;
  update leadgen.payments p set told_status = p.status where p.id = v_payment.id;
  if v_payment.status = 'failed' and v_payment.purpose = 'recharge' then
    perform billing.pause_recharge(v_payment.buyer_id, coalesce(v_payment.failure_reason, 'declined'));
    perform roads.announce_payment(v_payment, 'recharge_failed', format(
      'a recharge of %s %s was declined (%s): recharges of this buyer are paused until '
      '`leadgen money payments recharge` is run again',
      v_payment.amount, v_payment.currency, coalesce(v_payment.failure_code, 'no code')));
    perform roads.tell_payer(v_payment);
  elsif v_payment.status = 'disputed' then
    perform roads.announce_payment(v_payment, 'payment_disputed', format(
      'payment %s of %s %s is disputed: the bank took the money back. Answer at Stripe in time',
      v_payment.id, v_payment.amount, v_payment.currency));
    perform roads.tell_payer(v_payment);
  elsif v_payment.status = 'unknown' then
    perform roads.announce_payment(v_payment, 'payment_unknown', format(
      'Stripe did not answer whether payment %s of %s %s was made: it is asked again, and not paid again',
      v_payment.id, v_payment.amount, v_payment.currency));
  end if;
  return true;
end;
$$;
comment on function roads.tell_payment_of(bigint) is
  'Carries out what follows from the status of a buyer''s payment, the first of which nobody was told; false: somebody '
  'else holds it.';

create or replace function roads.start_recharge()
returns bigint
language plpgsql
volatile
as $$
begin
  return roads.pay_for_one('start_recharge', array(select r.buyer_id from billing.list_due_recharges() r (buyer_id)));
end;
$$;
comment on function roads.start_recharge() is
  'Chore: asks for one recharge that is due; its buyer''s id, null: none is. A worker charges it.';

create or replace function roads.announce_payment(p_payment leadgen.payments, p_kind text, p_message text)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (leadgen.clock(), p_kind, 'payment ' || p_payment.id, p_payment.buyer_id, p_message,
    roads.list_payment_facts(p_payment))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function roads.announce_payment(leadgen.payments, text, text) is
  'An event for operators about a payment, once for each kind.';

create or replace function roads.tell_payer(p_payment leadgen.payments)
returns void
language plpgsql
volatile
as $$
declare
  v_endpoint_id constant bigint := outbox.ensure_notice_endpoint(p_payment.buyer_id, 'recharge.failed');
begin
  if v_endpoint_id is not null and exists (select from leadgen.markets) then
    perform outbox.queue_notice(p_payment.buyer_id,
      case p_payment.status when 'disputed' then 'payment.disputed' else 'recharge.failed' end,
      roads.list_payment_facts(p_payment), v_endpoint_id);
  end if;
end;
$$;
comment on function roads.tell_payer(leadgen.payments) is
  'A notice to the buyer that its bank took a payment back, or that it could not be recharged.';

create or replace function roads.list_payment_facts(p_payment leadgen.payments)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'payment_id', p_payment.id, 'amount', p_payment.amount, 'currency', p_payment.currency,
    'code', p_payment.failure_code, 'reason', p_payment.failure_reason));
end;
$$;
comment on function roads.list_payment_facts(leadgen.payments) is 'What an event or a notice says of a payment.';
