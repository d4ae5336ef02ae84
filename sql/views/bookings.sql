create or replace view report.bookings as
select
  (t.booked_at at time zone z.zone)::date as booked_day,
  z.zone,
  t.id as transaction_id,
  t.booked_at,
  z.market,
  o.slug as offer,
  t.kind,
  t.currency,
  e.account,
  e.amount,
  t.market_id,
  t.offer_id
from leadgen.ledger_transactions t
join report.zones z on z.market_id = t.market_id
join leadgen.offers o on o.id = t.offer_id
join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('revenue', 'returns');
comment on view report.bookings is
  'One row an entry of an offer in the ledger''s accounts revenue and returns: amounts above zero take revenue away.';
