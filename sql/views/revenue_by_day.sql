create or replace view report.revenue_by_day as
with booked as (
  select
    (t.booked_at at time zone coalesce(m.timezone, s.timezone))::date as booked_market_day,
    m.slug as market,
    o.slug as offer,
    t.currency,
    t.kind,
    e.account,
    e.amount
  from leadgen.ledger_entries e
  join leadgen.ledger_transactions t on t.id = e.transaction_id
  cross join leadgen.billing_settings s
  left join leadgen.markets m on m.id = t.market_id
  left join leadgen.offers o on o.id = t.offer_id
  where e.account in ('revenue', 'returns')
)
select
  b.booked_market_day,
  b.market,
  b.offer,
  b.currency,
  count(*) filter (where b.account = 'revenue') as sales,
  coalesce(-sum(b.amount) filter (where b.account = 'revenue'), 0.00) as sold,
  coalesce(sum(b.amount) filter (where b.account = 'returns' and b.kind not in ('credit', 'debit')), 0.00) as returned,
  coalesce(sum(b.amount) filter (where b.account = 'returns' and b.kind in ('credit', 'debit')), 0.00) as credited,
  -sum(b.amount) as net
from booked b
group by b.booked_market_day, b.market, b.offer, b.currency;
comment on view report.revenue_by_day is
  'Revenue by the day of the market on which it was booked, and offer: sold (a sale that is to be accepted first counts when it is), returned (returns and refunds count on their own day, not on that of the sale), credited (an operator''s credits less debits, which have no market: their day is that of the books'' zone), and net = sold - returned - credited. By the ledger''s accounts revenue and returns; sales of buyers whose sales are not booked are not in it.';
