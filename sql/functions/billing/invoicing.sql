-- Invoicing: transactions of the ledger become lines of drafts.
--
-- A transaction is billed when its kind is (ledger_kinds.is_billed) and it changed what a buyer has left or owes. It is
-- on one document at most (invoice_lines_transaction_unique), and what is on none is unbilled: so
-- ledger = invoiced - credited + unbilled, for every buyer, at any moment (report.billed).
--
--   charged                                         ─► the next invoice
--   given back, what it takes back is not sent yet  ─► the invoice that has it
--   given back, what it takes back was sent         ─► the next credit note
--   given back without a transaction of its own     ─► the next credit note
--
-- A sale whose buyer must accept it first waits until it is accepted, has ended or was given back in full.
--
-- Whoever writes documents of a buyer holds its row of billing_calendar where a period ends, then its row of buyers,
-- then the document, and last the row of invoice_series. All that is booked for a buyer is booked under the lock of
-- buyers: its transactions are there in the order of their ids, and none is missed (billing_calendar.billed_to).

create or replace function billing.list_unbilled(p_buyer_id bigint, p_until timestamptz)
returns table (
  transaction_id bigint, kind text, account leadgen.ledger_account, amount numeric, booked_at timestamptz,
  offer_id bigint, assignment_id bigint, memo text, corrects_id bigint, corrected_invoice_id bigint
)
language plpgsql
stable
as $$
begin
  return query
  with entry as materialized (
    select t.*, e.account, e.amount, r.id as corrects_id
    from leadgen.ledger_entries e
    join leadgen.ledger_transactions t on t.id = e.transaction_id
    join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
    left join leadgen.ledger_transactions r on r.id = t.reverses_id
      and exists (select from leadgen.ledger_kinds rk where rk.code = r.kind and rk.is_billed)
    where e.buyer_id = p_buyer_id and e.account in ('buyer_prepaid', 'buyer_receivable')
      and e.transaction_id > coalesce(
        (select c.billed_to from leadgen.billing_calendar c where c.buyer_id = p_buyer_id), 0)
      and t.booked_at < p_until
      and not exists (select from leadgen.invoice_lines l where l.transaction_id = t.id)
  ),
  ready as (
    select n.id
    from entry n
    where n.amount > 0
      and (n.kind <> 'sale'
        or not exists (
          select from leadgen.ledger_entries e where e.transaction_id = n.id and e.account = 'buyer_reserved')
        or (
          select sum(e.amount)
          from (
            select n.id
            union all
            select t.id from leadgen.ledger_transactions t where t.reverses_id = n.id
            union all
            select t.id from leadgen.ledger_transactions t where t.key = 'accept:' || n.assignment_id
          ) x
          join leadgen.ledger_entries e on e.transaction_id = x.id and e.account = 'buyer_reserved') = 0)
  )
  select n.id, n.kind, n.account, n.amount, n.booked_at, n.offer_id, n.assignment_id, n.memo, n.corrects_id,
    l.invoice_id
  from entry n
  left join leadgen.invoice_lines l on l.transaction_id = n.corrects_id
  where n.id in (select r.id from ready r)
    or (n.amount < 0 and (n.corrects_id is null or l.invoice_id is not null
      or n.corrects_id in (select r.id from ready r)))
  order by n.booked_at, n.id;
end;
$$;
comment on function billing.list_unbilled(bigint, timestamptz) is
  'What can become a line: the billed transactions of a buyer before a time that are on no document. amount: above '
  'zero charged, below given back; corrected_invoice_id: the document that has what it takes back.';

create or replace function billing.sort_unbilled(p_buyer_id bigint, p_until timestamptz)
returns table (
  document text, group_offer_id bigint, draft_id bigint, transaction_id bigint, kind text,
  account leadgen.ledger_account,
  amount numeric, booked_at timestamptz, offer_id bigint, assignment_id bigint, memo text, corrects_id bigint,
  corrects_invoice_id bigint
)
language plpgsql
stable
as $$
begin
  return query
  select
    case
      when u.amount > 0 or (u.corrects_id is not null and coalesce(i.status, 'draft') = 'draft') then 'invoice'
      else 'credit_note'
    end,
    case b.invoices_by when 'offer' then u.offer_id end,
    case i.status when 'draft' then i.id end,
    u.transaction_id, u.kind, u.account, u.amount, u.booked_at, u.offer_id, u.assignment_id, u.memo, u.corrects_id,
    case when i.status <> 'draft' then i.id end
  from billing.list_unbilled(p_buyer_id, p_until) u
  join leadgen.buyers b on b.id = p_buyer_id
  left join leadgen.invoices i on i.id = u.corrected_invoice_id
  order by u.booked_at, u.transaction_id;
end;
$$;
comment on function billing.sort_unbilled(bigint, timestamptz) is
  'What can become a line (billing.list_unbilled), and of which document: an invoice or a credit note, for an offer '
  'or, null, for all; draft_id: the draft that has what it takes back.';

create or replace function billing.make_drafts(
  p_buyer_id bigint,
  p_until timestamptz,
  p_scope text,
  p_now timestamptz
)
returns bigint[]
language plpgsql
volatile
as $$
-- Drafts that are there go on collecting. The caller holds the buyer.
declare
  v_zone constant text := billing.find_zone(p_buyer_id);
  v_ids bigint[];
begin
  insert into leadgen.invoices (
    created_at, buyer_id, offer_id, period_start, period_end, due_date, invoice_number, kind, currency, timezone,
    terms_days
  )
  select p_now, p_buyer_id, g.group_offer_id,
    least(p_until - interval '1 microsecond', greatest(c.period_start, (
      select max(i.period_end) from leadgen.invoices i
      where i.buyer_id = p_buyer_id and i.offer_id is not distinct from g.group_offer_id and i.kind = g.document
        and i.number is not null and i.period_end <= p_until))),
    p_until, billing.find_due_date(p_now, v_zone, t.days), 'DRAFT-' || gen_random_uuid(), g.document, b.currency,
    v_zone, t.days
  from (
    select u.document, u.group_offer_id, sum(u.amount) as amount
    from billing.sort_unbilled(p_buyer_id, p_until) u
    where u.draft_id is null and (p_scope <> 'credits' or u.document = 'credit_note')
    group by u.document, u.group_offer_id
  ) g
  join leadgen.buyers b on b.id = p_buyer_id
  join leadgen.billing_calendar c on c.buyer_id = b.id
  cross join leadgen.billing_settings s
  cross join lateral (select coalesce(b.payment_terms_days, s.terms_days) as days) t
  where p_scope <> 'threshold' or (g.document = 'invoice' and g.amount > 0 and g.amount >= coalesce(
    (select o.invoice_threshold from leadgen.offers o where o.id = g.group_offer_id),
    (select d.default_invoice_threshold from leadgen.settings d)))
  on conflict do nothing;

  insert into leadgen.invoice_lines (
    invoice_id, position, transaction_id, account, booked_at, kind, offer_id, assignment_id, lead_id,
    corrects_transaction_id, corrects_invoice_id, description, amount
  )
  select d.id,
    coalesce((select max(l.position) from leadgen.invoice_lines l where l.invoice_id = d.id), 0)
      + row_number() over (partition by d.id order by u.booked_at, u.transaction_id),
    u.transaction_id, u.account, u.booked_at, u.kind, u.offer_id, u.assignment_id, a.lead_id, u.corrects_id,
    u.corrects_invoice_id, billing.describe_line(u.kind, a.lead_id, o.name, u.memo),
    case u.document when 'credit_note' then -u.amount else u.amount end
  from billing.sort_unbilled(p_buyer_id, p_until) u
  join leadgen.invoices d on d.buyer_id = p_buyer_id and d.status = 'draft' and d.kind = u.document
    and (d.id = u.draft_id or (u.draft_id is null and d.offer_id is not distinct from u.group_offer_id))
  left join leadgen.lead_assignments a on a.id = u.assignment_id
  left join leadgen.offers o on o.id = u.offer_id
  where p_scope <> 'credits' or u.document = 'credit_note';

  select array_agg(i.id order by i.kind <> 'invoice', i.id) into v_ids
  from leadgen.invoices i
  where i.buyer_id = p_buyer_id and i.status = 'draft';
  perform billing.price_draft(d) from unnest(v_ids) d;
  update leadgen.invoices i
  set
    invoice_number = 'DRAFT-' || i.id,
    period_end = greatest(i.period_end, p_until)
  where i.id = any (v_ids);
  perform billing.mark_billed(p_buyer_id);
  return coalesce(v_ids, '{}');
end;
$$;
comment on function billing.make_drafts(bigint, timestamptz, text, timestamptz) is
  'Puts what a buyer was charged and given back before a time on drafts, and returns the ids of its drafts, invoices '
  'first. p_scope: all; threshold: a draft is begun only where an offer''s invoice_threshold is reached; credits: only '
  'credit notes.';

create or replace function billing.describe_line(p_kind text, p_lead_id bigint, p_offer text, p_memo text)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_lead_id is null then coalesce(p_memo, initcap(p_kind))
    else format('%s %s%s',
      case p_kind
        when 'sale' then 'Lead'
        when 'return' then 'Return of lead'
        when 'release' then 'Sale ended, lead'
        else 'Refund of lead'
      end,
      p_lead_id, coalesce(', ' || p_offer, ''))
  end;
end;
$$;
comment on function billing.describe_line(text, bigint, text, text) is
  'What a line says: the lead by its id and its offer, or why an operator booked it.';

create or replace function billing.find_due_date(p_from timestamptz, p_timezone text, p_days integer)
returns timestamptz
language plpgsql
immutable
as $$
begin
  return ((p_from at time zone p_timezone)::date + p_days + time '23:59:59') at time zone p_timezone;
end;
$$;
comment on function billing.find_due_date(timestamptz, text, integer) is
  'The end of the day of a zone that is so many days after the day of a time.';

create or replace function billing.mark_billed(p_buyer_id bigint)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.billing_calendar c
  set billed_to = coalesce(
    billing.find_first_unbilled(p_buyer_id, c.billed_to) - 1,
    (
      select max(x.transaction_id)
      from unnest(array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[]) a (account)
      cross join lateral (
        select e.transaction_id from leadgen.ledger_entries e
        where e.buyer_id = p_buyer_id and e.account = a.account
        order by e.transaction_id desc
        limit 1
      ) x
    ),
    c.billed_to)
  where c.buyer_id = p_buyer_id;
end;
$$;
comment on function billing.mark_billed(bigint) is
  'Notes up to where all that a buyer was charged or given back is on documents. The caller holds the buyer.';
