-- What operators, the worker and the API may do about deliveries, done under their roles; what they may not, refused.
begin;
select plan(44);
create temp table ids as select testkit.make_offer() as offer_id;
create temp table seat as
select testkit.enroll_buyer(offer_id, 'Both') as id from ids;
create temp table lead as select testkit.submit(offer_id) from ids;
create temp table known as select
  (select min(e.id) from leadgen.endpoints e where e.channel = 'webhook') as endpoint_id,
  (select min(d.id) from leadgen.deliveries d) as delivery_id,
  (select min(b.id) from leadgen.buyers b) as buyer_id;
grant all on known to public;

-- A DBA.
set local role leadgen_dba;
select is(testkit.fault_of(format(sql, delivery_id, endpoint_id, buyer_id)), 'none', format('DBA: %s', sql))
from known, unnest(array[
  'select leadgen.park_delivery(%1$s)',
  'select leadgen.retry_delivery(%1$s)',
  'select leadgen.send_test(%2$s)',
  'select leadgen.disable_endpoint(%2$s, ''x'')',
  'select leadgen.enable_endpoint(%2$s)', 'select leadgen.rotate_webhook_secret(%3$s)', 'select leadgen.rotate_webhook_secret(%3$s, ''0'')',
  'select leadgen.cancel_resend(leadgen.start_resend(''{}'', ''key''))', 'select * from leadgen.measure_outbox()',
  'update leadgen.endpoints set max_in_flight = 8, disable_after = 5', 'select * from leadgen.endpoints, leadgen.notices, leadgen.resends',
  'update leadgen.settings set slow_retry_seconds = ''{60,600}'', disable_endpoint_after = 30',
  'update leadgen.buyers set response_rules = ''[{"when": {"text": {"enum": ["no"]}}, "outcome": "failed"}]''',
  'update leadgen.buyers set notice_emails = false', 'select leadgen.set_webhook_header(%3$s, ''X-A'', ''b'')',
  'select * from report.deliveries, report.delivery_attempts, report.endpoints, report.resends, report.buyer_delivery']) sql;
select is(testkit.fault_of(format(sql, endpoint_id)), '42501', format('DBA: %s', sql))
from known, unnest(array[
  'update leadgen.endpoints set disabled_at = null',
  'insert into leadgen.endpoints (buyer_id, channel, target) values (1, ''email'', ''x'')',
  'delete from leadgen.endpoints', 'update leadgen.deliveries set status = ''pending''', 'update leadgen.resends set status = ''done''',
  'insert into leadgen.notices (market_id, buyer_id, kind) values (1, 1, ''a.b'')',
  'update leadgen.settings set allows_local_webhooks = true',
  'update leadgen.buyers set compiled_response_rules = null', 'update leadgen.webhook_secrets set previous_secret = null',
  'select outbox.queue_notice(1, ''a.b'', ''{}'', 1)',
  'select outbox.resend_delivery(1, ''{dead}'', null)',
  'select leadgen.advance_resend()',
  'select leadgen.settle_endpoints()']) sql;
reset role;

-- The worker and the API.
set local role leadgen_worker;
select is(testkit.fault_of(format(sql, endpoint_id)), 'none', format('worker: %s', sql))
from known, unnest(array['select leadgen.settle_endpoints()', 'select leadgen.settle_reports()', 'select leadgen.advance_resend()',
  'select * from leadgen.list_endpoint_checks(10)',
  'select leadgen.record_endpoint_check(%s, null)',
  'select * from leadgen.measure_outbox()'
  ]
  ) sql;
select is(testkit.fault_of(format(sql, delivery_id)), '42501', format('worker: %s', sql))
from known, unnest(array['select leadgen.retry_delivery(%s)', 'select leadgen.enable_endpoint(%s)', 'select leadgen.start_resend(''{}'')',
  'select leadgen.rotate_webhook_secret(%s)', 'select leadgen.record_sms_status(gen_random_uuid(), ''SM1'', ''sent'', null)']) sql;
reset role;
set local role leadgen_api;
select is(leadgen.record_sms_status(gen_random_uuid(), 'SM1', 'delivered', null), false, 'API: reports of text messages');
select is(testkit.fault_of(sql), '42501', format('API: %s', sql))
from
    unnest(
        array['select leadgen.retry_delivery(1)', 'select * from leadgen.measure_outbox()', 'select leadgen.disable_endpoint(1, ''x'')']
    ) sql;
reset role;

select * from finish();
rollback;
