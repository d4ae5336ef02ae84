create or replace view report.margin as
with booked as (
  select
    t.assignment_id,
    sum(e.amount) filter (where t.kind = 'refund' and e.account in ('buyer_prepaid', 'buyer_receivable')) as refunded,
    -sum(e.amount) filter (where e.account = 'source_payable') as cost
  from leadgen.ledger_transactions t
  join leadgen.ledger_entries e on e.transaction_id = t.id
  where t.kind in ('refund', 'cost', 'cost_reversal')
  group by t.assignment_id
),
sale as (
  select
    a.*,
    l.source_id,
    case when a.released_at is null then a.price + coalesce(b.refunded, 0) else 0.00 end as revenue,
    coalesce(b.cost, 0.00) as cost_left
  from leadgen.lead_assignments a
  join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
  left join booked b on b.assignment_id = a.id
)
select
  (a.created_at at time zone m.timezone)::date as sold_market_day,
  m.slug as market,
  o.slug as offer,
  s.id as source_id,
  s.source_key as source,
  a.currency,
  count(*) as sales,
  count(*) filter (where a.released_at is null) as sales_that_stand,
  sum(a.revenue) as revenue_after_returns,
  sum(a.cost_left) as cost_after_returns,
  sum(a.revenue - a.cost_left) as margin,
  round(100 * sum(a.revenue - a.cost_left) / nullif(sum(a.revenue), 0), 1) as margin_percent
from sale a
join leadgen.sources s on s.id = a.source_id
join leadgen.markets m on m.id = a.market_id
join leadgen.offers o on o.id = a.offer_id
group by sold_market_day, m.slug, o.slug, s.id, s.source_key, a.currency;
comment on view report.margin is
  'Revenue, cost and margin by offer, source and the day of the market on which a lead was sold: what was given back or taken back since is taken off that day. revenue_after_returns: the prices of the sales that stand, less refunds, whether or not they are booked; cost_after_returns: what the source is owed for them by the ledger. The price of a lead (payout per lead) counts on the day of the sale that brought it.';
