-- note_change, has_changes, deal_out_changes, list_concerned_offers, list_changed_offers, forget_changes: an edit in plain SQL is noted,
-- and known to the offers that it concerns.
begin;
select plan(63);

-- One buyer in two offers of two markets, with an area in each.
create temp table ids as select testkit.make_offer(p_pricing => '{}') as a, testkit.make_offer(p_pricing => '{}') as b,
  testkit.make_buyer('{"balance": 50}') as buyer_id;
create temp table seats as select testkit.enroll(a, jsonb_build_object('buyer_id', buyer_id)) as a,
  testkit.enroll(b, jsonb_build_object('buyer_id', buyer_id)) as b from ids;
grant select on ids, seats to public;

create function pg_temp.noted() returns text language sql as $$
  select string_agg(format('%s%s', c.table_name, case when c.offer_id = ids.a then ' of A' when c.offer_id = ids.b then ' of B' end), ', '
    order by c.id)
  from leadgen.catalog_changes c, ids;
$$;
create function pg_temp.concerned() returns text language plpgsql as $$
begin
  perform catalog.deal_out_changes();
  return (
    select string_agg(case o.id when ids.a then 'A' when ids.b then 'B' else 'another' end, ', ' order by o.ordinality)
    from unnest(catalog.list_changed_offers()) with ordinality o (id, ordinality), ids);
end;
$$;
create function pg_temp.edit(p_set text) returns text[] language plpgsql as $$
-- What a DBA's edit leaves behind: as it was noted, and the offers that it concerns.
declare
  v_noted text;
begin
  delete from leadgen.catalog_changes;
  set local role leadgen_dba;
  execute p_set;
  reset role;
  v_noted := pg_temp.noted();
  return array[v_noted, pg_temp.concerned()];
end;
$$;
select is(
  pg_temp.edit(format(edit, ids.a, ids.buyer_id, seats.a, o.market_id, o.routing_policy_id, o.pricing_policy_id, ids.b)), expected, edit)
from ids, seats, leadgen.offers o, (values
  ('update leadgen.markets set is_active = false where id = %4$s', array['markets', 'A']),
  ('update leadgen.markets set timezone = ''Asia/Tokyo'' where id = %4$s', array['markets', 'A']),
  ('update leadgen.markets set timezone = timezone, is_active = is_active where id = %4$s', array[null, null]),
  ('update leadgen.markets set name = ''Another'' where id = %4$s', array[null, null]),
  ('update leadgen.routing_policies set config = ''{"max_buyers": 2}'' where id = %5$s', array['routing_policies', 'A']),
  ('update leadgen.routing_policies set is_active = false where id = %5$s', array['routing_policies', 'A']),
  ('update leadgen.routing_policies set name = ''x'', config = ''{"max_buyers": 2}'' where id = %5$s', array[null, null]),
  ('update leadgen.pricing_policies set rules = ''{"exclusivity_premium": {"amount": 1}}'' where id = %6$s',
    array['pricing_policies', 'A']),
  ('update leadgen.pricing_policies set is_active = false where id = %6$s', array['pricing_policies', 'A']),
  ('update leadgen.offers set is_active = false where id = %1$s', array['offers of A', 'A']),
  ('update leadgen.offers set default_price_per_lead = 46 where id = %1$s', array['offers of A', 'A']),
  ('update leadgen.offers set pricing_policy_id = null where id = %1$s', array['offers of A', 'A']),
  ('update leadgen.offers set routing_policy_id = (select max(id) from leadgen.routing_policies) where id = %1$s',
    array['offers of A', 'A']),
  ('update leadgen.offers set name = ''x'', invoice_threshold = 1 where id = %1$s', array[null, null]),
  ('update leadgen.buyers set is_active = false where id = %2$s', array['buyers', 'A, B']),
  ('update leadgen.buyers set name = ''x'', response_rules = null where id = %2$s', array[null, null]),
  ('update leadgen.buyer_offers set routing_priority = 2, weight = 2 where id = %3$s', array[null, null]),
  ('delete from leadgen.buyer_service_areas where buyer_id = %2$s and market_id = %4$s', array[null, null]),
  ('insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value) values (%2$s, %4$s, ''city'', ''Austin'')',
    array['buyer_service_areas', 'A']),
  ('update leadgen.buyer_service_areas set market_id = (select o.market_id from leadgen.offers o where o.id = %7$s),
    scope_value = ''Dallas'' where buyer_id = %2$s and market_id = %4$s', array['buyer_service_areas', 'B']),
  ('insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value) values (%2$s, %4$s, ''city'', ''Austin'')',
    array['buyer_service_areas', 'A']),
  ('update leadgen.buyer_service_areas set scope_value = ''Waco'' where market_id = %4$s', array['buyer_service_areas', 'A']),
  ('update leadgen.buyer_service_areas set is_active = false where market_id = %4$s', array['buyer_service_areas', 'A']),
  ('insert into leadgen.offer_exclusivities (buyer_id, offer_id, scope_type, scope_value) values (%2$s, %1$s, ''city'', ''Austin'')',
    array['offer_exclusivities of A', 'A']),
  ('update leadgen.offer_exclusivities set is_active = false where offer_id = %1$s', array['offer_exclusivities of A', 'A']),
  ('update leadgen.offer_exclusivities set offer_id = %7$s where offer_id = %1$s',
    array['offer_exclusivities of A, offer_exclusivities of B', 'A, B']),
  ('update leadgen.offer_exclusivities set offer_id = %1$s, is_active = true where offer_id = %7$s',
    array['offer_exclusivities of A, offer_exclusivities of B', 'A, B']),
  ('delete from leadgen.offer_exclusivities where offer_id = %1$s', array['offer_exclusivities of A', 'A']),
  -- A way to reach it comes: what is derived of it is noted, too.
  ('update leadgen.buyers set email_notifications = false where id = %2$s', array['buyer_offers of A, buyer_offers of B', 'A, B'])
) as t (edit, expected)
where o.id = ids.a;
select is(pg_temp.edit(format('update leadgen.buyer_offers set %s where id = %s', change, seats.a)), array['buyer_offers of A', 'A'],
  format('an enrollment: %s', change))
from seats, unnest(array['is_active = false', 'capacity_per_hour = 1', 'capacity_per_day = 1', 'capacity_per_week = 1',
  'capacity_per_month = 1', 'budget_per_day = 1', 'budget_per_month = 1', 'price_per_lead = 1', 'pause_until = now()',
  'pause_from = now() - interval ''1 hour''',
  'schedule = ''{"mon": [["08:00", "09:00"]]}''', 'filters = ''{"city": {"enum": ["Waco"]}}''', 'timezone = ''Asia/Tokyo''',
  'min_balance_required = 1', 'webhook_url_override = ''https://b.example/''']) change;

-- Money: what rises may sell, what falls does not. A DBA does not write it.
create function pg_temp.pay(p_balance numeric) returns text[] language plpgsql as $$
declare
  v_change leadgen.catalog_changes;
begin
  delete from leadgen.catalog_changes;
  perform testkit.set_balance(ids.buyer_id, p_balance) from ids;
  select c.* into v_change from catalog.deal_out_changes() c;
  return array[v_change.before ->> 'balance', v_change.after ->> 'balance', cardinality(catalog.list_changed_offers())::text];
end;
$$;
select is(pg_temp.pay(60), '{50.00,60.00,2}', 'funds arrive: both offers');
select is(pg_temp.pay(40), '{NULL,NULL,0}', 'money is spent: no change');
select is(pg_temp.pay(40), '{NULL,NULL,0}', 'nothing is paid: no change');

-- An enrollment of its own; two changes of an offer are one offer, the oldest first; done is done.
delete from leadgen.catalog_changes;
create temp table late as select testkit.make_offer() as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from late;
select is(array_agg(c.table_name order by c.id), '{buyer_service_areas,buyer_offers}', 'an enrollment that is made')
from leadgen.catalog_changes c;
select is(c.before, null, 'a new enrollment has no row before the change') from leadgen.catalog_changes c
where c.table_name = 'buyer_offers';
select is(c.after ->> 'is_active', 'true', 'the change records the new row') from leadgen.catalog_changes c
where c.table_name = 'buyer_offers';
update leadgen.offers o set default_price_per_lead = 50 from ids where o.id = ids.b;
update leadgen.offers o set default_price_per_lead = 50 from late where o.id = late.offer_id;
update leadgen.offers o set default_price_per_lead = 51 from ids where o.id = ids.b;
select is(catalog.list_changed_offers(), array[late.offer_id, ids.b], 'list_changed_offers: each once, by its oldest change')
from late, ids;
select is(array(select c.table_name from catalog.deal_out_changes() c), '{buyer_service_areas}',
  'deal_out_changes: what is of no one offer');
select is_empty('select catalog.deal_out_changes()', 'deal_out_changes: nothing else is dealt out');
select catalog.forget_changes(offer_id) from late;
select is(catalog.list_changed_offers(), array[ids.b], 'forget_changes: of one offer') from ids;
select catalog.forget_changes(b) from ids;
select is_empty('select * from leadgen.catalog_changes', 'no change is left over');

-- A thousand areas are a change of one offer; what is beyond waits for the next call.
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select ids.buyer_id, o.market_id, 'postal_code', to_char(n, 'FM00000') from ids
join leadgen.offers o on o.id = ids.a
cross join generate_series(1, 1001) n;
select is((select count(*) from leadgen.catalog_changes), 1001::bigint, 'each of a thousand areas is noted');
select is(count(*), 1000::bigint, 'deal_out_changes: a thousand at once') from catalog.deal_out_changes();
select is(array_agg(c.offer_id order by c.offer_id nulls last), array[ids.a, null],
  'deal_out_changes: one offer and what is beyond one offer remain')
from ids, leadgen.catalog_changes c group by ids.a;
select is(catalog.has_changes(), true, 'has_changes: some wait');
delete from leadgen.catalog_changes;
select is(catalog.has_changes(), false, 'has_changes: none waits');

-- By our clock, not by the machine's.
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.offers o set default_price_per_lead = 52 from ids where o.id = ids.b;
select is(c.changed_at, '2026-11-20T16:00:00Z'::timestamptz, 'changed_at: by the clock') from leadgen.catalog_changes c;
set local role leadgen_dba;
select is(testkit.fault_of(sql), '42501', format('a DBA: %s', sql))
from unnest(array['insert into leadgen.catalog_changes (changed_at, table_name, row_id) values (now(), ''offers'', 1)',
  'delete from leadgen.catalog_changes']) sql;
reset role;

select * from finish();
rollback;
