-- return_by: the time to return a sale begins with its delivery.
begin;
select plan(5);
select testkit.at_time('2026-11-20T16:00:00Z');

-- The time to return begins with the delivery.
create temp table days as select testkit.open_offer('{"returns": {"window_hours": 24}}', 'Ace') as offer_id;
create temp table s17 as select testkit.sell_lead(offer_id, 1) as id from days;
select is(return_by, '2026-11-21T16:00:00Z'::timestamptz, 'return_by: from the sale') from s17, testkit.sale(id);
select testkit.at_time('2026-11-27T16:00:00Z');
update leadgen.deliveries d set status = 'sending', attempts = 1, lease_token = gen_random_uuid() from s17 where d.assignment_id = s17.id;
update leadgen.deliveries d set status = 'delivered', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
from s17 where d.assignment_id = s17.id;
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s17;
select is(return_by, '2026-11-28T16:00:00Z'::timestamptz, 'settle_assignments: from the delivery, a week later')
from s17, testkit.sale(id);
select testkit.at_time('2026-11-28T15:59:59Z');
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s17;
select is(return_by, '2026-11-28T16:00:00Z'::timestamptz, 'settle_assignments: once') from s17, testkit.sale(id);
insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered' from leadgen.deliveries d join s17 on s17.id = d.assignment_id;
select is(testkit.ask(id), 'returned approved unreachable', 'asked back in time') from s17;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table silent as select testkit.open_offer('{"acceptance": {"mode": "auto_after", "window_hours": 2}}', 'Ace') as offer_id;
create temp table s18 as select testkit.sell_lead(offer_id, 1) as id from silent;
select testkit.at_time('2026-11-20T17:00:00Z');
select market.settle_assignments(array[id], null, null, leadgen.clock()) from s18;
select is(return_by, answer_by, 'auto_after: with the time to answer') from s18, testkit.sale(id);
select testkit.at_time('2026-11-20T16:00:00Z');

select * from finish();
rollback;
