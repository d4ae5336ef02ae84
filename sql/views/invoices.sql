create or replace view report.invoices as
select
  i.id,
  i.invoice_number,
  i.kind,
  i.status,
  i.buyer_id,
  b.name as buyer,
  i.offer_id,
  o.name as offer,
  i.currency,
  i.period_start,
  i.period_end,
  i.issued_at,
  i.due_date,
  i.total_leads,
  i.amount_due as net,
  i.tax_amount as tax,
  i.total_amount as total,
  i.paid_amount as paid,
  i.credited_amount as credited,
  case
    when i.kind = 'invoice' and i.status in ('sent', 'partly_paid', 'overdue', 'disputed')
      then i.total_amount - i.paid_amount - i.credited_amount
    else 0
  end as open
from leadgen.invoices i
join leadgen.buyers b on b.id = i.buyer_id
left join leadgen.offers o on o.id = i.offer_id;
comment on view report.invoices is 'Invoices, credit notes and drafts, with what is open of each.';
