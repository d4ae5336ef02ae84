-- report.deliveries, delivery_attempts, endpoints, resends, buyer_delivery: how deliveries do, for people who may not see persons.
begin;
select plan(19);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Both', jsonb_build_object('buyer_id',
  testkit.new_buyer('Both', '{"webhook_url": "https://b.example:8443/hook?key=hush"}'))) as seat_id from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 3) n;
create temp table claim as select * from leadgen.claim_deliveries('w', '{"webhook": 10}', '30 seconds');
update leadgen.settings set slow_retry_seconds = '{}';
select is(count(*), 3::bigint, 'three webhooks end') from (
  select
      jsonb_agg(
          jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(), 'latency_ms', 7,
    'outcome', 'answered', 'status_code', case when c.place = 3 then 422 else 200 end, 'reply', 'Jane Doe, jane@example.com')) as results
  from (select c.*, row_number() over (order by c.delivery_id) as place from claim c) c) x,
  leadgen.record_attempts(x.results, 0, '1 second') r;
select leadgen.send_test(e.id) from leadgen.endpoints e where e.channel = 'webhook';
create temp table asked as select leadgen.start_resend('{}', 'monday') as id;
grant all on ids, seats, asked to public;

set local role leadgen_reporting;
select is(array_agg(d.status::text order by d.delivery_id), '{delivered,delivered,dead,pending}', 'deliveries: webhooks')
from report.deliveries d
where d.channel = 'webhook';
select
    is(array_agg(d.kind order by d.delivery_id), '{lead.assigned,lead.assigned,lead.assigned,webhook.test}', 'deliveries: of leads and not')
from report.deliveries d
where d.channel = 'webhook';
select is(count(*) filter (where d.offer is null), 1::bigint, 'deliveries: a notice is of no offer') from report.deliveries d;
select is(bool_and(d.time_to_finish between interval '0' and interval '1 minute'), true, 'deliveries: time to finish')
from report.deliveries d
where d.finished_at is not null;
select
    is(array_agg(format('%s %s %s %s', a.outcome, a.status_code, coalesce(a.error_class, 'none'), a.latency_ms) order by a.attempt_id),
  '{"delivered 200 none 7.00","delivered 200 none 7.00","failed 422 http_4xx 7.00"}', 'delivery_attempts') from report.delivery_attempts a;
select
    is(
        (e.host, e.state, e.is_current, e.waiting, e.buyer)::text,
        '(b.example:8443,well,t,1,Both)',
        'endpoints: the host, without what may be a secret'
    )
from report.endpoints e
where e.channel = 'webhook';
select is((e.host, e.waiting)::text, '(,3)', 'endpoints: no e-mail address') from report.endpoints e where e.channel = 'email';
select
    is(
        (r.resend_id, r.status, r.request_key, r.statuses, r.resent, r.skipped_for)::text,
        format('(%s,running,monday,{dead},0,{})', a.id),
        'resends'
    )
from report.resends r, asked a;
select
    is(
        (b.buyer, b.deliveries, b.delivered, b.open, b.unknown, b.dead, b.delivered_percent)::text,
        '(Both,3,2,0,0,1,66.7)',
        'buyer_delivery: by webhook'
    )
from report.buyer_delivery b
where b.channel = 'webhook';
select is((b.deliveries, b.open, b.delivered_percent)::text, '(3,3,)', 'buyer_delivery: nothing has ended')
from report.buyer_delivery b
where b.channel = 'email';
select cmp_ok(b.median_seconds, '<', 60::double precision, 'buyer_delivery: how long it took')
from report.buyer_delivery b
where b.channel = 'webhook';
reset role;

-- States of an endpoint.
update leadgen.endpoints e set failures_in_a_row = 2 where e.channel = 'webhook';
select is(e.state, 'failing', 'endpoints: failing') from report.endpoints e where e.channel = 'webhook';
update leadgen.endpoints e set failures_in_a_row = 3, retry_at = now() + interval '1 minute' where e.channel = 'webhook';
select is(e.state, 'resting', 'endpoints: resting') from report.endpoints e where e.channel = 'webhook';
select leadgen.disable_endpoint(e.id, 'tests') from leadgen.endpoints e where e.channel = 'webhook';
select is(format('%s %s', e.state, e.disabled_reason), 'disabled tests', 'endpoints: disabled') from report.endpoints e
where e.channel = 'webhook';
update leadgen.buyers set webhook_url = 'https://new.example/';
select
    bag_eq(
        $$select e.host, e.is_current from report.endpoints e where e.channel = 'webhook'$$,
        $$values ('b.example:8443', false), ('new.example', true)$$,
  'endpoints: which are used today');

-- Yesterday's sales are not today's.
set local session_replication_role = replica;
update leadgen.lead_assignments a set created_at = a.created_at - interval '25 hours';
set local session_replication_role = origin;
select is_empty('select * from report.buyer_delivery', 'buyer_delivery: sales of the last 24 hours');
select is_empty($$select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'report'::regnamespace and c.relname in ('deliveries', 'delivery_attempts', 'endpoints', 'resends',
    'buyer_delivery')
  and a.attname in ('target', 'reply', 'error', 'last_error', 'facts', 'message_id', 'provider_id')$$,
    'no address, reply or error text is shown');
select is(count(*), 5::bigint, 'every view of deliveries has a comment') from pg_class c where c.relnamespace = 'report'::regnamespace
  and c.relname in ('deliveries', 'delivery_attempts', 'endpoints', 'resends', 'buyer_delivery')
  and obj_description(c.oid, 'pg_class') is not null;

select * from finish();
rollback;
