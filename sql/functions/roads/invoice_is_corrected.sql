-- Road: an operator corrects an invoice that was sent, by a credit note, or cancels one.

create or replace function roads.credit_invoice(
  p_number text,
  p_reason text,
  p_position integer,
  p_amount numeric,
  p_key text
)
returns text[]
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_invoice constant leadgen.invoices := billing.lock_invoice((billing.find_invoice(p_number)).id);
begin
  perform billing.check_credit(v_invoice, p_position, p_amount, p_key);
  if billing.credit_invoice(v_invoice, p_position, p_amount, p_key, billing.read_reason(p_reason), v_now) = 0 then
    return '{}';
  end if;
  return roads.send_credit_notes(v_invoice, v_now);
end;
$$;
comment on function roads.credit_invoice(text, text, integer, numeric, text) is 'The work of leadgen.credit_invoice.';

create or replace function roads.send_credit_notes(p_invoice leadgen.invoices, p_now timestamptz)
returns text[]
language plpgsql
volatile
as $$
declare
  v_number text;
  v_numbers text[] := '{}';
begin
  perform billing.make_drafts(p_invoice.buyer_id, p_now + interval '1 microsecond', 'credits', p_now);
  for v_number in
    select roads.issue_invoice(i.id, p_now)
    from leadgen.invoices i
    where i.buyer_id = p_invoice.buyer_id and i.kind = 'credit_note' and i.status = 'draft'
      and exists (
        select from leadgen.invoice_lines l where l.invoice_id = i.id and l.corrects_invoice_id = p_invoice.id)
    order by i.id
  loop
    v_numbers := v_numbers || v_number;
  end loop;
  return v_numbers;
end;
$$;
comment on function roads.send_credit_notes(leadgen.invoices, timestamptz) is
  'What was given back of an invoice is sent on credit notes at once; their numbers.';

create or replace function roads.cancel_invoice(p_number text, p_reason text)
returns text[]
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_reason constant text := billing.read_reason(p_reason);
  v_invoice constant leadgen.invoices := billing.lock_invoice((billing.find_invoice(p_number)).id);
begin
  perform billing.cancel_invoice(v_invoice, v_reason, v_now);
  if v_invoice.status = 'draft' then
    return '{}';
  end if;
  perform billing.check_credit(v_invoice, null, null, null);
  perform billing.credit_invoice(v_invoice, null, null, null, v_reason, v_now);
  return roads.send_credit_notes(v_invoice, v_now);
end;
$$;
comment on function roads.cancel_invoice(text, text) is 'The work of leadgen.cancel_invoice.';
