-- What was paid of an invoice from the buyer's balance, which no chargeback opens again.
alter table leadgen.invoices add column paid_in_advance numeric(14,2) not null default 0;

-- Its sales that were prepaid, its tax (invoice:NUMBER), and what was taken later (invoice:NUMBER:OPEN).
update leadgen.invoices i
set paid_in_advance = least(x.amount, i.paid_amount)
from (
  select y.invoice_number, sum(y.amount) as amount
  from (
    select n.invoice_number, l.amount
    from leadgen.invoice_lines l
    join leadgen.invoices n on n.id = l.invoice_id and n.kind = 'invoice' and n.number is not null
    where l.account = 'buyer_prepaid'
    union all
    select case t.kind when 'settlement' then regexp_replace(substr(t.key, 9), ':[^:]*$', '') else substr(t.key, 9) end as invoice_number,
      e.amount
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'buyer_prepaid'
    where t.key like 'invoice:%'
  ) y
  group by y.invoice_number
) x
where x.invoice_number = i.invoice_number and i.kind = 'invoice';
