-- list_broken_deliveries: what no key or check of the tables says is found when it does not hold.
begin;
select plan(20);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Webb') as seat_id from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 2) n;
select leadgen.send_test(e.id) from leadgen.endpoints e where e.channel = 'webhook';
select is(count(*), 3::bigint, 'two sales and a notice') from leadgen.deliveries;
select is_empty('select * from outbox.list_broken_deliveries()', 'the invariants of deliveries hold');

create function pg_temp.found(p_sql text) returns text language plpgsql as $$
-- What is found when this is done behind the back of every trigger.
declare
  v_found text;
begin
  set local session_replication_role = replica;
  execute p_sql;
  set local session_replication_role = origin;
  select string_agg(distinct c.rule, ', ' order by c.rule) into v_found from outbox.list_broken_deliveries() c;
  raise exception using errcode = 'UNDO1', message = coalesce(v_found, 'nothing');
exception
  when sqlstate 'UNDO1' then
    set local session_replication_role = origin;
    return sqlerrm;
end;
$$;
select is(pg_temp.found(replace(sql, '@', 'update leadgen.deliveries set')), wanted, sql)
from (values
  ('@ assignment_id = -id where assignment_id is not null', 'delivery_has_origin, sale_has_deliveries'),
  ('@ lead_id = 0 where assignment_id is not null', 'delivery_has_origin'),
  ('@ lead_id = null', 'delivery_has_origin'),
  ('@ market_id = 0', 'delivery_has_origin, sale_has_deliveries'),
  ('@ notice_id = 0 where notice_id is not null', 'delivery_has_origin'),
  ('@ notice_id = (select min(id) from leadgen.notices)', 'delivery_has_origin'),
  ('@ assignment_id = null', 'delivery_has_origin, sale_has_deliveries'),
  ('@ resend_id = 7', 'delivery_has_origin'),
  ('delete from leadgen.lead_assignments', 'delivery_has_origin'),
  ('delete from leadgen.notices', 'delivery_has_origin'),
  ('@ buyer_id = 0', 'delivery_has_endpoint, delivery_has_origin'),
  ('@ target = ''x''', 'delivery_has_endpoint'),
  ('@ next_attempt_at = null', 'delivery_has_one_state'),
  ('@ status = ''sending''', 'delivery_has_one_state'),
  ('@ status = ''dead'', next_attempt_at = null, finished_at = now()', 'attempts_are_logged'),
  ('insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
    values (1, 0, 1, now(), 1, ''failed'')', 'attempt_has_delivery'),
  ('delete from leadgen.enrollment_endpoints', 'enrollment_is_connected'),
  ('@ last_error = ''words''', 'nothing')
) as t (sql, wanted);

select * from finish();
rollback;
