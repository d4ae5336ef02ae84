-- Payments on pages: what buyers paid, what was taken back of it, and what came into the bank and waits for a buyer.

create or replace function console.list_payments(p_status text, p_buyer_id bigint, p_before bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  c_states constant text[] := '{pending,unknown,completed,failed,cancelled,refunded,disputed}';
begin
  if p_status is not null and p_status <> all (c_states) then
    perform kernel.refuse('LG400', 'There is no such state', 'status', left(p_status, 50),
      array_to_string(c_states, ', '));
  end if;
  return jsonb_build_object('status', p_status, 'buyer', p_buyer_id, 'waiting', (
    select count(*) from leadgen.bank_lines l where l.status = 'waiting'
  )) || (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'created_at', p.created_at, 'purpose', p.purpose,
        'method', p.method, 'status', p.status, 'amount', p.amount, 'currency', p.currency, 'received', p.received,
        'taken_back', r.taken_back, 'buyer_id', p.buyer_id, 'buyer', b.name, 'invoice', i.invoice_number)
        order by p.id desc), '[]'),
      'next', case when count(*) = 50 then min(p.id) end)
    from (
      select n.*
      from leadgen.payments n
      where (p_status is null or n.status = p_status) and (p_buyer_id is null or n.buyer_id = p_buyer_id)
        and (p_before is null or n.id < p_before)
      order by n.id desc
      limit 50
    ) p
    join leadgen.buyers b on b.id = p.buyer_id
    left join leadgen.invoices i on i.id = p.invoice_id
    cross join lateral (
      select coalesce(sum(v.booked), 0) as taken_back from leadgen.payment_reversals v where v.payment_id = p.id
    ) r);
end;
$$;
comment on function console.list_payments(text, bigint, bigint) is
  'Payments, the newest first, 50 a page, in a state, of a buyer: what came in, and what was taken back of it. '
  'waiting: lines of the bank that wait for a buyer. LG400 for an unknown state.';

create or replace function console.describe_payment(p_id bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_payment leadgen.payments;
begin
  select p.* into v_payment from leadgen.payments p where p.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such payment', 'payment_id', p_id::text, 'the id of a payment');
  end if;
  return jsonb_build_object(
    'payment', jsonb_build_object('id', v_payment.id, 'created_at', v_payment.created_at,
      'purpose', v_payment.purpose, 'method', v_payment.method, 'status', v_payment.status,
      'amount', v_payment.amount, 'currency', v_payment.currency, 'received', v_payment.received,
      'fee', v_payment.fee, 'booked', v_payment.booked, 'said', (
        select e.message from leadgen.events e
        where e.kind = 'money_moved' and e.subject = format('payment %s', p_id)), 'memo', v_payment.memo,
      'created_by', v_payment.created_by,
      'failure', v_payment.failure_reason, 'provider_id', v_payment.provider_id, 'said_at', v_payment.said_at,
      'buyer_id', v_payment.buyer_id, 'buyer', (
        select b.name from leadgen.buyers b where b.id = v_payment.buyer_id), 'invoice', (
        select i.invoice_number from leadgen.invoices i where i.id = v_payment.invoice_id)),
    'refundable', billing.find_refundable(v_payment),
    'reversals', (
      select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'created_at', r.created_at, 'kind', r.kind,
        'amount', r.amount, 'status', r.status, 'reason', r.reason, 'booked', r.booked, 'fee', r.fee,
        'failure', r.failure_reason) order by r.id), '[]')
      from leadgen.payment_reversals r where r.payment_id = p_id),
    'bank_lines', (
      select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'booked_on', l.booked_on, 'reference', l.reference,
        'payer', l.payer, 'found', l.found, 'decided_by', l.decided_by) order by l.id), '[]')
      from leadgen.bank_lines l where l.id = substring(v_payment.key from '^bank_line:([0-9]{1,18})$')::bigint));
end;
$$;
comment on function console.describe_payment(bigint) is
  'A payment: what its provider said, refunds and disputes, the line of the bank that it came from, and what of it can '
  'still be refunded. LG404 for none.';

create or replace function console.list_bank_lines(p_status text, p_before bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  if (p_status in ('waiting', 'matched', 'ignored')) is not true then
    perform kernel.refuse('LG400', 'There is no such state', 'status', coalesce(left(p_status, 50), 'nothing'),
      'waiting, matched, ignored');
  end if;
  return jsonb_build_object('status', p_status) || (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'booked_on', l.booked_on, 'amount', l.amount,
        'currency', l.currency, 'account', l.account, 'reference', l.reference, 'payer', l.payer, 'found', l.found,
        'buyer_id', l.buyer_id, 'buyer', b.name, 'payment_id', l.payment_id, 'decided_by', l.decided_by,
        'named', case when l.status = 'waiting' then (
          select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'name', n.name) order by n.id), '[]')
          from leadgen.buyers n where n.id = any (billing.find_named(l.reference))) end) order by l.id desc), '[]'),
      'next', case when count(*) = 50 then min(l.id) end)
    from (
      select x.*
      from leadgen.bank_lines x
      where x.status = p_status and (p_before is null or x.id < p_before)
      order by x.id desc
      limit 50
    ) l
    left join leadgen.buyers b on b.id = l.buyer_id);
end;
$$;
comment on function console.list_bank_lines(text, bigint) is
  'Lines of the bank in a state, the latest first, 50 a page; of one that waits also the buyers that its text names. '
  'LG400 for an unknown state.';
