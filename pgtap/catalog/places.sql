-- compile_places, check_place_rows, remake_city_keys and check_city: rows that say how places are written, and areas that can match.
begin;
select plan(28);

-- A city that no postal code has is refused on write, with the city that was meant.
create temp table opened as select testkit.make_offer() as offer_id;
create temp table ids as
select w.offer_id, testkit.enroll(w.offer_id) as seat, o.market_id from opened w join leadgen.offers o on o.id = w.offer_id;
create function pg_temp.write_area(p_city text) returns text language sql as $$
  select testkit.fault_of(format('insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
    values (%s, %s, ''city'', %L)', testkit.buyer_of(seat), market_id, p_city)) from ids;
$$;
select is(pg_temp.write_area(city), fault, format('an area: %s', city))
from (values
  ('Austin', 'none'), ('St. Louis', 'none'), ('University City', 'none'), ('Winston-Salem, NC', 'none'), ('Austni', 'LG423 scope_value'),
  ('Saint Luis', 'LG423 scope_value'), ('Berlin Mitte', 'LG423 scope_value'), ('...', 'LG423 scope_value')
) as t (city, fault);
select throws_like(format($$insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
  values (%s, %s, 'city', %L)$$, testkit.buyer_of(seat), market_id, city), format('%%%s', meant), format('%s: %s', city, meant))
from ids, (values
  ('Austni', 'scope_value: found Austni; allowed: a city that has a postal code in US. Did you mean Austin?'),
  ('Winston Salm', 'Did you mean Winston Salem?'), ('Xqzzy', 'allowed: a city that has a postal code in US')
) as t (city, meant);
select is(testkit.fault_of(format($$insert into leadgen.offer_exclusivities (offer_id, buyer_id, scope_type, scope_value)
  values (%s, %s, 'city', 'Austni')$$, offer_id, testkit.buyer_of(seat))), 'LG423 scope_value', 'an exclusivity')
from ids;
select is(testkit.fault_of(
  $$select testkit.enroll(testkit.make_offer(p_market => '{"country_code": "DE"}'), '{}', '{Entenhausen}')$$),
  'none', 'a country without places: any city');
select is(testkit.fault_of($$select testkit.enroll(testkit.make_offer(p_market => '{"country_code": "PR"}'), '{}', '{San Juan}')$$),
  'none', 'a territory has the places of its postal codes');
-- A row that was taken before can still be switched off.
set local session_replication_role = replica;
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value, scope_key)
select testkit.buyer_of(seat), market_id, 'city', 'Old Town Nowhere', 'oldtownnowhere' from ids;
set local session_replication_role = origin;
select lives_ok($$update leadgen.buyer_service_areas set is_active = false where scope_value = 'Old Town Nowhere'$$,
  'an existing row is edited elsewhere');

-- What was stored by the old key gets today's. Two spellings of one city were two exclusivities: the older stays.
create temp table old as
select testkit.make_offer() as offer_id;
create temp table owners as
select offer_id, testkit.enroll_buyer(offer_id, 'Ace') as a, testkit.enroll_buyer(offer_id, 'Best') as b from old;
set local session_replication_role = replica;
insert into leadgen.offer_exclusivities (offer_id, buyer_id, scope_type, scope_value, scope_key)
select offer_id, testkit.buyer_of(a), 'city', 'St. Louis', 'st.louis' from owners
union all
select offer_id, testkit.buyer_of(b), 'city', 'Saint Louis', 'saintlouis' from owners;
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value, scope_key)
select testkit.buyer_of(w.a), o.market_id, 'city', 'Ft. Worth', 'ft.worth' from owners w join leadgen.offers o on o.id = w.offer_id;
update leadgen.postal_places set city_key = 'old', city_keys = null where postal_code = '63130';
set local session_replication_role = origin;
select lives_ok('select catalog.remake_city_keys()', 'remake_city_keys');
select is(array_agg(format('%s %s %s', x.scope_value, x.scope_key, x.is_active) order by x.id),
  '{"St. Louis saintlouis t","Saint Louis saintlouis f"}', 'the older of two exclusivities for one city stays')
from leadgen.offer_exclusivities x join old using (offer_id);
select is(count(*), 1::bigint, 'an event says which was switched off')
from leadgen.events e where e.kind = 'exclusivity_merged' and e.facts ->> 'scope_value' = 'Saint Louis';
select is(a.scope_key, 'fortworth', 'an area gets its key') from leadgen.buyer_service_areas a where a.scope_value = 'Ft. Worth';
update leadgen.postal_places set city_keys = null where postal_code = '63130';
select lives_ok('select catalog.remake_city_keys()', 'remake_city_keys: a code that has no keys yet');
select is(p.city_keys @> '{saintlouis,universitycity}', true, 'a postal code gets its towns')
from leadgen.postal_places p where p.postal_code = '63130';
select lives_ok('select catalog.remake_city_keys()', 'remake_city_keys: again');
select is(count(*), 1::bigint, 'nothing more happens')
from leadgen.events e where e.kind = 'exclusivity_merged' and e.facts ->> 'scope_value' = 'Saint Louis';

-- Rows of a DBA's own count from the next deploy on; a row that can match nothing stops it.
insert into leadgen.city_words (word, meaning) values ('gr', 'grand');
insert into leadgen.country_names (name, country_code) values ('lagrandebretagne', 'GB');
insert into leadgen.region_names (country_code, name, region_code) values ('DE', 'bayern', 'DE-BY');
select lives_ok('select catalog.compile_places()', 'compile_places');
select is(array[ref.normalize_city('Gr. Rapids'), ref.read_country('La Grande-Bretagne'), ref.read_region('Bayern', 'DE'),
  ref.read_region('by', 'DE')], '{grandrapids,GB,DE-BY,DE-BY}', 'rows of a DBA');
create function pg_temp.try_row(p_sql text) returns text language plpgsql as $$
begin
  execute p_sql;
  return testkit.fault_of('select catalog.compile_places()');
end;
$$;
select is(pg_temp.try_row($$insert into leadgen.city_words (word, meaning) values ('St.', 'saint')$$), 'LG423 city_words.word',
  'a word with a mark');
delete from leadgen.city_words where word = 'St.';
select is(pg_temp.try_row($$insert into leadgen.country_names (name, country_code) values ('the uk', 'GB')$$), 'LG423 country_names.name',
  'a name with a blank');
delete from leadgen.country_names where name = 'the uk';
select is(pg_temp.try_row($$insert into leadgen.region_names (country_code, name, region_code) values ('US', 'x', 'TX')$$),
  'LG423 region_names.region_code', 'a region without its country');

select * from finish();
rollback;
