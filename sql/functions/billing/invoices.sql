-- Invoices and credit notes: how a draft is sent, with a number, and what protects it from then on.

create or replace function billing.send_invoice(p_invoice_id bigint, p_now timestamptz)
returns leadgen.invoices
language plpgsql
volatile
as $$
-- The number is taken last: whoever waits for the series waits for the end of this transaction only. The tax is booked
-- under that number; what a prepaid buyer's balance does not cover of it is owed, until it is paid or credited.
declare
  v_invoice leadgen.invoices := billing.lock_invoice(p_invoice_id);
  v_settings leadgen.billing_settings;
  v_sign integer;
  v_tax record;
  v_prepaid_tax numeric;
  v_prepaid numeric;
begin
  select s.* into v_settings from leadgen.billing_settings s;
  if v_invoice.status <> 'draft' then
    perform kernel.refuse('LG409', format('%s was sent before', v_invoice.invoice_number), 'status',
      v_invoice.status::text, 'draft');
  elsif v_settings.company is null then
    perform kernel.refuse('LG409', 'Invoices have no sender yet', 'company', 'nothing', 'the name of a company',
      'update leadgen.billing_settings set company = ''…'', address = ''…'';');
  end if;
  perform billing.price_draft(p_invoice_id);
  select i.* into v_invoice from leadgen.invoices i where i.id = p_invoice_id;
  v_sign := case v_invoice.kind when 'invoice' then 1 else -1 end;
  select
    coalesce(sum(l.amount) filter (where l.account = 'buyer_prepaid'), 0) as prepaid_net,
    coalesce(sum(l.tax_amount) filter (where l.account = 'buyer_prepaid'), 0) as prepaid,
    coalesce(sum(l.tax_amount), 0) as total
  into v_tax
  from leadgen.invoice_lines l
  where l.invoice_id = p_invoice_id;
  v_prepaid_tax := case v_sign
    when 1 then least(v_tax.prepaid, (select b.balance from leadgen.buyers b where b.id = v_invoice.buyer_id))
    else v_tax.prepaid - (select coalesce(sum(c.tax), 0) from billing.share_credit_note(p_invoice_id) c)
  end;
  v_prepaid := v_tax.prepaid_net + v_prepaid_tax;

  v_invoice.year := extract(year from p_now at time zone v_invoice.timezone);
  v_invoice.series := case v_sign when 1 then v_settings.invoice_series else v_settings.credit_note_series end;
  v_invoice.number := billing.take_number(v_invoice.series, v_invoice.year);
  v_invoice.invoice_number := billing.write_number(v_invoice.series, v_invoice.year, v_invoice.number);
  if v_tax.total <> 0 then
    perform billing.post('invoice', 'invoice:' || v_invoice.invoice_number, v_invoice.currency, array[
      ('buyer_prepaid', v_invoice.buyer_id, null, null, v_sign * v_prepaid_tax)::billing.entry,
      ('buyer_receivable', v_invoice.buyer_id, null, null, v_sign * (v_tax.total - v_prepaid_tax))::billing.entry,
      ('tax', null, null, null, -v_sign * v_tax.total)::billing.entry], p_now, 'Tax of ' || v_invoice.invoice_number);
  end if;
  update leadgen.invoices i
  set
    status = 'sent',
    invoice_number = v_invoice.invoice_number,
    series = v_invoice.series,
    year = v_invoice.year,
    number = v_invoice.number,
    issued_at = p_now,
    due_date = billing.find_due_date(p_now, i.timezone, i.terms_days),
    paid_amount = case v_sign when 1 then v_prepaid else 0 end,
    paid_in_advance = case v_sign when 1 then v_prepaid else 0 end,
    bill_from = billing.describe_sender(),
    bill_to = billing.describe_payer(i.buyer_id)
  where i.id = p_invoice_id;
  if v_sign = -1 then
    perform billing.apply_credit_note(p_invoice_id, p_now);
  else
    perform billing.queue_invoice(p_invoice_id);
  end if;
  perform billing.settle_invoices(v_invoice.buyer_id, null, p_now);
  select i.* into v_invoice from leadgen.invoices i where i.id = p_invoice_id;
  return v_invoice;
end;
$$;
comment on function billing.send_invoice(bigint, timestamptz) is
  'Sends a draft: it gets its number, date and due date, its tax is booked as transaction invoice:NUMBER, and nothing '
  'of it changes any more but its state. LG409 for what is no draft. Sold from a balance, it is paid at once.';

create or replace function billing.lock_invoice(p_invoice_id bigint)
returns leadgen.invoices
language plpgsql
volatile
as $$
declare
  v_buyer_id constant bigint := (select i.buyer_id from leadgen.invoices i where i.id = p_invoice_id);
  v_invoice leadgen.invoices;
begin
  perform from leadgen.billing_calendar c where c.buyer_id = v_buyer_id for update;
  perform billing.lock_buyers(array[v_buyer_id], true);
  select i.* into v_invoice from leadgen.invoices i where i.id = p_invoice_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such invoice', 'invoice_id', p_invoice_id::text,
      'the id of an invoice');
  end if;
  return v_invoice;
end;
$$;
comment on function billing.lock_invoice(bigint) is
  'The invoice or credit note with this id, locked after its buyer''s period and its buyer until the transaction ends; '
  'LG404 when there is none.';

create or replace function billing.find_invoice(p_number text)
returns leadgen.invoices
language plpgsql
stable
as $$
declare
  v_invoice leadgen.invoices;
begin
  select i.* into v_invoice from leadgen.invoices i where i.invoice_number = p_number;
  if not found then
    perform kernel.refuse('LG404', 'There is no such invoice', 'number', left(p_number, 50),
      'the number of an invoice, a credit note or a draft', 'See: leadgen money invoice list.');
  end if;
  return v_invoice;
end;
$$;
comment on function billing.find_invoice(text) is 'The document with this number; LG404 when there is none.';

create or replace function billing.take_number(p_series text, p_year integer)
returns integer
language plpgsql
volatile
as $$
declare
  v_number integer;
begin
  insert into leadgen.invoice_series as s (series, year, last_number)
  values (p_series, p_year, 1)
  on conflict (series, year) do update set last_number = s.last_number + 1
  returning s.last_number into v_number;
  return v_number;
end;
$$;
comment on function billing.take_number(text, integer) is
  'The next number of a series and year; others wait for it until this '
  'transaction ends, so that a rollback leaves no gap.';

create or replace function billing.write_number(p_series text, p_year integer, p_number integer)
returns text
language plpgsql
stable
as $$
begin
  return (
    select replace(replace(replace(s.number_template, '{series}', p_series), '{year}', p_year::text), '{number}',
      lpad(p_number::text, greatest(s.number_digits, length(p_number::text)), '0'))
    from leadgen.billing_settings s);
end;
$$;
comment on function billing.write_number(text, integer, integer) is 'A number as documents show it: INV-2026-00017.';

create or replace function billing.describe_sender()
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'company', s.company, 'address', s.address, 'tax_id', s.tax_id, 'email', s.email, 'phone', s.phone,
      'website', s.website, 'logo_svg', s.logo_svg, 'payment_instructions', s.payment_instructions, 'terms', s.terms,
      'footer', s.footer, 'pay_url', s.pay_url)
    from leadgen.billing_settings s);
end;
$$;
comment on function billing.describe_sender() is 'The letterhead of invoices, as billing_settings have it now.';

create or replace function billing.describe_payer(p_buyer_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'buyer_id', b.id, 'name', coalesce(nullif(btrim(b.company), ''), b.name), 'contact', b.name, 'email', b.email,
      'address', b.tax_address, 'country', b.tax_country, 'region', b.tax_region, 'tax_id', b.tax_id,
      'is_tax_exempt', b.is_tax_exempt)
    from leadgen.buyers b
    where b.id = p_buyer_id);
end;
$$;
comment on function billing.describe_payer(bigint) is 'The buyer as its invoices name it.';

create or replace function billing.fill_words(p_words text, p_invoice leadgen.invoices)
returns text
language plpgsql
stable
as $$
begin
  return replace(replace(replace(replace(replace(p_words,
    '{number}', p_invoice.invoice_number),
    '{total}', p_invoice.total_amount::text),
    '{open}', (p_invoice.total_amount - p_invoice.paid_amount - p_invoice.credited_amount)::text),
    '{currency}', p_invoice.currency),
    '{due}', to_char(p_invoice.due_date at time zone p_invoice.timezone, 'YYYY-MM-DD'));
end;
$$;
comment on function billing.fill_words(text, leadgen.invoices) is 'The words of a reminder with what they stand for.';

create or replace function billing.fill_invoice()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Whoever writes only the columns of the first specification.
begin
  new.currency := coalesce(new.currency, (
    select coalesce(b.currency, m.currency)
    from leadgen.buyers b
    left join leadgen.offers o on o.id = new.offer_id
    left join leadgen.markets m on m.id = o.market_id
    where b.id = new.buyer_id));
  new.timezone := coalesce(new.timezone, billing.find_zone(new.buyer_id));
  return new;
end;
$$;
comment on function billing.fill_invoice() is
  'Trigger: an invoice without currency or zone has those of its buyer, or of its offer''s market.';

create or replace function billing.keep_sent_lines()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What a line that is taken out has is unbilled again. With a draft that is deleted its lines go, after it.
declare
  v_invoice leadgen.invoices;
begin
  select i.* into v_invoice from leadgen.invoices i
  where i.id = case tg_op when 'DELETE' then old.invoice_id else new.invoice_id end;
  if found and (v_invoice.status <> 'draft' or (tg_op = 'UPDATE' and new.invoice_id <> old.invoice_id)) then
    perform kernel.refuse('LG409', format('The lines of %s never change: it is %s', v_invoice.invoice_number,
      v_invoice.status), 'status', v_invoice.status::text, 'draft',
      'Correct it by a credit note: leadgen money credit-note.');
  end if;
  if tg_op = 'DELETE' then
    update leadgen.billing_calendar c
    set billed_to = old.transaction_id - 1
    from leadgen.ledger_transactions t
    where t.id = old.transaction_id and c.buyer_id = t.buyer_id and c.billed_to >= t.id;
  end if;
  return case tg_op when 'DELETE' then old else new end;
end;
$$;
comment on function billing.keep_sent_lines() is
  'Trigger: the lines of a document change only while it is a draft (LG409), for every role, the owner included.';
