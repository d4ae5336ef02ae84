-- queue_deliveries: what a sale owes, for all sales of a lead at once; and what may not happen to it afterwards.
begin;
select plan(26);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 2}') as offer_id;
create temp table seats as select name, testkit.enroll(offer_id, jsonb_build_object('buyer_id', testkit.new_buyer(name, format(
  '{"email": "%1$s@b.example", "webhook_url": "https://%1$s.example/hook"}', lower(name))::jsonb)))
  as seat_id from ids, unnest('{Ace,Best}'::text[]) name;
create temp table lead as select (testkit.submit(offer_id) ->> 'lead_id')::bigint as id from ids;
create temp table sale as select a.id, a.market_id, a.lead_id, a.buyer_id, a.buyer_offer_id, b.name from leadgen.lead_assignments a
join leadgen.buyers b on b.id = a.buyer_id;
select is(array_agg(s.name::text order by s.name), '{Ace,Best}', 'a lead is sold to two') from sale s;

-- The same once more by hand: as if nothing had been queued.
set local session_replication_role = replica;
delete from leadgen.deliveries;
set local session_replication_role = origin;
create function pg_temp.queue(p_timeout numeric, p_retries numeric[]) returns void language sql as $$
  select outbox.queue_deliveries(max(s.market_id), max(s.lead_id), array_agg(s.id order by s.id), array_agg(s.buyer_offer_id order by s.id),
    p_timeout, p_retries, '2026-11-20T16:00:00Z')
  from sale s;
$$;
select lives_ok('select pg_temp.queue(12.5, ''{60,600}'')', 'queue_deliveries: two sales');
select is(array_agg(concat_ws(' ', s.name, d.channel, d.target, d.status, d.timeout_seconds, d.retry_seconds)
  order by s.name, d.channel), '{
  "Ace webhook https://ace.example/hook pending 12.5 {60,600}", "Ace email ace@b.example pending {60,600}",
  "Best webhook https://best.example/hook pending 12.5 {60,600}", "Best email best@b.example pending {60,600}"}',
  'one for each way of each buyer; the policy''s timeout is for webhooks')
from leadgen.deliveries d join sale s on s.id = d.assignment_id;
select is(array_agg(distinct concat_ws(' ', d.created_at = '2026-11-20T16:00:00Z', d.next_attempt_at = '2026-11-20T16:00:00Z',
  d.lead_id = lead.id, d.market_id = s.market_id, d.buyer_id = s.buyer_id, e.buyer_id = s.buyer_id, e.target = d.target, d.attempts)),
  '{t t t t t t t 0}', 'deliveries are due at once')
from lead, leadgen.deliveries d join sale s on s.id = d.assignment_id join leadgen.endpoints e on e.id = d.endpoint_id;
select throws_ok('select pg_temp.queue(null, null)', '23505', null, 'a sale has one delivery a channel');
set local session_replication_role = replica;
delete from leadgen.deliveries;
set local session_replication_role = origin;
select lives_ok('select pg_temp.queue(null, null)', 'queue_deliveries: without terms of the policy');
select is(count(*) filter (where d.timeout_seconds is null and d.retry_seconds is null), 4::bigint, 'the worker''s own hold')
from leadgen.deliveries d;

-- No sale without a delivery: of two neither.
create function pg_temp.without(p_seat_id bigint, p_channel text) returns text language plpgsql as $$
begin
  set local session_replication_role = replica;
  delete from leadgen.deliveries;
  delete from leadgen.enrollment_endpoints w where w.buyer_offer_id = p_seat_id and w.channel::text ~ p_channel;
  set local session_replication_role = origin;
  perform pg_temp.queue(null, null);
  return 'queued';
exception
  when serialization_failure then
    return 'refused';
end;
$$;
select is(pg_temp.without(seat_id, '.'), 'refused', 'queue_deliveries: nothing reaches one of them') from seats where name = 'Best';
select is(pg_temp.without(seat_id, '.'), 'refused', 'queue_deliveries: nothing reaches the other buyer') from seats where name = 'Ace';
select is(pg_temp.without(seat_id, 'email'), 'queued', 'one endpoint is enough') from seats where name = 'Ace';
select is(count(*), 3::bigint, 'the sale has its deliveries') from leadgen.deliveries;
select is(pg_temp.without(0, '.'), 'queued', 'with all endpoints the sale is queued') from seats where name = 'Ace';

-- Where a delivery comes from never changes; open it has a time, leased a token.
create temp view one as select d.* from leadgen.deliveries d order by d.id limit 1;
select is(testkit.fault_of(format('update leadgen.deliveries set %s where id = %s', change, one.id)), fault, change)
from one, (values
  ('assignment_id = assignment_id + 1', 'LG409'), ('lead_id = null', 'LG409'), ('notice_id = 1', 'LG409'),
  ('market_id = market_id + 1', 'LG409'), ('message_id = gen_random_uuid()', 'LG409'),
  ('next_attempt_at = null', 'LG409 status'), ('lease_token = gen_random_uuid()', 'LG409 status'), ('status = ''sending''', 'LG409 status'),
  ('status = ''parked''', 'LG409 status'), ('last_error = ''nothing''', 'none')
) as t (change, fault);
select is(testkit.fault_of('delete from leadgen.deliveries'), 'LG409', 'deliveries are not deleted');
select is(testkit.fault_of('delete from leadgen.notices'), 'LG409', 'notices are not deleted');
select is(testkit.fault_of('truncate leadgen.resends'), 'LG409', 'resend runs are not truncated');
select outbox.connect_buyers(outbox.find_disconnected_buyers());
select is_empty('select * from outbox.list_broken_deliveries()', 'the invariants of deliveries hold');

select * from finish();
rollback;
