-- take_nap and ring_workers: NOTIFY only while somebody sleeps, for it takes a lock that all share.
begin;
select plan(9);

select is(leadgen.take_nap('w1', '1 minute')::text, '', 'take_nap: a worker sleeps');
select is(count(*), 1::bigint, 'a nap is noted') from leadgen.worker_naps n
  where n.worker = 'w1' and n.until between clock_timestamp() + interval '50 seconds' and clock_timestamp() + interval '1 minute';
select is(leadgen.take_nap('w1', '2 minutes')::text, '', 'take_nap: it sleeps on');
select is(count(*), 1::bigint, 'a worker''s nap is noted once') from leadgen.worker_naps n;
select is(leadgen.take_nap('w1', '0')::text, '', 'take_nap: awake again');
select is(count(*), 0::bigint, 'a nap that was ended is over') from leadgen.worker_naps n where n.until > clock_timestamp();
insert into leadgen.worker_naps values ('crashed', clock_timestamp() - interval '2 hours');
select is(leadgen.take_nap('w2', '1 minute')::text, '', 'take_nap: another');
select is((select array_agg(n.worker order by n.worker)
  from leadgen.worker_naps n), '{w1,w2}', 'who has not been seen for an hour is forgotten');
select is(outbox.ring_workers()::text, '', 'ring_workers: rings without a listener');

select * from finish();
rollback;
