-- Which buyer takes part in which offer: priority or weight, caps, price. A cap or price that is null: none, and the offer's.
insert into leadgen.buyer_offers (
  buyer_id, offer_id, routing_priority, weight, capacity_per_hour, capacity_per_day, price_per_lead, min_balance_required, pause_until
)
select
  b.id as buyer_id,
  o.id as offer_id,
  e.priority,
  e.weight,
  e.per_hour::integer as per_hour,
  e.per_day::integer as per_day,
  e.price::numeric as price,
  e.min_balance::numeric as min_balance,
  current_timestamp + e.paused_for::interval as pause_until
from (
  values
    ('austin-plumbing', 'Lone Star Plumbing', 10, 1, null, 6, 52.00, null, null),
    ('austin-plumbing', 'Barton Creek Plumbing', 9, 1, null, 10, null, null, '10 days'),
    ('austin-plumbing', 'Hill Country Rooter', 8, 1, null, 4, null, null, null),
    ('austin-plumbing', 'Capital Drain Co', 7, 1, null, 8, null, 100.00, null),
    ('austin-plumbing', 'South Congress Plumbing', 5, 1, null, 40, null, null, null),
    ('austin-plumbing', 'Bluebonnet Home Services', 1, 1, null, null, 40.00, null, null),

    ('austin-hvac', 'Travis Heating & Air', 1, 1, null, 30, null, null, null),
    ('austin-hvac', 'Bluebonnet Home Services', 1, 1, null, null, 36.00, null, null),

    ('austin-roofing', 'Live Oak Roofing', 1, 3, null, 20, null, null, null),
    ('austin-roofing', 'Bluebonnet Home Services', 1, 2, null, null, null, null, null),
    ('austin-roofing', 'Pedernales Roof & Gutter', 1, 1, null, 20, 80.00, null, null),

    ('tampa-plumbing', 'Bayshore Plumbing', 1, 1, null, 25, null, null, null),
    ('tampa-plumbing', 'Gulf Coast Home Services', 1, 1, null, null, null, null, null),
    ('tampa-plumbing', 'Ybor City Plumbing', 1, 1, null, 3, null, null, null),

    ('tampa-roofing', 'Palmetto Storm Restoration', 9, 1, null, 5, 34.00, null, null),
    ('tampa-roofing', 'Suncoast Roofing', 8, 1, null, 60, null, null, null),
    ('tampa-roofing', 'Hillsborough Roof Pros', 7, 1, null, 60, null, null, null),
    ('tampa-roofing', 'Seminole Heights Roofing', 6, 1, null, 60, 28.00, null, null),

    ('tampa-hvac', 'Tampa Bay Air', 1, 1, null, 6, null, null, null),
    ('tampa-hvac', 'Gulf Coast Home Services', 1, 1, 4, null, null, null, null),

    ('denver-plumbing', 'Mile High Home Services', 1, 2, null, null, null, null, null),
    ('denver-plumbing', 'Front Range Drain', 1, 1, null, 30, 46.00, null, null),
    ('denver-plumbing', 'Arvada Plumbing Co', 1, 1, null, 30, null, null, null),

    ('denver-roofing', 'Rocky Mountain Roofing', 5, 1, 7, null, 98.00, null, null),
    ('denver-roofing', 'Cherry Creek Exteriors', 3, 1, null, 40, null, null, null),

    ('denver-hvac', 'Colfax Comfort', 8, 1, null, 5, 43.00, null, null),
    ('denver-hvac', 'Mile High Home Services', 2, 1, null, null, null, null, null),
    ('denver-hvac', 'Foothills Furnace', 5, 1, null, 12, null, null, '3 days')
) as e (offer, buyer, priority, weight, per_hour, per_day, price, min_balance, paused_for)
join leadgen.offers o on o.slug = e.offer
join leadgen.buyers b on b.name = e.buyer
order by o.id asc, e.priority desc, b.id asc;
