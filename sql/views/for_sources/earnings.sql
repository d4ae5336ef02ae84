create or replace view for_sources.earnings
with (security_invoker = true) as
select
  e.transaction_id,
  t.booked_at,
  t.kind,
  -e.amount as amount,
  e.currency
from leadgen.ledger_entries e
join leadgen.ledger_transactions t on t.id = e.transaction_id
where e.account = 'source_payable';
comment on view for_sources.earnings is
  'One row an amount that the source earned (above zero), gave back or was paid (below zero).';
