-- claim_deliveries: what a worker is handed to send: bodies, headers, secrets, links.
begin;
select plan(21);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select
  testkit.make_offer('{"duplicate_window_hours": 0}',
    '{"acceptance": {"mode": "explicit", "window_hours": 1}, "returns": {"window_hours": 24}}') as offer_id,
  testkit.new_buyer('Both', '{"sms_notifications": true,
    "webhook_headers": {"X-Api-Key": "k"}, "webhook_secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}') as buyer_id;
select testkit.enroll(offer_id, jsonb_build_object('buyer_id', buyer_id)) from ids;
update leadgen.webhook_secrets s set previous_secret = 'whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=',
  previous_secret_until = '2026-11-20T16:00:01Z'
from ids where s.buyer_id = ids.buyer_id;
select testkit.submit(offer_id) from ids;
create temp table first as select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds');
select is(array_agg(format('%s %s', c.kind, c.channel) order by c.channel),
  '{"lead.assigned email","lead.assigned sms","lead.assigned webhook"}', 'each channel has one message')
from first c;
select is(array_agg(distinct c.buyer_id = ids.buyer_id and c.endpoint_id = e.id), '{t}', 'a message has buyer and endpoint') from ids,
  first c
join leadgen.endpoints e on e.target = c.target and e.channel::text = c.channel;
select matches(c.body, '^\{"type" : "lead.assigned", "version" : 1, "timestamp" : "2026-11-20T16:00:00Z", "data" : \{"assignment_id" : ',
  'compose_assigned: in the order in which a person reads it') from first c where c.channel = 'webhook';
select is(outbox.compose_assigned(a, l), c.body, 'compose_assigned: the same bytes each time') from first c
join leadgen.deliveries d on d.id = c.delivery_id join leadgen.lead_assignments a on a.id = d.assignment_id
  join leadgen.leads l on l.id = d.lead_id
where c.channel = 'webhook';
select is(array_agg(distinct c.body), array_agg(distinct c.body) filter (where c.channel = 'email'), 'all channels have the same body')
  from first c;
select is(c.secrets, '{whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=}',
  'while a secret is rotated both sign') from first c where c.channel = 'webhook';
select is(c.headers, '{"X-Api-Key": "k"}', 'the buyer''s headers') from first c where c.channel = 'webhook';
select is(array_agg(c.channel) filter (where c.secrets is not null or c.headers is not null), '{webhook}',
  'secrets and headers are for webhooks') from first c;
select is(c.details ->> 'callback_id', d.message_id::text, 'compose_details: a text message has an id for its reports') from first c
join leadgen.deliveries d on d.id = c.delivery_id where c.channel = 'sms';
select is(format('%s %s', c.details #>> '{links,accept}', c.details #>> '{links,return}'),
  format('%s %s', identity.make_link('accept', a.id), identity.make_link('return', a.id)), 'a mail has links to accept and to return')
    from first c
join leadgen.deliveries d on d.id = c.delivery_id join leadgen.lead_assignments a on a.id = d.assignment_id where c.channel = 'email';

-- Links only while they lead somewhere.
select is(array(select jsonb_object_keys(outbox.compose_links(
    jsonb_populate_record(a, fields), 1, '2026-11-20T17:00:00Z')) order by 1), wanted, format('compose_links: %s', fields))
from leadgen.lead_assignments a, (values
  ('{"answer_by": "2026-11-20T17:00:01Z"}'::jsonb, '{accept,report,return}'::text[]),
  ('{"answer_by": "2026-11-20T17:00:00Z"}', '{report,return}'),
  ('{"answer_by": "2026-11-20T18:00:00Z", "accepted_at": "2026-11-20T16:30:00Z"}', '{report,return}'),
  ('{"acceptance": "on_delivery", "answer_by": null, "return_by": null}', '{report}'),
  ('{"answer_by": null, "return_by": "2026-11-20T17:00:00Z"}', '{report}')
) as t (fields, wanted);
select is(outbox.compose_links(null, 7, now()), jsonb_build_object('unsubscribe', identity.make_link('unsubscribe', 7)),
  'compose_links: a notice can be declined');

-- Later: the old secret has ended, the body is the same, the attempt is counted since it was sent again.
select testkit.at_time('2026-11-20T16:01:00Z');
update leadgen.deliveries d set attempts_before = 1;
create temp table second as select * from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds');
select is(c.secrets, '{whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=}', 'afterwards the new one alone') from second c
  where c.channel = 'webhook';
select is(array_agg(distinct s.body = f.body and s.message_id = f.message_id), '{t}', 'a message sent again has the same body and id')
from first f
join second s using (delivery_id);
select is(array_agg(distinct s.attempt), '{1}', 'a message sent again counts its attempts anew') from second s;

-- A notice.
create temp table notice as select n.* from leadgen.notices n where false;
with n as (
  insert into leadgen.notices (created_at, market_id, buyer_id, kind, facts)
  select '2026-11-20T16:00:30Z', o.market_id, ids.buyer_id, 'webhook.test', '{"note": "hello"}' from ids
    join leadgen.offers o on o.id = ids.offer_id
  returning *
)
insert into notice select * from n;
select is(outbox.compose_notice(n)::jsonb, jsonb_build_object('type', 'webhook.test', 'version', 1, 'timestamp', '2026-11-20T16:00:30Z',
  'data',
  jsonb_build_object('buyer_id', n.buyer_id, 'note', 'hello')), 'compose_notice: kind and facts') from leadgen.notices n;
insert into leadgen.deliveries (market_id, notice_id, buyer_id, endpoint_id, channel, target, next_attempt_at)
select n.market_id, n.id, n.buyer_id, e.id, e.channel, e.target, '2026-11-20T16:00:30Z' from notice n
  join leadgen.endpoints e using (buyer_id)
where e.channel = 'webhook';
select is(format('%s %s %s', c.kind, c.body::jsonb #>> '{data,note}', cardinality(c.secrets)), 'webhook.test hello 1',
  'a notice is sent like a lead')
from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds') c;

select * from finish();
rollback;
