-- Which city a lead is in: one place in many spellings, and a postal code that decides where a typed city contradicts it.
begin;
select plan(67);

-- Ace owns Saint Louis, written in short; Best works there, written in full; Cole works everywhere.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"exclusivity": {"scopes": ["city"], "when_unavailable": "fall_through"}}') as offer_id;
create temp table seats as
select offer_id, testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 1}', '{St. Louis}') as owner,
  testkit.enroll_buyer(offer_id, 'Best', '{"routing_priority": 3}', '{SAINT LOUIS}') as best,
  testkit.enroll_buyer(offer_id, 'Cole', '{"routing_priority": 2}', '{*}') as cole
from ids;
select testkit.own(owner, 'city', 'St Louis') from seats;
create function pg_temp.taker(p_postal_code text, p_city text, p_number integer) returns text language plpgsql as $$
declare
  v_answer jsonb;
begin
  select testkit.submit(offer_id, jsonb_build_object('postal_code', p_postal_code, 'city', p_city), p_number) into v_answer from ids;
  return (select b.name from leadgen.buyers b where b.id = (v_answer ->> 'buyer_id')::bigint);
end;
$$;

select is(pg_temp.taker(postal_code, city, n), buyer, format('%s, %s goes to %s', city, postal_code, buyer))
from (values
  ('63101', 'St Louis', 'Ace', 1), ('63101', 'ST. LOUIS', 'Ace', 2), ('63101', 'Saint Louis, MO', 'Ace', 3),
  ('63101', ' saint  louis ', 'Ace', 4),
  ('63101', null, 'Ace', 5), ('63101', 'Chicago', 'Ace', 6), ('63101', 'Downtown', 'Ace', 7),
  ('60601', 'St. Louis', 'Cole', 8), ('60601', 'Chicago', 'Cole', 9),
  -- a town that shares the postal code may be named, and is then the place
  ('63130', 'University City', 'Cole', 10), ('63130', 'St. Louis', 'Ace', 11), ('63130', null, 'Ace', 12),
  -- the data set has no such code: the typed city counts
  ('00000', 'St. Louis', 'Ace', 13), ('00000', 'Chicago', 'Cole', 14)
) as t (postal_code, city, buyer, n);

-- What contradicts is noted, and everything comes out of the record again.
create temp table stored as
select l.* from leadgen.leads l join ids using (offer_id);
select is(l.intake_notes, notes::text[], format('notes of %s in %s', city, postal_code))
from (values
  ('60601', 'St. Louis', '{"city: read as Chicago, where the postal code is"}'),
  ('63101', 'Chicago', '{"city: read as Saint Louis, where the postal code is"}'),
  ('63101', 'St Louis', null), ('63130', 'University City', null), ('00000', 'Chicago', null)
) as t (postal_code, city, notes)
join stored l using (postal_code, city);
select is(leadgen.explain_lead(l.id) -> 'intake_notes' ->> 0,
  'city: read as Chicago, where the postal code is', 'explain shows the note')
from stored l where l.postal_code = '60601' and l.city = 'St. Louis';
select is(l.city, 'St. Louis', 'the lead keeps the city that was typed')
from stored l where l.postal_code = '60601' and l.city = 'St. Louis';
select is(array_agg(distinct leadgen.replay_lead(l.id)), '{"{\"identical\": true}"}', 'every lead replays') from stored l;
update leadgen.postal_places set city = 'Elsewhere', city_key = 'elsewhere', city_keys = '{elsewhere}'
where postal_code in ('63101', '60601');
select is(array_agg(distinct leadgen.replay_lead(l.id)), '{"{\"identical\": true}"}',
  'every lead replays when the places change') from stored l;
update leadgen.postal_places set city = 'Saint Louis', city_key = 'saintlouis', city_keys = '{saintlouis}' where postal_code = '63101';
update leadgen.postal_places set city = 'Chicago', city_key = 'chicago', city_keys = '{chicago}' where postal_code = '60601';

-- A dry run and a what-if say the same.
select is(leadgen.dry_run_lead(testkit.given_lead(offer_id, '{"postal_code": "60601", "city": "St. Louis"}', 30))
  #>> '{decision,intake_notes,0}',
  'city: read as Chicago, where the postal code is', 'a dry run notes it, too')
from ids;

-- allowed_cities and filters.
create temp table served as select testkit.make_offer(
  '{"allowed_cities": ["Ft. Worth", "Mt Pleasant", "Coeur d''Alene", "O''Fallon", "Winston-Salem"], "duplicate_window_hours": 0}')
  as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('postal_code', postal_code, 'city', city), 40 + n)),
  codes::text[], format('allowed_cities: %s in %s', city, postal_code))
from served, (values
  ('76102', 'Fort Worth', '{}', 1), ('76102', 'FT WORTH, TX', '{}', 2), ('76102', null, '{}', 3), ('29464', 'Mount Pleasant', '{}', 4),
  ('83814', 'Coeur D Alene', '{}', 5), ('83814', 'Coeur d’Alene', '{}', 6), ('63366', 'O Fallon', '{}', 7), ('63366', 'OFallon', '{}', 8),
  ('27101', 'Winston Salem', '{}', 9), ('27101', 'winston - salem', '{}', 10),
  ('60601', 'Fort Worth', '{city_not_allowed city}', 11), ('63366', 'Cottleville', '{city_not_allowed city}', 12),
  ('76102', 'Chicago', '{}', 13)
) as t (postal_code, city, codes, n);
create temp table filtered as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace', '{"filters": {"city": {"enum": ["Ft. Worth"]}}}') from filtered;
select is(testkit.submit(offer_id, jsonb_build_object('postal_code', postal_code, 'city', city), 70 + n) ->> 'buyer_id' is not null,
  passes, format('a filter by city: %s in %s', city, postal_code))
from filtered, (values ('76102', 'Fort Worth', true, 1), ('76102', 'Chicago', true, 2), ('60601', 'Fort Worth', false, 3))
  as t (postal_code, city, passes, n);

-- A held lead from before reading 2 has another key in its record; routed again, it is looked for by today's.
create temp table held as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "hold"}') as offer_id;
create temp table old_lead as
select (testkit.submit(offer_id, '{"postal_code": "63101", "city": "St. Louis"}', 80) ->> 'lead_id')::bigint as id, offer_id from held;
set local session_replication_role = replica;
update leadgen.leads l set signals.reading = 1, signals.city_key = null from old_lead o where l.id = o.id;
set local session_replication_role = origin;
select is((intake.recall_facts(l, 'US')).city_key, 'st.louis', 'an earlier lead is replayed by the key that judged it')
from leadgen.leads l join old_lead using (id);
select is((intake.read_city_anew(intake.recall_facts(l, 'US'))).city_key, 'saintlouis', 'an earlier lead is routed by today''s key')
from leadgen.leads l join old_lead using (id);
select is(leadgen.replay_lead(id), '{"identical": true}', 'an earlier lead replays') from old_lead;
select testkit.enroll_buyer(offer_id, 'Best', '{}', '{Saint Louis}') from old_lead;
select testkit.work_holds();
select is((select l.buyer_id is not null from leadgen.leads l where l.id = o.id), true, 'its buyer is found when it is routed again')
from old_lead o;
select is(leadgen.replay_lead(id), '{"identical": true}', 'that decision replays') from old_lead;

-- Puerto Rico has a code of its own and postal codes of the US: both names of it are one country in either market.
create temp table islands as
select code as market, testkit.make_offer(p_market => jsonb_build_object('country_code', code)) as offer_id
from (values ('US'), ('PR')) as t (code);
select testkit.enroll_buyer(offer_id, 'Ace', '{}', '{009*}') from islands;
create temp table visits as
select i.market, t.country, t.postal_code, (testkit.submit(i.offer_id, jsonb_build_object('postal_code', t.postal_code, 'city', null)
  || jsonb_build_object('country_code', t.country), t.n) ->> 'lead_id')::bigint as id
from islands i, (values ('PR', '00901', 90), ('US', '00901', 91), ('Puerto Rico', '00901-1234', 92),
  ('US', '78701', 94), ('PR', '78701', 95), ('Canada', 'K1A 0B1', 96)) as t (country, postal_code, n);
select is(format('%s %s %s %s', l.country_code, l.postal_code, l.region_code, case when l.buyer_id is null then 'unsold' else 'sold' end),
  stored, format('a market of %s: "%s" with %s', v.market, v.country, v.postal_code))
from (values
  ('US', 'PR', '00901', 'US 00901 US-PR sold'), ('US', 'US', '00901', 'US 00901 US-PR sold'),
  ('US', 'Puerto Rico', '00901-1234', 'US 00901 US-PR sold'),
  ('PR', 'PR', '00901', 'PR 00901 US-PR sold'), ('PR', 'US', '00901', 'PR 00901 US-PR sold'),
  ('PR', 'Puerto Rico', '00901-1234', 'PR 00901 US-PR sold'),
  ('US', 'PR', '78701', 'US 78701 US-TX unsold'), ('PR', 'US', '78701', 'US 78701 US-TX unsold'),
  ('PR', 'PR', '78701', 'US 78701 US-TX unsold'), ('US', 'Canada', 'K1A 0B1', 'CA K1A 0B1  unsold')
) as t (market, country, postal_code, stored)
join visits v using (market, country, postal_code)
join leadgen.leads l on l.id = v.id;
select is(l.city, 'San Juan', 'the place of a postal code of Puerto Rico is known in its market')
from leadgen.leads l join visits v using (id) where v.market = 'PR' and v.country = 'PR' and v.postal_code = '00901';
select is(array_agg(distinct leadgen.replay_lead(v.id)), '{"{\"identical\": true}"}', 'all of them replay') from visits v;

-- Regions.
create temp table texan as select testkit.make_offer('{"allowed_region_codes": ["US-TX"], "duplicate_window_hours": 0}') as offer_id;
select is(testkit.codes_of(testkit.submit(offer_id, jsonb_build_object('region_code', region), n)), codes::text[],
  format('region %s', region))
from texan, (values ('TX', '{}', 100), ('Texas', '{}', 101), ('us-tx', '{}', 102), ('US TX', '{}', 103), ('Tex.', '{}', 104),
  ('OK', '{region_not_allowed region_code}', 105), ('Newfoundland and Labrador', '{region_not_allowed region_code}', 106))
  as t (region, codes, n);
select is(array_agg(distinct l.region_code order by l.region_code), '{"NEWFOUNDLAND AND LAB",US-OK,US-TX}', 'regions as they are stored')
from leadgen.leads l join texan using (offer_id);

-- A what-if with another area looks at the city that the lead was in.
create temp table plan as
select testkit.open_offer('{"on_no_buyer": "reject"}', 'Ace') as offer_id, testkit.new_buyer('Best') as best;
update leadgen.buyer_service_areas a set scope_type = 'city', scope_value = 'Waco'
where a.market_id = (select o.market_id from leadgen.offers o join plan p on p.offer_id = o.id);
select is(array_agg(testkit.submit(offer_id, fields, n) ->> 'buyer_id'), '{null,null}', 'nobody works where two leads are')
from plan, (values ('{"postal_code": "63101", "city": "Chicago"}'::jsonb, 110), ('{"postal_code": "60601", "city": "St. Louis"}', 111))
  as t (fields, n);
select is(leadgen.what_if(offer_id, now() - interval '1 day', now() + interval '1 minute', jsonb_build_object('with', jsonb_build_array(
  jsonb_build_object('buyer_id', best, 'service_areas', '{"St Louis"}'::text[])))) #>> '{simulated,sold}',
  '1', 'what-if: only the lead whose postal code is there is sold')
from plan;

select * from finish();
rollback;
