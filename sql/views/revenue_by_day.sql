create or replace view report.revenue_by_day as
select
  b.booked_day,
  b.zone,
  m.slug as market,
  o.slug as offer,
  b.currency,
  b.sales as booked_sales,
  b.revenue as booked_revenue,
  b.refunds as booked_refunds,
  0.00 as booked_credits,
  b.revenue - b.refunds as booked_net
from (
  select
    d.booked_day, d.zone, d.market_id, d.offer_id, d.currency,
    sum(d.sales)::bigint as sales,
    sum(d.revenue) as revenue,
    sum(d.refunds) as refunds
  from report.booked d
  group by d.booked_day, d.zone, d.market_id, d.offer_id, d.currency
) b
join leadgen.markets m on m.id = b.market_id
join leadgen.offers o on o.id = b.offer_id
union all
select
  (t.booked_at at time zone k.zone)::date as booked_day,
  k.zone,
  null as market,
  null as offer,
  t.currency,
  0 as booked_sales,
  0.00 as booked_revenue,
  0.00 as booked_refunds,
  sum(e.amount) as booked_credits,
  -sum(e.amount) as booked_net
from leadgen.ledger_transactions t
join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('revenue', 'returns')
cross join leadgen.billing_settings s
cross join lateral (
  values (coalesce(nullif(current_setting('leadgen.report_zone', true), ''), s.timezone))
) as k (zone)
where t.offer_id is null
group by (t.booked_at at time zone k.zone)::date, k.zone, t.currency;
comment on view report.revenue_by_day is
  'Revenue by the day on which it was booked, and offer: booked_revenue (a sale that is to be accepted first counts when it is), booked_refunds (returns and refunds count on their own day, not on that of the sale), booked_credits (an operator''s credits less debits, which have no market: their day is that of the books'' zone), and booked_net, what is left. By the ledger''s accounts revenue and returns; sales of buyers whose sales are not booked are not in it.';
