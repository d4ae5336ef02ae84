-- Road: an invoice is paid, or is late: it is overdue, and its buyer is reminded.

create or replace function roads.settle_payments()
returns bigint
language plpgsql
volatile
as $$
-- Only who paid something that no invoice has yet is looked at.
begin
  return roads.do_for_one('settle_payments', array(
    select b.id
    from leadgen.buyers b
    join (
      select i.buyer_id, sum(i.total_amount - i.paid_amount - i.credited_amount) as open,
        bool_or(i.status <> 'disputed') as is_payable
      from leadgen.invoices i
      where i.kind = 'invoice' and i.status in ('sent', 'partly_paid', 'overdue', 'disputed')
      group by i.buyer_id
    ) o on o.buyer_id = b.id and o.is_payable
    where (b.billing_mode = 'prepaid' and b.balance > 0)
      or o.open > b.receivable - billing.sum_unbilled(b.id)
    order by b.id
    limit 100));
end;
$$;
comment on function roads.settle_payments() is
  'Chore: what one buyer paid goes to its open invoices, the oldest first; its id, null: nobody''s is left.';

create or replace function roads.settle_overdue()
returns bigint
language plpgsql
volatile
as $$
begin
  return roads.do_for_one('settle_overdue', array(
    select i.buyer_id
    from leadgen.invoices i
    where i.status in ('sent', 'partly_paid') and i.due_date < leadgen.clock() and i.kind = 'invoice'
    group by i.buyer_id
    order by min(i.due_date), i.buyer_id
    limit 100));
end;
$$;
comment on function roads.settle_overdue() is
  'Chore: open invoices of one buyer whose due date is past are overdue; its id, null: there are none.';

create or replace function roads.end_vain_replacement()
returns bigint
language plpgsql
volatile
as $$
begin
  return roads.do_for_one('end_vain_replacement', array(
    select r.buyer_id from billing.list_vain_replacements(null) r group by r.buyer_id order by min(r.id) limit 100));
end;
$$;
comment on function roads.end_vain_replacement() is
  'Chore: gives the money back for returns of one buyer that no lead can replace; its id, null: there are none.';

create or replace function roads.do_for_one(p_chore text, p_buyer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
-- One buyer a transaction: leads wait for a buyer that is held. After one that fails the next has its turn, so a buyer
-- whose books are not in order stops no other.
declare
  v_now constant timestamptz := leadgen.clock();
  v_buyer_id bigint;
begin
  foreach v_buyer_id in array p_buyer_ids loop
    begin
      perform billing.lock_buyers(array[v_buyer_id], true);
      case p_chore
        when 'settle_payments' then perform billing.settle_invoices(v_buyer_id, null, v_now);
        when 'settle_overdue' then perform billing.settle_overdue(v_buyer_id, v_now);
        when 'end_vain_replacement' then perform billing.end_vain_replacements(v_buyer_id, v_now);
        when 'remind_buyer' then perform roads.remind_of_invoice(v_buyer_id, v_now);
      end case;
      return v_buyer_id;
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
comment on function roads.do_for_one(text, bigint[]) is
  'Does a chore for the first of these buyers with whom it can be done; its id, null: there is none.';

create or replace function roads.remind_buyer()
returns bigint
language plpgsql
volatile
as $$
begin
  return roads.do_for_one('remind_buyer', array(
    select d.buyer_id
    from roads.list_due_reminders(null, leadgen.clock()) d
    group by d.buyer_id
    order by min(d.due_date), d.buyer_id
    limit 100));
end;
$$;
comment on function roads.remind_buyer() is
  'Chore: reminds one buyer of an open invoice, by the rows of invoice_reminders; its id, null: there is none.';

create or replace function roads.list_due_reminders(p_buyer_id bigint, p_now timestamptz)
returns table (invoice_id bigint, buyer_id bigint, due_date timestamptz, reminder_id bigint, days_after_due integer)
language sql
stable
as $$
  select i.id, i.buyer_id, i.due_date, r.id, r.days_after_due
  from leadgen.invoices i
  join leadgen.invoice_reminders r on r.is_active and i.due_date + r.days_after_due * interval '1 day' < p_now
  where i.kind = 'invoice' and i.status in ('sent', 'partly_paid', 'overdue')
    and (p_buyer_id is null or i.buyer_id = p_buyer_id)
    and not exists (
      select from leadgen.invoice_reminders_sent s
      join leadgen.invoice_reminders e on e.id = s.reminder_id
      where s.invoice_id = i.id and e.days_after_due >= r.days_after_due);
$$;
comment on function roads.list_due_reminders(bigint, timestamptz) is
  'Reminders that are due and were not sent, nor a later one, of a buyer, or null, of all.';

create or replace function roads.remind_of_invoice(p_buyer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Once each: the latest that is due; those before it, which nobody sent in time, are left out.
declare
  v_due record;
  v_invoice leadgen.invoices;
  v_reminder leadgen.invoice_reminders;
begin
  select d.invoice_id, d.reminder_id into v_due
  from roads.list_due_reminders(p_buyer_id, p_now) d
  order by d.due_date, d.invoice_id, d.days_after_due desc
  limit 1;
  if not found then
    return;
  end if;
  select i.* into v_invoice from leadgen.invoices i where i.id = v_due.invoice_id;
  select r.* into v_reminder from leadgen.invoice_reminders r where r.id = v_due.reminder_id;
  insert into leadgen.invoice_reminders_sent (invoice_id, reminder_id, sent_at)
  values (v_invoice.id, v_reminder.id, p_now);
  perform roads.tell_of_invoice(v_invoice, jsonb_build_object(
    'subject', billing.fill_words(v_reminder.subject, v_invoice),
    'message', billing.fill_words(v_reminder.message, v_invoice)));
end;
$$;
comment on function roads.remind_of_invoice(bigint, timestamptz) is
  'Reminds a buyer of the open invoice that is due first. The caller holds the buyer.';
