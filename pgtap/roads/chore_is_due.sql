-- list_chores and run_chore: what workers do beside delivering is rows, and only what is a row can be run.
begin;
select plan(40);
select testkit.at_time('2026-11-20T16:00:00Z');

-- The registry.
select is(array_agg(c.name order by c.position),
  '{settle_answers,settle_return,release_due_sale,pass_on_cold_sale,follow_change,publish_due_policy,
  route_held_lead,follow_billing,
  warn_of_money,settle_endpoints,  settle_reports,advance_resend,follow_payment_event,tell_payment,start_recharge,
  forget_old,forget_buckets,invoice_due_buyer,end_vain_replacement,settle_payments,settle_overdue,remind_buyer,
  queue_due_report,announce_limits,fill_feed,queue_hook_items,sweep_suppressions,roll_up,chain_audit}',
  'chores: in the order of a turn') from leadgen.chores c;
select is(array_agg(c.name) filter (where p.oid is null or p.prorettype not in ('integer'::regtype, 'bigint'::regtype)),
  null, 'chores: the function of each returns a number')
from leadgen.chores c left join pg_proc p on p.oid = to_regprocedure(format('%s()', c.runs));
select is(testkit.fault_of(
  $$insert into leadgen.chores (name, position, runs, description) values ('x', 99, 'market.settle_answers(); drop', 'x')$$),
  '23514', 'chores: a function is two words');

-- As the worker.
create function pg_temp.run(p_name text) returns text language plpgsql as $$
begin
  set local role leadgen_worker;
  return leadgen.run_chore(p_name)::text;
end;
$$;
select leadgen.run_chore('chain_audit'); -- what the catalogue of the tests left
select is(pg_temp.run(c.name), 'false', format('run_chore: nothing to do, %s', c.name)) from leadgen.chores c;
reset role;
select is(testkit.fault_of(sql), fault, sql)
from (values
  ('select leadgen.run_chore(''no_such_chore'')', 'LG404 name'),
  ('select leadgen.run_chore(''measure_outbox'')', 'LG404 name'),
  ('select leadgen.run_chore(null)', 'LG404 name')
) as t (sql, fault);

-- One piece a call, until there is nothing left: a function that counts, and one that names what it did.
create temp table ids as select testkit.open_offer('{}', 'Webb') as offer_id;
update leadgen.endpoints e set disabled_at = '2026-11-20T16:00:00Z', disabled_reason = 'tests' where e.channel = 'webhook';
select is(format('%s %s', pg_temp.run('settle_endpoints'), pg_temp.run('settle_endpoints')), 'true false',
  'run_chore: one endpoint to announce');
reset role;
select is(count(*), 1::bigint, 'the disabled endpoint is announced') from leadgen.events ev where ev.kind = 'endpoint_disabled';
select leadgen.enable_endpoint(e.id) from leadgen.endpoints e where e.channel = 'webhook';
select leadgen.run_chore('follow_change') from generate_series(1, 3);
insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id) select now(), 'offers', offer_id, offer_id from ids;
select is(pg_temp.run('follow_change'), 'true', 'run_chore: a change is followed');
reset role;

-- Operators: how often, and whether.
update leadgen.chores set is_active = false where name = 'advance_resend';
update leadgen.chores set pause = '90 seconds' where name = 'settle_reports';
set local role leadgen_worker;
select is(array_agg(format('%s %s', c.name, c.pause_seconds)),
  '{"settle_answers 0","settle_return 0","release_due_sale 0","pass_on_cold_sale 0","follow_change 0","publish_due_policy 5",
"route_held_lead 0",
  "follow_billing 0","warn_of_money 5","settle_endpoints 0","settle_reports 90","follow_payment_event 0","tell_payment 0",
  "start_recharge 0","forget_old 600","forget_buckets 600",
  "invoice_due_buyer 60","end_vain_replacement 60","settle_payments 60","settle_overdue 600","remind_buyer 600",
  "queue_due_report 30","announce_limits 10","fill_feed 0","queue_hook_items 0","sweep_suppressions 60","roll_up 20",
  "chain_audit 5"}',
  'list_chores: the active chores with their pauses') from leadgen.list_chores() c;
reset role;
set local role leadgen_dba;
select lives_ok('update leadgen.chores set pause = ''1 minute'', is_active = true',
  'a DBA changes the pause of a chore and switches it on');
reset role;

select * from finish();
rollback;
