-- The catalogue's pages: what each shows, to whom, and what is done on them with who and why.
begin;
select plan(36);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{"caps": {"per_day": 5}}', 'Dora', 'Best') as offer_id;
alter table ids add dora bigint, add best bigint, add enrolled bigint, add market_id bigint;
update ids set dora = testkit.buyer('Dora'), best = testkit.buyer('Best'), enrolled = testkit.enrollment('Dora'),
  market_id = (select o.market_id from leadgen.offers o where o.id = offer_id);
select testkit.sell_lead(offer_id) from ids;
create function pg_temp.sign_in(p_name text, p_role text) returns text language sql as $$
  select testkit.new_user(p_name, p_role);
  select testkit.sign_in(p_name, p_token => p_name);
  select testkit.hash_of(p_name)
$$;
create temp table tokens as select pg_temp.sign_in('Olga', 'operator') as olga, pg_temp.sign_in('Ana', 'analyst') as ana;

create function pg_temp.owned() returns setof jsonb language sql as $$
  select r from ids, leadgen.buyer_offers e, jsonb_array_elements(console.list_exclusivities(e)) r where e.id = enrolled
$$;

create temp table pia as select testkit.new_buyer('Pia') as id;
create temp table page as select leadgen.list_buyers_for(ana) as buyers from tokens;
select is(string_agg(r ->> 'name', ',' order by n), 'Best,Dora', 'buyers are listed by name')
from page, jsonb_array_elements(buyers -> 'rows') with ordinality as t (r, n) where r ->> 'name' in ('Best', 'Dora');
select is(r -> 'used_up', '1', 'a limit that is used up counts')
from page, jsonb_array_elements(buyers -> 'rows') r where r ->> 'name' = 'Dora';
select is(format('%s of %s', r -> 'well', r -> 'endpoints'), '1 of 1', 'endpoints in use are counted')
from page, jsonb_array_elements(buyers -> 'rows') r where r ->> 'name' = 'Dora';
select is(jsonb_array_length(leadgen.list_buyers_for(ana, 'dOR') -> 'rows'), 1, 'a part of a name finds a buyer') from tokens;
select is(leadgen.list_buyers_for(ana, 'Nobody') -> 'rows', '[]', 'another text finds none') from tokens;

update leadgen.buyers b set billing_mode = 'invoiced', credit_limit = 1000 from ids where b.id = ids.dora;
select is(console.describe_money(b) ->> 'light', 'well', 'a buyer with room in its credit is well')
from leadgen.buyers b, ids where b.id = dora;
update leadgen.buyers b set credit_limit = 90 from ids where b.id = ids.dora;
select is(console.describe_money(b) ->> 'light', 'low', 'a buyer below its line is low') from leadgen.buyers b, ids where b.id = dora;
select is(console.describe_money(b) ->> 'light', 'nothing_left', 'a buyer without money has nothing left')
from leadgen.buyers b join pia using (id);

create temp table shown as select leadgen.show_enrollment_for(ana, enrolled) as it from tokens, ids;
select is(it #> '{enrollment,limits}',
  '[{"cap": 1, "code": "cap_day", "left": 0, "used": 1, "is_money": false, "resets_at": "2026-11-21T06:00:00+00:00"}]',
  'a limit says what is used and left, and when it resets') from shown;
select is(it ->> 'hours', repeat('1', 168), 'without a schedule every hour is open') from shown;
select is(it #>> '{areas,text}', '*', 'areas are a text, a line each') from shown;
select is(it -> 'form', 'null', 'who may not configure gets no form') from shown;
select isnt(leadgen.show_enrollment_for(olga, enrolled) -> 'form', 'null', 'who may configure gets one') from tokens, ids;
select is(leadgen.show_enrollment_for(olga, enrolled, '78701') #>> '{pasted,removed}', '1', 'a pasted list is compared') from tokens, ids;

select testkit.own(testkit.enrollment('Best'), 'postal_code', '78702'), testkit.own(enrolled, 'postal_code', '78703') from ids;
select is(r -> 'is_conflict', 'true', 'a place of another in its areas is a conflict')
from pg_temp.owned() r where r ->> 'scope_value' = '78702';
select is(r -> 'is_conflict', 'false', 'a place of its own in its areas is none')
from pg_temp.owned() r where r ->> 'scope_value' = '78703';
select leadgen.save_areas_for(olga, enrolled, E'7870*\nRound Rock', catalog.stamp_areas(dora, market_id), 'moved north') from tokens, ids;
select is(r -> 'places', '1', 'a prefix covers the postal codes that begin so')
from pg_temp.owned() r where r ->> 'scope_value' = '78702';
select leadgen.save_areas_for(olga, enrolled, '78745', catalog.stamp_areas(dora, market_id),
  'south only')
from tokens, ids;
select is(r -> 'is_conflict', 'true', 'a place of its own outside of its areas is a conflict')
from pg_temp.owned() r where r ->> 'scope_value' = '78703';
select is(count(*), 1::bigint, 'a place of another outside of its areas does not concern it')
from pg_temp.owned() r;
select is(jsonb_array_length(console.describe_areas(dora, market_id) -> 'points'), 1, 'the map has a dot for a postal code') from ids;

create temp table offer as select leadgen.show_offer_for(ana, offer_id) as it from tokens, ids;
select is((select string_agg(b ->> 'buyer', ',' order by n) from jsonb_array_elements(it -> 'buyers') with ordinality as t (b, n)),
  'Dora,Best',
  'buyers rank as the strategy has them') from offer;
select is(it #>> '{limits,0,code}', 'offer_cap_day', 'the offer''s own caps are shown') from offer;
select is((select string_agg(p ->> 'kind', ',') from jsonb_array_elements(it -> 'policies') p), 'validation,routing',
  'its policies are shown')
from offer;
update leadgen.sources s set is_active = false from ids where s.offer_id = ids.offer_id;
select matches((leadgen.show_offer_for(ana, offer_id) #>> '{faults,0,fault}'), 'no active source', 'what cannot work is said')
from tokens, ids;
select is(leadgen.show_source_for(ana, s.id) #>> '{quality,sold}', '1', 'a source says what its leads came to')
from tokens, ids, leadgen.sources s where s.offer_id = ids.offer_id;

select is(testkit.fault_of(format(sql, token, offer_id)), fault, what)
from ids, tokens, lateral (values
  ('select leadgen.save_row_for(%L, ''offer'', %s, ''{}'', '''', ''why'')', ana, 'LG403 role', 'an analyst changes nothing'),
  ('select leadgen.show_new_form_for(%L, ''buyer'')', ana, 'LG403 role', 'an analyst gets no form of a new row'),
  ('select leadgen.save_row_for(%L, ''offer'', %s, ''{}'', '''', '' '')', olga, 'LG400 reason', 'a change needs a reason'),
  ('select leadgen.give_key_for(%L, ''operator'', %s, ''a'', ''b'', ''c'', ''why'')', olga, 'LG403 role',
  'an operator makes no key of an operator')
) as t (sql, token, fault, what);
select is(leadgen.pause_buyer_for(olga, dora, null, '2026-12-24', '2026-12-27', 'holidays'), 1, 'all enrollments of a buyer are paused')
from tokens, ids;
select is(e.pause_from, '2026-12-24T06:00:00Z', 'a pause is by the clock of the market')
from leadgen.buyer_offers e, ids where e.id = enrolled;
select is((a.actor, a.reason)::text, format('("user %s",holidays)', u.id), 'the audit has who and why')
from leadgen.users u, lateral (
  select x.actor, x.reason from leadgen.audit_entries x where x.table_name = 'buyer_offers' and x.reason = 'holidays'
  order by x.id limit 1) a
where u.email = 'olga@people.example';
select is(testkit.fault_of(format('select leadgen.resume_buyer_for(%L, %s, %s, ''why'')', olga, best, enrolled)), 'LG404 enrollment_id',
  'an enrollment of another buyer is none') from tokens, ids;
select is(leadgen.resume_buyer_for(olga, dora, enrolled, 'back early'), 1, 'a planned pause is taken back') from tokens, ids;
update leadgen.user_sessions s set created_at = s.created_at - interval '1 day' from tokens where s.token_hash = olga;
select is(testkit.fault_of(format('select leadgen.save_row_for(%L, ''buyer'', %s, %L, '''', ''why'')', olga, dora,
  '{"webhook_url": "https://elsewhere.example/"}')), 'LG403 session', 'an address is changed by a fresh sign-in alone') from tokens, ids;
select is(testkit.fault_of(format('select leadgen.add_row_for(%L, ''enrollment'', %L, ''why'')', olga,
  '{"webhook_url_override": "https://elsewhere.example/"}')), 'LG403 session', 'a new row with an address, too') from tokens;

select * from finish();
rollback;
