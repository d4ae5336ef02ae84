-- judge_undelivered, is_hindered: what of a sale has not reached its buyer, and whether the buyer keeps it waiting. Two minutes after the
-- sale a worker looks at it; what becomes of it is told beside.
begin;
select plan(26);
update leadgen.settings set slow_retry_seconds = '{3600}';

create function pg_temp.sell(p_name text) returns bigint language plpgsql as $$
-- A sale of four o'clock to this buyer; Best comes next.
begin
  perform testkit.at_time('2026-11-20T16:00:00Z');
  return testkit.sell_lead(testkit.open_offer('{}', p_name, 'Best'));
end;
$$;
create function pg_temp.claim(p_sale_id bigint, p_lease interval default '30 seconds') returns jsonb language sql as $$
  select jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(), 'latency_ms', 1)
  from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', p_lease) c
  join leadgen.deliveries d on d.id = c.delivery_id and d.assignment_id = p_sale_id
  order by d.channel = 'webhook' desc limit 1;
$$;
create function pg_temp.record(p_claim jsonb, p_outcome text) returns text language sql as $$
  select r.status from leadgen.record_attempts(jsonb_build_array(p_claim || jsonb_build_object('outcome', p_outcome)), 9, '1 second') r;
$$;
create function pg_temp.tell(p_sale_id bigint) returns text language plpgsql as $$
-- The state of the sale's deliveries after two minutes, its sales once a worker has looked, and when it looks again.
declare
  v_state text;
begin
  perform testkit.at_time('2026-11-20T16:02:00Z');
  v_state := (
    select outbox.judge_undelivered(a.id, a.market_id, leadgen.clock()) from leadgen.lead_assignments a where a.id = p_sale_id);
  while leadgen.run_chore('pass_on_cold_sale') loop null; end loop;
  return concat_ws(' ', v_state, testkit.tell_sales(p_sale_id)::text, to_char((testkit.sale(p_sale_id)).pass_on_at, 'MI:SS'));
end;
$$;

-- What had happened by then, as SQL over the sale %1$s.
create temp table cases (what text, buyer text, steps text[], told text);
insert into cases values
  ('nothing was tried, and nothing of the buyer keeps it', 'Webb', '{}', 'queued {pending} 02:30'),
  ('the circuit is open', 'Webb', array['update leadgen.endpoints e set failures_in_a_row = 3, retry_at = ''2026-11-20T16:09:00Z''
    from leadgen.deliveries d where d.assignment_id = %1$s and e.id = d.endpoint_id'], 'undelivered {"failed released",pending}'),
  ('the endpoint is disabled', 'Webb', array['select leadgen.disable_endpoint(d.endpoint_id, ''moved'') from leadgen.deliveries d
    where d.assignment_id = %1$s'], 'undelivered {"failed released",pending}'),
  ('it is parked', 'Webb', array['select leadgen.park_delivery(d.id) from leadgen.deliveries d where d.assignment_id = %1$s'],
    'undelivered {"failed released",pending}'),
  ('as much is in flight as the endpoint takes', 'Webb', array['update leadgen.endpoints e set max_in_flight = 1 from leadgen.deliveries d
    where d.assignment_id = %1$s and e.id = d.endpoint_id', 'insert into leadgen.deliveries (market_id, buyer_id, channel, target,
      endpoint_id, status, lease_token, next_attempt_at) select d.market_id, d.buyer_id, d.channel, d.target, d.endpoint_id, ''sending'',
      gen_random_uuid(), ''2026-11-20T16:05:00Z'' from leadgen.deliveries d where d.assignment_id = %1$s'],
    'undelivered {"failed released",pending}'),
  ('one attempt failed', 'Webb', array['select pg_temp.record(pg_temp.claim(%1$s), ''failed'')'],
    'undelivered {"failed released",pending}'),
  ('two attempts failed', 'Webb', array['select pg_temp.record(pg_temp.claim(%1$s), ''failed'')',
    'select testkit.at_time(''2026-11-20T16:01:00Z'')',
    'select pg_temp.record(pg_temp.claim(%1$s), ''failed'')'], 'undelivered {"failed released",pending}'),
  ('an attempt had no answer', 'Webb', array['select pg_temp.record(pg_temp.claim(%1$s), ''unknown'')'], 'doubtful {pending}'),
  ('no answer, then a failure', 'Webb', array['select pg_temp.record(pg_temp.claim(%1$s), ''unknown'')',
    'select testkit.at_time(''2026-11-20T16:01:00Z'')', 'select pg_temp.record(pg_temp.claim(%1$s), ''failed'')'], 'doubtful {pending}'),
  ('nobody reported the first attempt, the second failed', 'Webb', array['select pg_temp.claim(%1$s, ''1 second'')',
    'select testkit.at_time(''2026-11-20T16:01:00Z'')', 'select pg_temp.record(pg_temp.claim(%1$s), ''failed'')'], 'doubtful {pending}'),
  ('it is being sent', 'Webb', array['select pg_temp.claim(%1$s, ''5 minutes'')'], 'under_way {pending} 02:05'),
  ('its lease ran out', 'Webb', array['select pg_temp.claim(%1$s, ''5 seconds'')'], 'under_way {pending} 02:05'),
  ('a worker gave it back', 'Webb', array['select leadgen.release_deliveries(array[(c ->> ''delivery_id'')::bigint],
    array[(c ->> ''lease_token'')::uuid]) from pg_temp.claim(%1$s) c'], 'queued {pending} 02:30'),
  ('the webhook failed, the e-mail was not tried', 'Both', array['select pg_temp.record(pg_temp.claim(%1$s), ''failed'')',
    'select leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d
      where d.assignment_id = %1$s and d.lease_token is not null'], 'queued {pending} 02:30'),
  ('the webhook failed, the e-mail had no answer', 'Both', array['select pg_temp.record(pg_temp.claim(%1$s), ''failed'')',
    'select pg_temp.record(jsonb_build_object(''delivery_id'', d.id, ''lease_token'', d.lease_token, ''latency_ms'', 1), ''unknown'')
      from leadgen.deliveries d where d.assignment_id = %1$s and d.lease_token is not null'], 'doubtful {pending}'),
  ('both failed', 'Both', array['select pg_temp.record(pg_temp.claim(%1$s), ''failed'')',
    'select pg_temp.record(jsonb_build_object(''delivery_id'', d.id, ''lease_token'', d.lease_token, ''latency_ms'', 1), ''failed'')
      from leadgen.deliveries d where d.assignment_id = %1$s and d.lease_token is not null'], 'undelivered {"failed released",pending}'),
  ('the webhook got through', 'Webb', array['select pg_temp.record(pg_temp.claim(%1$s), ''delivered'')'], 'doubtful {accepted} 02:00');
create function pg_temp.play(p_buyer text, p_steps text[]) returns text language plpgsql as $$
declare
  v_sale_id constant bigint := pg_temp.sell(p_buyer);
  v_step text;
begin
  foreach v_step in array p_steps loop
    execute format(v_step, v_sale_id);
  end loop;
  return pg_temp.tell(v_sale_id);
end;
$$;
select is(pg_temp.play(buyer, steps), told, format('judge_undelivered: %s', what)) from cases;

-- A worker that is sending and the chore, in both orders.
create temp table s1 as select pg_temp.sell('Webb') as id;
create temp table c1 as select pg_temp.claim(id, '5 minutes') as claim from s1;
select is(pg_temp.tell(id), 'under_way {pending} 02:05', 'the worker was first: the chore waits for it') from s1;
select is(pg_temp.record(claim, 'delivered'), 'delivered', 'the worker was first: it delivers') from c1;
select is(testkit.tell_sales(id), '{accepted}', 'the worker was first: the sale stands') from s1;
create temp table s2 as select pg_temp.sell('Webb') as id;
create temp table c2 as select pg_temp.claim(id, '5 minutes') as claim from s2;
select is(pg_temp.tell(id), 'under_way {pending} 02:05', 'the worker is sending: the chore waits for it') from s2;
select is(pg_temp.record(claim, 'failed'), 'pending', 'the worker was first: it fails') from c2;
select testkit.at_time('2026-11-20T16:02:05Z');
do $$ begin while leadgen.run_chore('pass_on_cold_sale') loop null; end loop; end $$;
select is(testkit.tell_sales(id), '{"failed released",pending}', 'the worker was first and failed: the sale passes on')
from s2;
select is(pg_temp.record(claim, 'delivered'), 'fenced', 'the chore was first: what a worker says later is refused') from c2;
select is(testkit.tell_sales(id), '{"failed released",pending}', 'the chore was first: a late result changes no sale') from s2;
select is((
    select count(*) from leadgen.delivery_attempts t join leadgen.deliveries d on d.id = t.delivery_id where d.assignment_id = s2.id),
  1::bigint, 'the chore was first: a late result is not logged') from s2;

select * from finish();
rollback;
