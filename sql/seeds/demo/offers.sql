-- What is sold: a trade in a market, under three policies, at a price.
insert into leadgen.offers (
  name, slug, market_id, vertical_id, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id
)
select
  o.name,
  o.slug,
  m.id as market_id,
  v.id as vertical_id,
  o.price,
  vp.id as validation_policy_id,
  rp.id as routing_policy_id,
  pp.id as pricing_policy_id
from (
  values
    ('Emergency Plumbing - Austin', 'austin-plumbing', 'austin', 'plumbing', 45.00, 'Austin homes', 'Best partner first', 'Own area 25 %'),
    ('AC and Heating Repair - Austin', 'austin-hvac', 'austin', 'hvac', 38.00, 'Austin homes', 'Taking turns', null),
    ('Roof Replacement - Austin', 'austin-roofing', 'austin', 'roofing', 85.00, 'Austin roofing', 'Shares by weight', null),
    ('Plumbing Repair - Tampa', 'tampa-plumbing', 'tampa', 'plumbing', 42.00, 'Tampa homes', 'Taking turns', null),
    ('Storm Damage Roofing - Tampa', 'tampa-roofing', 'tampa', 'roofing', 30.00, 'Tampa roofing', 'Shared by three', null),
    ('AC Repair - Tampa', 'tampa-hvac', 'tampa', 'hvac', 40.00, 'Tampa homes', 'Turns, never held', null),
    ('Plumbing Repair - Denver', 'denver-plumbing', 'denver', 'plumbing', 44.00, 'Denver homes', 'Shares by weight', 'Own city 10 USD'),
    ('Hail Damage Roofing - Denver', 'denver-roofing', 'denver', 'roofing', 95.00, 'Denver roofing', 'Best partner first', null),
    ('Furnace Repair - Denver', 'denver-hvac', 'denver', 'hvac', 40.00, 'Denver homes', 'Held for two days', null)
) as o (name, slug, market, vertical, price, validation_policy, routing_policy, pricing_policy)
join leadgen.markets m on m.slug = o.market
join leadgen.verticals v on v.slug = o.vertical
join leadgen.validation_policies vp on vp.name = o.validation_policy
join leadgen.routing_policies rp on rp.name = o.routing_policy
left join leadgen.pricing_policies pp on pp.name = o.pricing_policy
order by m.id, v.id;
