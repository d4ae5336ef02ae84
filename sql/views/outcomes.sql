create or replace view report.outcomes as
select
  r.assignment_id,
  a.created_at as sold_at,
  (a.created_at at time zone m.timezone)::date as sold_market_day,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  s.source_key as source,
  r.lead_id,
  r.buyer_id,
  b.name as buyer,
  a.price,
  a.currency,
  a.released_at is null and a.release_due_at is null as stands,
  r.stage,
  r.happened_at,
  r.contacted_at,
  r.appointment_at,
  r.quoted_at,
  r.won_at,
  r.lost_at,
  r.contacted_at - a.created_at as time_to_contact,
  r.value,
  r.stars,
  r.reports,
  r.first_reported_at,
  r.last_reported_at
from leadgen.reported_outcomes r
join leadgen.lead_assignments a on a.id = r.assignment_id and a.market_id = r.market_id
join leadgen.leads l on l.id = r.lead_id and l.market_id = r.market_id
join leadgen.sources s on s.id = l.source_id
join leadgen.markets m on m.id = r.market_id
join leadgen.offers o on o.id = r.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.buyers b on b.id = r.buyer_id;
comment on view report.outcomes is
  'One row a sale of which its buyer reported something: the stage that it came to last and when it came to each first, what the job is worth, and how many stars the lead got. Nobody''s words. stands: false where the sale was given back since.';
