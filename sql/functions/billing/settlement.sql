-- Settlement: which invoices are paid. It follows from the ledger, whoever booked the payment.

create or replace function billing.settle_invoices(p_buyer_id bigint, p_first_id bigint, p_now timestamptz)
returns numeric
language plpgsql
volatile
as $$
-- What a buyer owes by the ledger is what its documents leave open, and what is unbilled, less what it paid or was
-- credited and no invoice has yet. That rest pays the invoice that was named, then the oldest ones. It follows from
-- the ledger, so it does not matter who booked the payment, nor how often this runs. A disputed invoice is paid only
-- when it is named. The caller holds the buyer.
declare
  v_rest numeric;
  v_invoice leadgen.invoices;
  v_part numeric;
begin
  v_rest := billing.find_unallocated(p_buyer_id);
  for v_invoice in
    select i.* from leadgen.invoices i
    where i.buyer_id = p_buyer_id and i.kind = 'invoice'
      and (i.status in ('sent', 'partly_paid', 'overdue') or (i.status = 'disputed' and i.id = p_first_id))
    order by (i.id = p_first_id) is not true, i.due_date, i.id
    for no key update
  loop
    v_part := greatest(least(v_rest, v_invoice.total_amount - v_invoice.paid_amount - v_invoice.credited_amount), 0);
    v_rest := v_rest - v_part;
    perform billing.mark_paid(v_invoice, v_part + billing.take_from_balance(v_invoice, v_part, p_now), p_now);
  end loop;
  return greatest(v_rest, 0);
end;
$$;
comment on function billing.settle_invoices(bigint, bigint, timestamptz) is
  'Pays a buyer''s open invoices, the named one first, then the oldest, from what the ledger says it paid; returns '
  'what is left for later ones.';

create or replace function billing.settle_overdue(p_buyer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- What was paid meanwhile is not overdue. The caller holds the buyer.
begin
  perform billing.settle_invoices(p_buyer_id, null, p_now);
  update leadgen.invoices i
  set status = 'overdue'
  where i.buyer_id = p_buyer_id and i.status in ('sent', 'partly_paid') and i.due_date < p_now and i.kind = 'invoice';
end;
$$;
comment on function billing.settle_overdue(bigint, timestamptz) is
  'Open invoices of a buyer whose due date is past become overdue.';

create or replace function billing.find_unallocated(p_buyer_id bigint)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select coalesce((
        select sum(i.total_amount - i.paid_amount - i.credited_amount)
        from leadgen.invoices i
        where i.buyer_id = p_buyer_id and i.kind = 'invoice'
          and i.status in ('sent', 'partly_paid', 'overdue', 'disputed')), 0)
      + billing.sum_unbilled(p_buyer_id) - b.receivable
    from leadgen.buyers b
    where b.id = p_buyer_id);
end;
$$;
comment on function billing.find_unallocated(bigint) is
  'What a buyer paid or was credited and no invoice has yet; below zero: what it owes beside its documents.';

create or replace function billing.reopen_invoices(
  p_payment leadgen.payments,
  p_amount numeric,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- The invoice that the payment was made for comes first, whatever a clock that stepped back says, then those that were
-- paid last. What was paid before the payment was made, or from a balance, stays paid. The caller holds the buyer.
declare
  v_rest numeric := p_amount;
  v_invoice leadgen.invoices;
  v_part numeric;
begin
  for v_invoice in
    select i.* from leadgen.invoices i
    where i.buyer_id = p_payment.buyer_id and i.kind = 'invoice' and i.paid_amount > 0
      and i.status in ('partly_paid', 'overdue', 'disputed', 'paid')
      and (i.id = p_payment.invoice_id or coalesce(i.paid_at, 'infinity') >= p_payment.created_at)
    order by (i.id = p_payment.invoice_id) is not true, coalesce(i.paid_at, 'infinity') desc, i.due_date desc, i.id desc
    for no key update
  loop
    exit when v_rest <= 0;
    v_part := least(v_rest, v_invoice.paid_amount - v_invoice.paid_in_advance);
    if v_part > 0 then
      perform billing.mark_unpaid(v_invoice, v_part, p_now);
      v_rest := v_rest - v_part;
    end if;
  end loop;
end;
$$;
comment on function billing.reopen_invoices(leadgen.payments, numeric, timestamptz) is
  'So much of a payment was taken back: the invoices that it paid are open again by that much.';

create or replace function billing.mark_unpaid(p_invoice leadgen.invoices, p_amount numeric, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.invoices i
  set
    paid_amount = i.paid_amount - p_amount,
    paid_at = null,
    status = case
      when i.status in ('disputed', 'overdue') then i.status::text
      when i.due_date < p_now then 'overdue'
      when i.paid_amount - p_amount + i.credited_amount > 0 then 'partly_paid'
      else 'sent'
    end::leadgen.invoice_status
  where i.id = p_invoice.id;
  perform billing.queue_invoice(p_invoice.id);
end;
$$;
comment on function billing.mark_unpaid(leadgen.invoices, numeric, timestamptz) is
  'So much of an invoice is paid no more; its state follows.';

create or replace function billing.take_from_balance(
  p_invoice leadgen.invoices,
  p_paid numeric,
  p_now timestamptz
)
returns numeric
language plpgsql
volatile
as $$
declare
  v_open constant numeric := p_invoice.total_amount - p_invoice.paid_amount - p_invoice.credited_amount - p_paid;
  v_taken constant numeric := (
    select least(b.balance, v_open)
    from leadgen.buyers b
    where b.id = p_invoice.buyer_id and b.billing_mode = 'prepaid' and b.balance > 0 and v_open > 0);
begin
  if v_taken is null then
    return 0;
  end if;
  perform billing.post('settlement', billing.name_settlement(p_invoice.invoice_number), p_invoice.currency, array[
    ('buyer_prepaid', p_invoice.buyer_id, null, null, v_taken)::billing.entry,
    ('buyer_receivable', p_invoice.buyer_id, null, null, -v_taken)::billing.entry], p_now,
    'Paid from the balance: ' || p_invoice.invoice_number);
  update leadgen.invoices i set paid_in_advance = i.paid_in_advance + v_taken where i.id = p_invoice.id;
  return v_taken;
end;
$$;
comment on function billing.take_from_balance(leadgen.invoices, numeric, timestamptz) is
  'What an invoice leaves open is taken from the balance of a prepaid buyer, as far as it goes: how much.';

create or replace function billing.name_settlement(p_number text)
returns text
language plpgsql
stable
as $$
-- Counted, since an invoice that was opened again may leave the same amount open once more.
declare
  v_count integer := 1;
begin
  while exists (select from leadgen.ledger_transactions t where t.key = format('invoice:%s:%s', p_number, v_count)) loop
    v_count := v_count + 1;
  end loop;
  return format('invoice:%s:%s', p_number, v_count);
end;
$$;
comment on function billing.name_settlement(text) is
  'The key of the next transaction by which an invoice is paid from a balance: invoice:INV-2026-00001:2. The caller '
  'holds the buyer.';

create or replace function billing.mark_paid(p_invoice leadgen.invoices, p_amount numeric, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_paid constant numeric := p_invoice.paid_amount + p_amount;
  v_open constant numeric := p_invoice.total_amount - v_paid - p_invoice.credited_amount;
  v_status constant leadgen.invoice_status := case
    when v_open = 0 then 'paid'
    when p_invoice.status = 'sent' and v_open < p_invoice.total_amount then 'partly_paid'
    else p_invoice.status::text
  end;
begin
  if p_amount > 0 or v_status <> p_invoice.status then
    update leadgen.invoices i
    set paid_amount = v_paid, status = v_status, paid_at = case when v_status = 'paid' then p_now else i.paid_at end
    where i.id = p_invoice.id;
  end if;
  if v_status = 'paid' and p_invoice.status <> 'paid' then
    perform billing.queue_invoice(p_invoice.id);
  end if;
end;
$$;
comment on function billing.mark_paid(leadgen.invoices, numeric, timestamptz) is
  'So much of an invoice is paid; its state follows.';

create or replace function billing.sum_unbilled(p_buyer_id bigint)
returns numeric
language plpgsql
stable
as $$
-- Drafts are no bill.
begin
  return (
    select coalesce(sum(e.amount), 0)
    from leadgen.ledger_entries e
    join leadgen.ledger_transactions t on t.id = e.transaction_id
    join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
    where e.buyer_id = p_buyer_id and e.account = 'buyer_receivable'
      and e.transaction_id > coalesce(
        (select c.billed_to from leadgen.billing_calendar c where c.buyer_id = p_buyer_id), 0)
      and not exists (select from leadgen.invoice_lines l where l.transaction_id = t.id)
  ) + (
    select coalesce(sum(case i.kind when 'invoice' then l.amount else -l.amount end), 0)
    from leadgen.invoices i
    join leadgen.invoice_lines l on l.invoice_id = i.id and l.account = 'buyer_receivable'
    where i.buyer_id = p_buyer_id and i.status = 'draft');
end;
$$;
comment on function billing.sum_unbilled(bigint) is
  'What an invoiced buyer owes that no document which was sent has.';

create or replace function billing.share_credit_note(p_credit_note_id bigint)
returns table (invoice_id bigint, credited numeric, tax numeric)
language plpgsql
stable
as $$
-- What was paid in advance is there again since it was given back; its tax may never have been paid.
begin
  return query
  select x.id, x.owed + x.tax, x.tax
  from (
    select i.id, s.owed, least(s.tax, v.open - s.owed) as tax
    from (
      select l.corrects_invoice_id,
        coalesce(sum(l.amount + l.tax_amount) filter (where l.account = 'buyer_receivable'), 0) as amount,
        coalesce(sum(l.tax_amount) filter (where l.account = 'buyer_prepaid'), 0) as tax
      from leadgen.invoice_lines l
      where l.invoice_id = p_credit_note_id and l.corrects_invoice_id is not null
      group by l.corrects_invoice_id
    ) c
    join leadgen.invoices i on i.id = c.corrects_invoice_id
      and i.status in ('sent', 'partly_paid', 'overdue', 'disputed', 'cancelled')
    cross join lateral (select i.total_amount - i.paid_amount - i.credited_amount as open) v
    cross join lateral (select least(c.amount, v.open) as owed, c.tax) s
  ) x
  order by x.id;
end;
$$;
comment on function billing.share_credit_note(bigint) is
  'How much a credit note takes off what each of its invoices leaves open, and how much of that is the tax of leads '
  'that were paid in advance.';

create or replace function billing.apply_credit_note(p_credit_note_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- It takes off what its own invoices leave open; what they do not (they were paid) is the buyer's for later invoices.
begin
  update leadgen.invoices i
  set credited_amount = i.credited_amount + c.credited
  from billing.share_credit_note(p_credit_note_id) c
  where i.id = c.invoice_id;
  update leadgen.invoices i
  set status = 'paid', paid_amount = i.total_amount, paid_at = p_now
  where i.id = p_credit_note_id;
end;
$$;
comment on function billing.apply_credit_note(bigint, timestamptz) is
  'A credit note that was sent lowers what its invoices leave open. It is settled with that: its state is paid.';

create or replace function billing.allocate_money(p_number text)
returns numeric
language plpgsql
volatile
as $$
declare
  v_invoice constant leadgen.invoices := billing.lock_invoice((billing.find_invoice(p_number)).id);
begin
  if v_invoice.kind <> 'invoice' or v_invoice.status not in ('sent', 'partly_paid', 'overdue', 'disputed') then
    perform kernel.refuse('LG409', format('%s is not to be paid', v_invoice.invoice_number), 'status',
      case v_invoice.kind when 'invoice' then v_invoice.status::text else 'a credit note' end,
      'an invoice that is sent, partly_paid, overdue or disputed');
  end if;
  perform billing.settle_invoices(v_invoice.buyer_id, v_invoice.id, leadgen.clock());
  return (
    select i.total_amount - i.paid_amount - i.credited_amount from leadgen.invoices i where i.id = v_invoice.id);
end;
$$;
comment on function billing.allocate_money(text) is 'The work of leadgen.allocate_money.';
