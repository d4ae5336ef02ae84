create or replace view report.payouts as
select
  t.id as transaction_id,
  t.booked_at,
  (t.booked_at at time zone m.timezone)::date as booked_market_day,
  s.id as source_id,
  s.source_key as source,
  s.account,
  m.slug as market,
  t.currency,
  e.amount,
  c.provider as method,
  t.memo,
  t.booked_by,
  t.key
from leadgen.ledger_transactions t
join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = 'source_payable'
join leadgen.ledger_entries c on c.transaction_id = t.id and c.account = 'cash'
join leadgen.sources s on s.id = e.source_id
join leadgen.offers o on o.id = s.offer_id
join leadgen.markets m on m.id = o.market_id
where t.kind = 'payout';
comment on view report.payouts is
  'One row a payout: what a source was paid, how, and when; the day is that of the source''s market.';
