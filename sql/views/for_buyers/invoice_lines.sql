create or replace view for_buyers.invoice_lines
with (security_invoker = true) as
select
  l.invoice_id,
  l.position,
  l.booked_at,
  l.kind,
  l.description,
  l.offer_id,
  l.lead_id,
  l.assignment_id as sale_id,
  l.amount,
  l.tax_percent,
  l.tax_amount
from leadgen.invoices i
join leadgen.invoice_lines l on l.invoice_id = i.id
where i.issued_at is not null;
comment on view for_buyers.invoice_lines is 'One row a line of an invoice or credit note that was sent to the buyer.';
