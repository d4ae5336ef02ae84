-- queue_notice and send_test: what a buyer is told that is no lead.
begin;
select plan(25);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table lone as select testkit.make_buyer('{"name": "Lone", "webhook_url": "https://lone.example/hook"}') as buyer_id;
create temp view hook as select e.* from lone l join leadgen.endpoints e on e.buyer_id = l.buyer_id and e.channel = 'webhook';
delete from leadgen.markets;
select is(testkit.fault_of(format('select leadgen.send_test(%s)', id)), 'LG409 market_id', 'a notice needs a market') from hook;
create temp table ids as select testkit.make_offer() as offer_id;

-- send_test.
create temp table test as select leadgen.send_test(id) as delivery_id from hook;
select is((d.channel, d.target, d.status, d.next_attempt_at, d.lead_id, d.assignment_id)::text,
  '(webhook,https://lone.example/hook,pending,"2026-11-20 16:00:00+00",,)', 'send_test: queued')
  from test t
  join leadgen.deliveries d on d.id = t.delivery_id;
select is(d.endpoint_id, h.id, 'the test goes to its endpoint') from test t join leadgen.deliveries d on d.id = t.delivery_id, hook h;
select is(d.market_id, o.market_id, 'in a market, though the buyer takes part in no offer')
from test t
join leadgen.deliveries d on d.id = t.delivery_id,
  ids join leadgen.offers o on o.id = offer_id;
select
    is(
        (n.kind, n.facts),
        ('webhook.test'::text, jsonb_build_object('endpoint_id', h.id, 'message', 'This is a test. No lead was sold to you.')),
  'a test carries nothing of any lead')
  from test t
  join leadgen.deliveries d on d.id = t.delivery_id
  join leadgen.notices n on n.id = d.notice_id, hook h;
select is(leadgen.send_test(h.id), t.delivery_id, 'send_test: clicked twice it is one test') from hook h, test t;
create temp table claim as select c.* from leadgen.claim_deliveries('w', '{"webhook": 10}', '30 seconds') c;
select
    is(
        format('%s %s %s', kind, body::jsonb ->> 'type', body::jsonb ->> 'timestamp'),
        'webhook.test webhook.test 2026-11-20T16:00:00Z',
        'claimed as what it is'
    )
from claim;
select is(body::jsonb -> 'data' ->> 'message', 'This is a test. No lead was sold to you.', 'the test says what it is') from claim;
select is(leadgen.send_test(h.id), t.delivery_id, 'send_test: under way it is still one test') from hook h, test t;
select is(r.status, 'delivered', 'the test is delivered')
from claim c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', c.delivery_id,
  'lease_token', c.lease_token, 'started_at', '2026-11-20T16:00:00Z', 'outcome', 'answered', 'status_code', 204, 'latency_ms', 1)),
  3,
  '1 second'
  ) r;
select isnt(leadgen.send_test(h.id), t.delivery_id, 'send_test: afterwards another') from hook h, test t;
select is(leadgen.retry_delivery(delivery_id, true), 'pending', 'a notice can be sent again') from test;
select is(leadgen.park_delivery(delivery_id), 'parked', 'a notice can be parked') from test;
select leadgen.disable_endpoint(id, 'tests') from hook;
select is(testkit.fault_of(format('select leadgen.send_test(%s)', id)), 'LG409 endpoint_id', 'send_test: not to what is disabled')
from hook;
select is(testkit.fault_of('select leadgen.send_test(null)'), 'LG404 endpoint_id', 'send_test: nowhere');

-- queue_notice travels in the market of the buyer's first enrollment.
create temp table there as select testkit.make_offer(p_market => '{"name": "Reno", "timezone": "America/Los_Angeles"}') as offer_id;
select testkit.enroll(t.offer_id, jsonb_build_object('buyer_id', l.buyer_id)) from there t, lone l;
create temp table notice as select outbox.queue_notice(l.buyer_id, 'endpoint.disabled', '{"reason": "x"}', e.id) as delivery_id
from lone l join leadgen.endpoints e on e.buyer_id = l.buyer_id and e.channel = 'email';
select is(m.name::text, 'Reno', 'queue_notice: in the market of its enrollment')
from notice join leadgen.deliveries d on d.id = delivery_id join leadgen.markets m on m.id = d.market_id;
select is(n.market_id = d.market_id and n.buyer_id = d.buyer_id, true, 'the notice is the delivery''s market''s and buyer''s')
from notice join leadgen.deliveries d on d.id = delivery_id join leadgen.notices n on n.id = d.notice_id;
select
    is(
        format('%s %s %s %s', c.channel, c.kind, c.body::jsonb #>> '{data,reason}', c.details ->> 'buyer_name'),
        'email endpoint.disabled x Lone',
  'claimed with what its template needs')
  from notice n
  join leadgen.claim_deliveries('w', '{"email": 10}', '30 seconds') c on c.delivery_id = n.delivery_id;
select
    throws_ok(
        format('select outbox.queue_notice(%s, ''Endpoint Disabled'', ''{}'', %s)', l.buyer_id, h.id), '23514', null, 'a kind has a shape'
    )
from lone l, hook h;
select throws_ok(format('select outbox.queue_notice(%s, ''a.b'', ''[]'', %s)', l.buyer_id, h.id), '23514', null, 'facts are an object')
from lone l, hook h;
select is(testkit.fault_of(format('select outbox.queue_notice(%s, ''a.b'', ''{}'', %s)', testkit.make_buyer(), id)), 'LG409 endpoint_id',
  'a notice does not go to another buyer''s endpoint') from hook;

-- cancel_notices: who wants no more mail hears of nothing that waits; a test somebody asked for, and other buyers' notices, go out.
create temp table waits as
select 'mine' as name, outbox.queue_notice(l.buyer_id, 'endpoint.disabled', '{}', e.id) as delivery_id
from lone l join leadgen.endpoints e on e.buyer_id = l.buyer_id and e.channel = 'email'
union all
select 'test', outbox.queue_notice(l.buyer_id, 'webhook.test', '{}', e.id)
from lone l join leadgen.endpoints e on e.buyer_id = l.buyer_id and e.channel = 'email'
union all
select 'another''s', outbox.queue_notice(e.buyer_id, 'endpoint.disabled', '{}', e.id)
from leadgen.endpoints e where e.channel = 'email' and e.buyer_id = (select max(b.id) from leadgen.buyers b);
select lives_ok($$select outbox.cancel_notices(l.buyer_id, '2026-11-20T17:00:00Z') from lone l$$, 'cancel_notices');
select is(array_agg(format('%s %s', w.name, d.status) order by w.name), '{"another''s pending","mine cancelled","test pending"}',
  'cancel_notices: the buyer''s own that wait, but no test') from waits w join leadgen.deliveries d on d.id = w.delivery_id;
select is((d.finished_at, d.next_attempt_at)::text, '("2026-11-20 17:00:00+00",)', 'cancel_notices: they have ended')
from waits w join leadgen.deliveries d on d.id = w.delivery_id where w.name = 'mine';
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
