create or replace view for_buyers.ledger
with (security_invoker = true) as
select
  e.transaction_id,
  t.booked_at,
  t.kind,
  e.account,
  e.amount,
  e.balance_after,
  e.currency,
  t.assignment_id as sale_id,
  t.memo
from leadgen.ledger_entries e
left join leadgen.ledger_transactions t on t.id = e.transaction_id
where e.balance_after is not null;
comment on view for_buyers.ledger is
  'One row an entry of the buyer in the ledger: above zero a debit. What is reserved or of the house is not there.';
