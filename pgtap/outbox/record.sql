-- record_attempts, plan_retry, settle_assignments: what follows from an attempt's outcome for delivery, sale and lead.
begin;
select plan(45);
select testkit.at_time('2026-11-20T16:00:00Z');

select is(leadgen.plan_retry('2026-11-20T16:00:00Z', attempt, 3, '1 second', after) between low and high, true,
  format('plan_retry: attempt %s, Retry-After %s', attempt, after))
from (values
  (1, null::numeric, '2026-11-20T16:00:01Z'::timestamptz, '2026-11-20T16:00:01.5Z'::timestamptz),
  (2, null, '2026-11-20T16:00:02Z', '2026-11-20T16:00:03Z'), (3, null, '2026-11-20T16:00:04Z', '2026-11-20T16:00:06Z'),
  (1, 120, '2026-11-20T16:02:00Z', '2026-11-20T16:02:00Z'), (3, 0.1, '2026-11-20T16:00:04Z', '2026-11-20T16:00:06Z'),
  (1, -50, '2026-11-20T16:00:01Z', '2026-11-20T16:00:01.5Z'), (1, 999999, '2026-11-20T17:00:00Z', '2026-11-20T17:00:00Z')
) as t (attempt, after, low, high);
select is(leadgen.plan_retry('2026-11-20T16:00:00Z', 4, 3, '1 second', null), null, 'plan_retry: after the last retry none');
select is(leadgen.plan_retry('2026-11-20T16:00:00Z', 1, 0, '1 second', 60), null, 'plan_retry: no retries, whatever the receiver asked');
select cmp_ok((select count(distinct leadgen.plan_retry('2026-11-20T16:00:00Z', 3, 3, '1 second', null))
  from generate_series(1, 20)), '>', 15::bigint, 'plan_retry: jittered');

-- One sale by webhook and e-mail a lead; attempts are made by name of channel.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.make_buyer('{"webhook_url": "https://b.example/hook"}'))) from ids;
create function pg_temp.attempt(p_channel text, p_outcome text, p_more jsonb default '{}',
  p_retries integer default 3) returns text language plpgsql as $$
-- Claims what is due, records this outcome for the newest delivery of the channel and gives the rest back.
declare
  v_claim record;
  v_status text;
begin
  select * into v_claim from leadgen.claim_deliveries('w', 100, '30 seconds') c
    where c.channel = p_channel order by c.delivery_id desc limit 1;
  select r.status into v_status from leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token,
    'started_at', leadgen.clock(), 'outcome', p_outcome, 'latency_ms', 12.5) || p_more), p_retries, '1 second') r;
  perform leadgen.release_deliveries(array[v_claim.lease_token]);
  return v_status;
end;
$$;
create function pg_temp.state() returns text language sql as $$
  select concat_ws(' ', l.status, a.outcome, (select string_agg(d.channel || '=' || d.status, ',' order by d.channel)
    from leadgen.deliveries d where d.lead_id = l.id))
  from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id order by l.id desc limit 1;
$$;
create function pg_temp.next_lead(p_number integer) returns void language sql as $$
  update leadgen.deliveries set next_attempt_at = '2027-01-01T00:00:00Z' where next_attempt_at is not null;
  select testkit.submit(offer_id, '{}', p_number) from ids;
$$;

select pg_temp.next_lead(1);
select is(pg_temp.attempt('webhook', 'delivered', '{"status_code": 200, "reply": "ok"}'), 'delivered', 'delivered');
select is(pg_temp.state(), 'delivered delivered webhook=delivered,email=pending', 'one channel got through: sale and lead are delivered');
select is(l.delivered_at = a.delivered_at and l.delivered_at = '2026-11-20T16:00:00Z', true, 'and when') from leadgen.leads l
  join leadgen.lead_assignments a on a.lead_id = l.id;
select is(t.attempt || ' ' || t.outcome || ' ' || t.status_code || ' ' || t.latency_ms || ' ' || t.reply || ' ' || t.worker,
  '1 delivered 200 12.50 ok w', 'the attempt is logged') from leadgen.delivery_attempts t;
select is(d.finished_at is not null and d.lease_token is null and d.next_attempt_at is null, true, 'finished') from leadgen.deliveries d
  where d.channel = 'webhook';
select is(pg_temp.attempt('email', 'refused', '{"error": "550 no such user"}'), 'dead', 'refused: dead at once');
select is(pg_temp.state(), 'delivered delivered webhook=delivered,email=dead', 'a dead channel beside a delivered one changes nothing');
select is((select d.last_error from leadgen.deliveries d where d.channel = 'email'), '550 no such user', 'with its reason');

-- Clean failures: retried, each later than the last, then dead; the sale fails only when every channel has ended.
select pg_temp.next_lead(2);
select is(pg_temp.attempt('webhook', 'failed', '{"status_code": 500, "error": "HTTP 500"}'), 'pending', 'failed: to be tried again');
create temp table retry as select d.* from leadgen.deliveries d where d.channel = 'webhook' order by d.id desc limit 1;
select is(next_attempt_at between '2026-11-20T16:00:01Z' and '2026-11-20T16:00:01.5Z', true, 'after a second and a bit') from retry;
select is(last_error || ' ' || attempts || ' ' || (finished_at is null), 'HTTP 500 1 true', 'with its error, unfinished') from retry;
select is(pg_temp.state(), 'validated pending webhook=pending,email=pending', 'the sale is still open');
select testkit.at_time('2026-11-20T16:00:02Z');
select is(pg_temp.attempt('webhook', 'failed', '{"status_code": 503, "retry_after_seconds": 90}'), 'pending', 'the receiver asks for time');
select is((select d.next_attempt_at from leadgen.deliveries d join retry using (id)), '2026-11-20T16:01:32Z'::timestamptz, 'and gets it');
select testkit.at_time('2026-11-20T16:01:32Z');
select is(pg_temp.attempt('webhook', 'failed'), 'pending', 'the third attempt');
select testkit.at_time('2026-11-20T16:02:00Z');
select is(pg_temp.attempt('webhook', 'failed', '{"error": "connection refused"}'), 'dead', 'the fourth, after three retries: dead letter');
select is(pg_temp.state(), 'validated pending webhook=dead,email=pending', 'the e-mail is still under way');
select is(pg_temp.attempt('email', 'refused'), 'dead', 'it ends too');
select is(pg_temp.state(), 'validated failed webhook=dead,email=dead', 'all channels ended: the sale has failed');
select is((select count(*) from leadgen.delivery_attempts t join retry on retry.id = t.delivery_id), 4::bigint, 'four attempts are logged');

-- Unknown: retried to the same buyer, unknown at the end, never dead.
select pg_temp.next_lead(3);
select is(pg_temp.attempt('webhook', 'unknown', '{"error": "no answer"}', 1), 'pending', 'unknown: tried again');
select testkit.at_time('2026-11-20T16:03:00Z');
select is(pg_temp.attempt('webhook', 'unknown', '{"error": "no answer"}', 1), 'unknown', 'and unknown at the end');
select is(pg_temp.state(), 'validated pending webhook=unknown,email=pending', 'the sale waits for the other channel');
select is(pg_temp.attempt('email', 'refused'), 'dead', 'which ends');
select is(pg_temp.state(), 'validated unknown webhook=unknown,email=dead', 'the sale is unknown, not failed');

-- A late success.
select pg_temp.next_lead(4);
select is(pg_temp.attempt('webhook', 'failed'), 'pending', 'a failure');
select is(pg_temp.attempt('email', 'delivered'), 'delivered', 'the e-mail gets through meanwhile');
select is(pg_temp.state(), 'delivered delivered webhook=pending,email=delivered', 'delivered');
select testkit.at_time('2026-11-20T16:04:00Z');
select is(pg_temp.attempt('webhook', 'delivered'), 'delivered', 'then the webhook');
select is(pg_temp.state(), 'delivered delivered webhook=delivered,email=delivered', 'nothing more to say');

-- What nobody holds, and settle_assignments by itself.
select results_eq(
  $$select * from leadgen.record_attempts('[{"delivery_id": 0, "lease_token": "00000000-0000-0000-0000-000000000000",
    "started_at": "2026-11-20T16:00:00Z", "outcome": "delivered", "latency_ms": 1}]', 3, '1 second')$$,
  $$values (0::bigint, 'fenced')$$, 'a delivery that does not exist');
select is_empty($$select * from leadgen.record_attempts('[]', 3, '1 second')$$, 'nothing to record');
select lives_ok($$select leadgen.settle_assignments(array(select a.id
  from leadgen.lead_assignments a), '2026-11-20T17:00:00Z')$$, 'settle_assignments: again over everything');
select is(array_agg(a.outcome::text order by a.id), '{delivered,failed,unknown,delivered}',
  'settle_assignments: changes nothing that is settled') from leadgen.lead_assignments a;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.check_invariants();

select * from finish();
rollback;
