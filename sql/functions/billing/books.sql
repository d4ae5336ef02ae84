-- What operators are shown of the books over HTTP, and whose it is.

create or replace function billing.list_payments(p_buyer_id bigint, p_status text, p_before_id bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
-- By the index of a buyer's payments, or by id.
declare
  c_states constant text[] := '{pending,unknown,completed,failed,cancelled,refunded,disputed}';
begin
  if p_status is not null and p_status <> all (c_states) then
    perform kernel.refuse('LG400', 'There is no such state', 'status', left(p_status, 50),
      array_to_string(c_states, ', '));
  end if;
  return (
    select jsonb_build_object(
      'payments', coalesce(jsonb_agg(billing.describe_payment(x.id) || jsonb_build_object(
        'buyer_id', x.buyer_id, 'purpose', x.purpose, 'invoice', x.invoice_number, 'received', x.received::text,
        'key', x.key, 'memo', x.memo) order by x.id desc), '[]'),
      'next_before', case when count(*) = p_limit then min(x.id) end)
    from (
      select p.*, i.invoice_number
      from leadgen.payments p
      left join leadgen.invoices i on i.id = p.invoice_id
      where (p_buyer_id is null or p.buyer_id = p_buyer_id) and (p_status is null or p.status = p_status)
        and (p_before_id is null or p.id < p_before_id)
      order by p.id desc
      limit p_limit
    ) x
  );
end;
$$;
comment on function billing.list_payments(bigint, text, bigint, integer) is
  'Payments, a page, the newest first. LG400 for an unknown state.';

create or replace function billing.find_buyer_of_payment(p_payment_id bigint)
returns bigint
language plpgsql
stable
as $$
begin
  return (select p.buyer_id from leadgen.payments p where p.id = p_payment_id);
end;
$$;
comment on function billing.find_buyer_of_payment(bigint) is 'The buyer of a payment.';

create or replace function billing.find_invoice_of(p_buyer_id bigint, p_number text)
returns bigint
language plpgsql
stable
as $$
declare
  v_id bigint;
begin
  if p_number is null then
    return null;
  end if;
  select i.id into v_id
  from leadgen.invoices i
  where i.invoice_number = p_number and i.buyer_id = p_buyer_id and i.kind = 'invoice';
  if not found then
    perform kernel.refuse('LG404', format('Buyer %s has no such invoice', p_buyer_id), 'invoice', left(p_number, 50),
      'the number of an invoice of the buyer');
  end if;
  return v_id;
end;
$$;
comment on function billing.find_invoice_of(bigint, text) is
  'The id of a buyer''s invoice; null of none. LG404 when it has no such invoice.';

create or replace function billing.list_balances(p_after bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'balances', coalesce(jsonb_agg(
        billing.describe_balance(x.id) || jsonb_build_object('buyer', x.name) order by x.id), '[]'),
      'next_after', case when count(*) = p_limit then max(x.id) end)
    from (
      select b.id, b.name from leadgen.buyers b where b.id > coalesce(p_after, 0) order by b.id limit p_limit
    ) x
  );
end;
$$;
comment on function billing.list_balances(bigint, integer) is 'The money of buyers, a page by id.';

create or replace function billing.check_buyer(p_buyer_id bigint)
returns void
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.buyers b where b.id = p_buyer_id) then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  end if;
end;
$$;
comment on function billing.check_buyer(bigint) is 'LG404 unless there is such a buyer.';

create or replace function billing.find_buyer_of_transaction(p_transaction_id bigint)
returns bigint
language plpgsql
stable
as $$
begin
  return (select t.buyer_id from leadgen.ledger_transactions t where t.id = p_transaction_id);
end;
$$;
comment on function billing.find_buyer_of_transaction(bigint) is 'The buyer of a transaction.';

create or replace function billing.list_payables()
returns jsonb
language plpgsql
stable
as $$
-- What sources were owed is summed in idx_ledger_entries_source alone: a cost is an entry below zero, and one above it
-- is a cost that was taken back, or a payout. Payouts are found as such (idx_ledger_transactions_payout).
begin
  return jsonb_build_object('payables', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'source_id', s.id, 'source', s.source_key, 'currency', b.currency, 'earned', b.earned::text,
      'taken_back', b.taken_back::text, 'paid', b.paid::text, 'owed', (b.earned - b.taken_back - b.paid)::text)
      order by s.source_key, b.currency), '[]')
    from (
      select y.source_id, y.currency, y.earned, coalesce(p.paid, 0.00) as paid,
        y.given - coalesce(p.paid, 0.00) as taken_back
      from (
        select e.source_id, e.currency,
          coalesce(-sum(e.amount) filter (where e.amount < 0), 0.00) as earned,
          coalesce(sum(e.amount) filter (where e.amount > 0), 0.00) as given
        from leadgen.ledger_entries e
        where e.account = 'source_payable' and e.source_id is not null
        group by e.source_id, e.currency
      ) y
      left join (
        select e.source_id, e.currency, sum(e.amount) as paid
        from leadgen.ledger_transactions t
        join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'source_payable'
        where t.kind = 'payout'
        group by e.source_id, e.currency
      ) p on p.source_id = y.source_id and p.currency = y.currency
    ) b
    join leadgen.sources s on s.id = b.source_id));
end;
$$;
comment on function billing.list_payables() is 'What each source earned, what was taken back, paid, and is owed.';

create or replace function billing.describe_payout(p_transaction_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'transaction_id', t.id, 'source_id', e.source_id, 'booked_at', t.booked_at, 'amount', e.amount::text,
      'currency', t.currency, 'method', c.provider, 'memo', t.memo, 'key', t.key)
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'source_payable'
    join leadgen.ledger_entries c on c.transaction_id = t.id and c.account = 'cash'
    where t.id = p_transaction_id
  );
end;
$$;
comment on function billing.describe_payout(bigint) is 'What a source was paid by a transaction.';

create or replace function billing.list_payouts(p_source_id bigint, p_before_id bigint, p_limit integer)
returns jsonb
language plpgsql
stable
as $$
-- Along idx_ledger_transactions_payout, in which there are payouts only.
begin
  return (
    select jsonb_build_object(
      'payouts', coalesce(jsonb_agg(billing.describe_payout(x.id) order by x.id desc), '[]'),
      'next_before', case when count(*) = p_limit then min(x.id) end)
    from (
      select t.id
      from leadgen.ledger_transactions t
      where t.kind = 'payout' and t.id < coalesce(p_before_id, 9223372036854775807)
        and (p_source_id is null or t.source_id = p_source_id)
      order by t.id desc
      limit p_limit
    ) x
  );
end;
$$;
comment on function billing.list_payouts(bigint, bigint, integer) is 'Payouts, a page, the latest first.';

create or replace function billing.find_buyer_of_invoice(p_number text)
returns bigint
language plpgsql
stable
as $$
begin
  return (billing.find_invoice(p_number)).buyer_id;
end;
$$;
comment on function billing.find_buyer_of_invoice(text) is 'The buyer of a document; LG404 when there is none.';
