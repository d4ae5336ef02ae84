-- fill_market: country and currency of a market stay once it has offers.
begin;
select plan(12);

create temp table made as select testkit.make_offer() as offer_id;
create temp table ids as select o.market_id as used, testkit.add('markets', '{"name": "Lyon", "timezone": "Europe/Paris"}') as free
from made join leadgen.offers o on o.id = made.offer_id;
create function pg_temp.edit(p_market_id bigint, p_set text) returns text language sql as $$
  select testkit.fault_of(format('update leadgen.markets set %s where id = %s', p_set, p_market_id));
$$;
grant select on ids to public;
grant execute on all functions in schema testkit to public;
set local role leadgen_dba;
select is(pg_temp.edit(used, edit), fault, format('a market with offers: %s', edit)) from ids, (values
  ('currency = ''EUR''', 'LG409 currency'), ('country_code = ''FR''', 'LG409 country_code'),
  ('country_code = ''FR'', currency = ''EUR''', 'LG409 country_code'), ('currency = currency, country_code = ''US''', 'none'),
  ('name = ''Austin, TX'', timezone = ''America/Denver''', 'none')) as t (edit, fault);
select is(pg_temp.edit(free, edit), 'none', format('a market without: %s', edit))
from ids, unnest(array['currency = ''EUR''', 'country_code = ''FR''', 'country_code = ''FR'', currency = ''EUR''']) edit;
update leadgen.markets m set currency = 'EUR', country_code = 'FR' from ids where m.id = ids.free;
select is(format('%s %s', m.currency, m.country_code), 'EUR FR', 'the market has its new currency and country') from leadgen.markets m
  join ids on ids.free = m.id;
select is(testkit.detail_of(format('update leadgen.markets set currency = ''EUR'' where id = %s', used)),
  '{"field": "currency", "found": "EUR", "allowed": "USD"}', 'the detail has the value that was found and the one that stays') from ids;
reset role;
select is(m.slug, 'lyon', 'fill_market: a slug of its name') from leadgen.markets m join ids on ids.free = m.id;
select is(testkit.fault_of($$select testkit.add('markets', '{"name": "x", "timezone": "Mars/Base"}')$$), 'LG423 timezone',
  'fill_market: a zone that there is');

select * from finish();
rollback;
