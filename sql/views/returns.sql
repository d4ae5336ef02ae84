create or replace view report.returns as
select
  (r.created_at at time zone z.zone)::date as returned_day,
  z.zone,
  r.id as return_id,
  r.created_at,
  z.market,
  v.slug as vertical,
  o.slug as offer,
  r.buyer_id,
  b.name as buyer,
  r.assignment_id,
  a.lead_id,
  a.created_at as sold_at,
  a.price,
  a.currency,
  r.reason_code,
  r.via,
  r.status,
  r.decided_at,
  r.decided_by,
  r.gives,
  (select count(*) from leadgen.return_evidence e where e.return_id = r.id) as files
from leadgen.sale_returns r
join leadgen.lead_assignments a on a.id = r.assignment_id
join report.zones z on z.market_id = r.market_id
join leadgen.offers o on o.id = r.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.buyers b on b.id = r.buyer_id;
comment on view report.returns is
  'One row a return that a buyer asked for or an operator made: why, by which way, what was decided, and what it gives; how many files of evidence it has, and nobody''s words. requested: waits for an operator.';
