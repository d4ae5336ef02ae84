create or replace view report.receivables_ageing as
with open as (
  select
    i.buyer_id,
    i.currency,
    i.total_amount - i.paid_amount - i.credited_amount as amount,
    (current_timestamp at time zone i.timezone)::date - (i.due_date at time zone i.timezone)::date as days_past_due,
    i.status = 'disputed' as is_disputed
  from leadgen.invoices i
  where i.kind = 'invoice' and i.status in ('sent', 'partly_paid', 'overdue', 'disputed')
),
aged as (
  select
    o.buyer_id,
    o.currency,
    sum(o.amount) as open,
    coalesce(sum(o.amount) filter (where o.days_past_due <= 0), 0.00) as not_due,
    coalesce(sum(o.amount) filter (where o.days_past_due between 1 and 30), 0.00) as days_1_to_30,
    coalesce(sum(o.amount) filter (where o.days_past_due between 31 and 60), 0.00) as days_31_to_60,
    coalesce(sum(o.amount) filter (where o.days_past_due between 61 and 90), 0.00) as days_61_to_90,
    coalesce(sum(o.amount) filter (where o.days_past_due > 90), 0.00) as days_over_90,
    coalesce(sum(o.amount) filter (where o.is_disputed), 0.00) as disputed
  from open o
  group by o.buyer_id, o.currency
),
unbilled as (
  select x.buyer_id, x.currency, sum(x.amount) as amount
  from (
    select b.id as buyer_id, e.currency, e.amount
    from leadgen.buyers b
    left join leadgen.billing_calendar c on c.buyer_id = b.id
    cross join lateral (
      select e.transaction_id, e.currency, e.amount
      from leadgen.ledger_entries e
      where e.buyer_id = b.id and e.account = 'buyer_receivable' and e.transaction_id > coalesce(c.billed_to, 0)
      offset 0 -- noqa: AM09
    ) e
    -- Each entry is looked up: a join would read all of the ledger, since nobody can know how few are left to bill.
    where (
        select k.is_billed
        from leadgen.ledger_kinds k
        where k.code = (select t.kind from leadgen.ledger_transactions t where t.id = e.transaction_id))
      and (select l.transaction_id from leadgen.invoice_lines l where l.transaction_id = e.transaction_id) is null
    union all
    select i.buyer_id, i.currency, case i.kind when 'invoice' then l.amount else -l.amount end as amount
    from leadgen.invoices i
    join leadgen.invoice_lines l on l.invoice_id = i.id and l.account = 'buyer_receivable'
    where i.status = 'draft'
  ) x
  group by x.buyer_id, x.currency
)
select
  b.id as buyer_id,
  b.name as buyer,
  coalesce(b.currency, a.currency, u.currency) as currency,
  current_timestamp as as_of,
  coalesce(a.not_due, 0.00) as not_due,
  coalesce(a.days_1_to_30, 0.00) as days_1_to_30,
  coalesce(a.days_31_to_60, 0.00) as days_31_to_60,
  coalesce(a.days_61_to_90, 0.00) as days_61_to_90,
  coalesce(a.days_over_90, 0.00) as days_over_90,
  coalesce(a.open, 0.00) as open,
  coalesce(a.disputed, 0.00) as disputed,
  coalesce(u.amount, 0.00) as unbilled,
  coalesce(a.open, 0.00) + coalesce(u.amount, 0.00) - b.receivable as unallocated,
  b.receivable
from leadgen.buyers b
left join aged a on a.buyer_id = b.id
left join unbilled u on u.buyer_id = b.id
where b.receivable <> 0 or a.open <> 0 or u.amount <> 0;
comment on view report.receivables_ageing is
  'One row a buyer that owes something, now: what its invoices leave open, by how many days of their zone they are past due (not_due: due today or later), disputed ones included; what is unbilled or on drafts; and unallocated, what it paid or was credited that no invoice has yet. receivable = open + unbilled - unallocated.';
