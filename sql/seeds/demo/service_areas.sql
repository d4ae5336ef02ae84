-- Where each buyer works: postal codes, prefixes of them, or a city.
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select b.id as buyer_id, m.id as market_id, 'postal_code' as scope_type, code.scope_value
from (
  values
    ('austin', 'Lone Star Plumbing', '78701 78702 78703 78705 78721 78722 78723 78741 78745 78751 78752'),
    ('austin', 'Barton Creek Plumbing', '78735 78736 78738 78739 78746 78749'),
    ('austin', 'Hill Country Rooter', '78726 78727 78728 78729 78730 78731 78750 78757 78758 78759'),
    ('austin', 'Capital Drain Co', '78701 78702 78703 78705 78751 78752 78756 78757'),
    ('austin', 'South Congress Plumbing', '78704 78741 78744 78745 78747 78748'),
    ('austin', 'Bluebonnet Home Services', '787*'),
    ('austin', 'Travis Heating & Air', '787*'),
    ('austin', 'Live Oak Roofing', '787*'),
    ('austin', 'Pedernales Roof & Gutter', '787*'),
    ('tampa', 'Bayshore Plumbing', '33602 33606 33609 33611 33616 33629'),
    ('tampa', 'Ybor City Plumbing', '33602 33603 33604 33605 33610'),
    ('tampa', 'Suncoast Roofing', '336*'),
    ('tampa', 'Hillsborough Roof Pros', '336*'),
    ('tampa', 'Palmetto Storm Restoration', '336*'),
    ('tampa', 'Tampa Bay Air', '336*'),
    ('denver', 'Mile High Home Services', '802*'),
    ('denver', 'Front Range Drain', '80202 80203 80204 80205 80206 80209 80210 80211 80212 80218 80219 80220 80222 80223'),
    ('denver', 'Arvada Plumbing Co', '80002 80003 80004 80005 80211 80212'),
    ('denver', 'Rocky Mountain Roofing', '802*'),
    ('denver', 'Cherry Creek Exteriors', '802*'),
    ('denver', 'Colfax Comfort', '80203 80204 80205 80206 80218 80220'),
    ('denver', 'Foothills Furnace', '80401')
) as a (market, buyer, codes)
join leadgen.markets m on m.slug = a.market
join leadgen.buyers b on b.name = a.buyer
cross join lateral string_to_table(a.codes, ' ') as code (scope_value);

insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select b.id as buyer_id, m.id as market_id, 'city' as scope_type, a.city
from (
  values
    ('tampa', 'Gulf Coast Home Services', 'Tampa'),
    ('tampa', 'Seminole Heights Roofing', 'Tampa')
) as a (market, buyer, city)
join leadgen.markets m on m.slug = a.market
join leadgen.buyers b on b.name = a.buyer;
