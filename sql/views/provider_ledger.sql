create or replace view report.provider_ledger as
select
  e.transaction_id as id,
  t.booked_at as created_at,
  e.buyer_id as provider_id,
  b.name as provider,
  t.offer_id,
  a.lead_id,
  t.assignment_id,
  k.seed_type as transaction_type,
  case e.account when 'buyer_prepaid' then -e.amount else e.amount end as amount,
  t.currency,
  e.account::text as account,
  e.balance_after,
  t.memo,
  t.booked_by as created_by,
  t.key
from leadgen.ledger_entries e
-- Looked up, not joined: a page of one buyer would read past the transactions of all others.
cross join lateral (
  select t.* from leadgen.ledger_transactions t where t.id = e.transaction_id
  offset 0 -- noqa: AM09
) t
join leadgen.ledger_kinds k on k.code = t.kind
join leadgen.buyers b on b.id = e.buyer_id
left join leadgen.lead_assignments a on a.id = t.assignment_id
where e.account in ('buyer_prepaid', 'buyer_receivable') and k.seed_type is not null;
comment on view report.provider_ledger is
  'One row each time that the balance of a buyer (account buyer_prepaid) or what it owes (buyer_receivable) changed, by the words of the first specification: deposit, lead_purchase, refund, manual_credit, manual_debit. amount: by how much it rose; balance_after: what it was then.';
