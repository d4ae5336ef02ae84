-- note_endpoint_health and record_attempts: failures in a row, the circuit, and the end of an endpoint.
begin;
select plan(65);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id,
  testkit.new_buyer('Both', '{"sms_notifications": true}') as buyer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id)) from ids;
create temp table hook as select e.id from leadgen.endpoints e join ids using (buyer_id) where e.channel = 'webhook';
create function pg_temp.fresh() returns void language sql as $$
  update leadgen.endpoints set failures_in_a_row = 0, failing_since = null, last_failure_at = null, retry_at = null, disabled_at = null,
    disabled_reason = null, disable_after = null, max_in_flight = 64;
$$;
create function pg_temp.health(p_channel text default 'webhook') returns text language sql as $$
  select concat_ws(', ', e.failures_in_a_row, 
    case when e.retry_at is not null then format('retry in %s', extract(epoch from e.retry_at - leadgen.clock())::integer) end,
    e.disabled_reason)
  from leadgen.endpoints e join ids using (buyer_id) where e.channel::text = p_channel;
$$;
create function pg_temp.note(p_is_well boolean, p_failed_from timestamptz, p_error text default null, p_disables boolean default false)
returns text language plpgsql as $$
-- What a batch says of the endpoint: an attempt that got through or one that is not its fault, and one that failed since then.
declare
  v_verdict outbox.verdict;
  v_verdicts outbox.verdict[];
begin
  v_verdict.channel := 'webhook';
  v_verdict.latency_ms := 0;
  v_verdict.started_at := leadgen.clock();
  v_verdict.reason := p_error;
  v_verdict.disables := p_disables;
  select id into v_verdict.endpoint_id from hook;
  v_verdict.status := 'pending';
  if p_is_well then
    v_verdict.status := 'delivered';
    v_verdict.outcome := 'delivered';
  else
    v_verdict.outcome := 'refused';
    v_verdict.error_class := 'message';
  end if;
  v_verdicts := array[v_verdict];
  if p_failed_from is not null then
    v_verdict.status := 'pending';
    v_verdict.outcome := 'failed';
    v_verdict.error_class := 'connect';
    v_verdict.started_at := p_failed_from;
    v_verdicts := v_verdicts || v_verdict;
  end if;
  perform outbox.note_endpoint_health(v_verdicts, leadgen.clock());
  return pg_temp.health();
end;
$$;
create function pg_temp.fail_at(p_at timestamptz, p_error text) returns text language plpgsql as $$
begin
  perform testkit.at_time(p_at);
  return pg_temp.note(false, p_at, p_error);
end;
$$;

-- The first failures are only counted; from the third the circuit is open, for longer each time.
select is(pg_temp.fail_at('2026-11-20T16:00:00Z'::timestamptz + n * interval '10 minutes', 'HTTP 500'), wanted,
  format('note_endpoint_health: failure %s', n))
from (values (1, '1'), (2, '2'), (3, '3, retry in 5'), (4, '4, retry in 10'), (5, '5, retry in 20'), (6, '6, retry in 40'),
  (7, '7, retry in 80'), (8, '8, retry in 120'), (9, '9, retry in 120')) t (n, wanted);
select is(e.failing_since, '2026-11-20T16:10:00Z'::timestamptz, 'an endpoint fails since its first failure') from leadgen.endpoints e
  join hook using (id);
select is(pg_temp.note(false, '2026-11-20T17:29:59Z'), '9, retry in 120',
  'an attempt that began before the last counted failure does not count');
select is(pg_temp.note(false, null), '9, retry in 120', 'a failure that is not the endpoint''s fault does not count');
select is(pg_temp.note(true, null), '0', 'one success ends the failures');
select is(e.failing_since, null, 'an endpoint that is well has not been failing') from leadgen.endpoints e join hook using (id);
create temp table before as select e.xmin as written, e.* from leadgen.endpoints e join hook using (id);
select is(pg_temp.note(true, null), '0', 'another success changes no counter');
select is(e.xmin, b.written, 'another success writes nothing') from leadgen.endpoints e join before b using (id);
select is(pg_temp.note(true, '2026-11-20T18:00:00Z'), '0', 'where anything got through, nothing failed in a row');

-- Disabled after a run, by the endpoint's own limit or the installation's.
update leadgen.endpoints e set failures_in_a_row = 18 from hook where e.id = hook.id;
select is(pg_temp.fail_at('2026-11-20T19:00:00Z', 'HTTP 500'), '19, retry in 120', 'the nineteenth failure does not disable');
select is(pg_temp.fail_at('2026-11-20T19:10:00Z', 'HTTP 502'), '20, retry in 120, 20 failed attempts in a row: HTTP 502',
  'the twentieth disables');
select is(pg_temp.fail_at('2026-11-20T19:20:00Z', 'HTTP 503'), '21, retry in 120, 20 failed attempts in a row: HTTP 502',
  'the twenty-first failure keeps the first reason');
select is(pg_temp.note(true, null), '0, 20 failed attempts in a row: HTTP 502', 'a late success does not enable it');
select is(e.disabled_at, '2026-11-20T19:10:00Z'::timestamptz, 'the endpoint is disabled when the twentieth fails') from leadgen.endpoints e
  join hook using (id);
select pg_temp.fresh();
update leadgen.endpoints e set disable_after = 1 from hook where e.id = hook.id;
select is(pg_temp.note(false, '2026-11-20T19:20:00Z', 'HTTP 503'), '1, 1 failed attempts in a row: HTTP 503', 'an endpoint''s own limit');
select pg_temp.fresh();
select is(pg_temp.note(false, null, 'no more', true), '0, no more', 'an endpoint that wants no more is disabled at once');
select pg_temp.fresh();

-- Within ten seconds they count as three at most and the circuit stays closed: a restart under a backlog is no outage.
select pg_temp.fresh();
select is(max(pg_temp.fail_at('2026-11-20T19:21:00Z'::timestamptz + n * interval '0.3 seconds', 'cannot connect')), '3',
  'a blip: thirty failures in ten seconds') from generate_series(0, 30) n;
select is_empty('select from leadgen.endpoints e join hook using (id) where e.disabled_at is not null',
  'failures of other kinds disable nobody');
select is(pg_temp.fail_at('2026-11-20T19:21:09.999Z', 'cannot connect'), '3', 'failures of less than ten seconds open no circuit');
select is(pg_temp.fail_at('2026-11-20T19:21:10Z', 'cannot connect'), '4, retry in 10', 'what fails for ten seconds is an outage');
select pg_temp.fresh();
update leadgen.endpoints e set disable_after = 3 from hook where e.id = hook.id;
select is(array_agg(pg_temp.fail_at('2026-11-20T19:22:00Z'::timestamptz + n * interval '1 second', 'cannot connect') order by n),
  '{1,2,"3, 3 failed attempts in a row: cannot connect"}', 'a limit of three holds at once') from generate_series(0, 2) n;
select pg_temp.fresh();
select testkit.at_time('2026-11-20T19:20:00Z');

-- Which outcomes count. Each is alone, long after the other.
create function pg_temp.count_one(p_number integer, p_channel text, p_result jsonb) returns text language plpgsql as $$
begin
  perform pg_temp.fresh();
  update leadgen.deliveries set status = 'cancelled', next_attempt_at = null, finished_at = now() where status = 'pending';
  perform testkit.submit(offer_id, '{}', p_number) from ids;
  perform testkit.answer(p_result, p_channel);
  return pg_temp.health(p_channel);
end;
$$;
select is(pg_temp.count_one(n, channel, result), wanted, format('%s: %s', channel, result))
from (values
  (1, 'webhook', '{"outcome": "answered", "status_code": 500}'::jsonb, '1'),
  (2, 'webhook', '{"outcome": "answered", "status_code": 302}', '1'),
  (3, 'webhook', '{"outcome": "answered", "status_code": 429}', '1'), (4, 'webhook', '{"outcome": "answered", "status_code": 408}', '1'),
  (5, 'webhook', '{"outcome": "answered", "status_code": 404}', '0'), (6, 'webhook', '{"outcome": "unknown", "error_class": "timeout"}',
  '1'),
  (7, 'webhook', '{"outcome": "failed", "error_class": "connect"}', '1'),
  (8, 'webhook', '{"outcome": "failed", "error_class": "egress"}', '1'),
  (9, 'webhook', '{"outcome": "refused", "error_class": "message"}', '0'),
  (10, 'webhook', '{"outcome": "refused", "error_class": "setup"}', '0'),
  (11, 'webhook', '{"outcome": "answered", "status_code": 410}', '0, HTTP 410: the receiver wants no more'),
  (12, 'email', '{"outcome": "refused", "status_code": 550, "error_class": "smtp_5xx"}', '1'),
  (13, 'email', '{"outcome": "failed", "error_class": "connect"}', '0'),
  (14, 'email', '{"outcome": "unknown", "error_class": "timeout"}', '0'),
  (15, 'sms', '{"outcome": "unknown", "error_class": "timeout"}', '0'), (16, 'sms', '{"outcome": "sent"}', '0'),
  (17, 'sms', '{"outcome": "refused", "error": "opted out", "error_class": "provider", "disables": true}', '0, opted out')
) as t (n, channel, result, wanted);

-- A 410 parks the queue: the delivery waits, and goes out when the endpoint is enabled again.
select pg_temp.count_one(30, 'webhook', '{"outcome": "answered", "status_code": 410}');
select is(array_agg(format('%s %s', d.status, d.next_attempt_at <= leadgen.clock())), '{"pending t"}', 'after a 410 the delivery waits')
from leadgen.deliveries d where d.channel = 'webhook' and d.next_attempt_at is not null;
select is_empty($$select * from leadgen.claim_deliveries('w', '{"webhook": 10}', '30 seconds')$$,
  'nothing is claimed for a disabled endpoint');
select pg_temp.fresh();
select is(testkit.answer('{"outcome": "answered", "status_code": 200}'), 'delivered, delivered', 'enabled, it goes out');

-- 64 under way together that fail at once are one failure; a batch with a success in it is none.
update leadgen.buyers b set email_notifications = false, sms_notifications = false from ids where b.id = ids.buyer_id;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(100, 163) n;
create temp table claims as select * from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds');
select is(count(*), 64::bigint, 'no more than its limit is in flight') from claims;
create temp table halves as select (c.delivery_id % 2)::integer as half, jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id,
  'lease_token',
  c.lease_token, 'started_at', leadgen.clock(), 'outcome', 'answered', 'status_code', 500, 'latency_ms', 5)) as results
    from claims c group by 1;
select is(count(*), 32::bigint, 'half of a batch fails') from halves, leadgen.record_attempts(results, 3, '1 second') r
  where half = 0 and r.status = 'pending';
select is(pg_temp.health(), '1', 'a batch that fails together is one failure');
select testkit.at_time('2026-11-20T19:20:01Z');
select is(count(*), 32::bigint, 'the other results are recorded as well') from halves, leadgen.record_attempts(results, 3, '1 second') r
  where half = 1 and r.status = 'pending';
select is(pg_temp.health(), '1', 'attempts that were under way together are one failure');
select testkit.at_time('2026-11-20T19:30:00Z');
create temp table again as select * from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds');
select is(count(*), 64::bigint, 'all of the batch is tried again') from again;
select is(count(*), 64::bigint, 'one of them gets through') from (select jsonb_agg(jsonb_build_object('delivery_id', delivery_id,
  'lease_token',
  lease_token, 'started_at', leadgen.clock(), 'outcome', 'answered', 'status_code', case when n = 64 then 200 else 500 end, 'latency_ms',
    5)) as results
  from (select again.*, row_number() over () as n from again) a) x, leadgen.record_attempts(results, 3, '1 second') r;
select is(pg_temp.health(), '0', 'the endpoint is well after both');

-- A worker's clock that is ahead does not make one failure of many: latency counts back from the record.
select testkit.at_time('2026-11-20T20:00:00Z');
update leadgen.endpoints e set failures_in_a_row = 1, last_failure_at = '2026-11-20T19:59:59Z' from hook where e.id = hook.id;
select testkit.answer('{"outcome": "unknown", "error_class": "timeout", "started_at": "2026-11-20T20:05:00Z", "latency_ms": 5000}');
select is(pg_temp.health(), '1', 'begun five seconds before its record: together with the last');

-- The circuit: open, nothing is claimed; afterwards one at a time, until one gets through.
update leadgen.endpoints e set failures_in_a_row = 3, retry_at = '2026-11-20T21:00:00Z' from hook where e.id = hook.id;
select testkit.at_time('2026-11-20T20:59:59Z');
select is_empty($$select * from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds')$$, 'open: nothing');
select testkit.at_time('2026-11-20T21:00:00Z');
create temp table trial as select * from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds');
select is(count(*), 1::bigint, 'half open: one') from trial;
select is_empty($$select * from leadgen.claim_deliveries('v', '{"webhook": 100}', '30 seconds')$$,
  'half open: no other worker gets another');
select is(r.status, 'delivered', 'half open: the one gets through') from trial,
  leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token,
    'started_at', leadgen.clock(), 'outcome', 'answered', 'status_code', 200)), 3, '1 second') r;
select is(pg_temp.health(), '0', 'one success closes the circuit');
select cmp_ok(count(*), '>', 50::bigint, 'closed: all are sent again') from leadgen.claim_deliveries('w', '{"webhook": 100}', '30 seconds');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
