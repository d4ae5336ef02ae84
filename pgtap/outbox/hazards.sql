-- record_attempts, may_have_arrived: what is odd harms nobody else, what may have arrived is never sold again.
begin;
select plan(40);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id,
  testkit.new_buyer('Webb') as buyer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id)) from ids;
create function pg_temp.calm() returns void language sql as $$
  update leadgen.endpoints set failures_in_a_row = 0, retry_at = null, disabled_at = null, disabled_reason = null;
$$;

-- Poison among neighbours: each row is judged by itself.
create temp table odd (n integer, result jsonb, wanted text);
insert into odd values
  (1, '{"outcome": "answered", "status_code": 200}', 'delivered'),
  (2, '{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"accepted\",\"x\":\"\\u0000\"}"}', 'delivered'),
  (3, jsonb_build_object('outcome', 'answered', 'status_code', 200, 'reply', format('{"status":"accepted","x":%s', repeat('[', 1900))),
  'delivered'),
  (4, '{"outcome": "answered", "status_code": 200, "reply": "{\"status\":\"accepted\",\"x\":1e999999}"}', 'unknown'),
  (5, '{"outcome": "answered", "status_code": 99999999999}', 'pending'),
  (6, '{"outcome": "answered"}', 'pending'),
  (7, '{"outcome": "answered", "status_code": 503, "retry_after_seconds": 1e30}', 'pending'),
  (8, '{"outcome": "answered", "status_code": 503, "retry_after_seconds": -1e30}', 'pending'),
  (9, '{"outcome": "answered", "status_code": 503, "retry_after_seconds": "NaN", "latency_ms": "NaN"}', 'pending'),
  (10, '{"outcome": "failed", "latency_ms": 1e300, "error": ""}', 'pending'),
  (11, '{"outcome": "failed", "latency_ms": -5, "started_at": null}', 'pending'),
  (12, '{"outcome": "no such word"}', 'pending'),
  (13, '{}', 'pending'),
  (14, '{"outcome": "answered", "status_code": 200, "reply": "\\\\ \\d (?<x>) %s $1"}', 'delivered'),
  (15, '{"outcome": "sent", "provider_id": "SM1"}', 'sent');
select testkit.submit(offer_id, '{}', n) from ids, odd;
create temp table claims as select c.*, row_number() over (order by c.delivery_id)::integer as n
from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds') c;
create temp table told as select r.* from leadgen.record_attempts((select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id,
  'lease_token',
  c.lease_token, 'started_at', leadgen.clock(), 'latency_ms', 1) || o.result)
    || '[{"delivery_id": null}, {"delivery_id": 1, "lease_token": null}]'::jsonb
  from claims c join odd o using (n)), 3, '1 second') r;
select is(t.status, o.wanted, format('odd, of %s: %s', c.target, left(o.result::text, 80))) from claims c join odd o using (n) left
  join told t using (delivery_id)
where t.status <> 'fenced';
select is(count(*), 15::bigint, 'each odd answer is an attempt') from leadgen.delivery_attempts t;
select is(count(*), 2::bigint, 'a result without a delivery is fenced') from told where told.status = 'fenced';
select is(array_agg(o.n order by o.n), '{5,6,8,9,10,11,12,13}',
  'an odd answer is tried again at the usual time, whatever the receiver asked')
from claims c join odd o using (n) join leadgen.deliveries d on d.id = c.delivery_id
where d.next_attempt_at between '2026-11-20T16:00:01Z' and '2026-11-20T16:00:01.5Z';
select is(array_agg(d.next_attempt_at - leadgen.clock() order by d.id), '{01:00:00}', 'a receiver may ask for an hour at most')
from claims c
join leadgen.deliveries d on d.id = c.delivery_id where c.n = 7;
select is(format('%s %s %s %s', t.outcome, d.status, d.provider_id, d.finished_at is null), 'sent sent SM1 t',
  'sent: its report is awaited')
from claims c join leadgen.deliveries d on d.id = c.delivery_id join leadgen.delivery_attempts t on t.delivery_id = d.id where c.n = 15;
select is(a.outcome::text, 'pending', 'the sale waits for the report') from claims c join leadgen.deliveries d on d.id = c.delivery_id
join leadgen.lead_assignments a on a.id = d.assignment_id where c.n = 15;

-- The same result twice in a batch, and again in another.
select pg_temp.calm();
select testkit.submit(offer_id, '{}', 30) from ids;
create temp table twice as select * from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds');
create temp table result as select jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token, 'started_at',
  leadgen.clock(),
  'outcome', o, 'status_code', 200)) as results
from (select * from twice order by delivery_id desc limit 1) last, unnest('{unknown,answered}'::text[]) o;
select is(array_agg(r.status), '{delivered}', 'a delivery that is twice in a batch counts once, by its success')
  from result, leadgen.record_attempts(results, 3, '1 second') r;
select is(array_agg(r.status), '{fenced}', 'the same results again are fenced') from result,
  leadgen.record_attempts(results, 3, '1 second') r;

-- Cancelled while it was sent: logged once, without words.
select testkit.submit(offer_id, '{}', 31) from ids;
create temp table cancelled as select * from leadgen.claim_deliveries('w', testkit.room(100), '30 seconds');
select is(leadgen.return_sale(d.assignment_id, 'other')::text, 'returned', 'returned meanwhile') from leadgen.deliveries d
where d.id = (select max(delivery_id) from cancelled);
create temp table late as select jsonb_build_array(jsonb_build_object('delivery_id', delivery_id, 'lease_token', lease_token,
  'started_at', leadgen.clock(),
  'outcome', 'answered', 'status_code', 200, 'reply', '{"status":"rejected","reason":"other"}')) as results
from cancelled order by delivery_id desc limit 1;
select is(r.status, 'cancelled', 'its outcome comes too late') from late, leadgen.record_attempts(results, 3, '1 second') r;
select is(r.status, 'fenced', 'a late result is recorded once') from late, leadgen.record_attempts(results, 3, '1 second') r;
select is(format('%s %s %s', t.outcome, t.status_code, coalesce(t.reply, 'no words')), 'delivered 200 no words',
  'logged without the receiver''s words')
from leadgen.delivery_attempts t order by t.id desc limit 1;
select is(count(*), 0::bigint, 'a rejection of what is returned is none') from leadgen.sale_returns r where r.via = 'reply';

-- What may have arrived never ends dead: no answer once, or a worker that never reported.
update leadgen.settings set slow_retry_seconds = '{}';
select pg_temp.calm();
update leadgen.deliveries d set status = 'pending', lease_token = null, next_attempt_at = '2027-01-01' where d.status = 'sending';
update leadgen.deliveries d set next_attempt_at = '2027-01-01' where d.status = 'pending';
select testkit.submit(offer_id, '{}', 40) from ids;
select is(outbox.may_have_arrived(d.id, d.market_id, 1), false, 'may_have_arrived: nothing was sent yet')
  from leadgen.deliveries d order by d.id desc limit 1;
select is(testkit.answer('{"outcome": "unknown", "error_class": "lost"}', p_retries => 2), 'pending, unknown',
  'an attempt without an answer is tried again');
select is(outbox.may_have_arrived(d.id, d.market_id, 2), true, 'may_have_arrived: that one')
  from leadgen.deliveries d order by d.id desc limit 1;
select testkit.at_time('2026-11-20T16:10:00Z');
select is(testkit.answer('{"outcome": "failed", "error_class": "connect"}', p_retries => 2), 'pending, failed',
  'a clean failure is tried again');
select testkit.at_time('2026-11-20T16:20:00Z');
select is(testkit.answer('{"outcome": "failed", "error_class": "connect"}', p_retries => 2), 'unknown, failed',
  'the last: unknown at the end');
select is(format('%s %s', a.outcome, market.has_ended(a)), 'unknown f', 'a lead whose delivery is unknown goes to nobody else')
  from leadgen.lead_assignments a
order by a.id desc limit 1;
select pg_temp.calm();
select testkit.submit(offer_id, '{}', 41) from ids;
select is(count(*), 1::bigint, 'a worker takes one and dies') from leadgen.claim_deliveries('dead', testkit.room(100), '30 seconds');
select testkit.at_time('2026-11-20T16:30:00Z');
select is(testkit.answer('{"outcome": "answered", "status_code": 404}', p_retries => 0), 'unknown, failed, HTTP 404',
  'a receiver that answers 404 at last may have the lead');
select is(outbox.may_have_arrived(d.id, d.market_id, 2), true, 'may_have_arrived: nobody reported')
  from leadgen.deliveries d order by d.id desc limit 1;

-- A text message whose fate is unknown is not sent again; one that was not sent is.
update leadgen.buyers b set phone = '+15125550100', sms_notifications = true, webhook_url = null from ids where b.id = ids.buyer_id;
select testkit.submit(offer_id, '{}', 50) from ids;
select is(testkit.answer('{"outcome": "failed", "error_class": "connect"}', 'sms'), 'pending, failed', 'sms: not sent, tried again');
select testkit.at_time('2026-11-20T16:40:00Z');
select is(testkit.answer('{"outcome": "unknown", "error_class": "timeout"}', 'sms'), 'unknown, unknown', 'sms: no answer, never again');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
