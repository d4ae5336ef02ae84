-- Road: a buyer is billed: its period has ended, or an offer's threshold is reached.

create or replace function roads.invoice_due_buyer()
returns bigint
language plpgsql
volatile
as $$
-- One buyer a transaction: so a series is locked for as long as one buyer takes. All buyers are looked at only when
-- none is due any more.
declare
  v_now constant timestamptz := leadgen.clock();
  v_buyer_id bigint := roads.bill_due_buyer(v_now);
begin
  if v_buyer_id is null then
    perform billing.ensure_calendar(v_now);
    perform billing.weigh_buyers(v_now);
    v_buyer_id := roads.bill_due_buyer(v_now);
  end if;
  return v_buyer_id;
end;
$$;
comment on function roads.invoice_due_buyer() is
  'Chore: bills one buyer whose period has ended or who owes an offer''s '
  'invoice_threshold; its id, null: there is none.';

create or replace function roads.bill_due_buyer(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- A buyer that cannot be billed is tried again in a quarter of an hour, and stops no other.
declare
  v_buyer_id bigint;
  v_period_end timestamptz;
begin
  select c.buyer_id, c.period_end into v_buyer_id, v_period_end
  from leadgen.billing_calendar c
  where c.due_at <= p_now
  order by c.due_at, c.buyer_id
  limit 1
  for update skip locked;
  if not found then
    return null;
  end if;
  begin
    perform billing.put_off(v_buyer_id, v_period_end);
    perform billing.follow_cycles(v_buyer_id, p_now);
    perform roads.bill_buyer(v_buyer_id, p_now, false, p_now);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not roads.set_aside('invoice_due_buyer', v_buyer_id, sqlstate, sqlerrm, p_now) then
        raise;
      end if;
      perform billing.put_off(v_buyer_id, p_now + interval '15 minutes');
  end;
  return v_buyer_id;
end;
$$;
comment on function roads.bill_due_buyer(timestamptz) is
  'Bills the buyer that has been due for longest; its id, null: none is due.';

create or replace function roads.list_due_buyers(p_until timestamptz)
returns setof bigint
language plpgsql
volatile
as $$
begin
  perform billing.ensure_calendar(leadgen.clock());
  return query
  select c.buyer_id
  from leadgen.billing_calendar c
  where c.period_end <= p_until or billing.has_reached_threshold(c.buyer_id, p_until)
  order by c.period_end, c.buyer_id;
end;
$$;
comment on function roads.list_due_buyers(timestamptz) is 'The work of leadgen.list_due_buyers.';

create or replace function roads.invoice_buyer(p_buyer_id bigint, p_until timestamptz, p_early boolean)
returns text[]
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
begin
  if p_until > v_now then
    perform kernel.refuse('LG400', 'Nobody is billed ahead', 'until', kernel.write_instant(p_until),
      'a time that is past');
  end if;
  perform billing.find_currency(p_buyer_id);
  perform billing.ensure_calendar(v_now);
  perform from leadgen.billing_calendar c where c.buyer_id = p_buyer_id for update;
  return roads.bill_buyer(p_buyer_id, coalesce(p_until, v_now), p_early, v_now);
end;
$$;
comment on function roads.invoice_buyer(bigint, timestamptz, boolean) is 'The work of leadgen.invoice_buyer.';

create or replace function roads.bill_buyer(
  p_buyer_id bigint,
  p_until timestamptz,
  p_early boolean,
  p_now timestamptz
)
returns text[]
language plpgsql
volatile
as $$
-- A worker that was away bills each period that has ended since. The caller holds the row of billing_calendar.
declare
  v_numbers text[] := '{}';
  v_end timestamptz;
begin
  perform billing.lock_buyers(array[p_buyer_id], true);
  loop
    select c.period_end into v_end from leadgen.billing_calendar c where c.buyer_id = p_buyer_id;
    exit when (v_end <= p_until) is not true;
    v_numbers := v_numbers || roads.send_drafts(billing.make_drafts(p_buyer_id, v_end, 'all', p_now), p_now);
    perform billing.begin_period(p_buyer_id, v_end);
  end loop;
  return v_numbers || roads.send_drafts(
    billing.make_drafts(p_buyer_id, p_until, case when p_early then 'all' else 'threshold' end, p_now), p_now);
end;
$$;
comment on function roads.bill_buyer(bigint, timestamptz, boolean, timestamptz) is
  'Bills a buyer for each period that has ended by a time, and where a threshold is reached, or with p_early, for what '
  'is unbilled then; the numbers.';

create or replace function roads.send_drafts(p_invoice_ids bigint[], p_now timestamptz)
returns text[]
language plpgsql
volatile
as $$
declare
  v_id bigint;
  v_numbers text[] := '{}';
begin
  if not (select s.sends_at_once and s.company is not null from leadgen.billing_settings s) then
    return array(select i.invoice_number from leadgen.invoices i where i.id = any (p_invoice_ids) order by i.id);
  end if;
  foreach v_id in array p_invoice_ids loop
    v_numbers := v_numbers || roads.issue_invoice(v_id, p_now);
  end loop;
  return v_numbers;
end;
$$;
comment on function roads.send_drafts(bigint[], timestamptz) is
  'Sends drafts, where billing_settings say so, and returns their numbers.';

create or replace function roads.issue_invoice(p_invoice_id bigint, p_now timestamptz)
returns text
language plpgsql
volatile
as $$
declare
  v_invoice constant leadgen.invoices := billing.send_invoice(p_invoice_id, p_now);
begin
  perform roads.tell_of_invoice(v_invoice, null);
  return v_invoice.invoice_number;
end;
$$;
comment on function roads.issue_invoice(bigint, timestamptz) is
  'A draft is sent: it gets its number, and its buyer an e-mail; the number.';

create or replace function roads.tell_of_invoice(p_invoice leadgen.invoices, p_reminder jsonb)
returns void
language plpgsql
volatile
as $$
-- A buyer that wants no notices, or whose address is disabled, finds its documents by its key all the same.
declare
  v_endpoint_id constant bigint := outbox.ensure_notice_endpoint(p_invoice.buyer_id, 'invoice.sent');
begin
  if v_endpoint_id is not null then
    perform outbox.queue_notice(p_invoice.buyer_id, case when p_reminder is not null then 'invoice.reminder'
      when p_invoice.kind = 'credit_note' then 'invoice.credited'
      else 'invoice.sent'
    end, coalesce(p_reminder, '{}') || jsonb_build_object(
      'invoice_id', p_invoice.id,
      'number', p_invoice.invoice_number,
      'currency', p_invoice.currency,
      'total', p_invoice.total_amount::text,
      'open', (p_invoice.total_amount - p_invoice.paid_amount - p_invoice.credited_amount)::text,
      'due_on', to_char(p_invoice.due_date at time zone p_invoice.timezone, 'YYYY-MM-DD'),
      'sender', p_invoice.bill_from ->> 'company'), v_endpoint_id);
  end if;
end;
$$;
comment on function roads.tell_of_invoice(leadgen.invoices, jsonb) is
  'E-mails a buyer one of its invoices or credit notes; with p_reminder (subject, message) it is a reminder.';

create or replace function roads.send_invoice(p_number text)
returns text
language plpgsql
volatile
as $$
begin
  return roads.issue_invoice((billing.find_invoice(p_number)).id, leadgen.clock());
end;
$$;
comment on function roads.send_invoice(text) is 'The work of leadgen.send_invoice.';
