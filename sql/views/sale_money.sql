create or replace view report.sale_money as
select
  a.id as assignment_id,
  a.lead_id,
  a.price as revenue,
  case when a.released_at is not null then a.price else coalesce(g.amount, 0.00) end as refunds,
  coalesce(c.amount, 0.00) as cost
from leadgen.lead_assignments a
left join lateral (
  select -sum(e.amount) as amount
  from leadgen.ledger_transactions t
  join leadgen.ledger_entries e on e.transaction_id = t.id
  where t.assignment_id = a.id and t.kind = 'refund' and a.released_at is null
    and e.account in ('buyer_prepaid', 'buyer_receivable')
) g on true
left join lateral (
  select -sum(e.amount) as amount
  from leadgen.ledger_transactions t
  cross join lateral (
    select t.id as transaction_id
    union all
    select r.id from leadgen.ledger_transactions r where r.reverses_id = t.id
  ) p
  join leadgen.ledger_entries e on e.transaction_id = p.transaction_id
  where a.cost is not null and t.key in ('cost:' || a.id, 'cost:lead:' || a.id) and e.account = 'source_payable'
) c on true;
comment on view report.sale_money is
  'One row a sale, where its money is defined: revenue is its price; refunds, what was given back of it (all of it once the sale has ended); cost, what the source is owed for it now. Refunds and cost are those of the ledger.';
