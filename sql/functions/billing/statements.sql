-- What people read of invoices: a document, a list of them, the statement of a buyer.

create or replace function billing.describe_invoice(p_number text)
returns jsonb
language plpgsql
stable
as $$
-- A draft is shown with the letterhead and the address of now.
declare
  v_invoice constant leadgen.invoices := billing.find_invoice(p_number);
begin
  return billing.summarize_invoice(v_invoice) || jsonb_build_object(
    'from', coalesce(v_invoice.bill_from, billing.describe_sender()),
    'to', coalesce(v_invoice.bill_to, billing.describe_payer(v_invoice.buyer_id)),
    'corrects', (
      select coalesce(jsonb_agg(distinct c.invoice_number), '[]')
      from leadgen.invoice_lines l
      join leadgen.invoices c on c.id = l.corrects_invoice_id
      where l.invoice_id = v_invoice.id),
    'taxes', (
      select coalesce(jsonb_agg(jsonb_build_object('name', t.tax_name, 'percent', t.tax_percent::float8::text,
        'net', t.net::text, 'amount', t.tax::text, 'words', t.tax_words) order by t.tax_percent, t.tax_name), '[]')
      from (
        select l.tax_name, l.tax_percent, l.tax_words, sum(l.amount) as net, sum(l.tax_amount) as tax
        from leadgen.invoice_lines l
        where l.invoice_id = v_invoice.id and l.tax_name is not null
        group by l.tax_name, l.tax_percent, l.tax_words
      ) t),
    'lines', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'position', l.position,
        'booked_at', to_char(l.booked_at at time zone v_invoice.timezone, 'YYYY-MM-DD HH24:MI'),
        'kind', l.kind,
        'description', l.description,
        'offer_id', l.offer_id,
        'lead_id', l.lead_id,
        'assignment_id', l.assignment_id,
        'corrects', c.invoice_number,
        'amount', l.amount::text,
        'tax_percent', l.tax_percent::float8::text,
        'tax_amount', l.tax_amount::text) order by l.position), '[]')
      from leadgen.invoice_lines l
      left join leadgen.invoices c on c.id = l.corrects_invoice_id
      where l.invoice_id = v_invoice.id));
end;
$$;
comment on function billing.describe_invoice(text) is
  'A document with its lines, for a person, a PDF or an accountant; no '
  'personal data of leads. LG404 when there is none.';

create or replace function billing.summarize_invoice(p_invoice leadgen.invoices)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'number', p_invoice.invoice_number,
    'kind', p_invoice.kind,
    'status', p_invoice.status,
    'buyer_id', p_invoice.buyer_id,
    'offer_id', p_invoice.offer_id,
    'offer', (select o.name from leadgen.offers o where o.id = p_invoice.offer_id),
    'currency', p_invoice.currency,
    'decimals', kernel.currency_minor_unit(p_invoice.currency),
    'timezone', p_invoice.timezone,
    'period_start', kernel.write_instant(p_invoice.period_start),
    'period_end', kernel.write_instant(p_invoice.period_end),
    'from_day', to_char(p_invoice.period_start at time zone p_invoice.timezone, 'YYYY-MM-DD'),
    'to_day', to_char((p_invoice.period_end - interval '1 microsecond') at time zone p_invoice.timezone, 'YYYY-MM-DD'),
    'issued_on', to_char(p_invoice.issued_at at time zone p_invoice.timezone, 'YYYY-MM-DD'),
    'due_on', to_char(p_invoice.due_date at time zone p_invoice.timezone, 'YYYY-MM-DD'),
    'leads', p_invoice.total_leads,
    'net', p_invoice.amount_due::text,
    'tax', p_invoice.tax_amount::text,
    'total', p_invoice.total_amount::text,
    'paid', p_invoice.paid_amount::text,
    'credited', p_invoice.credited_amount::text,
    'open', case
      when p_invoice.status in ('cancelled', 'paid') then 0
      else p_invoice.total_amount - p_invoice.paid_amount - p_invoice.credited_amount
    end::numeric(14, 2)::text);
end;
$$;
comment on function billing.summarize_invoice(leadgen.invoices) is 'A document without its lines.';

create or replace function billing.list_invoices(p_buyer_id bigint, p_status text, p_before_id bigint, p_limit integer)
returns table (id bigint, invoice jsonb)
language plpgsql
stable
as $$
begin
  if p_status is not null and not p_status = any (enum_range(null::leadgen.invoice_status)::text[]) then
    perform kernel.refuse('LG400', 'There is no such state', 'status', left(p_status, 50),
      array_to_string(enum_range(null::leadgen.invoice_status), ', '));
  elsif p_limit not between 1 and 1000 then
    perform kernel.refuse('LG400', 'So many invoices are not listed at once', 'limit', p_limit::text, '1 to 1000');
  end if;
  return query
  select i.id, billing.summarize_invoice(i)
  from leadgen.invoices i
  where (p_buyer_id is null or i.buyer_id = p_buyer_id)
    and (p_status is null or i.status::text = p_status)
    and (p_before_id is null or i.id < p_before_id)
  order by i.id desc
  limit coalesce(p_limit, 100);
end;
$$;
comment on function billing.list_invoices(bigint, text, bigint, integer) is
  'Invoices and credit notes, the newest first: of a buyer or of all, in one state or in any, with an id below '
  'another''s. LG400 for an unknown state.';

create or replace function billing.make_statement(p_buyer_id bigint, p_from date, p_to date)
returns jsonb
language plpgsql
stable
as $$
-- One figure: what the buyer owes, less what it has left in advance. Money that only moves between the two is left out.
declare
  v_currency constant text := billing.find_currency(p_buyer_id);
  v_zone constant text := billing.find_zone(p_buyer_id);
  v_start timestamptz;
  v_end timestamptz;
  v_opening numeric;
  v_movements jsonb;
  v_closing numeric;
begin
  if p_from is null or p_to is null or p_to < p_from or p_from < '1970-01-01' or p_to > '9000-01-01' then
    perform kernel.refuse('LG400', 'The period cannot be read', 'to', coalesce(p_to::text, 'nothing'),
      'two days, the first one first');
  end if;
  v_start := p_from::timestamp at time zone v_zone;
  v_end := (p_to + 1)::timestamp at time zone v_zone;
  select o.opening, o.closing, o.movements into v_opening, v_closing, v_movements
  from billing.list_movements(p_buyer_id, v_start, v_end, v_zone) o;
  return jsonb_build_object(
    'buyer', billing.describe_payer(p_buyer_id),
    'currency', v_currency,
    'timezone', v_zone,
    'from', p_from,
    'to', p_to,
    'opening', v_opening::numeric(14, 2)::text,
    'movements', v_movements,
    'closing', v_closing::numeric(14, 2)::text);
end;
$$;
comment on function billing.make_statement(bigint, date, date) is
  'What a buyer owed before a day, what was booked from then to another day, and what it owed after it, in the zone'
  ' of its first market. Below zero: it has so much left in advance.';

create or replace function billing.list_movements(
  p_buyer_id bigint,
  p_start timestamptz,
  p_end timestamptz,
  p_zone text,
  out opening numeric,
  out closing numeric,
  out movements jsonb
)
language plpgsql
stable
as $$
-- Ids follow the time, but for transactions that were under way at once: so a day more is read on either side, and what
-- was before that is the balance of the last entry. Each row that is named is looked up by its key (limit 1): a join
-- would be planned without knowing how few they are, and read the ledger of all buyers.
declare
  v_first constant bigint[] := billing.find_entries_before(p_buyer_id, p_start - interval '1 day');
  v_last constant bigint[] := billing.find_entries_before(p_buyer_id, p_end + interval '1 day');
  v_before constant numeric := billing.sum_balances(p_buyer_id, v_first);
begin
  perform billing.check_movements(p_buyer_id, v_first, v_last);
  with moved as materialized (
    select e.transaction_id, sum(e.amount) as amount
    from unnest(array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[]) with ordinality a (account, n)
    join leadgen.ledger_entries e on e.buyer_id = p_buyer_id and e.account = a.account
      and e.transaction_id > v_first[a.n] and e.transaction_id <= v_last[a.n]
    group by e.transaction_id
  ),
  booked as materialized (
    select t.id, t.booked_at, t.kind, t.key, t.memo, t.assignment_id, m.amount
    from moved m
    cross join lateral (
      select x.* from leadgen.ledger_transactions x where x.id = m.transaction_id limit 1
    ) t
    where m.amount <> 0 and t.booked_at < p_end
  ),
  summed as (
    select
      v_before + coalesce(sum(b.amount) filter (where b.booked_at < p_start), 0) as opening,
      v_before + coalesce(sum(b.amount), 0) as closing
    from booked b
  ),
  listed as (
    select b.*, o.opening + sum(b.amount) over (order by b.booked_at, b.id) as balance
    from booked b
    cross join summed o
    where b.booked_at >= p_start
  )
  select o.opening, o.closing, coalesce((
    select jsonb_agg(jsonb_build_object(
      'booked_at', to_char(l.booked_at at time zone p_zone, 'YYYY-MM-DD HH24:MI:SS'),
      'kind', l.kind,
      'key', l.key,
      'description', coalesce(n.description, l.memo, k.description),
      'lead_id', (select a.lead_id from leadgen.lead_assignments a where a.id = l.assignment_id),
      'invoice', (select i.invoice_number from leadgen.invoices i where i.id = n.invoice_id),
      'amount', l.amount::text,
      'balance', l.balance::text) order by l.booked_at, l.id)
    from listed l
    join leadgen.ledger_kinds k on k.code = l.kind
    left join lateral (
      select x.invoice_id, x.description from leadgen.invoice_lines x where x.transaction_id = l.id limit 1
    ) n on true), '[]')
  into opening, closing, movements
  from summed o;
end;
$$;
comment on function billing.list_movements(bigint, timestamptz, timestamptz, text) is
  'What a buyer owed, less what it had in advance, at two times, and what was booked between them. A transaction that '
  'was under way for more than a day would be missed.';

create or replace function billing.check_movements(
  p_buyer_id bigint,
  p_first bigint[],
  p_last bigint[],
  p_most integer default 20000
)
returns void
language plpgsql
stable
as $$
-- Of both accounts together it may be twice as many: a page of them takes seconds, and anybody with a buyer's key asks.
begin
  for i in 1 .. 2 loop
    if (
      select count(*) from (
        select from leadgen.ledger_entries e
        where e.buyer_id = p_buyer_id
          and e.account = (array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[])[i]
          and e.transaction_id > p_first[i] and e.transaction_id <= p_last[i]
        limit p_most + 1) x
    ) > p_most then
      perform kernel.refuse('LG400', 'So much was booked in the period that it is not one statement', 'to',
        format('more than %s entries', p_most), format('a period with at most %s', p_most),
        'Ask for a shorter one: a month at a time.');
    end if;
  end loop;
end;
$$;
comment on function billing.check_movements(bigint, bigint[], bigint[], integer) is
  'LG400 for a statement of more entries than a page can hold.';

create or replace function billing.find_entries_before(p_buyer_id bigint, p_at timestamptz)
returns bigint[]
language plpgsql
stable
as $$
-- By halves: some thirty looks at the index, however long the ledger is. The time is looked up by key once the entry
-- is found: joined, the two tables would be merged from the first transaction on.
declare
  v_ids bigint[] := '{}';
  v_account leadgen.ledger_account;
  v_low bigint;
  v_high bigint;
  v_middle bigint;
  v_next bigint;
begin
  foreach v_account in array array['buyer_prepaid', 'buyer_receivable']::leadgen.ledger_account[] loop
    v_low := 0;
    v_high := coalesce((
      select max(e.transaction_id) from leadgen.ledger_entries e
      where e.buyer_id = p_buyer_id and e.account = v_account), 0);
    while v_low < v_high loop
      v_middle := v_high - (v_high - v_low) / 2;
      v_next := (
        select min(e.transaction_id) from leadgen.ledger_entries e
        where e.buyer_id = p_buyer_id and e.account = v_account and e.transaction_id >= v_middle);
      if (select t.booked_at from leadgen.ledger_transactions t where t.id = v_next) < p_at then
        v_low := v_next;
      else
        v_high := v_middle - 1;
      end if;
    end loop;
    v_ids := v_ids || v_low;
  end loop;
  return v_ids;
end;
$$;
comment on function billing.find_entries_before(bigint, timestamptz) is
  'The last transactions of a buyer before a time in buyer_prepaid and in buyer_receivable; 0: there is none.';

create or replace function billing.sum_balances(p_buyer_id bigint, p_ids bigint[])
returns numeric
language plpgsql
stable
as $$
begin
  return coalesce((
    select sum(case e.account when 'buyer_prepaid' then -e.balance_after else e.balance_after end)
    from leadgen.ledger_entries e
    where e.buyer_id = p_buyer_id
      and (e.account, e.transaction_id) in (('buyer_prepaid', p_ids[1]), ('buyer_receivable', p_ids[2]))), 0);
end;
$$;
comment on function billing.sum_balances(bigint, bigint[]) is
  'What a buyer owed, less what it had in advance, after these transactions in buyer_prepaid and in buyer_receivable.';
