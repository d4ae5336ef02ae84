-- settle_endpoints, announce_endpoint, enable_endpoint, disable_endpoint, refresh_reach, list_endpoint_checks:
-- what follows when an address is no longer in use.
begin;
select plan(56);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Webb', jsonb_build_object('buyer_id',
  testkit.new_buyer('Webb', '{"email": "webb@b.example", "webhook_url": "https://b.example/hook?key=hush"}'))) as seat_id from ids;
create temp view hook as
select e.*
from seats s
join leadgen.endpoints e on e.buyer_id = testkit.buyer_of(s.seat_id) and e.channel = 'webhook';
create temp view mail as
select e.*
from seats s
join leadgen.endpoints e on e.buyer_id = testkit.buyer_of(s.seat_id) and e.channel = 'email';
create temp view seat as select bo.* from seats s join leadgen.buyer_offers bo on bo.id = s.seat_id;
create temp view told as
  select d.*, n.kind, n.facts from leadgen.deliveries d join leadgen.notices n on n.id = d.notice_id;

select is(leadgen.settle_endpoints(), 0, 'settle_endpoints: nothing to do');
select is(is_reachable, true, 'the buyer is reachable') from seat;
select is(outbox.is_reachable(seat_id), true, 'is_reachable: by its webhook') from seats;

-- Disabled by what was recorded: an event, a notice by e-mail, no more leads.
update leadgen.endpoints e set disabled_at = '2026-11-20T16:00:00Z', disabled_reason = '20 failed attempts in a row: timeout'
from hook h
where e.id = h.id;
select is(leadgen.settle_endpoints(), 1, 'settle_endpoints: one');
select is(announced_at, '2026-11-20T16:00:00Z', 'a disabled endpoint is announced') from hook;
select is(is_reachable, false, 'nothing reaches the buyer') from seat;
select is(array_agg(format('%s: %s', ev.kind, ev.message)),
  array[format('endpoint_disabled: endpoint %s (webhook of buyer %s) is disabled: 20 failed attempts in a row: timeout', h.id, h.buyer_id)],
    'operators see the disabled endpoint') from leadgen.events ev, hook h group by h.id, h.buyer_id;
select is(array_agg(ev.subject), array[format('endpoint %s 2026-11-20T16:00:00Z', h.id)], 'under a name of its own')
from leadgen.events ev, hook h
group by h.id;
select is(count(*), 1::bigint, 'a notice is queued') from told;
select
    is(
        format('%s %s %s %s %s', channel, target, kind, status, told.market_id),
        format('email webb@b.example endpoint.disabled pending %s', o.market_id),
  'by e-mail, though the buyer takes no leads by it') from told, ids join leadgen.offers o on o.id = offer_id;
select
    is(
        facts,
        jsonb_build_object(
            'endpoint_id', h.id, 'channel', 'webhook', 'target', 'https://b.example/hook', 'disabled_at', '2026-11-20T16:00:00Z',
  'reason', '20 failed attempts in a row: timeout'), 'with what there is to know, no key of the URL among it') from told, hook h;
select is(leadgen.settle_endpoints(), 0, 'settle_endpoints: once');
select is((select count(*) from told) + (select count(*) from leadgen.events), 2::bigint, 'nothing is told twice');
select is(testkit.submit(offer_id, '{}', 1) ->> 'buyer_id', null, 'no lead is sold to whom nothing reaches') from ids;
select is(outbox.ensure_notice_endpoint(buyer_id, 'balance.low'), (select id from mail), 'ensure_notice_endpoint: the same every time')
from seat;

-- Enabled: as new, and the held lead finds its buyer.
select is(leadgen.enable_endpoint(id), true, 'enable_endpoint') from hook;
select
    is(
        (disabled_at, disabled_reason, announced_at, failures_in_a_row, failing_since, retry_at, checked_at)::text,
        '(,,,0,,,)',
        'nothing is left of it'
    )
from hook;
select is(is_reachable, true, 'the buyer is reachable again') from seat;
select is(leadgen.enable_endpoint(id), false, 'enable_endpoint: it is in use') from hook;
select cmp_ok(testkit.work_holds(), '>', 0, 'held leads are offered again');
select is(testkit.tell(max(l.id)), 'Webb 45.00', 'a held lead is sold once the endpoint is enabled') from leadgen.leads l;
select is(array_agg(ev.facts - 'endpoint_id'), array[jsonb_build_object('by', session_user, 'was', '20 failed attempts in a row: timeout',
  'failures_in_a_row', 0)], 'who enabled what is known') from leadgen.events ev where ev.kind = 'endpoint_enabled';
update leadgen.endpoints e set failures_in_a_row = 4, failing_since = '2026-11-20T15:00:00Z', retry_at = '2026-11-20T17:00:00Z'
from hook h
where e.id = h.id;
select is(leadgen.enable_endpoint(id), true, 'enable_endpoint: one that rests') from hook;
select is((failures_in_a_row, failing_since, retry_at)::text, '(0,,)', 'an enabled endpoint is tried at once') from hook;
update leadgen.deliveries d set next_attempt_at = '2026-11-20T19:00:00Z' from hook h where d.endpoint_id = h.id and d.status = 'pending';
update leadgen.endpoints e set failures_in_a_row = 4 from hook h where e.id = h.id;
select is(leadgen.enable_endpoint(id), true, 'enable_endpoint: what waits') from hook;
select is(array_agg(distinct d.next_attempt_at), array[leadgen.clock()], 'what waits for an enabled endpoint is sent now')
from leadgen.deliveries d join hook h on h.id = d.endpoint_id where d.status = 'pending';

-- By hand.
select is(leadgen.disable_endpoint(id, '  they asked  us to '), true, 'disable_endpoint') from hook;
select is(format('%s %s', disabled_reason, announced_at = disabled_at), 'they asked us to t', 'with its reason, announced at once')
from hook;
select is(is_reachable, false, 'disable_endpoint: no more leads') from seat;
select is(count(*), 2::bigint, 'disable_endpoint: the buyer is told') from told;
select is(leadgen.disable_endpoint(id, 'again'), false, 'disable_endpoint: it was') from hook;
select is(leadgen.settle_endpoints(), 0, 'settle_endpoints: nothing is left to do');
select is(testkit.fault_of(sql), fault, sql)
from
    (
        values ('select leadgen.disable_endpoint(0, ''x'')', 'LG404 endpoint_id'),
        ('select leadgen.disable_endpoint(null, ''x'')', 'LG404 endpoint_id'),
  ('select leadgen.enable_endpoint(0)', 'LG404 endpoint_id'), ('select outbox.lock_endpoint(0)', 'LG404 endpoint_id'),
  ('select leadgen.disable_endpoint(0, null)', 'LG400 reason'), ('select leadgen.disable_endpoint(0, '' '')', 'LG400 reason'),
  ('select leadgen.disable_endpoint(0, repeat(''a'', 201))', 'LG400 reason'), ('select leadgen.send_test(0)', 'LG404 endpoint_id'))
  as t (sql, fault);

-- Who is not told: it does not want to be, or its e-mail itself is what is disabled.
select leadgen.enable_endpoint(id) from hook;
update leadgen.buyers b set notice_emails = false from seat s where b.id = s.buyer_id;
select is(outbox.ensure_notice_endpoint(buyer_id, 'balance.low'), null, 'ensure_notice_endpoint: it wants none') from seat;
select leadgen.disable_endpoint(id, 'quietly') from hook;
select is(count(*), 2::bigint, 'a buyer who wants no notices gets none') from told;
update leadgen.buyers b set notice_emails = true from seat s where b.id = s.buyer_id;
select leadgen.disable_endpoint(id, 'bounces') from mail;
select is(count(*), 2::bigint, 'no notice to the address that is disabled') from told;
select is(outbox.ensure_notice_endpoint(buyer_id, 'balance.low'), null, 'ensure_notice_endpoint: it is disabled') from seat;
select
    lives_ok(
        format('select outbox.announce_endpoint(e) from leadgen.endpoints e where e.id = %s', id), 'announce_endpoint: with nobody to tell'
    )
from hook;

-- list_endpoint_checks and record_endpoint_check: names are looked up soon after a URL is written.
select leadgen.enable_endpoint(id) from hook;
select leadgen.enable_endpoint(id) from mail;
select is(array_agg(c.target), '{https://b.example/hook?key=hush}', 'list_endpoint_checks: new URLs only')
from leadgen.list_endpoint_checks(10) c;
select is_empty('select * from leadgen.list_endpoint_checks(0)', 'list_endpoint_checks: none wanted');
select is_empty('select * from leadgen.list_endpoint_checks(null)', 'list_endpoint_checks: nor there');
select lives_ok(format('select leadgen.record_endpoint_check(%s, null)', id), 'record_endpoint_check: all is well') from hook;
select is_empty('select * from leadgen.list_endpoint_checks(10)', 'an endpoint that was checked is not checked again');
select is((disabled_at, checked_at)::text, '(,"2026-11-20 16:00:00+00")', 'an endpoint that passes its check stays in use') from hook;
update leadgen.buyers b set webhook_url = 'https://new.example/' from seat s where b.id = s.buyer_id;
select leadgen.record_endpoint_check(c.endpoint_id, 'new.example leads to an address that is not public')
from leadgen.list_endpoint_checks(10) c;
select is(array_agg(disabled_reason), '{new.example leads to an address that is not public}', 'record_endpoint_check: a fault disables')
from hook where target = 'https://new.example/';
select is(leadgen.settle_endpoints(), 1, 'an endpoint that a check disables is announced');
select is(is_reachable, false, 'the new address is the only way') from seat;
select
    is(testkit.fault_of('select leadgen.record_endpoint_check(0, null)'), 'LG404 endpoint_id', 'record_endpoint_check: no such endpoint');

select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select * from finish();
rollback;
