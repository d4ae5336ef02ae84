-- Where leads are sold, and for which trades.
insert into leadgen.markets (name, slug, country_code, region_code, timezone, currency)
values
  ('Austin, TX', 'austin', 'US', 'US-TX', 'America/Chicago', 'USD'),
  ('Tampa, FL', 'tampa', 'US', 'US-FL', 'America/New_York', 'USD'),
  ('Denver, CO', 'denver', 'US', 'US-CO', 'America/Denver', 'USD');

insert into leadgen.verticals (slug, name)
values
  ('plumbing', 'Plumbing'),
  ('roofing', 'Roofing'),
  ('hvac', 'Heating and cooling');
