-- Each role at work: what it may do, done; what it may not, refused. Also authorize_operator and is_ready.
begin;
select plan(68);
create temp table ids as select testkit.make_offer() as offer_id;
create temp table seat as select testkit.enroll_buyer(offer_id, 'Ace') as id from ids;
create temp table payloads as select n, testkit.given_lead(offer_id, '{}', n) as payload from ids, generate_series(1, 4) n;
create temp table claims (delivery_id bigint, lease_token uuid);
grant all on ids, seat, payloads, claims to public;
select testkit.make_key(repeat('1', 64));

-- The API.
set local role leadgen_api;
create temp table answers as select n, leadgen.submit_lead(payload) as answer from payloads where n < 4;
grant all on answers to public;
select is(array_agg(distinct answer ->> 'status'), '{accepted}', 'API: hands in leads') from answers;
select is(leadgen.explain_lead_for(repeat('1', 64), (answer ->> 'lead_id')::bigint) ->> 'status', 'validated',
  'API: reads a decision for an operator') from answers where n = 1;
select is(leadgen.is_ready(), true, 'API: is_ready');
select is(testkit.fault_of(sql), '42501', format('API: %s', sql))
from unnest(array['select * from leadgen.leads', 'select leadgen.explain_lead(1)',
  'select * from leadgen.claim_deliveries(''w'', testkit.room(1), ''1 second'')', 'select leadgen.resubmit_quarantined(1)',
  'select leadgen.route_held_lead()', 'insert into leadgen.markets (name, timezone) values (''x'', ''UTC'')',
    'select * from report.leads', 'create table leadgen.x ()', 'select * from leadgen.list_broken_invariants()',
      'select kernel.price_sale(1, 2, false, null)', 'select nextval(''leadgen.leads_id_seq'')']) sql;
reset role;

-- The worker.
set local role leadgen_worker;
insert into claims select c.delivery_id, c.lease_token from leadgen.claim_deliveries('w', testkit.room(2), '30 seconds') c;
select is(count(*), 2::bigint, 'worker: claims') from claims;
select is(r.status, 'delivered', 'worker: records')
from (select * from claims order by delivery_id limit 1) c,
  leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', c.delivery_id,
    'lease_token', c.lease_token, 'started_at', now(), 'outcome', 'delivered', 'latency_ms', 1)), 3, '1 second') r;
select is(leadgen.release_deliveries(array_agg(delivery_id), array_agg(lease_token)), 1, 'worker: releases') from claims;
select lives_ok($$select leadgen.take_nap('w', '1 second')$$, 'worker: naps');
select lives_ok('select leadgen.route_held_lead()', 'worker: routes held leads');
select is(leadgen.settle_answers(), 0, 'worker: settles answers');
select is(leadgen.settle_return(), null, 'worker: settles returns');
select is(leadgen.release_due_sale(), null, 'worker: releases sales');
select is(testkit.fault_of(sql), '42501', format('worker: %s', sql))
from unnest(array['select * from leadgen.deliveries', 'update leadgen.deliveries set status = ''delivered''',
  'select leadgen.submit_lead(''{}'')', 'select market.settle_assignments(''{}'', ''{}'', ''{}'', now())',
  'select outbox.ring_workers()', 'select * from leadgen.buyers']) sql;
reset role;

-- A DBA.
set local role leadgen_dba;
select is(testkit.fault_of(format(sql, offer_id, id)), 'none', format('DBA: %s', sql))
from ids, seat, unnest(array[
  'insert into leadgen.markets (name, timezone) values (''Reno'', ''America/Los_Angeles'')',
  'update leadgen.buyer_offers set capacity_per_day = 5 where id = %2$s',
  'update leadgen.validation_policies set rules = ''{"consent_required": false}''',
  'insert into leadgen.buyers (name, email, phone, webhook_url) values (''New'', ''new@b.example'', ''+15125550199'',
    ''https://b.example/h'')',
  'update leadgen.settings set default_duplicate_window_hours = 12', 'update leadgen.settings set warn_at_percent = 90',
  'insert into leadgen.offer_exclusivities (offer_id, buyer_id, scope_type, scope_value) select %1$s, e.buyer_id, ''city'',
    ''Reno'' from leadgen.buyer_offers e where e.id = %2$s',
  'select leadgen.submit_lead(''{}'')', 'select * from leadgen.leads', 'select * from report.funnel',
  'select leadgen.explain_lead(l.id) from leadgen.leads l', 'select * from leadgen.leads l, leadgen.explain_candidates(l.id)',
  'select * from leadgen.list_broken_invariants()', 'select leadgen.accept_sale(min(a.id)) from leadgen.lead_assignments a',
  'select leadgen.return_sale(max(a.id), ''other'', ''by telephone'') from leadgen.lead_assignments a',
  'insert into leadgen.return_reasons (code, description) values (''too_old'', ''The roof is too old'')',
  'update leadgen.return_reasons set is_active = false where code = ''no_consent''',
  'select leadgen.create_key(''buyer'', min(b.id), ''a'', null, null, ''abcdefgh'', repeat(''2'', 64)) from leadgen.buyers b',
  'select leadgen.erase_lead(min(l.id), ''asked for it'') from leadgen.leads l']) sql;
select is(testkit.fault_of(sql), '42501', format('DBA: %s', sql))
from unnest(array['update leadgen.leads set status = ''accepted''', 'insert into leadgen.lead_assignments default values',
  'update leadgen.buyers set balance = 1000', 'update leadgen.api_keys set revoked_at = null',
  'update leadgen.enrollment_usage set last_turn = 0', 'update leadgen.sale_returns set status = ''approved''',
  'update leadgen.buyer_offers set is_reachable = true', 'insert into leadgen.buyer_offers (is_reachable) values (true)',
  'update leadgen.return_reasons set code = ''x'' where code = ''rejected_on_delivery''', 'delete from leadgen.return_reasons',
  'select identity.make_link(''accept'', 1)', 'select roads.request_return(1, ''spam'', null, ''operator'')',
  'delete from leadgen.policy_versions',
    'update leadgen.policy_keys set value_schema = ''{}''',
  'select * from leadgen.claim_deliveries(''w'', testkit.room(1), ''1 second'')']) sql;
select is(testkit.fault_of('update leadgen.offers set market_id = market_id + 1'), 'LG409 market_id',
  'DBA: a refusal of a trigger reaches a DBA as it is');
select is(testkit.fault_of('select leadgen.explain_lead(0)'), 'LG404 lead_id', 'DBA: a lead that does not exist');
reset role;

-- Analysts.
set local role leadgen_reporting;
select is((select sum(f.came_sold) from report.funnel f), 2::numeric, 'analyst: the funnel, less what was returned');
select is((select count(*) from report.sales), 3::bigint, 'analyst: sales');
select is(testkit.fault_of('select * from leadgen.leads'), '42501', 'analyst: not the leads');
reset role;

select is(testkit.fault_of(format('select identity.authorize_operator(%L, ''read'')', repeat('1', 64))), 'none',
  'authorize_operator: a key in force reads');

select * from finish();
rollback;
