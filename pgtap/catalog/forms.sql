-- Forms of the catalogue: what each field takes, as its table declares it; two who edit one row; hours and areas.
begin;
select plan(51);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{}', 'Best') as offer_id;
alter table ids add enrollment_id bigint, add buyer_id bigint, add market_id bigint;
update ids set enrollment_id = testkit.enrollment('Best'), buyer_id = testkit.buyer('Best'),
  market_id = (select o.market_id from leadgen.offers o where o.id = offer_id);
create function pg_temp.stamp(p_form text, p_id bigint) returns text language sql as $$
  select catalog.stamp_form_row(catalog.read_form_row(p_form, array[p_id::text]))
$$;
create function pg_temp.save(p_fields jsonb, p_form text default 'enrollment') returns text language sql as $$
  select coalesce(testkit.detail_of(format('select catalog.save_form_row(%L, array[''%s''], %L, %L)', p_form, f.id, p_fields,
    pg_temp.stamp(p_form, f.id))) ->> 'allowed', 'saved')
  from (select case p_form when 'buyer' then buyer_id else enrollment_id end as id from ids) f
$$;
create function pg_temp.enrollment() returns leadgen.buyer_offers language sql as $$
  select e from leadgen.buyer_offers e, ids where e.id = ids.enrollment_id
$$;

select is(string_agg(format('%s %s', f.name, f.kind), ', ' order by f.place),
  'is_active boolean, price_per_lead number, min_balance_required number, routing_priority integer, weight number, '
  'capacity_per_hour integer, capacity_per_day integer, capacity_per_week integer, capacity_per_month integer, '
  'budget_per_day number, budget_per_month number, timezone text, webhook_url_override text, email_override text, '
  'sms_override text, filters json', 'a form has the columns of its table with their types')
from catalog.list_form_fields('enrollment', false) f;
select is(f.words, '{none,prepaid,invoiced}', 'words are those that the constraint allows')
from catalog.list_form_fields('buyer', false) f where f.name = 'billing_mode';
select is(f.usual, 'invoiced', 'a new row has what the table gives it')
from catalog.list_form_fields('buyer', true) f where f.name = 'billing_mode';
select matches(f.note, 'higher number is served first', 'the note is the comment of the column')
from catalog.list_form_fields('enrollment', false) f where f.name = 'routing_priority';
select is((f.is_required, f.most)::text, '(t,200)', 'what must be there and how long it may be is the column''s')
from catalog.list_form_fields('buyer', false) f where f.name = 'name';
select is((
  select count(*) from catalog.list_form_fields(form, true) f
  where f.name in ('balance', 'receivable', 'api_key_hash', 'version', 'limit_caps', 'id', 'is_reachable')), 0::bigint,
  format('a form of a %s has no column that others write', form)) from unnest('{buyer,enrollment,offer,source}'::text[]) form;
select is(testkit.fault_of('select catalog.find_form(''market'')'), 'LG400 form', 'there is no other form');

select is(pg_temp.save(fields), allowed, what) from (values
  ('{"price_per_lead": "52.5", "capacity_per_day": "3"}'::jsonb, 'saved', 'what is typed is saved'),
  ('{"capacity_per_day": "3.5"}', 'a whole number of at most 9 digits', 'a fraction is no whole number'),
  ('{"capacity_per_day": "99999999999"}', 'a whole number of at most 9 digits', 'a whole number has an end'),
  ('{"price_per_lead": "45,00"}', 'a number such as 45.50, of at most 8 digits before the point and 2 after it', 'a comma is no point'),
  ('{"price_per_lead": "1e3"}', 'a number such as 45.50, of at most 8 digits before the point and 2 after it',
  'a power is no plain number'),
  ('{"price_per_lead": "-1"}', 'price_per_lead IS NULL OR price_per_lead > 0::numeric AND price_per_lead <= 1000000::numeric',
    'what a constraint refuses has its rule'),
  ('{"routing_priority": " "}', 'a value', 'what the table needs is not emptied'),
  ('{"is_active": "true"}', 'yes or no', 'yes and no are the words'),
  ('{"filters": "{"}', 'JSON', 'half of a document is none'),
  ('{"timezone": "Mars/Base"}', 'an IANA zone such as America/Chicago, or UTC', 'what a trigger refuses is said as it says it'),
  ('{"version": "9"}', (select string_agg(f.name, ', ' order by f.place) from catalog.list_form_fields('enrollment', false) f),
    'a column that the form has not is refused')) as t (fields, allowed, what);
select is(((pg_temp.enrollment()).price_per_lead, (pg_temp.enrollment()).capacity_per_day)::text, '(52.50,3)',
  'what is refused changes nothing');
select is(pg_temp.save('{"price_per_lead": ""}'), 'saved', 'a field is emptied');
select is((pg_temp.enrollment()).price_per_lead, null, 'an empty field is null');
select is(catalog.save_form_row('enrollment', array[enrollment_id::text],
  '{"capacity_per_day": "3"}', pg_temp.stamp('enrollment', enrollment_id)), false,
  'the same again is no change') from ids;
select is(pg_temp.save('{"billing_mode": "barter"}', 'buyer'), 'one of none, prepaid, invoiced',
  'a word that there is not is refused with those that there are');

select is(testkit.fault_of(format('select catalog.save_form_row(''enrollment'', array[''%s''], ''{"weight": "2"}'', ''old'')',
    enrollment_id)),
  'LG409 stamp',
  'the second of two who edit one row is told') from ids;
select testkit.sell_lead(offer_id) from ids;
create temp table before as select pg_temp.stamp('buyer', buyer_id) as stamp from ids;
update leadgen.buyers b set low_since = leadgen.clock() from ids where b.id = ids.buyer_id;
select is(pg_temp.stamp('buyer', buyer_id), stamp, 'what the engine writes is no edit of somebody else') from ids, before;
select is(testkit.fault_of('select catalog.save_form_row(''offer'', ''{999999}'', ''{}'', null)'), 'LG404 id', 'a row that is not there');

select is(testkit.fault_of(format('select catalog.add_form_row(''enrollment'', %L)', jsonb_build_object('buyer_id', buyer_id::text,
  'offer_id', offer_id::text))),
  'LG409 offer_id', 'a buyer is enrolled in an offer once') from ids;
select is(testkit.fault_of('select catalog.add_form_row(''buyer'', ''{"name": "Zoe", "email": "zoe@buyer.example"}'')'), 'LG423 phone',
  'what is missing in a new row is named');
select isnt(catalog.add_form_row('buyer', '{"name": "Zoe", "email": "zoe@buyer.example", "phone": "+15125550199"}'), null,
  'a new buyer is added');
select is(testkit.fault_of('select catalog.add_form_row(''buyer'',
  ''{"name": "Zoe", "email": "zoe@buyer.example", "phone": "+15125550199"}'')'),
  'LG409 email', 'an address of another buyer is not repeated, and its field is named');

create function pg_temp.save_hours(p_hours text) returns text language sql as $$
  select testkit.fault_of(format('select catalog.save_hours(%s, %L, %L)', enrollment_id, p_hours,
    catalog.stamp_form_row(coalesce((pg_temp.enrollment()).schedule, 'null')))) from ids
$$;
select is(pg_temp.save_hours(format('%s%s%s', repeat('0', 8), repeat('1', 10), repeat('0', 150))), 'none', 'hours are saved');
select is((pg_temp.enrollment()).schedule, '{"mon": [["08:00", "18:00"]]}', 'hours that follow one another are one range');
update leadgen.buyer_offers e set schedule = '{"mon": [["08:30", "18:00"]]}' from ids where e.id = ids.enrollment_id;
select is(left(console.list_open_hours((pg_temp.enrollment()).compiled_schedule), 24), '000000002111111111000000',
  'an hour may be open in part');
select pg_temp.save_hours(format('%s2%s%s', repeat('0', 8), repeat('1', 10), repeat('0', 149)));
select is((pg_temp.enrollment()).schedule, '{"mon": [["08:30", "19:00"]]}', 'an hour that is open in part stays so');
select pg_temp.save_hours(repeat('1', 168));
select is((pg_temp.enrollment()).schedule, null, 'a week that is all open is no schedule');
select is(pg_temp.save_hours(hours), fault, what) from (values
  (repeat('0', 168), 'LG423 schedule', 'a week that never opens is refused'),
  ('1', 'LG400 schedule', 'a part of a week is none'),
  (repeat('x', 168), 'LG400 schedule', 'other characters are no hours')) as t (hours, fault, what);
select is(testkit.fault_of(format('select catalog.save_hours(%s, %L, ''old'')', enrollment_id, repeat('1', 168))), 'LG409 stamp',
  'the second who changes the hours is told') from ids;

create function pg_temp.save_areas(p_text text) returns text language sql as $$
  select coalesce(testkit.detail_of(format('select catalog.save_areas(%s, %s, %L, %L)', buyer_id, market_id, p_text,
    catalog.stamp_areas(buyer_id, market_id))) ->> 'found', (
      select string_agg(a.scope_value, ',' order by a.scope_type, a.scope_key collate "C") from leadgen.buyer_service_areas a
      where a.buyer_id = ids.buyer_id and a.is_active)) from ids
$$;
create function pg_temp.areas() returns text language sql as $$
  select string_agg(a.scope_value, ',' order by a.scope_type, a.scope_key collate "C") from leadgen.buyer_service_areas a, ids
  where a.buyer_id = ids.buyer_id and a.is_active
$$;
create temp table pasted as select catalog.compare_areas(buyer_id, market_id,
  E'78701, 78702\r\n78703 78704\n787*\nAustin\n7870l\n\n00001;78701\nGotham Heights') as it from ids;
select is(it - '{faults,unknown_codes}'::text[],
  '{"bad": 2, "added": 7, "cities": 1, "entries": 10, "removed": 1, "unknown": 1, "prefixes": 1, "repeated": 1, "postal_codes": 5}',
  'a pasted list is counted before it is saved') from pasted;
select is(it -> 'faults' -> n ->> 'line', line, what) from pasted, (values
  (0, '5', 'a code that is none has its line'), (1, '8', 'a city that is none has its line')) as t (n, line, what);
select is(pg_temp.save_areas(E'78701\n7870l'), 'line 2: 7870l', 'a list with a bad line is not saved');
select is(pg_temp.areas(), '*', 'what was there stays');
select pg_temp.save_areas(E'78702-1234\naustin\n78701\n78701');
select is(pg_temp.areas(), 'austin,78701,78702', 'a list is saved once each, in the shape of the country');
update leadgen.buyer_service_areas a set is_active = false from ids where a.buyer_id = ids.buyer_id and a.scope_value = '78701';
select pg_temp.save_areas('78701');
select is(pg_temp.areas(), '78701', 'what was switched off is switched on, and the rest is gone');
select is(testkit.fault_of(format('select catalog.save_areas(%s, %s, ''78702'', ''old'')', buyer_id, market_id)), 'LG409 stamp',
  'the second who changes the areas is told') from ids;
select is(testkit.fault_of(format('select catalog.compare_areas(%s, %s, %L)', buyer_id, market_id, repeat(E'78701\n', 5001))),
  'LG400 areas',
  'a list has an end') from ids;
select * from finish();
rollback;
