-- measure_outbox: what is in the outbox but not done, and how old the oldest is.
begin;
select plan(7);
select testkit.at_time('2026-11-20T16:00:00Z');
select is_empty('select * from leadgen.measure_outbox()', 'an empty outbox has nothing to measure');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Both') as seat_id from ids;
create function pg_temp.record(p_outcomes jsonb) returns bigint language sql as $$
  -- One webhook for each outcome: the oldest first.
  select count(*) from (
    select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
      'latency_ms', 1,
      'outcome', p_outcomes ->> (c.place - 1)::integer)) as results
    from (select c.*, row_number() over (order by c.delivery_id) as place
      from leadgen.claim_deliveries('w', '{"webhook": 10}', '30 seconds') c) c
    where p_outcomes ->> (c.place - 1)::integer is not null) x, leadgen.record_attempts(x.results, 0, '1 second') r;
$$;
update leadgen.settings set slow_retry_seconds = '{}';
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 5) n;
select is(pg_temp.record('["delivered", "refused", "unknown", "sent"]'), 4::bigint, 'four of five webhooks end');
select testkit.at_time('2026-11-20T16:10:00Z');
select testkit.submit(offer_id, '{}', 6) from ids;
select leadgen.park_delivery(max(d.id)) from leadgen.deliveries d where d.channel = 'email';
select testkit.at_time('2026-11-20T17:00:00Z');
select
    bag_eq(
        'select * from leadgen.measure_outbox()',
        $$values ('webhook', 'pending', 1::bigint, 3000::double precision), ('webhook', 'sending', 1, 3600),
  ('webhook', 'dead', 1, 3600), ('webhook', 'unknown', 1, 3600), ('webhook', 'sent', 1, 3600), ('email', 'pending', 5, 3600),
  ('email', 'parked', 1, 3000)$$,
  'measure_outbox: each channel and state of what is not delivered, with the age of the oldest');
select leadgen.disable_endpoint(e.id, 'tests') from leadgen.endpoints e where e.channel = 'webhook';
select
    is(
        (m.deliveries, m.oldest_seconds),
        (1::bigint, 3000::double precision),
        'what waits for a disabled endpoint is not the workers'' backlog'
    )
from leadgen.measure_outbox() m where m.channel = 'webhook' and m.status = 'waiting';
select is(count(*), 0::bigint, 'a waiting delivery is not counted as pending') from leadgen.measure_outbox() m
where m.channel = 'webhook' and m.status = 'pending';
select testkit.at_time('2026-11-20T15:00:00Z');
select is(min(m.oldest_seconds), 0::double precision, 'a clock that steps back makes nothing younger than new')
from leadgen.measure_outbox() m;

-- It reads the partial indexes and not the table: finished deliveries cost nothing.
set local enable_seqscan = off; -- as the function says
create temp table plan_lines (line text);
do $$
declare
  v_line text;
begin
  for v_line in execute (
    select format('explain %s',  replace((regexp_match(p.prosrc, '(with open as .*);'))[1], 'leadgen.clock()', 'now()')) from pg_proc p
    where p.oid = 'outbox.measure_outbox'::regproc
  ) loop
    insert into plan_lines values (v_line);
  end loop;
end;
$$;
select is(array_agg(line) filter (where line ~ 'Seq Scan on deliveries'), null, 'the plan scans no table of deliveries') from plan_lines;

select * from finish();
rollback;
