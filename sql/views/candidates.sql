create or replace view report.candidates as
select
  d.lead_id,
  d.attempt,
  d.decided_at,
  o.slug as offer,
  c.buyer_id,
  c.buyer_offer_id,
  d.winners @> array[c.ordinality::integer] as won,
  array_position(d.ranking, c.ordinality::integer) as rank,
  d.reasons[c.ordinality] as reason,
  c.used_hour, c.cap_hour,
  c.used_day, c.cap_day,
  c.used_week, c.cap_week,
  c.used_month, c.cap_month,
  c.priority, c.weight, c.last_turn, c.base_price,
  c.price,
  c.spent_day, c.budget_day,
  c.spent_month, c.budget_month,
  c.filter_fault
from leadgen.lead_decisions d
join leadgen.offers o on o.id = d.offer_id
cross join lateral unnest(d.candidates) with ordinality as c;
comment on view report.candidates is 'One row a candidate of a decision, with the numbers it was judged by; reason null: it passed.';
