create or replace view report.conversion as
select
  (a.created_at at time zone m.timezone)::date as sold_market_day,
  m.slug as market,
  v.slug as vertical,
  o.slug as offer,
  l.source_id,
  s.source_key as source,
  a.buyer_id,
  b.name as buyer,
  a.currency,
  count(*) as sales_that_stand,
  sum(a.price) as price_of_sales,
  count(r.assignment_id) as reported,
  count(*) filter (where coalesce(r.contacted_at, r.appointment_at, r.quoted_at, r.won_at) is not null) as contacted,
  count(r.appointment_at) as appointments,
  count(r.quoted_at) as quoted,
  count(*) filter (where r.stage = 'won') as won,
  count(*) filter (where r.stage = 'lost') as lost,
  coalesce(sum(r.value) filter (where r.stage = 'won'), 0) as value_won,
  count(r.stars) as rated,
  sum(r.stars) as stars,
  round(avg(r.stars), 2) as average_stars,
  round(100.0 * count(*) filter (where r.stage = 'won') / count(*), 1) as won_percent_of_sales,
  round(100.0 * count(*) filter (where r.stage = 'won') / nullif(count(r.assignment_id), 0), 1) as won_percent_of_reported
from leadgen.lead_assignments a
join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
join leadgen.sources s on s.id = l.source_id
join leadgen.markets m on m.id = a.market_id
join leadgen.offers o on o.id = a.offer_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.buyers b on b.id = a.buyer_id
left join leadgen.reported_outcomes r on r.assignment_id = a.id
where a.released_at is null and a.release_due_at is null
group by sold_market_day, m.slug, v.slug, o.slug, l.source_id, s.source_key, a.buyer_id, b.name, a.currency;
comment on view report.conversion is
  'What became of sales that stand, as buyers report it, by source, buyer and the day of the market on which they were sold. A sale is won or lost by the stage that happened last; it was contacted if anything but a loss was reported. Sum counts, value_won and stars over days; percentages and averages of days cannot be added.';
