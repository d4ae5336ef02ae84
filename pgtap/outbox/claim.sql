-- claim_deliveries and release_deliveries: leases, fencing tokens, and nothing lost.
begin;
select plan(38);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Webb', jsonb_build_object('buyer_id',
  testkit.new_buyer('Webb', '{"webhook_secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}'))) from ids;
select testkit.submit(offer_id, '{"attributes": {"job": "leak"}, "region_code": "US-TX"}', n) from ids, generate_series(1, 3) n;

create temp table first as select * from leadgen.claim_deliveries('w1', testkit.room(2), '30 seconds');
select is(count(*), 2::bigint, 'a worker claims as many as it has room for') from first;
select is(count(distinct lease_token), 1::bigint, 'a batch has one token') from first;
select is(array_agg(attempt), '{1,1}', 'the claim is the first attempt') from first;
select is(array_agg(distinct format('%s %s %s %s', d.status, d.worker, d.attempts, d.next_attempt_at = '2026-11-20T16:00:30Z')),
  '{"sending w1 1 t"}', 'leased for thirty seconds')
from leadgen.deliveries d join first f on f.delivery_id = d.id;
select is(array_agg(d.id), array_agg(d.id) filter (where d.status = 'pending'), 'the third delivery waits') from leadgen.deliveries d
  where d.id not in (select delivery_id from first);
create temp table second as select * from leadgen.claim_deliveries('w2', testkit.room(10), '30 seconds');
select is(count(*), 1::bigint, 'another worker gets what is left') from second;
select is_empty($$select * from leadgen.claim_deliveries('w3', testkit.room(10), '30 seconds')$$, 'a third worker gets nothing');

-- What is sent.
create temp table message as select f.*, body::jsonb as j from first f order by delivery_id limit 1;
select is(format('%s %s', channel, target), 'webhook https://b.example/hook', 'channel and target') from message;
select is(secrets, '{whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=}', 'the secret to sign with') from message;
select matches(message_id, '^msg_[0-9a-f]{32}$', 'the message has an id') from message;
select is(m.message_id, format('msg_%s', replace(d.message_id::text, '-', '')), 'the message id is the row''s') from message m
  join leadgen.deliveries d on d.id = m.delivery_id;
select is(format('%s %s', j ->> 'type', j ->> 'timestamp'), 'lead.assigned 2026-11-20T16:00:00Z', 'the message has type and time')
from message;
select is((j -> 'data') - '{lead,consent}'::text[], jsonb_build_object('assignment_id', a.id, 'lead_id', a.lead_id,
  'offer_id', a.offer_id, 'market_id', a.market_id, 'vertical_id', o.vertical_id,
  'buyer_id', a.buyer_id, 'price', '45.00', 'currency', 'USD'), 'the message has the sale') from message
    join leadgen.deliveries d on d.id = delivery_id
join leadgen.lead_assignments a on a.id = d.assignment_id join leadgen.offers o on o.id = a.offer_id;
select is(j #> '{data,lead}',
  '{"name": "John Smith", "email": "person1@example.com", "phone": "+15125550001", "postal_code": "78701", "city": "Austin",
    "country_code": "US",
  "region_code": "US-TX", "phone_extension": null, "message": "Emergency plumbing needed", "attributes": {"job": "leak"}}',
  'the message has the lead') from message;
select is(details, null, 'a webhook needs no details') from message;

-- The lease ends: claimable again, with a new token; the same message id.
select testkit.at_time('2026-11-20T16:00:29Z');
select is_empty($$select * from leadgen.claim_deliveries('w3', testkit.room(10), '30 seconds')$$,
  'a second before its end the lease holds');
select testkit.at_time('2026-11-20T16:00:30Z');
create temp table third as select * from leadgen.claim_deliveries('w3', testkit.room(10), '30 seconds');
select is(count(*), 3::bigint, 'over: claimed by another') from third;
select is(bool_and(t.message_id = f.message_id), true, 'with the same message id') from third t join first f using (delivery_id);
select is(bool_or(t.lease_token = f.lease_token), false, 'the next claim has a new token') from third t join first f using (delivery_id);
select is(array_agg(distinct attempt), '{2}', 'as the second attempt') from third;
select is(array_agg(r.status), '{fenced,fenced}', 'the worker that overslept is refused')
  from (select jsonb_agg(jsonb_build_object('delivery_id', delivery_id,
  'lease_token', lease_token, 'started_at', '2026-11-20T16:00:00Z', 'outcome', 'delivered', 'latency_ms', 1)) as results from first) x,
  leadgen.record_attempts(results, 3, '1 second') r;
select is((select count(*) from leadgen.delivery_attempts), 0::bigint, 'a delivery that is given back records no attempt');
select is(array_agg(distinct d.status::text), '{sending}', 'the new claim stands') from leadgen.deliveries d;

-- A clean stop gives claims back, uncounted.
select is(leadgen.release_deliveries(array_agg(delivery_id), array_agg(lease_token)), 0, 'release: not with an old token') from first;
select is(leadgen.release_deliveries(array_agg(delivery_id), array_agg(lease_token)), 3, 'release: with one''s own') from third;
select is(array_agg(distinct format('%s %s %s', d.status, d.attempts, coalesce(d.worker, 'nobody'))), '{"pending 1 nobody"}',
  'release: due again, the attempt not counted') from leadgen.deliveries d;
select is(leadgen.release_deliveries('{}', '{}'), 0, 'release: nothing to give back');
select is(testkit.fault_of($$select leadgen.release_deliveries('{1}', '{}')$$), 'LG400 p_tokens', 'release: each with its token');
create temp table fourth as select * from leadgen.claim_deliveries('w4', testkit.room(10), '30 seconds');
select is(array_agg(distinct attempt), '{2}', 'what was given back is claimed at once') from fourth;

-- A lower id that commits later than a higher one is claimed all the same: no watermark.
create temp table slow as select d.* from leadgen.deliveries d order by d.id limit 1;
set local session_replication_role = replica;
delete from leadgen.deliveries d using slow where d.id = slow.id;
set local session_replication_role = origin;
select is((select count(*) from leadgen.record_attempts((select jsonb_agg(jsonb_build_object('delivery_id', fourth.delivery_id,
  'lease_token', fourth.lease_token, 'started_at',
  '2026-11-20T16:00:00Z', 'outcome', 'delivered', 'latency_ms', 1)) from fourth
    join leadgen.deliveries d on d.id = fourth.delivery_id), 3, '1 second') r where r.status = 'delivered'), 2::bigint,
  'the higher ids are delivered first');
insert into leadgen.deliveries overriding system value
select (jsonb_populate_record(s, '{"status": "pending", "lease_token": null, "next_attempt_at": "2026-11-20T16:00:00Z"}')).* from slow s;
select is((select delivery_id from leadgen.claim_deliveries('w5', testkit.room(10), '30 seconds')), (select id
  from slow), 'a lower id that is committed later is claimed');

-- E-mail brings what its template needs; a retry that is due later is not claimed.
select testkit.enroll_buyer(offer_id, 'Best', '{"routing_priority": 9}') from ids;
select testkit.submit(offer_id, '{}', 4) from ids;
update leadgen.deliveries set next_attempt_at = '2026-11-20T17:00:00Z' where channel = 'email';
select is_empty($$select * from leadgen.claim_deliveries('w6', testkit.room(10), '30 seconds') where channel = 'email'$$,
  'a mail that is not due is not claimed');
select testkit.at_time('2026-11-20T17:00:00Z');
create temp table mail as select * from leadgen.claim_deliveries('w6', testkit.room(10), '30 seconds') where channel = 'email';
select is(count(*), 1::bigint, 'a mail that is due is claimed') from mail;
select is(details - '{offer_name,links}'::text[],
  '{"buyer_name": "Best", "vertical_name": "Plumbing", "market_name": "Austin, TX", "timezone": "America/Chicago"}',
    'details for the template') from mail;
select is(body::jsonb #>> '{data,lead,name}', 'John Smith', 'the mail has the lead''s data') from mail;

-- What was sold before a buyer, an offer or a market was switched off is still delivered.
select testkit.submit(offer_id, '{}', 5) from ids;
update leadgen.buyers set is_active = false;
update leadgen.offers set is_active = false;
update leadgen.markets set is_active = false;
select is((select count(*) from leadgen.claim_deliveries('w7', testkit.room(10), '30 seconds') c
  where (c.body::jsonb #>> '{data,lead,email}') = 'person5@example.com'),
  1::bigint, 'a sale in flight stands');
select is_empty($$select * from leadgen.claim_deliveries('w7', testkit.room(0), '30 seconds')$$, 'a worker without room claims nothing');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
