create or replace view report.tax as
select
  to_char(i.issued_at at time zone i.timezone, 'YYYY-MM') as issued_month,
  i.bill_to ->> 'country' as country,
  i.bill_to ->> 'region' as region,
  l.tax_name,
  l.tax_percent,
  i.currency,
  coalesce(sum(l.amount) filter (where i.kind = 'invoice'), 0.00) as invoiced_net,
  coalesce(sum(l.tax_amount) filter (where i.kind = 'invoice'), 0.00) as invoiced_tax,
  coalesce(sum(l.amount) filter (where i.kind = 'credit_note'), 0.00) as credited_net,
  coalesce(sum(l.tax_amount) filter (where i.kind = 'credit_note'), 0.00) as credited_tax,
  sum(case i.kind when 'invoice' then l.amount else -l.amount end) as net,
  sum(case i.kind when 'invoice' then l.tax_amount else -l.tax_amount end) as tax
from leadgen.invoices i
join leadgen.invoice_lines l on l.invoice_id = i.id
where i.number is not null
group by issued_month, country, region, l.tax_name, l.tax_percent, i.currency;
comment on view report.tax is
  'Tax by the month in which a document was sent (the zone of its market), the country and region of its buyer then, and rate: of invoices, of credit notes, and what is left. A cancelled invoice is in it, and so is its credit note. Without tax_name: no tax was charged.';
