-- What an attacker, a careless edit or a bad clock tried.
begin;
select plan(20);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as offer_id,
  testkit.make_offer('{"duplicate_window_hours": 0}', '{"hold_hours": 100}') as other_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Dora') as a, testkit.enroll_buyer(other_id, 'Ace') as b from ids;

-- A cap is not had twice.
select is(testkit.sell(offer_id, 1, '2026-11-20T20:00:00Z'), a, 'the one place of the day') from ids, seats;
select is(testkit.sell(offer_id, 2, '2026-11-19T20:00:00Z'), null, 'a clock that steps back a day gives no place') from ids;
select is(testkit.sell(offer_id, 3, '2026-11-20T21:00:00Z'), null, 'a clock that comes back gives no place') from ids;
select is(testkit.fault_of(format('delete from leadgen.buyer_offers where id = %s', a)), 'LG409 buyer_offer_id',
  'keep_enrollment: one that took leads cannot be deleted and made anew') from seats;

-- One held lead that cannot be routed does not hold up the others.
select testkit.at_time('2026-11-20T21:00:00Z');
update leadgen.buyer_offers set pause_until = '2026-11-20T22:00:00Z' from seats where id = b;
create temp table held as select n, (testkit.submit(other_id, '{}', n) ->> 'lead_id')::bigint as id from ids, generate_series(10, 11) n;
select is((select count(*) from leadgen.leads l join held using (id) where l.hold_until is not null), 2::bigint, 'two leads are held');
update leadgen.leads l set next_route_at = l.next_route_at - interval '1 second' from held h where h.id = l.id and h.n = 10;
create function pg_temp.break_down() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
do $$ begin execute format('create trigger break_down before insert on leadgen.lead_decisions for each row
  when (new.lead_id = %s) execute function pg_temp.break_down()', (select id from held where n = 10)); end $$;
select testkit.at_time('2026-11-20T23:00:00Z');
delete from leadgen.catalog_changes; -- their time has come without
set local client_min_messages = error; -- it warns the log
select is(leadgen.route_held_lead(), (select id from held where n = 10), 'the one that raises comes first');
set local client_min_messages = notice;
select is(leadgen.route_held_lead(), (select id from held where n = 11), 'route_held_lead: the lead after the broken one is routed');
select is((select l.buyer_id is not null from leadgen.leads l join held using (id) where n = 11), true,
  'the lead after the broken one is sold');
select is((select l.hold_until is not null and l.next_route_at = '2026-11-20T23:05:00Z' from leadgen.leads l join held using (id)
  where n = 10), true, 'the first is tried again later');

-- Money is a number.
select is(testkit.fault_of($$update leadgen.buyer_offers set price_per_lead = 'NaN'$$), '23514', 'a price of NaN');
select is(testkit.fault_of($$update leadgen.offers set default_price_per_lead = 'NaN'$$), '23514', 'a default price of NaN');
select set_config('leadgen.is_booking', 'on', true);
select is(testkit.fault_of($$update leadgen.buyers set balance = 'NaN'$$), '23514', 'a balance of NaN is refused');
select set_config('leadgen.is_booking', '', true);

-- Keys and places.
select is(testkit.fault_of(format('select testkit.submit(%s, %L, 20)', offer_id, '{"idempotency_key": "auto:x"}')), 'LG400 idempotency_key',
  'nobody plants a derived key') from ids;
select is(testkit.submit(other_id, '{"country_code": "DE", "phone": "+4930901820", "postal_code": "78701"}', 21) ->> 'buyer_id', null,
  'a German 78701 is not in Austin') from ids;
select is(ref.normalize_domain(format('%s.example', repeat('é', 300))), format('%s.example', repeat('é', 300)), 'no domain is that long');
select is(ref.normalize_domain(repeat(E'\uFDFA', 20)), lower(normalize(repeat(E'\uFDFA', 20), nfkc)),
  'a ligature of many letters is read like the letters');

select is(intake.hash_submission('{"idempotency_key": "x", "name": "A"}'), intake.hash_submission('{"name": "A"}'),
  'hash_submission: the key is no part of the body');

select is(market.offer_lock_key(7), 7, 'offer_lock_key: the id');
select is(market.offer_lock_key(9000000000), (9000000000 % 2147483647)::integer, 'offer_lock_key: an id of any size has one');

-- A policy of the same number cannot rewrite what was archived.
create temp table policy as select o.routing_policy_id as id from leadgen.offers o join ids on o.id = ids.offer_id;
insert into leadgen.routing_policies (id, name, config, version) overriding system value
select max(p.id) + 1000, 'again', '{"max_buyers": 2}', 2147483647 from leadgen.routing_policies p;
select is((select p.version from leadgen.routing_policies p where p.name = 'again'), 1, 'a version is counted, not given');

select * from finish();
rollback;
