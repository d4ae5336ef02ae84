-- refuse_change: sales, decisions, attempts, policy versions and prices never change, for any role (FAULTS 35).
begin;
select plan(83);
set local client_min_messages = warning;
create temp table ids as select testkit.make_offer(p_pricing => '{}') as offer_id;
select testkit.enroll(offer_id) from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 2) n;
select count(*) as recorded into temp recorded from (select *
  from leadgen.claim_deliveries('w', testkit.room(1), '30 seconds')) c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object(
  'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', now(), 'outcome', 'delivered', 'latency_ms', 1)), 3,
    '1 second');

create temp table attacks (what text, sql text);
insert into attacks values
  ('a sale''s price', 'update leadgen.lead_assignments set price = price + 1'),
  ('a sale''s currency', $$update leadgen.lead_assignments set currency = 'EUR'$$),
  ('a sale''s steps', $$update leadgen.lead_assignments set price_steps = '[]'$$),
  ('a sale''s policy version', 'update leadgen.lead_assignments set pricing_policy_version = 9'),
  ('a sale''s buyer', 'update leadgen.lead_assignments set buyer_id = buyer_id + 1'),
  ('a sale''s lead', 'update leadgen.lead_assignments set lead_id = lead_id + 1'),
  ('a sale''s time', 'update leadgen.lead_assignments set created_at = now()'),
  ('a sale', 'delete from leadgen.lead_assignments'),
  ('all sales', 'truncate leadgen.lead_assignments cascade'),
  ('a decision', 'update leadgen.lead_decisions set attempt = attempt'),
  ('a decision with no row', $$update leadgen.lead_decisions set attempt = 1 where false$$),
  ('a decision', 'delete from leadgen.lead_decisions'),
  ('all decisions', 'truncate leadgen.lead_decisions cascade'),
  ('an attempt', 'update leadgen.delivery_attempts set outcome = outcome'),
  ('an attempt', 'delete from leadgen.delivery_attempts'),
  ('all attempts', 'truncate leadgen.delivery_attempts'),
  ('a policy version', $$update leadgen.policy_versions set body = '{}'$$),
  ('a policy version', 'delete from leadgen.policy_versions'),
  ('all policy versions', 'truncate leadgen.policy_versions'),
  ('a sold lead''s price', 'update leadgen.leads set price = price + 1'),
  ('a sold lead''s price, to nothing', 'update leadgen.leads set price = null'),
  ('a sold lead''s buyer', 'update leadgen.leads set buyer_id = null'),
  ('all leads', 'truncate leadgen.leads cascade'),
  ('a delivery', 'delete from leadgen.deliveries'),
  ('all deliveries', 'truncate leadgen.deliveries cascade');

select is(testkit.fault_of(sql), 'LG409', format('superuser: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
grant select on attacks to public;
grant execute on all functions in schema testkit to public;
set local role leadgen_owner;
select is(testkit.fault_of(sql), 'LG409', format('owner: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
set local role leadgen_dba;
select is(testkit.fault_of(sql), '42501', format('DBA: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
reset role;

select is(testkit.fault_of('delete from leadgen.leads'), 'LG409', 'a lead cannot be deleted');
select is((select array_agg(a.price order by a.id) from leadgen.lead_assignments a), '{45.00,45.00}',
  'after all that the prices are what they were');

-- What may change does.
select lives_ok($$update leadgen.lead_assignments set outcome = 'failed' where outcome = 'pending'$$, 'a sale''s outcome');
select lives_ok($$update leadgen.leads set status = 'delivered', delivered_at = now() where status = 'validated'$$, 'a lead''s status');
select lives_ok($$update leadgen.leads set billing_status = 'billed', billed_at = now()$$, 'its billing');
select lives_ok($$update leadgen.deliveries set last_error = 'x'$$, 'a delivery''s state');
select is(testkit.fault_of('insert into leadgen.policy_versions (kind, policy_id, version, body) values (''pricing'', 0, 1, ''{}'')'),
  'none', 'a record may be added');
select is(testkit.detail_of('delete from leadgen.lead_decisions'), '{"found": "delete", "allowed": "insert"}',
  'the refusal says what was tried');

select * from finish();
rollback;
