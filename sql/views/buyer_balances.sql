create or replace view report.buyer_balances as
with reserved as (
  select a.buyer_id, sum(-e.amount) as amount
  from leadgen.lead_assignments a
  join leadgen.ledger_transactions s on s.key = 'sale:' || a.id
  cross join lateral (
    select s.id as transaction_id
    union all
    select r.id from leadgen.ledger_transactions r where r.reverses_id = s.id
  ) t
  join leadgen.ledger_entries e on e.transaction_id = t.transaction_id and e.account = 'buyer_reserved'
  where a.acceptance = 'explicit' and a.accepted_at is null and a.released_at is null
  group by a.buyer_id
)
select
  b.id as buyer_id,
  b.name as buyer,
  b.billing_mode,
  b.currency,
  b.balance,
  b.receivable,
  b.credit_limit,
  case b.billing_mode when 'invoiced' then b.credit_limit - b.receivable end as credit_left,
  coalesce(r.amount, 0.00) as reserved
from leadgen.buyers b
left join reserved r on r.buyer_id = b.id;
comment on view report.buyer_balances is
  'One row a buyer: what it paid in advance and has left (balance), what it owes, billed or not (receivable), what is left of the credit limit of an invoiced buyer, and what is reserved for sales that it has not accepted yet.';
