-- what_if refuses changes that cannot be, by path; and it writes nothing (fault 32: nothing is left of a rehearsal).
begin;
select plan(93);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as offer_id,
  testkit.new_buyer('Dunn') as d, testkit.make_offer() as other;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace') as a, testkit.enroll_buyer(other, 'Eads') as x from ids;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from ids;
select testkit.outcome(offer_id, '2026-11-20T16:01:00Z', '{"name": null}') from ids;

create function pg_temp.fault(p_changes jsonb) returns text language plpgsql as $$
declare
  v_text text;
begin
  select replace(replace(replace(replace(replace(p_changes::text, '"A"', format('"%s"', a)), '"X"', format('"%s"', x)), '"buyer A"',
    testkit.buyer_of(a)::text), '"buyer X"', testkit.buyer_of(x)::text), '"buyer D"', d::text) into v_text from seats, ids;
  return (select replace(replace(testkit.fault_of(format('select leadgen.what_if(%s, ''2026-11-20Z'', ''2026-11-21Z'', %L)', offer_id,
    v_text)),
    format('enrollments.%s', a), 'enrollments.A'), format('enrollments.%s', x), 'enrollments.X') from ids, seats);
end;
$$;
create function pg_temp.said(p_changes jsonb) returns text language plpgsql as $$
declare
  v_message text;
  v_hint text;
begin
  perform leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z', p_changes) from ids;
  return 'none';
exception when others then
  get stacked diagnostics v_message = message_text, v_hint = pg_exception_hint;
  return format('%s | %s', v_message, v_hint);
end;
$$;
select is(pg_temp.fault(changes), fault, format('%s: %s', changes, fault))
from (values
  ('{}'::jsonb, 'none'),
  ('[]', 'LG423 changes'), ('"x"', 'LG423 changes'), ('null', 'LG423 changes'),
  ('{"price": 5}', 'LG423 changes.price'), ('{"Routing": {}}', 'LG423 changes.Routing'),
  -- policies, as a write to their rows would
  ('{"validation": 5}', 'LG423 changes.validation'), ('{"routing": []}', 'LG423 changes.routing'), ('{"pricing": null}',
    'LG423 changes.pricing'),
  ('{"validation": {"required_field": ["name"]}}', 'LG423 changes.validation.required_field'),
  ('{"validation": {"required_fields": "name"}}', 'LG423 changes.validation.required_fields'),
  ('{"routing": {"max_buyers": 0}}', 'LG423 changes.routing.max_buyers'),
  ('{"routing": {"stratgy": "weighted"}}', 'LG423 changes.routing.stratgy'),
  ('{"routing": {"caps": {}}}', 'LG423 changes.routing.caps'),
  ('{"pricing": {"adjustments": [{"name": "x", "when": {"zip": {"enum": ["1"]}}, "amount": 1}]}}',
    'LG423 changes.pricing.adjustments[0].when.zip'),
  -- prices
  ('{"default_price_per_lead": 0.01}', 'none'), ('{"default_price_per_lead": 0}', 'LG423 changes.default_price_per_lead'),
  ('{"default_price_per_lead": "45"}', 'LG423 changes.default_price_per_lead'), ('{"default_price_per_lead": null}',
    'LG423 changes.default_price_per_lead'),
  -- enrollments
  ('{"enrollments": {}}', 'none'), ('{"enrollments": []}', 'LG423 changes.enrollments'),
  ('{"enrollments": {"0": {"weight": 2}}}', 'LG423 changes.enrollments.0'), ('{"enrollments": {"abc": {"weight": 2}}}',
    'LG423 changes.enrollments.abc'),
  ('{"enrollments": {"X": {"weight": 2}}}', 'LG423 changes.enrollments.X'), ('{"enrollments": {"A": {}}}', 'none'),
  ('{"enrollments": {"A": 5}}', 'LG423 changes.enrollments.A'), ('{"enrollments": {"A": {"wieght": 2}}}',
    'LG423 changes.enrollments.A.wieght'),
  ('{"enrollments": {"A": {"weight": 0}}}', 'LG423 changes.enrollments.A.weight'), ('{"enrollments": {"A": {"weight": null}}}',
    'LG423 changes.enrollments.A.weight'),
  ('{"enrollments": {"A": {"capacity_per_day": -1}}}', 'LG423 changes.enrollments.A.capacity_per_day'),
  ('{"enrollments": {"A": {"capacity_per_day": 1.5}}}', 'LG423 changes.enrollments.A.capacity_per_day'),
  ('{"enrollments": {"A": {"budget_per_day": "9"}}}', 'LG423 changes.enrollments.A.budget_per_day'),
  ('{"enrollments": {"A": {"price_per_lead": 0}}}', 'LG423 changes.enrollments.A.price_per_lead'),
  ('{"enrollments": {"A": {"routing_priority": 0}}}', 'LG423 changes.enrollments.A.routing_priority'),
  ('{"enrollments": {"A": {"is_active": "no"}}}', 'LG423 changes.enrollments.A.is_active'),
  ('{"enrollments": {"A": {"pause_until": "tomorrow"}}}', 'LG423 changes.enrollments.A.pause_until'),
  ('{"enrollments": {"A": {"pause_until": "2026-11-31T00:00:00Z"}}}', 'LG423 changes.enrollments.A.pause_until'),
  ('{"enrollments": {"A": {"pause_until": "infinity"}}}', 'none'),
  ('{"enrollments": {"A": {"pause_from": "tomorrow"}}}', 'LG423 changes.enrollments.A.pause_from'),
  ('{"enrollments": {"A": {"pause_from": "infinity"}}}', 'LG423 changes.enrollments.A.pause_from'),
  ('{"enrollments": {"A": {"pause_from": "2026-12-01T00:00:00Z", "pause_until": "2026-12-01T00:00:00Z"}}}',
    'LG423 changes.enrollments.A.pause_from'),
  ('{"enrollments": {"A": {"pause_from": "2026-12-01T00:00:00Z", "pause_until": "2026-12-02T00:00:00Z"}}}', 'none'),
  ('{"enrollments": {"A": {"pause_from": "2026-12-01T00:00:00Z"}}}', 'LG423 changes.enrollments.A.pause_from'),
  ('{"enrollments": {"A": {"pause_from": "2026-12-01T00:00:00Z", "pause_until": null}}}', 'LG423 changes.enrollments.A.pause_from'),
  ('{"with": [{"buyer_id": "buyer D", "pause_from": "2026-12-01T00:00:00Z"}]}', 'LG423 changes.with[0].pause_from'),
  ('{"enrollments": {"A": {"schedule": {"mon": [["08:00", "08:00"]]}}}}', 'LG423 changes.enrollments.A.schedule.mon[0]'),
  ('{"enrollments": {"A": {"filters": {"zip": {"minimum": 1}}}}}', 'LG423 changes.enrollments.A.filters.zip'),
  ('{"enrollments": {"A": {"filters": {"attributes.x": {"minimum": 2, "maximum": 1}}}}}',
    'LG423 changes.enrollments.A.filters.attributes.x.minimum'),
  -- buyers gone and there
  ('{"without": ["buyer A"]}', 'none'), ('{"without": []}', 'LG423 changes.without'), ('{"without": [0]}',
    'LG423 changes.without: buyer 0'),
  ('{"with": [{"buyer_id": "buyer D"}]}', 'none'), ('{"with": [{}]}', 'LG423 changes.with[0].buyer_id'), ('{"with": [{"buyer_id": 0}]}',
    'LG423 changes.with[0].buyer_id'),
  ('{"with": [{"buyer_id": "buyer A"}]}', 'LG423 changes.with[0].buyer_id'),
  ('{"with": [{"buyer_id": "buyer D", "service_areas": []}]}', 'LG423 changes.with[0].service_areas'),
  ('{"with": [{"buyer_id": "buyer D", "areas": ["*"]}]}', 'LG423 changes.with[0].areas'),
  ('{"with": [{"buyer_id": "buyer D"}, {"buyer_id": "buyer D"}]}', 'LG423 changes.with[1].buyer_id'),
  ('{"with": [{"buyer_id": "buyer D", "service_areas": ["787*", " * ", "78701-1234", "Round Rock"]}]}', 'none'),
  ('{"with": [{"buyer_id": "buyer D", "service_areas": [""]}]}', 'LG423 changes.with[0].service_areas[0]'),
  ('{"with": [{"buyer_id": "buyer D", "service_areas": ["78701", "787**"]}]}', 'LG423 changes.with[0].service_areas[1]'),
  ('{"with": [{"buyer_id": "buyer D", "price_per_lead": 45.004}]}', 'LG423 changes.with[0].price_per_lead'),
  ('{"enrollments": {"A": {"price_per_lead": 45.004}}}', 'LG423 changes.enrollments.A.price_per_lead'),
  ('{"default_price_per_lead": 45.004}', 'LG423 changes.default_price_per_lead'), ('{"default_price_per_lead": 45.500}', 'none')
) as t (changes, fault);
select is(testkit.fault_of(format('select leadgen.what_if(%s, %L, %L)', coalesce(id, offer_id), since, until)), fault,
  format('%s to %s: %s', since,
  until, fault))
from ids, (values
  (null::bigint, '2026-11-21Z', '2026-11-20Z', 'LG423 p_from, p_to'), (null, '2026-11-20Z', '2026-11-20Z', 'LG423 p_from, p_to'),
  (null, null, '2026-11-20Z', 'LG423 p_from, p_to'), (null, '2026-11-20Z', null, 'LG423 p_from, p_to'), (0, '2026-11-20Z', '2026-11-21Z',
    'LG404 offer_id'),
  (null, '2026-11-20Z', 'infinity', 'LG423 p_from, p_to'), (null, '-infinity', '2026-11-20Z', 'LG423 p_from, p_to')
) as t (id, since, until, fault);

select is(rehearsal.read_area(area, country), key, format('read_area: %L in %s', area, country))
from (values
  ('78701', 'US', 'postal_code:78701'), ('78701-1234', 'US', 'postal_code:78701'), ('787*', 'US', 'postal_code:787*'),
  ('*', 'US', 'postal_code:*'), ('sw1a1aa', 'GB', 'postal_code:SW1A 1AA'), ('El Paso', 'US', 'city:elpaso'), ('Łódź', 'PL', 'city:łodz'),
  ('', 'US', null), (' ', 'US', null), ('!!!', 'US', null), ('7870', 'US', null), ('787**', 'US', null), ('sw*', 'GB', 'postal_code:SW*')
) as t (area, country, key);

-- Nothing is written: every table as before, to the last row version; also where nothing may be written.
create function pg_temp.rows() returns jsonb language plpgsql as $$
declare
  v_rows jsonb := '{}';
  v_table text;
  v_state text;
begin
  for v_table in select c.relname from pg_class c where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p') order by 1 loop
    execute format($q$select format('%%s %%s', count(*), md5(string_agg(concat(t.ctid, t.xmin), '' order by t.tableoid, t.ctid)))
      from leadgen.%I t$q$,
      v_table) into v_state;
    v_rows := v_rows || jsonb_build_object(v_table, v_state);
  end loop;
  return v_rows;
end;
$$;
create temp table before as select pg_temp.rows() as rows;
create temp table played as select leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z', jsonb_build_object(
  'validation', '{"required_fields": null}'::jsonb, 'routing', '{"on_no_buyer": "hold", "strategy": "weighted"}'::jsonb,
    'default_price_per_lead', 50,
  'without', jsonb_build_array(testkit.buyer_of(a)), 'with', jsonb_build_array(jsonb_build_object('buyer_id', d, 'service_areas',
    '["*"]'::jsonb)))) as r
from ids, seats;
select is(r #>> '{simulated,revenue}', '50.00', 'a rehearsal that changes everything') from played;
select is(pg_temp.rows(), rows, 'every row of every table is as it was') from before;
select is((select count(*) from before, jsonb_object_keys(rows)) > 35, true, 'the comparison looked at all tables');
select set_config('transaction_read_only', 'on', true);
select is(leadgen.what_if(offer_id, '2026-11-20Z', '2026-11-21Z', '{"default_price_per_lead": 50}') #>> '{simulated,revenue}', '50.00',
  'it plays in a transaction that may not write') from ids;

-- What it says: the path in the changes, and no word of a row.
select is(pg_temp.said('{"routing": {"max_buyers": 0}}'), 'changes.routing.max_buyers: found 0; allowed: at least 1 | ',
  'a policy''s fault: path and no hint');
select is(pg_temp.said('{"routing": {"strategy": "wieghted"}}'), 'changes.routing.strategy: found "wieghted"; '
  'allowed: one of priority, round_robin, weighted, highest_price, least_filled. Did you mean weighted? | ', 'the word that was meant');
select is(pg_temp.said('{"default_price_per_lead": 0}'), 'changes.default_price_per_lead: found 0; allowed: at least 0.01 | ',
  'another fault: no hint');
select is(pg_temp.said('{"validation": {"max_per_phone_per_day": 1}}'), 'changes.validation.max_per_phone_per_day: '
  'found a key that a what-if cannot change; allowed: another key: for this one a what-if takes what was found when the lead came | ',
  'a key that cannot be changed');

select * from finish();
rollback;
