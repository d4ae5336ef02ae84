-- fill_market, fill_offer, fill_source, fill_buyer, fill_enrollment, fill_scope, fill_campaign, immutable_columns, start_usage, and what
-- they stand on.
begin;
select plan(73);

select is(catalog.slugify(name), slug, format('slugify: %s', name))
from (values ('Austin, TX', 'austin-tx'), ('  São Paulo!! ', 'sao-paulo'), ('A--B', 'a-b'), ('東京', 'x'), ('', 'x'), ('Ünïcode 24/7',
  'unicode-24-7')) as t (name, slug);

create temp table m as select n, testkit.make_market() as id from generate_series(1, 3) n;
select is(array_agg(x.slug::text order by n), '{austin-tx,austin-tx-2,austin-tx-3}', 'choose_slug: the first free one') from m
  join leadgen.markets x using (id);
select is(catalog.choose_slug('leadgen.markets', 'slug', 'Reno', 100), 'reno', 'choose_slug: free as it is');
select is(length(catalog.choose_slug('leadgen.markets', 'slug', repeat('ab ', 100), 100)) <= 95, true,
  'choose_slug: leaves room for a number');
create temp table given as select testkit.make_market('{"slug": "my-own"}') as id;
select is(x.slug, 'my-own', 'fill_market: a slug that is given stays') from given join leadgen.markets x using (id);
update leadgen.markets x set name = 'Renamed' from given where x.id = given.id;
select is(x.slug, 'my-own', 'fill_market: also when the name changes') from given join leadgen.markets x using (id);

select is(testkit.fault_of(format('select testkit.make_market(%L)', body)), fault, format('a market: %s', body))
from (values
  ('{"timezone": "America/Sao_Paulo"}'::jsonb, 'none'), ('{"timezone": "America/Austin"}', 'LG423 timezone'), ('{"timezone": ""}',
    'LG423 timezone'),
  ('{"timezone": "UTC+25:00"}', 'LG423 timezone'), ('{"country_code": "us"}', '23514'), ('{"currency": "KWD"}', '23514'),
  ('{"currency": "usd"}', '23514')
) as t (body, fault);
select is(testkit.fault_of($$update leadgen.markets set timezone = 'Mars/Base'$$), 'LG423 timezone',
  'a market''s zone is checked when it changes');
select is(testkit.fault_of(format('select catalog.check_timezone(%L, %L)', zone, 'x')), fault, format('check_timezone: %s', zone))
  from (values ('Europe/Berlin', 'none'), ('Europe/Bonn', 'LG423 x'), ('UTC', 'none'), ('posixrules', 'LG423 x'),
    ('Factory', 'LG423 x'), ('localtime', 'LG423 x'), ('EST', 'LG423 x'), ('GMT', 'LG423 x')) t (zone, fault);

create temp table o as select testkit.make_offer() as a, testkit.make_offer() as b;
select is(testkit.fault_of(
  format('update leadgen.offers o set %1$I = x.%1$I from leadgen.offers x where x.id = %2$s and o.id = %3$s', fixed, b, a)),
  format('LG409 %s', fixed), format('an offer: another %s', fixed))
from o, unnest('{market_id,vertical_id}'::text[]) fixed;
select is(testkit.fault_of(format('update leadgen.offers set market_id = market_id, default_price_per_lead = 50 where id = %s', a)),
  'none', 'an offer: what stays may be said again') from o;

create temp table e as select testkit.enroll_buyer(a, 'Ace') as id from o;
select is(testkit.fault_of(format('update leadgen.buyer_offers set offer_id = %s where id = %s', b, id)), 'LG409 offer_id',
  'an enrollment: another offer') from o, e;
select is(testkit.fault_of(format('update leadgen.buyer_offers set buyer_id = testkit.make_buyer() where id = %s', id)),
  'LG409 buyer_id', 'an enrollment: another buyer') from e;
select is(testkit.fault_of(format('update leadgen.buyer_offers set buyer_id = buyer_id, offer_id = offer_id where id = %s', id)),
  'none', 'an enrollment: what stays may be said again') from e;
select is(testkit.fault_of(format('update leadgen.buyer_offers set %s where id = %s', change, id)), fault,
  format('an enrollment: %s', change))
from e, (values
  ('timezone = ''Asia/Tokyo''', 'none'), ('timezone = ''Tokyo''', 'LG423 timezone'), ('timezone = null', 'none'), ('weight = 0',
    '23514'), ('weight = 1000001', '23514'),
  ('routing_priority = 0', '23514'), ('capacity_per_day = -1', '23514'), ('capacity_per_day = 0', 'none'), ('price_per_lead = 0',
    '23514'), ('webhook_url_override = ''ftp://x''', 'LG423 webhook_url_override'),
  ('budget_per_day = ''NaN''', '23514'), ('budget_per_month = ''NaN''', '23514'), ('budget_per_day = -0.01', '23514'),
  ('budget_per_day = 0, budget_per_month = 99999999.99', 'none'), ('budget_per_day = null, budget_per_month = null', 'none')
) as t (change, fault);
select is(count(*), 1::bigint, 'start_usage: one row, in the offer''s market') from testkit.enrollment_usage u
  join e on e.id = u.buyer_offer_id join o on true join leadgen.offers x on x.id = a and x.market_id = u.market_id;
create temp table s as select testkit.make_source(a, '{"hostname": "WWW.Bücher.Example.", "name": "Big Page"}') as id,
  testkit.make_source(a, '{"name": "Big Page"}') as second from o;
select is(format('%s %s', x.hostname, x.source_key), 'www.xn--bcher-kva.example big-page',
  'fill_source: hostname as it is compared, key from the name') from s join leadgen.sources x using (id);
select is(format('%s %s', x.source_key, coalesce(x.hostname, 'none')), 'big-page-2 none', 'fill_source: the next free key') from s
  join leadgen.sources x on x.id = second;
select is(testkit.fault_of(format('select testkit.make_source(%s, %L)', a, body)), fault, format('a source: %s', body))
from o, (values
  ('{"kind": "fax"}'::jsonb, 'LG423 kind'), ('{"path_prefix": "/x"}', '23514'), ('{"hostname": "h.example", "path_prefix": "x"}', '23514'),
  ('{"api_key_hash": "secret"}', '23514'),
  ('{"source_key": "big-page"}', '23505'), ('{"hostname": "www.xn--bcher-kva.example"}', '23505'),
  ('{"hostname": "WWW.BÜCHER.example", "path_prefix": "/"}', '23505')
) as t (body, fault);
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign) select id, 'GoOgle', 'Spring SALE' from s;
select is(format('%s/%s', c.utm_source, c.utm_campaign), 'google/spring sale', 'fill_campaign: in lower case')
from leadgen.source_campaigns c;

-- Buyers.
select is(testkit.fault_of(format('select testkit.make_buyer(%L)', body)), fault, format('a buyer: %s', body))
from (values ('{"webhook_url": "b.example"}'::jsonb, 'LG423 webhook_url'), ('{"balance": -1}', '23514')) as t (body, fault);

-- An enrollment's own webhook needs a secret as well.
create temp table bare as select testkit.make_buyer('{"email_notifications": false}') as id;
create temp table overridden as select testkit.make_offer() as offer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', id, 'webhook_url_override', 'https://own.example/hook'))
  from bare, overridden;
select testkit.submit(offer_id) from overridden;
select matches((select c.secrets[1] from leadgen.claim_deliveries('w', testkit.room(9), '30 seconds') c
  where c.target = 'https://own.example/hook'), '^whsec_', 'a webhook of the enrollment alone is signed too');

-- Service areas and exclusivities.
create function pg_temp.key(p_type text, p_value text, p_country text) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer(p_market => jsonb_build_object('country_code', p_country));
  v_id bigint;
begin
  v_id := testkit.add('buyer_service_areas', jsonb_build_object('buyer_id', testkit.make_buyer(), 'market_id', (select o.market_id
    from leadgen.offers o where o.id = v_offer_id),
    'scope_type', p_type, 'scope_value', p_value));
  perform testkit.own(testkit.enroll_buyer(v_offer_id, 'Ace', '{}', '{}'), p_type, p_value);
  return (select string_agg(distinct k.scope_key, ' differs from ') from (select a.scope_key from leadgen.buyer_service_areas a
    where a.id = v_id
    union all select x.scope_key from leadgen.offer_exclusivities x where x.offer_id = v_offer_id) k);
end;
$$;
select is(pg_temp.key(type, value, country), key, format('fill_scope: %s %s in %s', type, value, country))
from (values
  ('postal_code', ' 78701-1234', 'US', '78701'), ('postal_code', '787*', 'US', '787*'), ('postal_code', '*', 'US', '*'), ('postal_code',
    'sw1a1aa', 'GB', 'SW1A 1AA'), ('postal_code', 'sw1a*', 'GB', 'SW1A*'),
  ('city', ' San  José ', 'US', 'sanjose')
) as t (type, value, country, key);
select is(testkit.fault_of(format('select pg_temp.key(%L, %L, %L)', type, value, country)), fault,
  format('fill_scope: %s "%s" in %s is refused', type, value, country))
from (values
  ('postal_code', '7870', 'US', 'LG423 scope_value'), ('postal_code', '78701', 'GB', 'LG423 scope_value'), ('postal_code', '78*1', 'US',
    'LG423 scope_value'),
  ('postal_code', '', 'US', 'LG423 scope_value'), ('city', '  ', 'US', 'LG423 scope_value')
) as t (type, value, country, fault);

select * from finish();
rollback;
