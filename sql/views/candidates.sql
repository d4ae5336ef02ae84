create or replace view report.candidates as
select
  d.lead_id,
  d.attempt,
  d.decided_at,
  o.slug as offer,
  c.buyer_id,
  c.buyer_offer_id,
  d.winners @> array[c.place::integer] as won,
  array_position(d.ranking, c.place::integer) as rank,
  d.reasons[c.place] as reason,
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
cross join lateral (
  select
    e.place, e.buyer_offer_id, e.buyer_id,
    d.limit_uses[e.before + array_position(e.limit_codes, 'cap_hour')]::integer as used_hour,
    e.limit_caps[array_position(e.limit_codes, 'cap_hour')]::integer as cap_hour,
    d.limit_uses[e.before + array_position(e.limit_codes, 'cap_day')]::integer as used_day,
    e.limit_caps[array_position(e.limit_codes, 'cap_day')]::integer as cap_day,
    d.limit_uses[e.before + array_position(e.limit_codes, 'cap_week')]::integer as used_week,
    e.limit_caps[array_position(e.limit_codes, 'cap_week')]::integer as cap_week,
    d.limit_uses[e.before + array_position(e.limit_codes, 'cap_month')]::integer as used_month,
    e.limit_caps[array_position(e.limit_codes, 'cap_month')]::integer as cap_month,
    e.routing_priority as priority, e.weight, e.last_turn, coalesce(e.price_per_lead, d.default_price) as base_price, e.price,
    d.limit_uses[e.before + array_position(e.limit_codes, 'budget_day')] as spent_day,
    e.limit_caps[array_position(e.limit_codes, 'budget_day')] as budget_day,
    d.limit_uses[e.before + array_position(e.limit_codes, 'budget_month')] as spent_month,
    e.limit_caps[array_position(e.limit_codes, 'budget_month')] as budget_month,
    e.filter_fault
  from (
    select v.*, s.place, s.last_turn, s.price, s.filter_fault,
      (sum(cardinality(v.limit_codes)) over (order by s.place))::integer - cardinality(v.limit_codes) as before
    from unnest(d.enrollments, d.versions, d.last_turns, d.prices, d.filter_faults) with ordinality
      as s (id, version, last_turn, price, filter_fault, place)
    join leadgen.enrollment_versions v on v.buyer_offer_id = s.id and v.version = s.version
  ) e
  where d.format = 2
  union all
  select
    x.ordinality, x.buyer_offer_id, x.buyer_id, x.used_hour, x.cap_hour, x.used_day, x.cap_day, x.used_week, x.cap_week,
    x.used_month, x.cap_month, x.priority, x.weight, x.last_turn, x.base_price, x.price, x.spent_day, x.budget_day, x.spent_month,
    x.budget_month, x.filter_fault
  from unnest(d.candidates) with ordinality as x
  where d.format = 1
) c;
comment on view report.candidates is
  'One row a candidate of a decision, with the numbers it was judged by; reason null: it passed. A limit that it does not have has no count.';
