-- retry_delivery, park_delivery, resend_delivery: an operator has a delivery sent again, to where its buyer takes leads today.
begin;
select plan(60);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 1}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Both', jsonb_build_object('buyer_id',
  testkit.new_buyer('Both', '{"webhook_url": "https://old.example/hook"}'))) as seat_id from ids;
create function pg_temp.lead(p_number integer) returns bigint language sql as $$
  -- Sells a lead; the id of its webhook's delivery.
  select testkit.submit(offer_id, '{}', p_number) from ids;
  select max(d.id) from leadgen.deliveries d where d.channel = 'webhook';
$$;
create function pg_temp.record(p_delivery_id bigint, p_outcome text) returns text language sql as $$
  -- Claims what is due and records this outcome, without a retry, for one delivery; e-mails get through.
  select (array_agg(r.status) filter (where r.delivery_id = p_delivery_id))[1]
  from (select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
      'latency_ms', 1, 'outcome', case when c.delivery_id = p_delivery_id then p_outcome else 'delivered' end)) as results
    from leadgen.claim_deliveries('w', '{"webhook": 10, "email": 10}', '30 seconds') c) x,
    leadgen.record_attempts(x.results, 0, '1 second') r;
$$;
create function pg_temp.state(p_delivery_id bigint) returns text language sql as $$
  select concat_ws(' ', d.status, d.target, d.attempts, d.attempts_before, d.next_attempt_at = leadgen.clock(), d.finished_at is null)
  from leadgen.deliveries d where d.id = p_delivery_id;
$$;
update leadgen.settings set slow_retry_seconds = '{}';

-- A dead letter of a sale that another channel brought.
create temp table d as select pg_temp.lead(1) as id;
select is(pg_temp.record(id, 'refused'), 'dead', 'dead') from d;
select is(leadgen.retry_delivery(id), 'pending', 'retry_delivery: queued again') from d;
select is(pg_temp.state(id), 'pending https://old.example/hook 1 1 t t', 'due now, its schedule begins anew') from d;
select is(leadgen.retry_delivery(id), 'pending', 'clicked twice it stays so') from d;
select is(array_agg(format('%s %s %s', e.kind, e.facts ->> 'was', e.facts ->> 'by') order by e.id),
  array[format('delivery_retried dead %s', session_user), format('delivery_retried pending %s', session_user)],
    'events name who sent it again')
  from leadgen.events e;
create temp table message as select x.message_id from d join leadgen.deliveries x using (id);
create temp table claim as select c.* from leadgen.claim_deliveries('w', '{"webhook": 1}', '30 seconds') c;
select
    is(
        format('%s %s', c.attempt, c.message_id = format('msg_%s', replace(m.message_id::text, '-', ''))),
        '1 t',
        'claimed as a first attempt under the same id'
    )
from claim c, message m;
select is(leadgen.retry_delivery(id), 'sending', 'a click does nothing while the delivery is being sent') from d;
select is(testkit.fault_of(format('select leadgen.park_delivery(%s)', id)), 'LG409 delivery_id',
  'a delivery that is being sent cannot be parked') from d;
select is(r.status, 'delivered', 'its claim stands')
from claim c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', c.delivery_id,
  'lease_token', c.lease_token, 'started_at', leadgen.clock(), 'outcome', 'delivered', 'latency_ms', 1)), 0, '1 second') r;

-- A delivered one only by wish, and afterwards the record still adds up.
select
    is(
        testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found',
        'it is delivered',
        'a delivered one is not sent again'
    )
from d;
select is(leadgen.retry_delivery(id, true), 'pending', 'what may have arrived is sent again on request') from d;
select is(pg_temp.record(id, 'refused'), 'dead', 'what is sent again may fail') from d;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select is(testkit.detail_of(format('select leadgen.retry_delivery(%s, null)', id)), null, 'a wish that is not said is none') from d;
select is(pg_temp.record(id, 'unknown'), 'unknown', 'the delivery''s outcome is unknown') from d;
select is(leadgen.retry_delivery(id), 'pending', 'an unknown one may be sent again') from d;

-- To where the buyer takes leads today; what waits for a disabled address finds its way.
select leadgen.disable_endpoint(endpoint_id, 'gone') from d join leadgen.deliveries x using (id);
select
    is(
        testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found',
        'its endpoint is disabled',
        'a delivery to a disabled endpoint is not sent again'
    )
from d;
update leadgen.buyers b set webhook_url = 'https://new.example/hook' from seats s where b.id = testkit.buyer_of(s.seat_id);
select is(leadgen.retry_delivery(id), 'pending', 'the buyer has a new address') from d;
select is(pg_temp.state(id), 'pending https://new.example/hook 4 4 t t', 'there it goes') from d;
select is(e.target, 'https://new.example/hook', 'the delivery goes to its own endpoint')
from d
join leadgen.deliveries x using (id)
join leadgen.endpoints e on e.id = x.endpoint_id;
update leadgen.buyer_offers bo set webhook_url_override = 'https://own.example/hook' from seats s where bo.id = s.seat_id;
select is((outbox.find_current_endpoint(x)).target, 'https://own.example/hook', 'find_current_endpoint: the enrollment''s own')
from d
join leadgen.deliveries x using (id);
update leadgen.buyer_offers bo set webhook_url_override = null from seats s where bo.id = s.seat_id;
update leadgen.buyers b set webhook_url = null from seats s where b.id = testkit.buyer_of(s.seat_id);
select is((outbox.find_current_endpoint(x)).id, null, 'find_current_endpoint: none') from d join leadgen.deliveries x using (id);
select
    is(
        testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found',
        'the buyer no longer takes leads by webhook',
        'a delivery by a channel that is no longer used is not sent again'
    )
from d;
update leadgen.buyers b set webhook_url = 'https://new.example/hook' from seats s where b.id = testkit.buyer_of(s.seat_id);
select is(pg_temp.record(id, 'delivered'), 'delivered', 'delivered there') from d;

-- Parked.
create temp table p as select pg_temp.lead(2) as id;
select is(leadgen.park_delivery(id), 'parked', 'park_delivery') from p;
select is(pg_temp.state(id), 'parked https://new.example/hook 0 0 t', 'a parked delivery is out of the queue') from p;
select is(leadgen.park_delivery(id), 'parked', 'park_delivery: twice') from p;
select is_empty('select c.* from leadgen.claim_deliveries(''w'', ''{"webhook": 10}'', ''30 seconds'') c',
  'nobody claims a parked delivery');
select is(leadgen.retry_delivery(id), 'pending', 'retry_delivery ends it') from p;
select is(pg_temp.record(id, 'delivered'), 'delivered', 'what was parked is delivered after a retry') from p;
select is(testkit.fault_of(format('select leadgen.park_delivery(%s)', id)), 'LG409 delivery_id', 'what is delivered cannot be parked')
from p;

-- Refused, each with its reason.
create temp table r as select pg_temp.lead(3) as id;
select is(pg_temp.record(id, 'refused'), 'dead', 'a refused delivery is dead') from r;
select is(outbox.find_resend_fault(x, outbox.find_current_endpoint(x)), null, 'find_resend_fault: nothing against it')
from r
join leadgen.deliveries x using (id);
select lives_ok(format('select leadgen.return_sale(%s, ''wrong_number'')', x.assignment_id), 'its sale is returned')
from r
join leadgen.deliveries x using (id);
select is(testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found', 'its sale was returned',
  'a delivery of a returned sale is not sent again')
from r;
select is(outbox.resend_delivery(id, '{dead}', null), 'its sale was returned', 'resend_delivery says so without raising') from r;
create temp table e as select pg_temp.lead(4) as id;
select is(pg_temp.record(id, 'refused'), 'dead', 'the delivery of another sale is dead') from e;
select leadgen.erase_lead(x.lead_id, 'asked for') from e join leadgen.deliveries x using (id);
select is(testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found', 'its lead was erased', 'not of an erased lead')
from e;
create temp table c as select pg_temp.lead(5) as id;
select lives_ok(format('select leadgen.return_sale(%s, ''wrong_number'')', x.assignment_id), 'returned before it is sent')
from c
join leadgen.deliveries x using (id);
select is(testkit.detail_of(format('select leadgen.retry_delivery(%s, true)', id)) ->> 'found', 'it was cancelled', 'not a cancelled one')
from c;
-- A sale all of whose deliveries are dead has failed: its lead goes to the next buyer.
update leadgen.buyers b set email_notifications = false from seats s where b.id = testkit.buyer_of(s.seat_id);
create temp table f as select pg_temp.lead(6) as id;
select is(pg_temp.record(id, 'refused'), 'dead', 'the only delivery of a sale is dead') from f;
select
    is(
        testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found',
        'its sale has ended',
        'not of a failed sale that is about to be released'
    )
from f;
select isnt(leadgen.release_due_sale(), null, 'the failed sale is released');
select
    is(testkit.detail_of(format('select leadgen.retry_delivery(%s)', id)) ->> 'found', 'its sale has ended',
      'a delivery of a released sale is not sent again')
from f;
-- Where the policy does not offer it to the next buyer, the sale stays in its place.
update leadgen.routing_policies set config = config || '{"reroute": {"on_failure": false}}'::jsonb;
create temp table kept as select pg_temp.lead(16) as id;
select is(pg_temp.record(id, 'refused'), 'dead', 'a dead letter of a sale that is not offered to others') from kept;
select is(leadgen.release_due_sale(), null, 'a failed sale that is kept is not released');
select is((select array_agg(i.rule) from leadgen.list_broken_invariants() i), null, 'a kept failure breaks no invariant');
select is(leadgen.retry_delivery(id), 'pending', 'a failure that is kept can be sent again') from kept;
select is(pg_temp.record(id, 'delivered'), 'delivered', 'a kept failure is delivered in the end') from kept;
select is(a.outcome, 'accepted', 'the sale that failed is accepted')
from kept join leadgen.deliveries d using (id) join leadgen.lead_assignments a on a.id = d.assignment_id;
select is((select array_agg(i.rule) from leadgen.list_broken_invariants() i), null, 'everything adds up');
update leadgen.routing_policies set config = config - 'reroute';
create temp table s as select pg_temp.lead(7) as id;
select is(pg_temp.record(id, 'sent'), 'sent', 'a text message is handed over') from s;
select
    is(
        testkit.detail_of(format('select leadgen.retry_delivery(%s, true)', id)) ->> 'found',
        'it is sent',
        'not while its provider''s report is awaited'
    )
from s;
select is(testkit.fault_of(sql), fault, sql)
from (values ('select leadgen.retry_delivery(0)', 'LG404 delivery_id'), ('select leadgen.retry_delivery(null)', 'LG404 delivery_id'),
  ('select leadgen.park_delivery(0)', 'LG404 delivery_id'), ('select outbox.lock_delivery(0)', 'LG404 delivery_id')) as t (sql, fault);

-- note_action.
select
    lives_ok(
        $$select catalog.note_action('tried', 'thing', null, 'a thing was tried', '{"x": 1}') from generate_series(1, 2)$$, 'note_action'
    );
select
    is(
        array_agg(format('%s %s', e.message, e.facts)),
        array_fill(format('a thing was tried %s', jsonb_build_object('x', 1, 'by', session_user)), '{2}'),
  'each request is one event') from leadgen.events e where e.kind = 'tried';
select is(array_agg(format('%s: %s', i.rule, i.detail)), null, 'the invariants hold') from leadgen.list_broken_invariants() i;

select * from finish();
rollback;
