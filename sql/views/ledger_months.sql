create or replace view report.ledger_months as
select
  to_char(t.booked_at at time zone s.timezone, 'YYYY-MM') as booked_month,
  e.account::text as account,
  e.currency,
  count(*) as entries,
  coalesce(sum(e.amount) filter (where e.amount > 0), 0.00) as debits,
  coalesce(-sum(e.amount) filter (where e.amount < 0), 0.00) as credits,
  sum(e.amount) as change
from leadgen.ledger_transactions t
join leadgen.ledger_entries e on e.transaction_id = t.id
cross join leadgen.billing_settings s
group by booked_month, e.account, e.currency;
comment on view report.ledger_months is
  'What was booked in each month (the zone of the books), by account and currency: debits, credits, and the change, which is debits - credits. The changes of a month sum to zero.';
