create or replace view report.source_payables as
with booked as (
  select
    e.source_id,
    e.currency,
    coalesce(-sum(e.amount) filter (where t.kind = 'cost'), 0.00) as earned,
    coalesce(sum(e.amount) filter (where t.kind = 'cost_reversal'), 0.00) as taken_back,
    coalesce(sum(e.amount) filter (where t.kind = 'payout'), 0.00) as paid,
    max(t.booked_at) filter (where t.kind = 'payout') as last_paid_at
  from leadgen.ledger_entries e
  join leadgen.ledger_transactions t on t.id = e.transaction_id
  where e.account = 'source_payable'
  group by e.source_id, e.currency
)
select
  s.id as source_id,
  s.source_key as source,
  s.account,
  p.name as payout_policy,
  b.currency,
  b.earned,
  b.taken_back,
  b.paid,
  b.earned - b.taken_back - b.paid as owed,
  b.last_paid_at
from booked b
join leadgen.sources s on s.id = b.source_id
left join leadgen.payout_policies p on p.id = s.payout_policy_id;
comment on view report.source_payables is
  'One row a source and currency: what it earned by its leads, what of it was taken back for sales that ended or refunds, what it was paid and what it is owed now; below zero: it was paid for leads that were returned since.';
