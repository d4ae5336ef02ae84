-- Invoices on pages: the list, those that are overdue first, and one with its lines, payments, credits and reminders.

create or replace function console.list_invoices(
  p_status text,
  p_buyer_id bigint,
  p_from date,
  p_to date,
  p_before bigint,
  p_is_late boolean
)
returns jsonb
language plpgsql
stable
as $$
-- The key of a page is its last row's id, and whether that one was overdue: the others follow those that are.
declare
  c_states constant text[] := enum_range(null::leadgen.invoice_status);
  v_is_late constant boolean := coalesce(p_is_late, false);
begin
  if p_status is not null and p_status <> all (c_states) then
    perform kernel.refuse('LG400', 'There is no such state', 'status', left(p_status, 50),
      array_to_string(c_states, ', '));
  elsif p_to < p_from then
    perform kernel.refuse('LG400', 'The period ends before it begins', 'to', p_to::text, format('%s or later', p_from));
  end if;
  return jsonb_build_object('status', p_status, 'buyer', p_buyer_id, 'from', p_from, 'to', p_to) || (
    with fit as not materialized (
      select i.id, i.status = 'overdue' as is_late
      from leadgen.invoices i
      where (p_status is null or i.status = p_status::leadgen.invoice_status)
        and (p_buyer_id is null or i.buyer_id = p_buyer_id)
        and (p_from is null or i.period_end > p_from::timestamp at time zone i.timezone)
        and (p_to is null or i.period_start < (p_to + 1)::timestamp at time zone i.timezone)
    ),
    page as (
      (
        select f.id, f.is_late from fit f
        where f.is_late and (p_before is null or (v_is_late and f.id < p_before))
        order by f.id desc
        limit 50
      )
      union all
      (
        select f.id, f.is_late from fit f
        where not f.is_late and (p_before is null or v_is_late or f.id < p_before)
        order by f.id desc
        limit 50
      )
    ),
    listed as (
      select p.* from page p order by p.is_late desc, p.id desc limit 50
    )
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(billing.summarize_invoice(i) || jsonb_build_object('buyer', b.name)
        order by l.is_late desc, l.id desc), '[]'),
      'next', case when count(*) = 50 then (array_agg(l.id order by l.is_late, l.id))[1] end,
      'next_is_late', bool_and(l.is_late))
    from listed l
    join leadgen.invoices i on i.id = l.id
    join leadgen.buyers b on b.id = i.buyer_id);
end;
$$;
comment on function console.list_invoices(text, bigint, date, date, bigint, boolean) is
  'Invoices, credit notes and drafts, those that are overdue first, then the newest, 50 a page: in a state, of a '
  'buyer, of periods that have a day from p_from to p_to. p_before, p_is_late: the last one of the page before. LG400 '
  'for an unknown state, and for a period that ends before it begins.';

create or replace function console.sum_open_invoices()
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(to_jsonb(s) order by s.currency), '[]')
  from (
    select i.currency, count(*) as invoices, sum(i.total_amount - i.paid_amount - i.credited_amount) as open,
      count(*) filter (where i.status = 'overdue') as late, coalesce(
        sum(i.total_amount - i.paid_amount - i.credited_amount) filter (where i.status = 'overdue'), 0) as overdue
    from leadgen.invoices i
    where i.kind = 'invoice' and i.status in ('sent', 'partly_paid', 'overdue', 'disputed')
    group by i.currency
  ) s;
$$;
comment on function console.sum_open_invoices() is
  'How many invoices are open, and overdue, and what is open of them, by currency.';

create or replace function console.describe_invoice(p_number text, p_after integer)
returns jsonb
language plpgsql
stable
as $$
declare
  v_invoice constant leadgen.invoices := billing.find_invoice(p_number);
begin
  return jsonb_build_object(
    'invoice', billing.summarize_invoice(v_invoice) || jsonb_build_object(
      'buyer', (select b.name from leadgen.buyers b where b.id = v_invoice.buyer_id),
      'paid_in_advance', v_invoice.paid_in_advance, 'paid_at', v_invoice.paid_at,
      'cancelled_at', v_invoice.cancelled_at, 'disputed_at', v_invoice.disputed_at,
      'dispute_reason', v_invoice.dispute_reason, 'resolved_at', v_invoice.resolved_at,
      'notes', v_invoice.resolution_notes),
    'actions', console.list_invoice_actions(v_invoice),
    'payments', (
      select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'created_at', p.created_at, 'status', p.status,
        'method', p.method, 'amount', p.amount, 'currency', p.currency, 'memo', p.memo) order by p.id desc), '[]')
      from (select n.* from leadgen.payments n where n.invoice_id = v_invoice.id order by n.id desc limit 100) p),
    'credits', (
      select coalesce(jsonb_agg(jsonb_build_object('number', c.invoice_number, 'status', c.status, 'net', c.net,
        'tax', c.tax, 'lines', c.lines) order by c.id), '[]')
      from (
        select n.id, n.invoice_number, n.status, sum(l.amount) as net, sum(l.tax_amount) as tax, count(*) as lines
        from leadgen.invoice_lines l
        join leadgen.invoices n on n.id = l.invoice_id
        where l.corrects_invoice_id = v_invoice.id
        group by n.id
        order by n.id
        limit 100
      ) c),
    'reminders', (
      select coalesce(jsonb_agg(jsonb_build_object('sent_at', s.sent_at, 'days', r.days_after_due, 'subject',
        billing.fill_words(r.subject, v_invoice)) order by s.sent_at, s.reminder_id), '[]')
      from leadgen.invoice_reminders_sent s
      left join leadgen.invoice_reminders r on r.id = s.reminder_id
      where s.invoice_id = v_invoice.id)) || console.list_invoice_lines(v_invoice, p_after);
end;
$$;
comment on function console.describe_invoice(text, integer) is
  'An invoice, credit note or draft: what may be done with it, its payments, credit notes and reminders, and a page of '
  'its lines after a position. LG404 for none.';

create or replace function console.list_invoice_lines(p_invoice leadgen.invoices, p_after integer)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object('lines', coalesce(jsonb_agg(jsonb_build_object(
      'position', l.position, 'booked_at', to_char(l.booked_at at time zone p_invoice.timezone, 'YYYY-MM-DD HH24:MI'),
      'description', l.description, 'lead_id', l.lead_id, 'corrects', l.corrects, 'amount', l.amount,
      'tax_percent', l.tax_percent::float8::text, 'tax_amount', l.tax_amount) order by l.position), '[]'),
    'next', case when count(*) = 100 then max(l.position) end)
  from (
    select n.*, c.invoice_number as corrects
    from leadgen.invoice_lines n
    left join leadgen.invoices c on c.id = n.corrects_invoice_id
    where n.invoice_id = p_invoice.id and n.position > coalesce(p_after, 0)
    order by n.position
    limit 100
  ) l;
$$;
comment on function console.list_invoice_lines(leadgen.invoices, integer) is
  'The lines of a document after a position, 100 a page; the time is by its zone.';

create or replace function console.list_invoice_actions(p_invoice leadgen.invoices)
returns text[]
language plpgsql
immutable
as $$
begin
  return case
    when p_invoice.status = 'draft' then '{send,cancel}'
    when p_invoice.kind = 'credit_note' then '{}'
    when p_invoice.status in ('sent', 'partly_paid', 'overdue') then '{pay,allocate,dispute,credit,cancel}'
    when p_invoice.status = 'disputed' then '{resolve,pay,allocate,credit,cancel}'
    when p_invoice.status = 'paid' then '{credit}'
    else '{}' end::text[];
end;
$$;
comment on function console.list_invoice_actions(leadgen.invoices) is
  'What may be done with a document in its state: send, pay, allocate, dispute, resolve, credit, cancel.';
