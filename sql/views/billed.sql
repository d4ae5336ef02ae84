create or replace view report.billed as
select
  x.buyer_id,
  b.name as buyer,
  x.currency,
  sum(x.amount) as ledger,
  coalesce(sum(x.amount) filter (where x.kind = 'invoice'), 0) as invoiced,
  coalesce(-sum(x.amount) filter (where x.kind = 'credit_note'), 0) as credited,
  coalesce(sum(x.amount) filter (where x.kind is null), 0) as unbilled,
  coalesce(sum(x.amount) filter (where x.status = 'draft'), 0) as in_drafts
from (
  select e.buyer_id, e.currency, e.amount, i.kind, i.status
  from leadgen.ledger_entries e
  join leadgen.ledger_transactions t on t.id = e.transaction_id
  join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
  left join leadgen.invoice_lines l on l.transaction_id = t.id
  left join leadgen.invoices i on i.id = l.invoice_id
  where e.account in ('buyer_prepaid', 'buyer_receivable')
) x
join leadgen.buyers b on b.id = x.buyer_id
group by x.buyer_id, b.name, x.currency;
comment on view report.billed is
  'By buyer and currency, without tax: ledger = invoiced - credited + unbilled. ledger: what it was charged less what it was given back; in_drafts: how much of the first two is on drafts.';
