-- Where leads come from. The partner has no key yet: `leadgen key create --source heatwave-partner` makes one.
insert into leadgen.sources (offer_id, kind, name, source_key, hostname, path_prefix, disclose_buyer)
select o.id, s.kind, s.name, s.source_key, s.hostname, s.path_prefix, s.disclose_buyer
from (
  values
    ('austin-plumbing', 'landing_page', 'Austin plumbing page', 'austin-plumbing-v1', 'austin.homehelp.example', '/plumbing', true),
    ('austin-hvac', 'embed_form', 'Austin AC form', 'austin-hvac-form', null, null, true),
    ('austin-roofing', 'landing_page', 'Austin roofing page', 'austin-roofing-v1', 'austin.homehelp.example', '/roofing', true),
    ('tampa-plumbing', 'landing_page', 'Tampa plumbing page', 'tampa-plumbing-v2', 'tampa.homehelp.example', '/plumbing', true),
    ('tampa-roofing', 'landing_page', 'Tampa storm page', 'tampa-storm-v1', 'tampa.homehelp.example', '/storm', true),
    ('tampa-hvac', 'partner_api', 'Heatwave lead partner', 'heatwave-partner', null, null, false),
    ('denver-plumbing', 'landing_page', 'Denver plumbing page', 'denver-plumbing-v1', 'denver.homehelp.example', '/plumbing', true),
    ('denver-roofing', 'landing_page', 'Denver hail campaign', 'denver-hail-v1', null, null, true),
    ('denver-hvac', 'embed_form', 'Denver furnace form', 'denver-furnace-form', null, null, true)
) as s (offer, kind, name, source_key, hostname, path_prefix, disclose_buyer)
join leadgen.offers o on o.slug = s.offer
order by o.id;

insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign)
select s.id, c.utm_source, c.utm_campaign
from (
  values
    ('denver-hail-v1', 'google', 'denver-hail'),
    ('denver-hail-v1', 'facebook', 'denver-hail')
) as c (source_key, utm_source, utm_campaign)
join leadgen.sources s on s.source_key = c.source_key;
