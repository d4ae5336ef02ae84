-- record_attempts, plan_retry, settle_assignments: what follows from an attempt's outcome for delivery, sale and lead.
begin;
select plan(80);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.settings set slow_retry_seconds = '{}';

select is(outbox.plan_retry('2026-11-20T16:00:00Z', attempt, 3, '1 second', after, null, '{30}') between low and high, true,
  format('plan_retry: attempt %s, Retry-After %s', attempt, after))
from (values
  (1, null::numeric, '2026-11-20T16:00:01Z'::timestamptz, '2026-11-20T16:00:01.5Z'::timestamptz),
  (2, null, '2026-11-20T16:00:02Z', '2026-11-20T16:00:03Z'), (3, null, '2026-11-20T16:00:04Z', '2026-11-20T16:00:06Z'),
  (1, 120, '2026-11-20T16:02:00Z', '2026-11-20T16:02:00Z'), (3, 0.1, '2026-11-20T16:00:04Z', '2026-11-20T16:00:06Z'),
  (1, -50, '2026-11-20T16:00:01Z', '2026-11-20T16:00:01.5Z'), (1, 999999, '2026-11-20T17:00:00Z', '2026-11-20T17:00:00Z')
) as t (attempt, after, low, high);
select is(outbox.plan_retry('2026-11-20T16:00:00Z', 4, 3, '1 second', null, null, '{}'), null, 'plan_retry: after the last retry none');
select is(outbox.plan_retry('2026-11-20T16:00:00Z', 1, 0, '1 second', 60, null, '{}'), null,
  'plan_retry: no retries, whatever the receiver asked');
select cmp_ok((select count(distinct outbox.plan_retry('2026-11-20T16:00:00Z', 3, 3, '1 second', null, null, '{}'))
  from generate_series(1, 20)), '>', 15::bigint, 'plan_retry: jittered');
select is(outbox.plan_retry('2026-11-20T16:00:00Z', attempt, retries, '1 second', after, '{60,600,3600}',
  '{1,1,1,1}') between low and high, true,
  format('plan_retry: by a schedule, attempt %s, Retry-After %s, %s retries of the worker''s', attempt, after, retries))
from (values
  (1, 0, null::numeric, '2026-11-20T16:01:00Z'::timestamptz, '2026-11-20T16:01:30Z'::timestamptz),
  (2, 3, null, '2026-11-20T16:10:00Z', '2026-11-20T16:15:00Z'), (3, 1, null, '2026-11-20T17:00:00Z', '2026-11-20T17:30:00Z'),
  (1, 3, 1800, '2026-11-20T16:30:00Z', '2026-11-20T16:30:00Z'), (1, 3, 999999, '2026-11-20T17:00:00Z', '2026-11-20T17:00:00Z'),
  (3, 3, 60, '2026-11-20T17:00:00Z', '2026-11-20T17:30:00Z')
) as t (attempt, retries, after, low, high);
select is(outbox.plan_retry('2026-11-20T16:00:00Z', 4, 99, '1 second', 60, '{60,600,3600}', '{5}'), null,
  'plan_retry: past the schedule''s end none');
select is(outbox.plan_retry('2026-11-20T16:00:00Z', 1, 99, '1 second', 60, '{}', '{5}'), null,
  'plan_retry: an empty schedule has no retries');
select is(outbox.plan_retry('2026-11-20T16:00:00Z', attempt, retries, '1 second', null, null, '{60,300}') - '2026-11-20T16:00:00Z'
  between low and high, true, format('plan_retry: then the slow ones, attempt %s after %s quick retries', attempt, retries))
from (values
  (4, 3, interval '60 seconds', interval '90 seconds'), (5, 3, '300 seconds', '450 seconds'), (1, 0, '60 seconds', '90 seconds'),
  (1, null, '60 seconds', '90 seconds'), (2, -5, '300 seconds', '450 seconds'), (900, 1000, '7 days', '10.5 days')
) as t (attempt, retries, low, high);
select is(outbox.plan_retry('2026-11-20T16:00:00Z', 6, 3, '1 second', 60, null, '{60,300}'), null, 'plan_retry: past the slow ones none');

-- One sale by webhook and e-mail a lead; attempts are made by name of channel.
create temp table ids as select testkit.open_offer('{}', 'Both') as offer_id;
create function pg_temp.attempt(p_channel text, p_outcome text, p_more jsonb default '{}',
  p_retries integer default 3) returns text language plpgsql as $$
-- Claims what is due, records this outcome for the newest delivery of the channel and gives the rest back.
declare
  v_claim record;
  v_status text;
begin
  select * into v_claim from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds') c
    where c.channel = p_channel order by c.delivery_id desc limit 1;
  select r.status into v_status from leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token,
    'started_at', leadgen.clock(), 'outcome', p_outcome, 'latency_ms', 12.5) || p_more), p_retries, '1 second') r;
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.status = 'sending';
  return v_status;
end;
$$;
create function pg_temp.state() returns text language sql as $$
  select concat_ws(' ', l.status, a.outcome, (select string_agg(format('%s=%s', d.channel, d.status), ',' order by d.channel)
    from leadgen.deliveries d where d.lead_id = l.id))
  from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id order by l.id desc limit 1;
$$;
create function pg_temp.next_lead(p_number integer) returns void language sql as $$
  update leadgen.deliveries set next_attempt_at = '2027-01-01T00:00:00Z' where next_attempt_at is not null;
  select testkit.submit(offer_id, '{}', p_number) from ids;
$$;

select pg_temp.next_lead(1);
select is(pg_temp.attempt('webhook', 'delivered', '{"status_code": 200, "reply": "ok"}'), 'delivered', 'a webhook is delivered');
select is(pg_temp.state(), 'accepted accepted webhook=delivered,email=pending', 'one channel got through: sale and lead are accepted');
select is(array[l.delivered_at, l.accepted_at, a.delivered_at, a.accepted_at], array_fill('2026-11-20T16:00:00Z'::timestamptz, '{4}'),
  'lead and sale are delivered and accepted at that time') from leadgen.leads l
  join leadgen.lead_assignments a on a.lead_id = l.id;
select is(format('%s %s %s %s %s %s', t.attempt, t.outcome, t.status_code, t.latency_ms, t.reply, t.worker),
  '1 delivered 200 12.50 ok w', 'the attempt is logged') from leadgen.delivery_attempts t;
select is(d.finished_at is not null and d.lease_token is null and d.next_attempt_at is null, true, 'a delivered delivery has finished')
from leadgen.deliveries d
  where d.channel = 'webhook';
select is(pg_temp.attempt('email', 'refused', '{"error": "550 no such user"}'), 'dead', 'refused: dead at once');
select is(pg_temp.state(), 'accepted accepted webhook=delivered,email=dead', 'a dead channel beside a delivered one changes nothing');
select is((select d.last_error from leadgen.deliveries d where d.channel = 'email'), '550 no such user', 'a dead delivery has its reason');

-- Clean failures: retried, each later than the last, then dead; the sale fails only when every channel has ended.
select pg_temp.next_lead(2);
select is(pg_temp.attempt('webhook', 'failed', '{"status_code": 500, "error": "HTTP 500"}'), 'pending', 'failed: to be tried again');
create temp table retry as select d.* from leadgen.deliveries d where d.channel = 'webhook' order by d.id desc limit 1;
select is(next_attempt_at between '2026-11-20T16:00:01Z' and '2026-11-20T16:00:01.5Z', true,
  'the first retry comes after a second and a bit') from retry;
select is(format('%s %s %s', last_error, attempts, finished_at is null), 'HTTP 500 1 t',
  'a delivery that waits for its retry has its error') from retry;
select is(pg_temp.state(), 'validated pending webhook=pending,email=pending', 'the sale is still open');
select testkit.at_time('2026-11-20T16:00:02Z');
select is(pg_temp.attempt('webhook', 'failed', '{"status_code": 503, "retry_after_seconds": 90}'), 'pending', 'the receiver asks for time');
select is((select d.next_attempt_at from leadgen.deliveries d join retry using (id)), '2026-11-20T16:01:32Z'::timestamptz,
  'the retry waits for as long as the receiver asked');
select testkit.at_time('2026-11-20T16:01:32Z');
select is(pg_temp.attempt('webhook', 'failed'), 'pending', 'the third attempt is tried again');
select testkit.at_time('2026-11-20T16:02:00Z');
select is(pg_temp.attempt('webhook', 'failed', '{"error": "connection refused"}'), 'dead', 'the fourth, after three retries: dead letter');
select is(pg_temp.state(), 'validated pending webhook=dead,email=pending', 'the e-mail is still under way');
select is(pg_temp.attempt('email', 'refused'), 'dead', 'the e-mail is refused as well');
select is(pg_temp.state(), 'validated failed webhook=dead,email=dead', 'all channels ended: the sale has failed');
select is(a.release_due_at = leadgen.clock() and a.released_at is null, true, 'its place is due to go back')
from leadgen.lead_assignments a order by a.id desc limit 1;
select is((select count(*) from leadgen.delivery_attempts t join retry on retry.id = t.delivery_id), 4::bigint, 'four attempts are logged');

-- Unknown: retried to the same buyer, unknown at the end, never dead.
select pg_temp.next_lead(3);
select is(pg_temp.attempt('webhook', 'unknown', '{"error": "no answer"}', 1), 'pending', 'unknown: tried again');
select testkit.at_time('2026-11-20T16:03:00Z');
select is(pg_temp.attempt('webhook', 'unknown', '{"error": "no answer"}', 1), 'unknown',
  'the last attempt without an answer leaves the delivery unknown');
select is(pg_temp.state(), 'validated pending webhook=unknown,email=pending', 'the sale waits for the other channel');
select is(pg_temp.attempt('email', 'refused'), 'dead', 'the e-mail of the third lead is refused');
select is(pg_temp.state(), 'validated unknown webhook=unknown,email=dead', 'the sale is unknown, not failed');
select is((select market.has_ended(a) from leadgen.lead_assignments a order by a.id desc limit 1), false,
  'an unknown sale keeps its place');

-- A late success.
select pg_temp.next_lead(4);
select is(pg_temp.attempt('webhook', 'failed'), 'pending', 'the webhook fails');
select is(pg_temp.attempt('email', 'delivered'), 'delivered', 'the e-mail gets through meanwhile');
select is(pg_temp.state(), 'accepted accepted webhook=pending,email=delivered', 'a sale that one channel delivered is accepted');
select testkit.at_time('2026-11-20T16:04:00Z');
select is(pg_temp.attempt('webhook', 'delivered'), 'delivered', 'the webhook''s delivery follows');
select is(pg_temp.state(), 'accepted accepted webhook=delivered,email=delivered',
  'a sale that both channels delivered has nothing left to do');

-- What nobody holds, and settle_assignments by itself.
select results_eq(
  $$select * from leadgen.record_attempts('[{"delivery_id": 0, "lease_token": "00000000-0000-0000-0000-000000000000",
    "started_at": "2026-11-20T16:00:00Z", "outcome": "delivered", "latency_ms": 1}]', 3, '1 second')$$,
  $$values (0::bigint, 'fenced', null::text, null::text)$$, 'a delivery that does not exist');
select is_empty($$select * from leadgen.record_attempts('[]', 3, '1 second')$$, 'an empty batch records nothing');
select lives_ok($$select market.settle_assignments(array(select a.id
  from leadgen.lead_assignments a), '{}', '{}', '2026-11-20T17:00:00Z')$$, 'settle_assignments: again over everything');
select is(array_agg(a.outcome::text order by a.id), '{accepted,failed,unknown,accepted}',
  'settle_assignments: changes nothing that is settled') from leadgen.lead_assignments a;

-- A failed sale that a resent delivery brings through after all, before its place went back.
update leadgen.deliveries d set status = 'pending', finished_at = null, next_attempt_at = '2026-11-20T16:04:00Z'
where d.channel = 'webhook' and d.assignment_id = (select a.id from leadgen.lead_assignments a where a.outcome = 'failed');
select pg_temp.next_lead(5);
update leadgen.deliveries d set next_attempt_at = '2026-11-20T16:04:00Z'
from leadgen.lead_assignments a where a.id = d.assignment_id and a.outcome = 'failed' and d.next_attempt_at is not null;
update leadgen.deliveries d set next_attempt_at = '2027-01-01T00:00:00Z'
from leadgen.lead_assignments a where a.id = d.assignment_id and a.outcome <> 'failed' and d.next_attempt_at is not null;
select is(pg_temp.attempt('webhook', 'delivered'), 'delivered', 'resent, a dead letter gets through');
select is(array_agg(format('%s %s', a.outcome, market.has_ended(a))), '{"accepted f"}', 'the sale of a resent delivery stands')
from leadgen.lead_assignments a join leadgen.deliveries d on d.assignment_id = a.id
where d.channel = 'webhook' and d.attempts = 5;

-- The policy's own schedule and timeout go with the delivery; its timeout is for webhooks.
create temp table own as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"delivery": {"timeout_seconds": 12.5, "retry_seconds": [60, 600]}}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Both') from own;
update leadgen.deliveries d set next_attempt_at = '2027-01-01T00:00:00Z' where d.next_attempt_at is not null;
select testkit.submit(offer_id, '{}', 6) from own;
select is(array_agg(format('%s %s %s', d.channel, coalesce(d.timeout_seconds::text, 'any'), d.retry_seconds::text) order by d.channel),
  '{"webhook 12.5 {60,600}","email any {60,600}"}', 'record_decision: timeout and schedule are stored') from leadgen.deliveries d
join leadgen.lead_assignments a on a.id = d.assignment_id join own using (offer_id);
select testkit.at_time('2026-11-20T17:00:00Z');
create temp table claims as select * from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds');
select is(array_agg(format('%s %s', channel, coalesce(timeout_seconds::text, 'any')) order by channel), '{"email any","webhook 12.5"}',
  'claim_deliveries: hands the timeout out') from claims;
select is(array_agg(format('%s %s', d.channel, to_char(d.next_attempt_at - '2026-11-20T17:00:00Z', 'SS.MS')) order by d.channel),
  '{"webhook 42.500","email 30.000"}', 'claim_deliveries: and leases for so much longer')
from leadgen.deliveries d where d.status = 'sending';
select leadgen.release_deliveries(array_agg(delivery_id), array_agg(lease_token)) from claims;
select is(pg_temp.attempt('webhook', 'failed', '{}', 0), 'pending', 'retried though the worker has no retries');
select is(d.next_attempt_at between '2026-11-20T17:01:00Z' and '2026-11-20T17:01:30Z', true, 'the retry waits for the policy''s pause')
from leadgen.deliveries d where d.channel = 'webhook' order by d.id desc limit 1;
select testkit.at_time('2026-11-20T17:02:00Z');
select is(pg_temp.attempt('webhook', 'unknown', '{}', 99), 'pending', 'the second pause of the schedule follows');
select testkit.at_time('2026-11-20T17:20:00Z');
select is(pg_temp.attempt('webhook', 'failed', '{}', 99), 'unknown',
  'a schedule that is over leaves the delivery unknown, for the second may have arrived');

-- Cancelled while it is sent: what was sent is logged, and stays cancelled.
create temp table last_claim as select * from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds') where channel = 'email';
select is(count(*), 1::bigint, 'the e-mail is being sent') from last_claim;
select is(leadgen.return_sale(d.assignment_id, 'wrong_number')::text, 'returned', 'its sale is returned meanwhile')
from leadgen.deliveries d join last_claim c on c.delivery_id = d.id;
select is(r.status, 'cancelled', 'a result that comes after the return cancels the delivery') from last_claim c,
  leadgen.record_attempts(jsonb_build_array(jsonb_build_object(
  'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(), 'outcome', 'delivered',
  'latency_ms', 1)), 3, '1 second') r;
select is(format('%s %s %s', d.status, a.outcome, t.outcome), 'cancelled returned delivered',
  'a cancelled delivery records that the buyer has the lead')
from leadgen.deliveries d join last_claim c on c.delivery_id = d.id join leadgen.lead_assignments a on a.id = d.assignment_id
join leadgen.delivery_attempts t on t.delivery_id = d.id;

-- After the quick retries the slow ones, then the dead letter.
update leadgen.settings set slow_retry_seconds = '{60,300}';
update leadgen.endpoints set failures_in_a_row = 0, retry_at = null;
select testkit.at_time('2026-11-21T10:00:00Z');
select pg_temp.next_lead(7);
create function pg_temp.next_pause(p_at timestamptz) returns text language plpgsql as $$
declare
  v_status text;
begin
  perform testkit.at_time(p_at);
  v_status := pg_temp.attempt('webhook', 'failed', '{"error": "HTTP 500"}', 1);
  return (select format('%s %s', v_status,
    case d.next_attempt_at - p_at > interval '45 seconds' when true then 'slow' when false then 'quick' else 'never' end)
    from leadgen.deliveries d where d.channel = 'webhook' order by d.id desc limit 1);
end;
$$;
select is(pg_temp.next_pause('2026-11-21T10:00:00Z'), 'pending quick', 'the first pause is quick');
select is(pg_temp.next_pause('2026-11-21T10:01:00Z'), 'pending slow', 'the second pause is slow');
select is(pg_temp.next_pause('2026-11-21T10:10:00Z'), 'pending slow', 'the third pause is slow');
select is(pg_temp.next_pause('2026-11-21T10:20:00Z'), 'dead never', 'after the last pause the delivery is dead');
update leadgen.deliveries d set status = 'pending', finished_at = null, next_attempt_at = '2026-11-21T10:30:00Z',
  attempts_before = d.attempts
where d.status = 'dead' and d.channel = 'webhook' and d.id = (select max(x.id) from leadgen.deliveries x where x.channel = 'webhook');
select is(pg_temp.next_pause('2026-11-21T10:30:00Z'), 'pending quick', 'sent again by an operator, its schedule begins anew');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
