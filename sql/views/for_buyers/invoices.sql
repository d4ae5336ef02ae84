create or replace view for_buyers.invoices
with (security_invoker = true) as
select
  i.id as invoice_id,
  i.invoice_number,
  i.kind,
  i.status,
  i.offer_id,
  i.period_start,
  i.period_end,
  i.issued_at,
  i.due_date,
  i.currency,
  i.total_leads,
  i.amount_due,
  i.tax_amount,
  i.total_amount,
  i.paid_amount,
  i.credited_amount
from leadgen.invoices i
where i.issued_at is not null;
comment on view for_buyers.invoices is 'One row an invoice or credit note that was sent to the buyer.';
