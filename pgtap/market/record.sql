-- recall_snapshot, recall_terms: a record is read back whole, or not at all.
begin;
select plan(4);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer() as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"routing_priority": 1}') as a,
  testkit.enroll_buyer(offer_id, 'Best', '{"routing_priority": 2}') as b
from ids;
select testkit.submit(offer_id, '{}', 1) from ids;
create temp table empty as select testkit.make_offer() as offer_id;
select testkit.submit(offer_id, '{}', 2) from empty;
create function pg_temp.recall(p_offer_id bigint) returns text language sql as $$
  select concat_ws(' ', s.enrollments, s.priorities)
  from leadgen.lead_decisions d
  cross join lateral market.recall_snapshot(d, market.recall_policy(d)) s
  where d.offer_id = p_offer_id;
$$;
select is(pg_temp.recall(offer_id), format('%s {1,2}', array[a, b]), 'each candidate is recalled with its own numbers') from ids, seats;
select is(pg_temp.recall(offer_id), '{}', 'a decision without candidates is recalled') from empty;

-- A version that is lost, as no trigger lets it be.
set local session_replication_role = replica;
delete from leadgen.enrollment_versions v using seats where v.buyer_offer_id = seats.a;
set local session_replication_role = origin;
select throws_ok(format('select pg_temp.recall(%s)', offer_id), 'XX001', format(
    'decision %s of lead %s: a version of an enrollment that it names is missing', d.id, d.lead_id),
      'a decision is not recalled with the numbers of another')
from ids join leadgen.lead_decisions d using (offer_id);
select throws_ok(format('select leadgen.replay_lead(%s)', d.lead_id), 'XX001', null, 'replay_lead: no answer from what is not there')
from ids join leadgen.lead_decisions d using (offer_id);

select * from finish();
rollback;
