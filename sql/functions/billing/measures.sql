-- Measures of money, for Prometheus: by currency, never by buyer.

create or replace function billing.measure_money(p_now timestamptz)
returns table (name text, label text, value double precision)
language plpgsql
stable
as $$
-- What is unbilled is an upper bound that is at hand (billing_calendar): to know it exactly costs the whole ledger.
begin
  return query
  select 'buyers_low', b.billing_mode::text, count(*)::double precision
  from leadgen.buyers b
  where b.low_since is not null and b.is_active
  group by b.billing_mode;
  return query
  select 'receivable', b.currency::text, sum(b.receivable)::double precision
  from leadgen.buyers b
  where b.currency is not null
  group by b.currency;
  return query
  select 'unbilled', b.currency::text, sum(c.unbilled_at_most)::double precision
  from leadgen.billing_calendar c
  join leadgen.buyers b on b.id = c.buyer_id and b.currency is not null
  group by b.currency;
  return query
  select 'overdue', i.currency::text, sum(i.total_amount - i.paid_amount - i.credited_amount)::double precision
  from leadgen.invoices i
  where i.status = 'overdue' or (i.status in ('sent', 'partly_paid') and i.due_date < p_now::date)
  group by i.currency;
end;
$$;
comment on function billing.measure_money(timestamptz) is
  'How many buyers are low, by billing mode; what buyers owe, what is unbilled at most and what is overdue, by '
  'currency.';
