-- submit_leads: several leads in one transaction, each its own unit.
-- Other sessions that hold an offer: tests/concurrency/test_batch_locks.py.
begin;
select plan(33);

create function pg_temp.submit_all(p_payloads jsonb[])
returns jsonb[]
language sql
as $$
  select array(select leadgen.submit_leads(p_payloads, array_fill('{}'::jsonb, array[cardinality(p_payloads)])));
$$;
create temp table ids as
select testkit.make_offer() as first, testkit.make_offer() as second, testkit.make_offer() as third;
create temp table seats as
select testkit.enroll_buyer(first, 'Ace') as first, testkit.enroll_buyer(second, 'Best') as second,
  testkit.enroll_buyer(third, 'Cole') as third from ids;
create function pg_temp.given(p_offer text, p_number integer, p_fields jsonb default '{}')
returns jsonb
language sql
as $$
  select testkit.given_lead((to_jsonb(ids) ->> p_offer)::bigint, p_fields, p_number) from ids;
$$;

-- Answers come in the order given, each as submit_lead's.
create temp table sold as
select pg_temp.submit_all(array[
  pg_temp.given('third', 1), pg_temp.given('first', 2), pg_temp.given('third', 3), pg_temp.given('second', 4)]) as answers;
select is(answers[1] - 'lead_id', jsonb_build_object('status', 'accepted', 'outcome', 'sold',
  'message', 'Lead qualified and queued for delivery', 'buyer_id', testkit.buyer_of(seats.third), 'offer_id', ids.third,
  'price', 45.00, 'total_price', 45.00), 'an answer is that of submit_lead') from sold, ids, seats;
select is(array(select (a ->> 'offer_id')::bigint from unnest(answers) a), array[third, first, third, second],
  'answers come in the order of the leads') from sold, ids;
select is(array_agg(l.email::text order by n),
  '{person1@example.com,person2@example.com,person3@example.com,person4@example.com}', 'each answer is its own lead''s')
from sold, unnest(answers) with ordinality u (a, n)
join leadgen.leads l on l.id = (a ->> 'lead_id')::bigint;
select is(count(distinct l.created_at), 4::bigint, 'each is judged at its own time') from leadgen.leads l;
select is((select count(*) from leadgen.deliveries), 4::bigint, 'every lead has its delivery');
select is(pg_temp.submit_all('{}'), '{}', 'without leads there are no answers');

-- They see each other.
create temp table again as
select pg_temp.submit_all(array[
  pg_temp.given('first', 5, '{"idempotency_key": "k"}'), pg_temp.given('second', 6),
  pg_temp.given('first', 5, '{"idempotency_key": "k"}'), pg_temp.given('first', 7, '{"idempotency_key": "k"}')]) as answers;
select is(answers[3], answers[1] || '{"repeated": true}'::jsonb, 'the same key again is answered as the first time') from again;
select is(answers[4] ->> 'status', 'refused', 'the same key with another body is refused') from again;
select is(answers[4] ->> 'sqlstate', 'LG422', 'a batch refuses a lead as submit_lead does') from again;
select is(answers[2] ->> 'status', 'accepted', 'a refused lead keeps no other from being taken') from again;
select is((select count(*) from leadgen.leads l where l.idempotency_key = 'k'), 1::bigint, 'a key that is sent together makes one lead');
create temp table capped as
select testkit.make_offer('{"duplicate_window_hours": 24}', '{"on_no_buyer": "reject"}') as id;
select lives_ok('select testkit.enroll_buyer(id, ''Ace'', ''{"capacity_per_day": 1}'') from capped', 'an offer with one place a day');
create temp table places as
select pg_temp.submit_all(array[testkit.given_lead(id, '{}', 8), testkit.given_lead(id, '{"message": "again"}', 8),
  testkit.given_lead(id, '{}', 9)]) as answers from capped;
select is(answers[1] ? 'price', true, 'the first of a batch takes the place') from places;
select is(answers[2] #>> '{errors,0,code}', 'duplicate', 'the same person is a duplicate of it') from places;
select is(answers[3] -> 'buyer_id', 'null', 'the next person finds no place') from places;

-- What one raises is its own.
create temp table faults as
select f.n, f.payload, f.context,
  testkit.detail_of(format('select leadgen.submit_lead(%L, %L)', f.payload, f.context)) as detail
from (values
  (1, pg_temp.given('first', 10, '{"telephone": "1"}'), '{}'::jsonb),
  (2, pg_temp.given('first', 10), '{"api_key_hash": "x"}'),
  (3, pg_temp.given('first', 10, '{"consent_at": "noon"}'), '{}'),
  (4, null, '{}'),
  (5, pg_temp.given('first', 10), null)
) f (n, payload, context);
create temp table refused as
select f.n, u.answer, f.detail
from (select array_agg(payload order by n) as payloads, array_agg(context order by n) as contexts from faults) a
cross join leadgen.submit_leads(a.payloads, a.contexts) with ordinality u (answer, n)
join faults f on f.n = u.n;
select is(array_agg(distinct answer ->> 'status'), '{refused}', 'malformed leads and wrong keys are refused') from refused;
select is((answer ->> 'detail')::jsonb, detail, format('%s: as by itself', answer ->> 'message')) from refused order by n;
create temp table one_bad as
select u.answer, u.n
from leadgen.submit_leads(
  array(select pg_temp.given('second', 100 + n, case n when 16 then '{"consent": ["yes"], "name": ["x"]}' else '{}' end::jsonb)
    from generate_series(1, 32) n),
  array_fill('{}'::jsonb, array[32])) with ordinality u (answer, n);
select is(array_agg(n) filter (where answer ->> 'status' = 'refused'), '{16}', 'one bad lead among 32') from one_bad;
select is(count(*) filter (where answer ->> 'status' = 'accepted'), 31::bigint, 'the others are taken') from one_bad;

-- An unexpected error of one lead.
create function public.break_down()
returns trigger
language plpgsql
as $$
begin
  if new.name = 'poison' then
    perform 1 / 0;
  elsif new.name = 'disk' then
    raise exception using errcode = 'disk_full';
  elsif new.name = 'slow' then
    perform pg_sleep(1.01);
  end if;
  return null;
end;
$$;
create trigger break_down after insert on leadgen.leads for each row execute function public.break_down();
create temp table before as
select (select count(*) from leadgen.leads) as leads, (select sum(u.sales[2]) from leadgen.enrollment_usage u) as places;
create temp table poisoned as
select pg_temp.submit_all(array[
  pg_temp.given('first', 20), pg_temp.given('first', 21, '{"name": "poison"}'), pg_temp.given('first', 22)]) as answers;
select is(answers[2], '{"status": "alone"}'::jsonb, 'a lead that spoils its batch is to be submitted by itself') from poisoned;
select is(array[answers[1] ->> 'status', answers[3] ->> 'status'], '{accepted,accepted}', 'the others are taken')
from poisoned;
select is((select count(*) from leadgen.leads) - leads, 2::bigint, 'of the bad lead nothing is kept') from before;
select is((select sum(u.sales[2]) from leadgen.enrollment_usage u) - places, 2::bigint, 'an undone lead takes no place') from before;
select is(testkit.fault_of($$select pg_temp.submit_all(array[
    pg_temp.given('first', 23), pg_temp.given('first', 24, '{"name": "disk"}'), pg_temp.given('first', 25)])$$),
  '53100', 'an error that is not one lead''s is raised');
select is((select count(*) from leadgen.leads) - leads, 2::bigint, 'an error that is raised undoes the whole batch') from before;

-- What does not fit into a batch.
create temp table odd as
select pg_temp.submit_all(array[pg_temp.given('first', 26, '{"source_key": "nobody"}'),
  pg_temp.given('first', 27, '{"name": "slow"}'), pg_temp.given('first', 28)]) as answers;
select is(answers[1], '{"status": "alone"}'::jsonb, 'no source: by itself') from odd;
select is((select count(*) from leadgen.intake_quarantine), 0::bigint,
  'a lead without a source is not in quarantine before it is handed in by itself');
select is(array[answers[2] ->> 'status', answers[3] ->> 'status'], '{accepted,busy}',
  'one takes long: the next is for another batch') from odd;

select is_empty('select * from leadgen.list_broken_invariants()', 'the invariants hold');
select * from finish();
rollback;
