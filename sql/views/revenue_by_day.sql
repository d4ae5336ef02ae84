create or replace view report.revenue_by_day as
with booked as (
  select
    (t.booked_at at time zone k.zone)::date as booked_day,
    k.zone,
    z.market,
    o.slug as offer,
    t.currency,
    t.kind,
    e.account,
    e.amount
  from leadgen.ledger_entries e
  join leadgen.ledger_transactions t on t.id = e.transaction_id
  cross join leadgen.billing_settings s
  left join report.zones z on z.market_id = t.market_id
  cross join lateral (
    values (coalesce(z.zone, nullif(current_setting('leadgen.report_zone', true), ''), s.timezone))
  ) as k (zone)
  left join leadgen.offers o on o.id = t.offer_id
  where e.account in ('revenue', 'returns')
)
select
  b.booked_day,
  b.zone,
  b.market,
  b.offer,
  b.currency,
  count(*) filter (where b.account = 'revenue') as booked_sales,
  coalesce(-sum(b.amount) filter (where b.account = 'revenue'), 0.00) as booked_revenue,
  coalesce(sum(b.amount) filter (where b.account = 'returns' and b.kind not in ('credit', 'debit')), 0.00) as booked_refunds,
  coalesce(sum(b.amount) filter (where b.account = 'returns' and b.kind in ('credit', 'debit')), 0.00) as booked_credits,
  -sum(b.amount) as booked_net
from booked b
group by b.booked_day, b.zone, b.market, b.offer, b.currency;
comment on view report.revenue_by_day is
  'Revenue by the day on which it was booked, and offer: booked_revenue (a sale that is to be accepted first counts when it is), booked_refunds (returns and refunds count on their own day, not on that of the sale), booked_credits (an operator''s credits less debits, which have no market: their day is that of the books'' zone), and booked_net, what is left. By the ledger''s accounts revenue and returns; sales of buyers whose sales are not booked are not in it.';
