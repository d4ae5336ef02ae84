-- A catalogue of real size: 20 markets with an offer each, 50 buyers a market with 300 service areas each, 20 to 50 enrollments
-- an offer, 50 exclusivities an offer. Plain inserts into tables that every revision has; its triggers fill the rest.
--
-- Ids are known: market, offer and source of place n are n; its buyers are (n - 1) * 50 + 1 to n * 50. Its postal codes are
-- 10 + n and three digits, of which the last names one of its ten cities. Some four in ten candidates take a lead, and in each city one always does.
set search_path = leadgen;

-- A city that has no postal code is refused, and the place of a postal code decides its city.
do $$
begin
  update leadgen.postal_places
  set city = 'New City ' || right(postal_code, 1), city_key = 'newcity' || right(postal_code, 1)
  where country_code = 'US' and postal_code between '11000' and '30999';
  if exists (select from pg_attribute where attrelid = 'leadgen.postal_places'::regclass and attname = 'city_keys') then
    update leadgen.postal_places set towns = null, city_keys = array[city_key]
    where country_code = 'US' and postal_code between '11000' and '30999';
  end if;
end;
$$;

insert into verticals (slug, name) values ('plumbing', 'Plumbing');

insert into markets (name, timezone, region_code)
select 'Market ' || n, ('{America/Chicago,America/New_York,America/Denver,America/Los_Angeles}'::text[])[1 + n % 4], 'US-TX'
from generate_series(1, 20) n order by n;

insert into validation_policies (name, rules)
select 'Ten rules ' || n, jsonb_build_object(
  'required_fields', jsonb_build_array('attributes.job_type'),
  'field_rules', jsonb '{"attributes.job_type": {"enum": ["leak", "drain", "heater"]}, "message": {"maxLength": 2000}}',
  'allowed_country_codes', jsonb_build_array('US'),
  'allowed_postal_codes', jsonb_build_array((10 + n) || '*'),
  'phone_region', 'US',
  'disposable_email_blocklist_enabled', true,
  'blocked_email_domains', jsonb_build_array('spam.example'),
  'duplicate_window_hours', 24,
  'consent_required', true,
  'blocked_words', jsonb_build_array('casino', 'test lead'),
  'min_message_length', 10)
from generate_series(1, 20) n order by n;

insert into routing_policies (name, config) values
  ('Turns', '{"strategy": "round_robin"}'),
  ('Best first', '{"strategy": "priority", "tie_breakers": ["round_robin"], "caps": {"per_day": 1000000}}'),
  ('Shares', '{"strategy": "weighted", "exclusivity": {"scopes": ["postal_code"], "when_unavailable": "fall_through"}}'),
  ('Two who pay most', '{"strategy": "highest_price", "tie_breakers": ["round_robin"], "max_buyers": 2}'),
  ('Least filled', '{"strategy": "least_filled", "tie_breakers": ["priority"], "on_no_buyer": "reject",
    "acceptance": {"mode": "auto_after", "window_hours": 48}}');

insert into pricing_policies (name, rules) values
  ('Own area', '{"exclusivity_premium": {"percent": 25}}'),
  ('Nights and big jobs', '{"exclusivity_premium": {"amount": 10},
    "time_of_day": [{"name": "evening", "hours": {"mon": [["17:00", "23:00"]], "fri": [["17:00", "23:00"]]}, "percent": 10}],
    "adjustments": [
      {"name": "heater", "when": {"attributes.job_type": {"enum": ["heater"]}}, "percent": 15},
      {"name": "old house", "when": {"attributes.house_age": {"minimum": 40}}, "amount": 3}]}');

insert into offers
  (market_id, vertical_id, name, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id)
select n, 1, 'Offer ' || n, 45, n, 1 + (n - 1) % 5, 1 + n % 2 from generate_series(1, 20) n order by n;

insert into sources (offer_id, kind, name, source_key, api_key_hash)
select n, 'landing_page', 'Page ' || n, 's' || 10 + n, encode(sha256(convert_to('k' || 10 + n, 'UTF8')), 'hex')
from generate_series(1, 20) n order by n;

insert into buyers (name, email, phone, webhook_url, email_notifications, balance)
select 'Buyer ' || n, 'b' || n || '@buyer.example', '+15125550100', 'https://buyer.example/leads', n % 2 = 0, 100000
from generate_series(1, 1000) n order by n;

-- 290 postal codes, 8 prefixes of ten codes, 2 cities. Before the enrollments, so that no area wakes an offer.
insert into buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select (n - 1) * 50 + b, n, a.scope_type, a.scope_value
from generate_series(1, 20) n, generate_series(1, 50) b, lateral (
  select 'postal_code' as scope_type, (10 + n) || lpad(((b * 37 + i * 7) % 1000)::text, 3, '0') as scope_value
  from generate_series(1, 290) i
  union all
  select 'postal_code', (10 + n) || lpad(((b * 13 + i * 11) % 100)::text, 2, '0') || '*' from generate_series(1, 8) i
  union all
  select 'city', 'New City ' || (b + i * 3) % 10 from generate_series(0, 1) i) a;

insert into buyer_offers (
  buyer_id, offer_id, routing_priority, weight, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month,
  budget_per_day, budget_per_month, min_balance_required, price_per_lead, timezone, schedule, filters)
select
  (n - 1) * 50 + b, n, 1 + b % 10, 1 + b % 5,
  case when b % 4 = 0 then 100000 end,
  case when b % 3 = 0 then 500000 end,
  case when b % 5 = 0 then 1000000 end,
  case when b % 7 = 0 then 4000000 end,
  case when b % 6 = 0 then 50000000 end,
  case when b % 10 = 0 then 99000000 end,
  case when b % 5 = 1 then 50 end,
  case when b % 2 = 0 then 40 + b % 20 end,
  case when b % 9 = 0 then 'America/Phoenix' end,
  case when b % 4 = 1 then (
    select jsonb_object_agg(d, jsonb '[["00:00", "12:00"], ["12:00", "24:00"]]')
    from unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) d) end,
  case b % 5
    when 2 then jsonb '{"attributes.house_age": {"minimum": 10}}'
    when 3 then jsonb '{"attributes.job_type": {"enum": ["leak", "heater"]}, "attributes.property": {"not": {"enum": ["barn"]}}}' end
from generate_series(1, 20) n, generate_series(1, 20 + (n - 1) * 11 % 31) b
order by n, b;

insert into offer_exclusivities (offer_id, scope_type, scope_value, buyer_id)
select n, 'postal_code', (10 + n) || lpad((i * 20 + n)::text, 3, '0'), (n - 1) * 50 + 1 + i % 20
from generate_series(1, 20) n, generate_series(0, 48) i
union all
select n, 'city', 'New City ' || n % 10, (n - 1) * 50 + 3 from generate_series(1, 20) n;

-- The bench posts from one address what many senders would.
do $$
begin
  if to_regclass('leadgen.rate_limits') is not null then
    update leadgen.rate_limits set amount = 1000000000, per_seconds = 1;
  end if;
end;
$$;
