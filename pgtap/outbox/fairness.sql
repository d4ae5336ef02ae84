-- claim_deliveries, read_room: whose turn it is. One buyer's queue delays no other, and no endpoint is asked for more than it takes.
begin;
select plan(35);
select testkit.at_time('2026-11-20T16:00:00Z');

select is(outbox.read_room(room), wanted, format('read_room: %s', room))
from (values ('{}'::jsonb, '{}'::jsonb), ('{"webhook": 100, "sms": 0}', '{"webhook": 100}'),
  ('{"email": 1000, "sms": 4}', '{"email": 1000, "sms": 4}')
) as t (room, wanted);
select is(testkit.fault_of(format('select outbox.read_room(%L)', room)), fault, format('read_room: %s', coalesce(room, 'null')))
from (values (null, 'LG400 p_room'), ('[]', 'LG400 p_room'), ('7', 'LG400 p_room'), ('{"fax": 1}', 'LG400 p_room'),
  ('{"email": -1}', 'LG400 p_room.email'),
  ('{"email": 1001}', 'LG400 p_room.email'), ('{"email": 1.5}', 'LG400 p_room.email'), ('{"email": "8"}', 'LG400 p_room.email'),
  ('{"email": null}', 'LG400 p_room.email')) as t (room, fault);
select is(testkit.fault_of('select * from leadgen.claim_deliveries(''w'', ''{"webhook": 1}'', ''0 seconds'')'), 'LG400 p_lease',
  'a lease has to last');
select is_empty($$select * from leadgen.claim_deliveries('w', '{}', '30 seconds')$$, 'a worker without room claims nothing');

-- A queue of notices, as long as one likes: p_count rows of an endpoint of their own.
create temp table market as select testkit.make_market() as id;
create function pg_temp.queue(p_name text, p_count integer, p_first timestamptz default '2026-11-20T15:00:00Z',
  p_channel text default 'webhook')
returns bigint language plpgsql as $$
declare
  v_buyer_id constant bigint := testkit.make_buyer(jsonb_build_object('name', p_name, 'webhook_url',
    format('https://%s.example/hook', p_name)));
  v_endpoint leadgen.endpoints;
begin
  select e.* into v_endpoint from leadgen.endpoints e where e.buyer_id = v_buyer_id and e.channel::text = p_channel;
  with notice as (
    insert into leadgen.notices (market_id, buyer_id, kind)
    select market.id, v_buyer_id, 'webhook.test' from market, generate_series(1, p_count)
    returning id, market_id
  )
  insert into leadgen.deliveries (market_id, notice_id, buyer_id, endpoint_id, channel, target, next_attempt_at)
  select notice.market_id, notice.id, v_buyer_id, v_endpoint.id, v_endpoint.channel, v_endpoint.target, p_first
  from notice;
  return v_endpoint.id;
end;
$$;
create function pg_temp.claim(p_worker text, p_room jsonb) returns text language sql as $$
  with claimed as (select b.name, count(*) as n from leadgen.claim_deliveries(p_worker, p_room, '30 seconds') c
    join leadgen.buyers b on b.id = c.buyer_id group by b.name)
  select coalesce(string_agg(format('%s %s', name, n), ', ' order by name), 'nothing') from claimed;
$$;
create function pg_temp.give_back() returns void language sql as $$
  select leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.status = 'sending';
$$;

-- 10,000 rows of one buyer, all due before five of another.
create temp table big as select pg_temp.queue('big', 10000) as id;
create temp table small as select pg_temp.queue('small', 5, '2026-11-20T15:59:00Z') as id;
select is(pg_temp.claim('w1', '{"webhook": 20}'), 'big 15, small 5', 'the five of another are in the first claim');
select is(pg_temp.claim('w1', '{"webhook": 8}'), 'big 8', 'the room is not left empty');
select is(pg_temp.claim('w2', '{"webhook": 5}'), 'big 5', 'another worker''s room is not left empty');
select is(pg_temp.claim('w3', '{"webhook": 20}'), 'big 4', 'no more than 32 are in flight over all workers');
select is(pg_temp.claim('w3', '{"webhook": 20}'), 'nothing', 'a full endpoint gives nothing');
create temp table late as select pg_temp.queue('late', 3, '2026-11-20T15:59:59Z') as id;
select is(pg_temp.claim('w3', '{"webhook": 2}'), 'late 2', 'another endpoint''s delivery is taken at once');
select pg_temp.give_back();
select is(array_agg(distinct d.status::text), '{pending}', 'all deliveries are given back') from leadgen.deliveries d;

-- In turn: what is in flight counts.
select is(pg_temp.claim('w1', '{"webhook": 13}'), 'big 5, late 3, small 5', 'three take turns, as long as they have something');
update leadgen.endpoints e set max_in_flight = 2 from big where e.id = big.id;
select is(pg_temp.claim('w2', '{"webhook": 12}'), 'nothing', 'more in flight than the limit, since it was lowered: nothing');
update leadgen.endpoints e set max_in_flight = 6 from big where e.id = big.id;
select is(pg_temp.claim('w2', '{"webhook": 12}'), 'big 1', 'raised: as many as it takes');
update leadgen.endpoints e set max_in_flight = 1000 from big where e.id = big.id;
select pg_temp.give_back();
update leadgen.endpoints e set disabled_at = now(), disabled_reason = 'test' from small, late where e.id in (small.id, late.id);
select is(pg_temp.claim('w1', '{"webhook": 100}'), 'big 100', 'alone, it fills the room');
select is(pg_temp.claim('w1', '{"webhook": 1000}'), 'big 900', 'an endpoint gives as much as its limit');
select testkit.at_time('2026-11-20T16:00:31Z');
select is(pg_temp.claim('w2', '{"webhook": 1000}'), 'big 1000', 'a lease that ran out is in flight no more');
select pg_temp.give_back();

-- Many endpoints: who waits longest goes first, and everybody's turn comes.
update leadgen.endpoints e set disabled_at = now(), disabled_reason = 'test' from big where e.id = big.id;
select is(pg_temp.claim('w1', '{"webhook": 100}'), 'nothing', 'a disabled endpoint gets nothing');
select count(pg_temp.queue(format('b%s', n), 3, '2026-11-20T15:00:00Z'::timestamptz + n * interval '1 second'))
from generate_series(10, 39) n;
select is(pg_temp.claim('w1', '{"webhook": 4}'), 'b10 1, b11 1, b12 1, b13 1', 'the first turns, the longest wait first');
select is(pg_temp.claim('w1', '{"webhook": 2}'), 'b14 1, b15 1', 'the next turns follow');
select is((select format('%s %s', count(*), sum(n)) from (select count(*) as n
  from leadgen.claim_deliveries('w1', '{"webhook": 24}', '30 seconds') c
  group by c.endpoint_id) x), '24 24', 'one of each of the rest');
select is(pg_temp.claim('w1', '{"webhook": 2}'), 'b10 1, b11 1', 'the second turn begins when all had their first');
select pg_temp.give_back();

-- Channels apart.
create temp table mail as select pg_temp.queue('mail', 5, '2026-11-20T15:00:00Z', 'email') as id;
select is(pg_temp.claim('w1', '{"email": 2}'), 'mail 2', 'as many mails as there is room for');
select is(pg_temp.claim('w1', '{"email": 2, "webhook": 1}'), 'b10 1, mail 2', 'each channel has its own turns');
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
