-- refuse_change, immutable_columns: sales, decisions, attempts, policy versions and prices never change, for any role (FAULTS 35).
begin;
select plan(98);
set local client_min_messages = warning;
create temp table ids as select testkit.make_offer(p_pricing => '{}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace') from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 2) n;
select count(*) as recorded into temp recorded from (select *
  from leadgen.claim_deliveries('w', testkit.room(1), '30 seconds')) c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object(
  'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', now(), 'outcome', 'delivered', 'latency_ms', 1)), 3,
    '1 second');

create temp table attacks (what text, sql text, names text);
insert into attacks values
  ('a sale''s price', 'update leadgen.lead_assignments set price = price + 1', 'price'),
  ('a sale''s currency', $$update leadgen.lead_assignments set currency = 'EUR'$$, 'currency'),
  ('a sale''s steps', $$update leadgen.lead_assignments set price_steps = '[]'$$, 'price_steps'),
  ('a sale''s policy version', 'update leadgen.lead_assignments set pricing_policy_version = 9', 'pricing_policy_version'),
  ('a sale''s buyer', 'update leadgen.lead_assignments set buyer_id = buyer_id + 1', 'buyer_id'),
  ('a sale''s lead', 'update leadgen.lead_assignments set lead_id = lead_id + 1', 'lead_id'),
  ('a sale''s time', 'update leadgen.lead_assignments set created_at = now()', 'created_at'),
  ('a sale', 'delete from leadgen.lead_assignments', null),
  ('all sales', 'truncate leadgen.lead_assignments cascade', null),
  ('a decision', 'update leadgen.lead_decisions set attempt = attempt', null),
  ('a decision with no row', $$update leadgen.lead_decisions set attempt = 1 where false$$, null),
  ('a decision', 'delete from leadgen.lead_decisions', null),
  ('all decisions', 'truncate leadgen.lead_decisions cascade', null),
  ('an attempt', 'update leadgen.delivery_attempts set outcome = outcome', null),
  ('an attempt', 'delete from leadgen.delivery_attempts', null),
  ('all attempts', 'truncate leadgen.delivery_attempts', null),
  ('a policy version', $$update leadgen.policy_versions set body = '{}'$$, null),
  ('a policy version', 'delete from leadgen.policy_versions', null),
  ('all policy versions', 'truncate leadgen.policy_versions', null),
  ('a sold lead''s price', 'update leadgen.leads set price = price + 1', 'price'),
  ('a sold lead''s price, to nothing', 'update leadgen.leads set price = null', 'price'),
  ('a sold lead''s buyer', 'update leadgen.leads set buyer_id = null', 'buyer_id'),
  ('all leads', 'truncate leadgen.leads cascade', null),
  ('a delivery', 'delete from leadgen.deliveries', null),
  ('all deliveries', 'truncate leadgen.deliveries cascade', null);

select is(testkit.fault_of(sql), concat_ws(' ', 'LG409', names), format('superuser: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
grant select on attacks to public;
grant execute on all functions in schema testkit to public;
set local role leadgen_owner;
select is(testkit.fault_of(sql), concat_ws(' ', 'LG409', names), format('owner: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
set local role leadgen_dba;
select is(testkit.fault_of(sql), '42501', format('DBA: %s: %s', what, split_part(sql, ' ', 1))) from attacks;
reset role;

select is(testkit.fault_of('delete from leadgen.leads'), 'LG409', 'a lead cannot be deleted');
select is((select array_agg(a.price order by a.id) from leadgen.lead_assignments a), '{45.00,45.00}',
  'after all that the prices are what they were');

-- What may change does.
select lives_ok($$update leadgen.lead_assignments set outcome = 'failed' where outcome = 'pending'$$, 'a sale''s outcome');
select lives_ok($$update leadgen.leads set status = 'delivered', delivered_at = now() where status = 'validated'$$,
  'a lead''s status may change');
select lives_ok($$update leadgen.leads set billing_status = 'billed', billed_at = now()$$, 'a lead''s billing may change');
select lives_ok($$update leadgen.deliveries set last_error = 'x'$$, 'a delivery''s state');
select is(testkit.fault_of('insert into leadgen.policy_versions (kind, policy_id, version, body) values (''pricing'', 0, 1, ''{}'')'),
  'none', 'a record may be added');
select is(testkit.detail_of('delete from leadgen.lead_decisions'), '{"found": "delete", "allowed": "insert"}',
  'the refusal says what was tried');

-- immutable_columns by itself.
create table leadgen.some_record (id integer, name text, amount numeric(10,2), at timestamptz, note text, is_active boolean);
insert into leadgen.some_record values (1, null, 45, '2026-11-20T16:00:00Z', 'x', true);
create trigger keep before update of name, amount, at on leadgen.some_record
  for each row execute function kernel.immutable_columns('name', 'amount', 'at');
select is(testkit.fault_of(format('update leadgen.some_record set %s', change)), fault, format('immutable_columns: %s', change))
from (values
  ('name = ''y''', 'LG409 name'), ('amount = 45.01', 'LG409 amount'), ('amount = null', 'LG409 amount'),
  ('note = ''y'', at = now()', 'LG409 at'), ('name = null, amount = 45.00, at = at', 'none'), ('note = ''y''', 'none')
) as t (change, fault);
select is(testkit.detail_of('update leadgen.some_record set amount = 1'),
  '{"field": "amount", "found": "another value", "allowed": "the value that the row has"}', 'immutable_columns: says which column');
select is(testkit.hint_of('update leadgen.some_record set amount = 1'),
  'Make a new row and end this one (is_active false): what was sold under it stays with it.', 'immutable_columns: and the way out');
alter table leadgen.some_record drop column is_active;
select is(testkit.hint_of('update leadgen.some_record set amount = 1'),
  'Records of decisions and sales never change; a correction is a new row.', 'immutable_columns: of a record without is_active');

-- Guards that name columns name them twice, the same ones.
create function pg_temp.misnamed() returns setof text language sql as $$
  select format('%s on %s', t.tgname, t.tgrelid::regclass)
  from pg_trigger t
  cross join lateral (select string_to_array(rtrim(encode(t.tgargs, 'escape'), '\000'), '\000') as columns) a
  where t.tgfoid in ('kernel.immutable_columns'::regproc, 'catalog.note_change'::regproc)
    and array(select unnest(a.columns) order by 1) <> array(
      select c.attname::text from pg_attribute c where c.attrelid = t.tgrelid and c.attnum = any (t.tgattr) order by 1);
$$;
select is_empty('select pg_temp.misnamed()', 'the arguments of immutable_columns and note_change are the columns behind "update of"');
create trigger misnamed before update of note on leadgen.some_record for each row execute function kernel.immutable_columns('name');
select results_eq('select pg_temp.misnamed()', array['misnamed on leadgen.some_record'], 'a guard with another name is seen');

-- keep_secrets: what breaks a constraint is refused by name, and nothing of the row is said (tests/db/test_secrets.py reads the log).
select is(testkit.fault_of(format('update leadgen.buyers set %s', change)), fault, format('keep_secrets: %s', change))
from (values ('name = null', '23502'), ('low_balance_at = -1', '23514'), ('low_balance_at = 1', 'none')) as t (change, fault);
select throws_ok('update leadgen.buyers set low_balance_at = -1', '23514', 'The row of buyers breaks buyers_low_balance_not_negative',
  'keep_secrets: the message has no value of the row');

select * from finish();
rollback;
