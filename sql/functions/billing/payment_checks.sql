-- What must hold of payments at every moment. Each query looks for the contrary.

create or replace function billing.list_broken_payments()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'payment_is_booked', format('payment %s: %s of %s is booked, its status says %s', p.id, p.booked, p.received,
    p.said_status)
  from leadgen.payments p
  where p.booked <> case p.said_status when 'completed' then p.received else 0 end
    or p.fee_booked <> case p.said_status when 'completed' then coalesce(p.fee, 0) else 0 end
    or p.status <> billing.judge_payment(p);

  return query
  select 'reversal_is_booked', format('%s %s of payment %s: %s of %s is booked, its status says %s', r.kind, r.id,
    r.payment_id, r.booked, r.amount, r.status)
  from leadgen.payment_reversals r
  join leadgen.payments p on p.id = r.payment_id
  where r.booked <> billing.count_taken(p, r)
    or r.fee_booked <> case p.said_status when 'completed' then r.fee else 0 end;

  return query
  select 'cash_is_payments', format('%s: payments brought %s, %s is booked to cash', s.currency, s.paid, s.booked)
  from (
    select coalesce(p.currency, l.currency) as currency, coalesce(p.paid, 0) as paid, coalesce(l.booked, 0) as booked
    from (
      select m.currency, sum(m.booked - m.fee_booked - coalesce(r.taken, 0)) as paid
      from leadgen.payments m
      left join (
        select x.payment_id, sum(x.booked + x.fee_booked) as taken
        from leadgen.payment_reversals x
        group by x.payment_id
      ) r on r.payment_id = m.id
      group by m.currency
    ) p
    full join (
      select t.currency, sum(e.amount) as booked
      from leadgen.ledger_transactions t
      join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'cash'
      where t.kind in ('payment', 'payment_refund', 'chargeback', 'payment_fee')
      group by t.currency
    ) l on l.currency = p.currency
  ) s
  where s.paid <> s.booked;

  return query
  select 'payment_is_its_buyers', format('buyer %s: payments brought %s, %s is booked for it', s.buyer_id, s.paid,
    s.booked)
  from (
    select coalesce(p.buyer_id, l.buyer_id) as buyer_id, coalesce(p.paid, 0) as paid, coalesce(l.booked, 0) as booked
    from (
      select m.buyer_id, sum(m.booked - coalesce((
        select sum(r.booked) from leadgen.payment_reversals r where r.payment_id = m.id), 0)) as paid
      from leadgen.payments m
      group by m.buyer_id
    ) p
    full join (
      select e.buyer_id, -sum(e.amount) as booked
      from leadgen.ledger_transactions t
      join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
      where t.kind in ('payment', 'payment_refund', 'chargeback')
      group by e.buyer_id
    ) l on l.buyer_id = p.buyer_id
  ) s
  where s.paid <> s.booked;
end;
$$;
comment on function billing.list_broken_payments() is
  'What is wrong with payments: one is not booked as its provider''s last word says, or the cash of all of them, or '
  'what is booked for a buyer, is not what they brought.';
