-- follow_change: what follows from changes of the catalogue, one offer a call.
begin;
select plan(11);
select testkit.at_time('2026-11-20T16:00:00Z');

-- A buyer in two offers, each with a held lead.
create temp table ids as select testkit.make_offer() as a, testkit.make_offer() as b,
  testkit.make_buyer('{"is_active": false}') as buyer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id, 'min_balance_required', 100))
from ids, unnest(array[a, b]) offer_id;
select testkit.work_holds();
select testkit.submit(offer_id, '{}', offer_id::integer % 1000) from ids, unnest(array[a, b]) offer_id;
create function pg_temp.due() returns text language sql as $$
  select string_agg(case l.next_route_at <= leadgen.clock() when true then 'due' else 'held' end, ' ' order by l.offer_id)
  from leadgen.leads l;
$$;
select is(pg_temp.due(), 'held held', 'a lead of each offer waits');
select is(leadgen.follow_change(), 0, 'follow_change: nothing changed');

-- Switched on, and paid in advance: both offers are woken, in two calls.
select testkit.set_balance(buyer_id, 200) from ids;
update leadgen.buyers b set is_active = true from ids where b.id = ids.buyer_id;
select testkit.at_time('2026-11-20T16:10:00Z');
select is(leadgen.follow_change() > 0, true, 'follow_change: the first call has work');
select is(pg_temp.due(), 'due held', 'the first call wakes one offer');
select is(leadgen.follow_change() > 0, true, 'follow_change: the second call has work');
select is(pg_temp.due(), 'due due', 'wakes the other offer');
select is(leadgen.follow_change(), 0, 'follow_change: nothing is left');
select testkit.work_holds();
select is(array_agg(testkit.tell(l.id) order by l.id), array['Ace Plumbing 45.00', 'Ace Plumbing 45.00'], 'both leads are sold')
from leadgen.leads l;

-- An offer that is gone, a table that nobody knows: nothing to do, and nothing that stays.
insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id) values (leadgen.clock(), 'offers', -1, -1);
insert into leadgen.catalog_changes (changed_at, table_name, row_id) values (leadgen.clock(), 'something', 1);
select is(leadgen.follow_change() > 0, true, 'an offer that is gone');
select is(leadgen.follow_change(), 0, 'follow_change: a change is looked at once');
select is_empty('select * from leadgen.catalog_changes', 'no change is left over');

select * from finish();
rollback;
