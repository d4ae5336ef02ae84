-- submit_lead, compose_answer, insert_lead, gather_facts: the road of one lead, as its sender sees it.
begin;
select plan(37);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer(p_pricing => '{"exclusivity_premium": {"amount": 5}}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"price_per_lead": 50}') as id from ids;
create temp table sold as
select leadgen.submit_lead(
  testkit.given_lead(offer_id,
    '{"source": "google_ads", "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "plumb", "attributes": {"job": "leak"},
    "gdpr_consent": true, "consent_at": "2026-11-20T15:59:00Z", "landing_url": "https://a.example/x"}'),
  '{"ip_address": "203.0.113.7", "user_agent": "Mozilla"}') as answer from ids;

select is(answer - 'lead_id', jsonb_build_object('status', 'accepted', 'outcome', 'sold',
  'message', 'Lead qualified and queued for delivery', 'buyer_id', testkit.buyer_of(id), 'offer_id', offer_id, 'price', 50.00,
  'total_price', 50.00), 'the answer, as the seed says') from sold, seats, ids;
select is(answer ->> 'price', '50.00', 'a price has two decimals') from sold;
create temp table lead as select l.* from leadgen.leads l, sold s where l.id = (s.answer ->> 'lead_id')::bigint;
select is(status::text, 'validated', 'validated, not delivered yet') from lead;
select is(created_at, '2026-11-20T16:00:00Z'::timestamptz, 'received at the decision''s clock') from lead;
select is(format('%s|%s|%s|%s|%s|%s|%s', source, utm_source, utm_medium, utm_campaign, landing_url, host(ip_address), user_agent),
  'google_ads|google|cpc|plumb|https://a.example/x|203.0.113.7|Mozilla', 'attribution is kept') from lead;
select is(attributes, '{"job": "leak"}', 'the attributes are kept') from lead;
select is(consent and gdpr_consent and consent_at = '2026-11-20T15:59:00Z', true, 'consent is kept') from lead;
select is(buyer_id, testkit.buyer_of(id), 'the lead has the first sale''s buyer') from (select l.buyer_id, s.id from lead l, seats s) x;
select is(price, 50.00, 'the lead has the first sale''s price') from lead;
select is(array[validation_policy_version, routing_policy_version, pricing_policy_version], '{1,1,1}', 'judged by these versions')
  from lead;
select is(l.market_id = o.market_id and l.vertical_id = o.vertical_id, true, 'market and vertical of the offer') from lead l
  join leadgen.offers o on o.id = l.offer_id;
select is(l.answer, s.answer, 'the answer is stored') from lead l, sold s;
select is(unsold_reason is null and hold_until is null and next_route_at is null, true, 'a sold lead is not held') from lead;

-- record_decision: trace, sale and deliveries, all of the same market.
select is(count(*), 1::bigint, 'the lead has one decision') from leadgen.lead_decisions d
  join lead l on l.id = d.lead_id and d.market_id = l.market_id and d.attempt = 1;
select is(format('%s %s %s %s', a.price, a.currency, a.outcome, a.is_exclusive), '50.00 USD pending f', 'record_decision: the sale')
from leadgen.lead_assignments a join lead l on l.id = a.lead_id and l.market_id = a.market_id;
select is(format('%s %s %s %s', d.channel, d.status, d.target = b.email, d.next_attempt_at = l.created_at),
  'email pending t t',
  'record_decision: its delivery, due at once')
from leadgen.deliveries d join lead l on l.id = d.lead_id and l.market_id = d.market_id join leadgen.buyers b on b.id = d.buyer_id;

-- Channels follow the buyer and the enrollment's overrides.
create temp table ways as
select what, testkit.make_offer() as offer_id, buyer, seat, expected
from (values
  ('webhook and e-mail', '{"webhook_url": "https://b.example/hook"}'::jsonb, '{}'::jsonb, '{email,webhook https://b.example/hook}'::text[]),
  ('webhook only', '{"webhook_url": "https://b.example/hook", "email_notifications": false}', '{}', '{webhook https://b.example/hook}'),
  ('an enrollment''s own webhook', '{"webhook_url": "https://b.example/hook", "email_notifications": false}',
    '{"webhook_url_override": "https://b.example/other"}', '{webhook https://b.example/other}'),
  ('an enrollment''s own address', '{}', '{"email_override": "sales@b.example"}', '{email sales@b.example}')
) as t (what, buyer, seat, expected);
select testkit.enroll(offer_id, seat || jsonb_build_object('buyer_id', testkit.make_buyer(buyer))) from ways;
select testkit.submit(offer_id) from ways;
select is((select array_agg(concat_ws(' ', d.channel, case when d.target not like 'buyer%' then d.target end) order by d.channel::text)
  from leadgen.deliveries d join leadgen.leads l on l.id = d.lead_id where l.offer_id = w.offer_id), expected, what) from ways w;

-- Nobody can take it; a source that may not know; a lead that is rejected.
create temp table empty as select testkit.make_offer() as offer_id, testkit.make_offer(p_config => '{"on_no_buyer": "reject"}') as other_id;
create temp table unsold as select testkit.submit(offer_id) as held, testkit.submit(other_id) as kept from empty;
select is(format('%s %s %s', held ->> 'status', (held -> 'buyer_id')::text, (held -> 'price')::text), 'accepted null null',
  'a lead that waits is accepted without a buyer') from unsold;
select is(held ->> 'message', 'Lead qualified; no buyer can take it now, it is held and offered again', 'held: the message says so')
  from unsold;
select is(kept ->> 'message', 'Lead qualified; no buyer can take it now', 'not held: the message says so') from unsold;
select is(format('%s|%s|%s', l.unsold_reason, l.hold_until, l.next_route_at),
  'no buyer is enrolled in the offer|2026-11-21 16:00:00+00|2026-11-20 17:00:00+00',
  'held for 24 hours, tried again within the hour') from leadgen.leads l join empty using (offer_id);
select is(l.hold_until is null and l.status = 'validated', true, 'on_no_buyer reject: the lead is not held') from leadgen.leads l
  join empty on l.offer_id = other_id;
update leadgen.sources s set disclose_buyer = false from ids where s.offer_id = ids.offer_id;
select is(answer - 'lead_id', jsonb_build_object('status', 'accepted', 'outcome', 'sold',
  'message', 'Lead qualified and queued for delivery', 'buyer_id', null, 'offer_id', offer_id,
  'price', null, 'total_price', null), 'a source that may not know buyer and price')
from (select offer_id, testkit.submit(offer_id, '{}', 2) as answer from ids) x;
select is((testkit.submit(offer_id, '{"name": null}', 3)) - 'lead_id',
  '{"status": "rejected", "outcome": "rejected", "reason": "name is missing", "message": "Lead did not pass validation",
  "errors": [{"code": "field_required", "field": "name", "reason": "name is missing"}]}', 'a rejected lead, as the seed says') from ids;
select is(l.rejected_at = l.created_at and l.buyer_id is null and l.routing_policy_version is null, true,
  'a rejected lead was never routed')
from leadgen.leads l join ids using (offer_id) where l.status = 'rejected';
select is((select count(*) from leadgen.lead_decisions d join leadgen.leads l on l.id = d.lead_id
  where l.status = 'rejected'), 0::bigint, 'a rejected lead has no decision');

-- Routing for an offer is serial: the offer's lock is held to the end of the transaction (class 2), the contact's where the scope needs
-- it (class 1).
select is((select count(*) from pg_locks k, ids where k.locktype = 'advisory' and k.classid = 2 and k.objid = ids.offer_id
  and k.pid = pg_backend_pid()), 1::bigint,
  'lock_offer: the offer is locked');
select is((select count(*) from pg_locks k where k.locktype = 'advisory' and k.classid = 1), 0::bigint,
  'lock_offer: contacts are not, with scope offer');
select is((testkit.submit(testkit.make_offer('{"duplicate_scope": "global"}'), '{}', 77)) ->> 'status', 'accepted',
  'a wider scope of duplicates takes a new person');
select is((select count(*) from pg_locks k where k.locktype = 'advisory' and k.classid = 1 and k.pid = pg_backend_pid()), 2::bigint,
  'lock_offer: phone and e-mail are');

-- What a pattern is held against is bounded.
select is(kernel.cut_texts('{"a": "x"}'), '{"a": "x"}'::jsonb, 'cut_texts: short ones stay');
select is(
  (select jsonb_object_agg(e.key, length(e.value #>> '{}')) from jsonb_each(kernel.cut_texts(jsonb_build_object(
    'long', repeat('x', 5000), 'short', 'abc', 'list', jsonb_build_array(repeat('y', 3000))))) e),
  '{"long": 2000, "short": 3, "list": null}'::jsonb, 'cut_texts: a long text is cut, a long list left out');
select is(kernel.find_field_fault(to_jsonb(repeat('x', 2001)), '{"pattern": "x"}'),
  'is longer than 2000 characters, the most that a pattern is held against', 'a pattern is not held against more');
select is(kernel.find_field_fault(to_jsonb(repeat('x', 2000)), '{"pattern": "x"}'), null, 'a pattern is held against 2000 characters');

select * from finish();
rollback;
