-- Closing: a month of the books ends, and nothing is booked into it any more.
--
-- First the month is closed (close_month), which waits for whoever books at the moment and is over at once; then its
-- totals are summed up (total_month), while the next months go on. leadgen verify money proves them.

create or replace function billing.close_month(p_month text)
returns void
language plpgsql
volatile
as $$
-- Without the lock a transaction that is under way would be booked into the month after it was closed, and two who
-- close it at once would both write it. An hour, so that whoever read the clock before the month ended has long been
-- done.
declare
  v_zone constant text := (select s.timezone from leadgen.billing_settings s);
  v_now constant timestamptz := leadgen.clock();
  v_end timestamptz;
begin
  if (p_month ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])$') is not true then
    perform kernel.refuse('LG400', 'There is no such month', 'month', coalesce(left(p_month, 20), 'nothing'),
      'a year and a month: 2026-11');
  end if;
  v_end := ((p_month || '-01')::timestamp + interval '1 month') at time zone v_zone;
  if v_end + interval '1 hour' > v_now then
    perform kernel.refuse('LG409', format('%s is not over yet', p_month), 'month', p_month,
      'a month that ended an hour ago, in zone ' || v_zone);
  end if;
  lock table leadgen.ledger_transactions in share row exclusive mode;
  if exists (select from leadgen.closed_periods c where c.period > p_month) then
    perform kernel.refuse('LG409', format('%s cannot be closed: a later month is closed', p_month), 'month', p_month,
      'a month after the last closed one, ' || (select max(c.period) from leadgen.closed_periods c));
  elsif not exists (select from leadgen.closed_periods c where c.period = p_month) then
    insert into leadgen.closed_periods (period, starts_at, ends_at, closed_at)
    values (p_month, coalesce((select max(c.ends_at) from leadgen.closed_periods c), '-infinity'), v_end, v_now);
  end if;
end;
$$;
comment on function billing.close_month(text) is 'The work of leadgen.close_month.';

create or replace function billing.is_closed(p_month text)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (select from leadgen.closed_periods c where c.period = p_month);
end;
$$;
comment on function billing.is_closed(text) is 'Whether a month is closed.';

create or replace function billing.total_month(p_month text)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  if not exists (select from leadgen.closed_periods c where c.period = p_month) then
    perform kernel.refuse('LG409', format('%s is not closed', left(p_month, 20)), 'month', left(p_month, 20),
      'a month that was closed');
  elsif not exists (select from leadgen.closed_totals t where t.period = p_month) then
    insert into leadgen.closed_totals (period, account, currency, entries, debits, credits)
    select p_month, t.account, t.currency, t.entries, t.debits, t.credits
    from billing.sum_period(p_month) t
    on conflict do nothing; -- two at once find the same
  end if;
  select count(*) into v_count from leadgen.closed_totals t where t.period = p_month;
  return v_count;
end;
$$;
comment on function billing.total_month(text) is 'The work of leadgen.total_month.';

create or replace function billing.check_open(p_key text, p_booked_at timestamptz)
returns void
language plpgsql
stable
as $$
declare
  v_end constant timestamptz := (select max(c.ends_at) from leadgen.closed_periods c);
begin
  if p_booked_at < v_end then
    perform kernel.refuse('LG409', format('Transaction %s would be booked into a closed month', p_key), 'booked_at',
      kernel.write_instant(p_booked_at), 'a time from ' || kernel.write_instant(v_end),
      'A closed month stays as it is; book a correction now.');
  end if;
end;
$$;
comment on function billing.check_open(text, timestamptz) is 'LG409 for a transaction of a month that is closed.';

create or replace function billing.date_booking(
  p_now timestamptz,
  p_memo text,
  out booked_at timestamptz,
  out memo text
)
language plpgsql
stable
as $$
-- A clock that stepped back must not keep leads from being sold: what happens then is booked when the open month
-- begins, and says so.
declare
  c_open constant timestamptz := (select max(c.ends_at) from leadgen.closed_periods c);
begin
  booked_at := greatest(p_now, c_open);
  memo := case
    when p_now < c_open then
      left(concat_ws('; ', p_memo, format('of %s, a month that was closed', kernel.write_instant(p_now))), 500)
    else p_memo
  end;
end;
$$;
comment on function billing.date_booking(timestamptz, text) is
  'When something is booked, and its memo: at its own time, or, of a month that is closed, when the first open one '
  'begins; the memo then says of when it is.';

create or replace function billing.sum_period(p_month text)
returns table (account leadgen.ledger_account, currency text, entries bigint, debits numeric, credits numeric)
language plpgsql
stable
as $$
begin
  return query
  select e.account, e.currency::text, count(*), coalesce(sum(e.amount) filter (where e.amount > 0), 0),
    coalesce(-sum(e.amount) filter (where e.amount < 0), 0)
  from leadgen.closed_periods c
  join leadgen.ledger_transactions t on t.booked_at >= c.starts_at and t.booked_at < c.ends_at
  join leadgen.ledger_entries e on e.transaction_id = t.id
  where c.period = p_month
  group by e.account, e.currency
  order by e.account, e.currency;
end;
$$;
comment on function billing.sum_period(text) is 'What was booked in a closed month, by account and currency.';

create or replace function billing.list_broken_invoices()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'invoice_adds_up', format('%s: %s + %s, its lines %s + %s', i.invoice_number, i.amount_due, i.tax_amount,
    coalesce(l.net, 0), coalesce(l.tax, 0))
  from leadgen.invoices i
  left join (
    select n.invoice_id, sum(n.amount) as net, sum(n.tax_amount) as tax
    from leadgen.invoice_lines n
    group by n.invoice_id
  ) l on l.invoice_id = i.id
  where i.series is distinct from 'OLD' and (i.amount_due, i.tax_amount) <> (coalesce(l.net, 0), coalesce(l.tax, 0))
  union all
  select 'invoice_line_is_booked', format('%s, line %s: %s', i.invoice_number, l.position, l.amount)
  from leadgen.invoice_lines l
  join leadgen.invoices i on i.id = l.invoice_id
  where not exists (
    select from leadgen.ledger_entries e
    where e.transaction_id = l.transaction_id and e.account = l.account and e.buyer_id = i.buyer_id
      and e.amount = case i.kind when 'invoice' then l.amount else -l.amount end)
  union all
  select 'invoice_tax_is_booked', format('%s: %s', i.invoice_number, i.tax_amount)
  from leadgen.invoices i
  where i.number is not null and i.series <> 'OLD' and i.tax_amount <> coalesce((
    select case i.kind when 'invoice' then -e.amount else e.amount end
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'tax'
    where t.key = 'invoice:' || i.invoice_number), 0)
  union all
  select 'billed_to_is_billed', format('buyer %s: transaction %s (%s) is on no document, though all up to %s are',
    c.buyer_id, t.id, t.key, c.billed_to)
  from leadgen.billing_calendar c
  join leadgen.ledger_entries e on e.buyer_id = c.buyer_id and e.transaction_id <= c.billed_to
    and e.account in ('buyer_prepaid', 'buyer_receivable')
  join leadgen.ledger_transactions t on t.id = e.transaction_id
  join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
  where not exists (select from leadgen.invoice_lines l where l.transaction_id = t.id)
  union all
  select 'invoice_numbers_without_gap', format('%s %s: %s documents, last number %s', s.series, s.year, count(i.id),
    s.last_number)
  from leadgen.invoice_series s
  left join leadgen.invoices i on i.series = s.series and i.year = s.year
  group by s.series, s.year, s.last_number
  having count(i.id) <> s.last_number or coalesce(max(i.number), 0) <> s.last_number
  union all
  select 'closed_month_stands', format('%s, account %s %s: %s', coalesce(k.period, c.period),
    coalesce(k.account, c.account), coalesce(k.currency, c.currency),
    case when k.period is null then 'booked after it was closed' else 'other totals' end)
  from (
    select p.period, s.* from leadgen.closed_periods p
    cross join lateral billing.sum_period(p.period) s
    where exists (select from leadgen.closed_totals t where t.period = p.period)
  ) c
  full join leadgen.closed_totals k on (k.period, k.account, k.currency) = (c.period, c.account, c.currency)
  where (k.entries, k.debits, k.credits) is distinct from (c.entries, c.debits, c.credits);
end;
$$;
comment on function billing.list_broken_invoices() is
  'What contradicts itself in invoices and closed months: sums, lines and tax that are not booked so, what no document '
  'will ever bill, gaps in numbers, totals of closed months.';
