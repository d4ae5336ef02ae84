-- Corrections: what was sent never changes; it is credited, cancelled or disputed.

create or replace function billing.check_credit(
  p_invoice leadgen.invoices,
  p_position integer,
  p_amount numeric,
  p_key text
)
returns void
language plpgsql
stable
as $$
begin
  if p_invoice.kind <> 'invoice' or p_invoice.number is null then
    perform kernel.refuse('LG409', format('%s cannot be credited', p_invoice.invoice_number), 'number',
      case when p_invoice.number is null then p_invoice.status::text else 'a credit note' end,
      'an invoice that was sent');
  elsif p_position is not null and not exists (
    select from leadgen.invoice_lines l
    where l.invoice_id = p_invoice.id and l.position = p_position and l.amount > 0) then
    perform kernel.refuse('LG404', format('%s has no such line', p_invoice.invoice_number), 'line', p_position::text,
      'the number of a line that charged something');
  elsif p_position is null and num_nonnulls(p_amount, p_key) > 0 then
    perform kernel.refuse('LG400', 'An amount or a key needs a line', 'line', 'nothing', 'the number of a line');
  elsif p_amount is not null then
    if p_key is null then
      perform kernel.refuse('LG400', 'An amount needs a key', 'key', 'nothing', 'one key for one credit');
    end if;
    perform billing.check_amount(p_invoice.buyer_id, p_amount);
  end if;
  if p_key is not null then
    perform billing.check_key(p_key);
  end if;
end;
$$;
comment on function billing.check_credit(leadgen.invoices, integer, numeric, text) is
  'LG400, LG404 or LG409 for what cannot be credited: a document that is no invoice or was not sent, a line that is '
  'not there, an amount without a key, an amount or a key without a line.';

create or replace function billing.credit_invoice(
  p_invoice leadgen.invoices,
  p_position integer,
  p_amount numeric,
  p_key text,
  p_reason text,
  p_now timestamptz
)
returns integer
language plpgsql
volatile
as $$
-- Each line gives back what is left of its own transaction, so that a later return of the same lead gives nothing
-- twice. The caller holds the invoice.
declare
  v_line record;
  v_entries billing.entry[];
  v_sale leadgen.lead_assignments;
  v_refund_id bigint;
  v_count integer := 0;
begin
  for v_line in
    select l.position, t as booked
    from leadgen.invoice_lines l
    join leadgen.ledger_transactions t on t.id = l.transaction_id
    where l.invoice_id = p_invoice.id and l.amount > 0 and l.position = coalesce(p_position, l.position)
    order by l.position
  loop
    continue when billing.find_refund(p_key, v_line.booked, p_amount) is not null;
    v_entries := billing.list_reversal(v_line.booked, p_amount);
    continue when v_entries = '{}';
    v_count := v_count + 1;
    v_sale := null;
    select a.* into v_sale from leadgen.lead_assignments a where a.id = (v_line.booked).assignment_id;
    v_refund_id := billing.post('refund',
      coalesce(p_key, format('refund:%s:%s', p_invoice.invoice_number, v_line.position)), p_invoice.currency, v_entries,
      p_now, p_reason, (v_line.booked).id, v_sale);
    perform billing.share_refund(v_sale, v_refund_id, p_now);
    perform billing.queue_leads(array[v_sale.lead_id]);
  end loop;
  return v_count;
end;
$$;
comment on function billing.credit_invoice(leadgen.invoices, integer, numeric, text, text, timestamptz) is
  'Gives back what is left of the lines of an invoice that was sent, or so much of one line, with the part of it that '
  'their sources are owed; how many lines. It is on the next credit note.';

create or replace function billing.cancel_invoice(p_invoice leadgen.invoices, p_reason text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- What a draft had is unbilled again.
begin
  if p_invoice.status = 'cancelled' then
    perform kernel.refuse('LG409', format('%s is cancelled', p_invoice.invoice_number), 'status', 'cancelled',
      'draft, sent, partly_paid, overdue, disputed');
  elsif p_invoice.status = 'draft' then
    delete from leadgen.invoice_lines l where l.invoice_id = p_invoice.id;
    update leadgen.invoices i
    set total_leads = 0, amount_due = 0, tax_amount = 0, total_amount = 0
    where i.id = p_invoice.id;
  end if;
  update leadgen.invoices i
  set status = 'cancelled', cancelled_at = p_now, resolution_notes = p_reason
  where i.id = p_invoice.id;
  perform billing.queue_invoice(p_invoice.id);
end;
$$;
comment on function billing.cancel_invoice(leadgen.invoices, text, timestamptz) is
  'The invoice is cancelled, where its state allows it (LG409); of a draft the lines are unbilled again.';

create or replace function billing.dispute_invoice(p_number text, p_reason text)
returns void
language plpgsql
volatile
as $$
declare
  v_invoice constant leadgen.invoices := billing.lock_invoice((billing.find_invoice(p_number)).id);
begin
  update leadgen.invoices i
  set
    status = 'disputed',
    disputed_at = leadgen.clock(),
    dispute_reason = billing.read_reason(p_reason),
    resolved_at = null
  where i.id = v_invoice.id;
  perform billing.queue_invoice(v_invoice.id);
end;
$$;
comment on function billing.dispute_invoice(text, text) is
  'A buyer disputes an open invoice: no reminder goes out, and it is not overdue, until it is resolved.';

create or replace function billing.resolve_dispute(p_number text, p_notes text)
returns void
language plpgsql
volatile
as $$
declare
  v_invoice constant leadgen.invoices := billing.lock_invoice((billing.find_invoice(p_number)).id);
begin
  if v_invoice.status <> 'disputed' then
    perform kernel.refuse('LG409', format('%s is not disputed', v_invoice.invoice_number), 'status',
      v_invoice.status::text, 'disputed');
  end if;
  update leadgen.invoices i
  set status = 'sent', resolved_at = leadgen.clock(), resolution_notes = billing.read_memo(p_notes)
  where i.id = v_invoice.id;
  perform billing.queue_invoice(v_invoice.id);
  perform billing.settle_invoices(v_invoice.buyer_id, null, leadgen.clock());
end;
$$;
comment on function billing.resolve_dispute(text, text) is
  'A dispute is over: the invoice is to be paid again.';
