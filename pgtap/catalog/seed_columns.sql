-- An insert that knows only the first seed document's columns works, for every table; names and keys are derived.
begin;
select plan(24);

insert into leadgen.markets (name, country_code, region_code, timezone, currency, is_active) values ('Austin, TX', 'US', 'US-TX',
  'America/Chicago', 'USD', true);
insert into leadgen.verticals (slug, name, is_active) values ('plumbing', 'Plumbing', true);
insert into leadgen.validation_policies (name, version, rules, is_active) values ('Austin plumbing', 1,
  '{"allowed_postal_codes": ["787*"], "duplicate_window_hours": 24, "phone_region": "US"}', true);
insert into leadgen.routing_policies (name, version, config, is_active) values ('Priority', 1, '{"strategy": "priority"}', true);
insert into leadgen.offers (market_id, vertical_id, name, is_active, default_price_per_lead, invoice_threshold, validation_policy_id,
  routing_policy_id)
select m.id, v.id, 'Emergency Plumbing - Austin', true, 45.00, 500.00, vp.id, rp.id
  from leadgen.markets m, leadgen.verticals v, leadgen.validation_policies vp, leadgen.routing_policies rp;
insert into leadgen.sources (offer_id, kind, name, hostname, path_prefix, api_key_hash, is_active)
select id, 'landing_page', 'Austin Plumbing V1', 'Austin.Example.', '/plumbing', null, true from leadgen.offers;
insert into leadgen.buyers (name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active,
  balance, credit_limit, billing_cycle,
  payment_method, payment_method_id)
values ('Ace', 'ace@b.example', '+15125550100', 'Ace LLC', 'https://ace.example/hook', true, false, true, 100.00, null, 'weekly',
  null, null);
insert into leadgen.buyer_offers (buyer_id, offer_id, is_active, routing_priority, capacity_per_day, capacity_per_hour, price_per_lead,
  webhook_url_override, email_override,
  sms_override, min_balance_required, pause_until)
select b.id, o.id, true, 1, 20, 5, null, null, null, null, 50.00, null from leadgen.buyers b, leadgen.offers o;
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value, is_active) select b.id, m.id, 'postal_code',
  '78701', true from leadgen.buyers b, leadgen.markets m;
insert into leadgen.offer_exclusivities (offer_id, scope_type, scope_value, buyer_id, is_active) select o.id, 'city', 'Austin', b.id,
  true from leadgen.buyers b, leadgen.offers o;
insert into leadgen.invoices (buyer_id, offer_id, period_start, period_end, due_date, invoice_number, status, total_leads, amount_due,
  tax_amount, total_amount)
select b.id, o.id, '2026-11-01', '2026-12-01', '2026-12-15', 'INV-1', 'draft', 0, 0, 0, 0 from leadgen.buyers b, leadgen.offers o;

select is(m.slug, 'austin-tx', 'a market''s slug comes from its name') from leadgen.markets m;
select is(o.slug, 'emergency-plumbing-austin', 'an offer''s slug comes from its name') from leadgen.offers o;
select is(format('%s %s', s.source_key, s.hostname), 'austin-plumbing-v1 austin.example',
  'a source''s key comes from its name, its hostname is in lower case')
  from leadgen.sources s;
select matches(s.secret, '^whsec_[A-Za-z0-9+/]{43}=$', 'a webhook''s secret: 32 bytes in base64') from leadgen.webhook_secrets s;
select is(count(*), 1::bigint, 'an enrollment has its row of usage') from testkit.enrollment_usage u
  join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id join leadgen.offers o on o.id = bo.offer_id and o.market_id = u.market_id;
select is(a.scope_key, '78701', 'a service area''s key') from leadgen.buyer_service_areas a;
select is(e.scope_key, 'austin', 'an exclusivity''s key') from leadgen.offer_exclusivities e;
select is(array_agg(x.kind order by x.kind), '{routing,validation}', 'the policies are archived') from leadgen.policy_versions x;

-- And leads flow: no code.
create temp table answer as
select leadgen.submit_lead('{"source": "landing_page", "source_key": "austin-plumbing-v1",
  "idempotency_key": "c1a9d3b2d6c84c2b9b6f9adf4b4e1c1f", "name": "John Smith", "email": "john@example.com",
  "phone": "+15125550123", "country_code": "US", "postal_code": "78701", "message": "Emergency plumbing needed", "utm_source": "google",
    "utm_medium": "cpc",
  "utm_campaign": "plumbing_austin", "consent": true, "gdpr_consent": true}') as a;
select is(format('%s %s %s', a ->> 'outcome', a ->> 'message', coalesce(a ->> 'price', 'undisclosed')),
  'sold Lead qualified and queued for delivery undisclosed', 'the seed''s own example is sold; a page is not told the price')
  from answer;
select is(leadgen.submit_lead('{"source_key": "austin-plumbing-v1", "name": "Jane", "email": "j@example.com", "phone": "+15125550124",
  "postal_code": "33602"}') ->> 'reason',
  'Invalid postal_code for offer', 'a lead outside of the seed''s area is refused');
select lives_ok($$insert into leadgen.leads (market_id, vertical_id, offer_id, source_id, idempotency_key, source, name, email, phone,
  country_code, postal_code, city, region_code, message, status,
    validation_reason, buyer_id, billing_status, price, utm_source, utm_medium, utm_campaign, ip_address, user_agent)
  select o.market_id, o.vertical_id, o.id, s.id, 'imported', 'import', 'Old Lead', 'old@example.com', '+15125550199', 'US', '78701',
    'Austin', 'US-TX', null, 'received', null, null, 'pending', null,
    null, null, null, '203.0.113.1', null from leadgen.offers o
      join leadgen.sources s on s.offer_id = o.id$$, 'a lead by the seed''s columns');

-- Every column of the seed is there, by its name.
select has_table('leadgen', t.name, t.name)
  from unnest('{markets,verticals,validation_policies,routing_policies,offers,sources,buyers,buyer_offers,
    buyer_service_areas,offer_exclusivities,leads,invoices}'::text[]) as t (name);
select enum_has_labels('leadgen', 'lead_status', '{received,validated,delivered,accepted,rejected}'::name[], 'lead_status');

select * from finish();
rollback;
