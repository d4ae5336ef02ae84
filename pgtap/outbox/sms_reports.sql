-- record_sms_status and settle_reports: what the provider of text messages says afterwards, or does not.
begin;
select plan(86);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Tess') as seat_id from ids;
create function pg_temp.lead(p_number integer) returns uuid language sql as $$
  select testkit.submit(offer_id, '{}', p_number) from ids;
  select d.message_id from leadgen.deliveries d order by d.id desc limit 1;
$$;
create function pg_temp.claim(p_message uuid) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
    'latency_ms', 5))
  from leadgen.claim_deliveries('w', '{"sms": 10}', '30 seconds') c;
$$;
create function pg_temp.record(p_claim jsonb, p_result jsonb) returns text language sql as $$
  select r.status from leadgen.record_attempts(jsonb_build_array(p_claim -> 0 || p_result), 0, '1 second') r;
$$;
create function pg_temp.hand_over(p_number integer, p_sid text) returns uuid language plpgsql as $$
declare
  v_message constant uuid := pg_temp.lead(p_number);
begin
  perform pg_temp.record(pg_temp.claim(v_message), jsonb_build_object('outcome', 'sent', 'provider_id', p_sid));
  return v_message;
end;
$$;
create function pg_temp.tell(p_message uuid) returns text language sql as $$
  -- delivery, sale, and the outcomes logged
  select concat_ws(' ', d.status, d.provider_id, a.outcome,
    (select array_agg(format('%s %s', t.attempt, t.outcome) order by t.id) from leadgen.delivery_attempts t where t.delivery_id = d.id))
  from leadgen.deliveries d join leadgen.lead_assignments a on a.id = d.assignment_id where d.message_id = p_message;
$$;
create function pg_temp.report(p_message uuid, p_sid text, p_status text, p_error integer default null) returns boolean language sql as $$
  select leadgen.record_sms_status(p_message, p_sid, p_status, p_error);
$$;

-- In order.
create temp table a as select pg_temp.hand_over(1, 'SM1') as m;
select is(pg_temp.tell(m), 'sent SM1 pending {"1 sent"}', 'a message that was handed over is sent') from a;
select is(pg_temp.report(m, 'SM1', status), true, format('taken: %s', status))
from a, unnest('{queued,accepted,scheduled,sending,sent}'::text[]) status;
select is(pg_temp.tell(m), 'sent SM1 pending {"1 sent"}', 'none of these is the last word') from a;
select is(pg_temp.report(m, 'SM1', 'delivered'), true, 'the provider reports delivered') from a;
select is(pg_temp.tell(m), 'delivered SM1 accepted {"1 sent","1 delivered"}', 'it got through: so the sale is accepted') from a;
select is((d.finished_at, d.last_error, d.next_attempt_at)::text, '("2026-11-20 16:00:00+00",,)', 'the delivery has ended')
from a
join leadgen.deliveries d on d.message_id = m;
-- Twice, and out of order.
select is(pg_temp.report(m, 'SM1', status), true, format('afterwards: %s', status))
from a, unnest('{delivered,read,sent,queued,undelivered,failed}'::text[]) status;
select is(pg_temp.tell(m), 'delivered SM1 accepted {"1 sent","1 delivered"}', 'the first final report stands') from a;

-- Not delivered: dead, the sale fails and is released.
create temp table b as select pg_temp.hand_over(2, 'SM2') as m;
select is(pg_temp.report(m, 'SM2', 'undelivered', 30003), true, 'the provider reports undelivered') from b;
select is(pg_temp.tell(m), 'dead SM2 failed {"1 sent","1 refused"}', 'an undelivered message is dead') from b;
select
    is(
        format('%s | %s | %s', d.last_error, t.error, t.error_class),
        'the provider reports: undelivered, error 30003 | the provider reports: undelivered, error 30003 | provider',
  'a dead message has the provider''s reason')
  from b
  join leadgen.deliveries d on d.message_id = m
  join leadgen.delivery_attempts t on t.delivery_id = d.id and t.outcome = 'refused';
select is(pg_temp.report(m, 'SM2', 'delivered'), true, 'a later report is taken') from b;
select is(pg_temp.tell(m), 'dead SM2 failed {"1 sent","1 refused"}', 'a later report changes nothing') from b;
select isnt(leadgen.release_due_sale(), null, 'its place goes back');

-- The report overtakes the worker.
create temp table c as select pg_temp.lead(3) as m;
create temp table claim as select pg_temp.claim(m) as results from c;
select is(pg_temp.report(m, 'SM3', 'sent'), true, 'a report may come before the attempt is recorded') from c;
select is(pg_temp.tell(m), 'sending SM3 pending', 'the provider''s id is kept, the lease stands') from c;
select is(pg_temp.report(m, 'SM3', 'delivered'), true, 'delivered is reported before the attempt is recorded') from c;
select is(pg_temp.tell(m), 'delivered SM3 accepted {"1 delivered"}', 'a report ends the delivery before its attempt is recorded') from c;
select is(pg_temp.record(results, '{"outcome": "sent", "provider_id": "SM3"}'), 'fenced', 'what the worker records then is fenced')
from claim;
select is(pg_temp.tell(m), 'delivered SM3 accepted {"1 delivered"}', 'a fenced result changes nothing') from c;
create temp table c2 as select pg_temp.lead(4) as m;
create temp table claim2 as select pg_temp.claim(m) as results from c2;
select is(pg_temp.report(m, 'SM4', 'queued'), true, 'a first report overtakes') from c2;
select is(pg_temp.record(results, '{"outcome": "sent", "provider_id": "SM4"}'), 'sent', 'the attempt is recorded all the same') from claim2;
select is(pg_temp.report(m, 'SM4', 'delivered'), true, 'the last word comes after the attempt was recorded') from c2;
select is(pg_temp.tell(m), 'delivered SM4 accepted {"1 sent","1 delivered"}', 'a report after the attempt delivers') from c2;

-- Nobody knew whether it was handed over: the report says so.
create temp table u as select pg_temp.lead(5) as m;
select
    is(
        pg_temp.record(pg_temp.claim(m), '{"outcome": "unknown", "error": "no answer", "error_class": "timeout"}'),
        'unknown',
        'the provider does not answer'
    )
from u;
select is(pg_temp.report(m, 'SM5', 'sent'), true, 'a report says that the message was handed over') from u;
select is(pg_temp.tell(m), 'unknown SM5 unknown {"1 unknown"}', 'a message that was handed over is still unknown') from u;
select is(pg_temp.report(m, 'SM5', 'delivered'), true, 'delivered is reported of an unknown attempt') from u;
select is(pg_temp.tell(m), 'delivered SM5 accepted {"1 unknown","1 delivered"}', 'a report ends what was unknown') from u;
create temp table u2 as select pg_temp.lead(6) as m;
select is(pg_temp.record(pg_temp.claim(m), '{"outcome": "unknown"}'), 'unknown', 'another message has no answer') from u2;
select is(pg_temp.report(m, 'SM6', 'failed', 30008), true, 'the provider reports that it failed') from u2;
select is(pg_temp.tell(m), 'dead SM6 failed {"1 unknown","1 refused"}', 'a failed message is dead') from u2;
select isnt(leadgen.release_due_sale(), null, 'its place goes back');

-- Refused, or of nobody.
select
    is(
        testkit.fault_of(format('select leadgen.record_sms_status(%L, %L, %L, null)', message, sid, status)),
        fault,
        format('%s, %s', sid, status)
    )
from a,
    lateral (
        values (m, 'SM9', 'delivered', 'LG409 provider_id'),
        (m, '', 'delivered', 'LG400 provider_id'),
        (m, null, 'delivered', 'LG400 provider_id'),
  (m, 'SM 1', 'delivered', 'LG400 provider_id'),
  (m, repeat('a', 65), 'delivered', 'LG400 provider_id'),
  (m, 'SM1', 'lost', 'LG400 status'),
  (m, 'SM1', null, 'LG400 status')
) as t (message, sid, status, fault);
select is(pg_temp.report(gen_random_uuid(), 'SM1', 'delivered'), false, 'a report of no message is not taken');
select is(pg_temp.report(null, 'SM1', 'delivered'), false, 'a report without a message is not taken');

-- Sent again by an operator: a report of the first message is of another one; one that failed leaves it open what the first did.
create temp table o as select pg_temp.hand_over(7, 'SM7a') as m;
select testkit.at_time('2026-11-20T20:00:00Z');
select is(leadgen.settle_reports(), 0, 'settle_reports: four hours to the second are not more than four hours');
select testkit.at_time('2026-11-20T20:00:00.001Z');
select is(leadgen.settle_reports(), 1, 'settle_reports: more are');
select is(pg_temp.tell(m), 'unknown SM7a unknown {"1 sent","1 unknown"}', 'the first attempt has no report') from o;
select is(leadgen.settle_reports(), 0, 'settle_reports: once');
select is(leadgen.retry_delivery(d.id), 'pending', 'sent again by an operator') from o join leadgen.deliveries d on d.message_id = m;
select is(pg_temp.report(m, 'SM7a', 'delivered'), true, 'a report while it waits') from o;
select is(pg_temp.record(pg_temp.claim(m), '{"outcome": "sent", "provider_id": "SM7b"}'), 'sent', 'the message is handed over again')
from o;
select
    is(
        testkit.fault_of(format('select leadgen.record_sms_status(%L, ''SM7a'', ''delivered'', null)', m)),
        'LG409 provider_id',
        'a report of the first'
    )
from o;
select is(pg_temp.report(m, 'SM7b', 'canceled'), true, 'the second attempt fails') from o;
select is(pg_temp.tell(m), 'unknown SM7b unknown {"1 sent","1 unknown","2 sent","2 refused"}',
  'a message is unknown while the first attempt may have got through') from o;
select is(pg_temp.report(m, 'SM7b', 'canceled'), true, 'the report comes twice') from o;
select is(pg_temp.tell(m), 'unknown SM7b unknown {"1 sent","1 unknown","2 sent","2 refused"}', 'a report that comes twice counts once')
from o;

-- Its worker died: it is not sent a second time, for the provider may have it.
create temp table w as select pg_temp.lead(9) as m;
create temp table w_claim as select pg_temp.claim(m) as results from w;
select is(pg_temp.report(m, 'SM9', 'sent'), true, 'a message is handed over and its worker dies') from w;
select is(leadgen.settle_reports(), 0, 'settle_reports: not before the lease ends');
select testkit.at_time('2026-11-20T20:01:00Z');
select is(pg_temp.claim(m), null, 'claim_deliveries: not again') from w;
select is(leadgen.settle_reports(), 1, 'settle_reports: its lease has ended');
select is(pg_temp.tell(m), 'unknown SM9 unknown {"1 unknown"}', 'a message of a dead worker is unknown') from w;
select is(pg_temp.record(results, '{"outcome": "sent", "provider_id": "SM9"}'), 'fenced', 'the worker that slept is fenced off')
from w_claim;
select is(pg_temp.report(m, 'SM9', 'delivered'), true, 'a report all the same') from w;
select is(pg_temp.tell(m), 'delivered SM9 accepted {"1 unknown","1 delivered"}', 'a report of a dead worker''s message counts') from w;

-- Reports of the message before, repeated while the next one is sent, say nothing of that; nor do they hide what is said of it.
update leadgen.routing_policies set config = config || '{"reroute": {"on_failure": false}}'::jsonb;
create function pg_temp.send_again(p_number integer, p_sid text) returns jsonb language plpgsql as $$
declare
  v_message constant uuid := pg_temp.hand_over(p_number, p_sid);
begin
  perform pg_temp.report(v_message, p_sid, 'undelivered', 30003);
  perform leadgen.retry_delivery(d.id) from leadgen.deliveries d where d.message_id = v_message;
  return jsonb_build_object('m', v_message, 'claim', pg_temp.claim(v_message));
end;
$$;
create temp table y as select (x ->> 'm')::uuid as m, x -> 'claim' as results from pg_temp.send_again(10, 'SM10a') x;
select is(pg_temp.report(m, 'SM10a', 'undelivered', 30003), true, 'the first attempt''s report comes once more') from y;
select is(pg_temp.report(m, 'SM10b', 'queued'), true, 'the second attempt has its first report') from y;
select is(pg_temp.report(m, 'SM10a', 'delivered'), true, 'a second report of the first attempt is taken') from y;
select is(pg_temp.tell(m), 'sending SM10a failed {"1 sent","1 refused"}', 'an earlier attempt''s report does not end the second') from y;
select is(pg_temp.record(results, '{"outcome": "sent", "provider_id": "SM10b"}'), 'sent', 'a second attempt is recorded') from y;
select is(pg_temp.report(m, 'SM10b', 'delivered'), true, 'the second attempt is reported delivered') from y;
select is(pg_temp.tell(m), 'delivered SM10b accepted {"1 sent","1 refused","2 sent","2 delivered"}',
  'the second attempt delivers the message') from y;
create temp table z as select (x ->> 'm')::uuid as m from pg_temp.send_again(11, 'SM11a') x;
select is(pg_temp.report(m, 'SM11b', status), true, format('overtaking: %s', status)) from z, unnest('{sent,delivered}'::text[]) status;
select is(pg_temp.tell(m), 'delivered SM11b accepted {"1 sent","1 refused","2 delivered"}', 'the last word on the second is taken at once')
from z;

-- The recipient wants none.
create temp table x as select pg_temp.hand_over(8, 'SM8') as m;
select is(pg_temp.report(m, 'SM8', 'undelivered', 21610), true, 'the recipient has opted out') from x;
select is(e.disabled_reason, 'the recipient opted out: 21610', 'the endpoint is disabled')
from x
join leadgen.deliveries d on d.message_id = m
join leadgen.endpoints e on e.id = d.endpoint_id;
select is(leadgen.settle_endpoints(), 1, 'the opt-out is announced');
select is(count(*) filter (where bo.is_reachable), 0::bigint, 'nothing reaches a buyer who opted out') from leadgen.buyer_offers bo;
select is(array_agg(format('%s: %s', i.rule, i.detail)), null, 'the invariants hold') from leadgen.list_broken_invariants() i;

select * from finish();
rollback;
