-- let_held_leads_go_first, try_held_lead, lock_due_lead: a held lead that is due goes before a new one, also in its moment.
begin;
select plan(33);

create function pg_temp.open(p_places integer, p_row jsonb default '{}', p_config jsonb default '{}') returns bigint language plpgsql as $$
-- An offer with Ace, who takes so many leads a day.
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  perform testkit.enroll_buyer(v_offer_id, 'Ace', jsonb_build_object('capacity_per_day', p_places) || p_row);
  perform testkit.at_time('2026-11-20T12:00:00Z'), testkit.work_holds();
  return v_offer_id;
end;
$$;
create function pg_temp.submit(p_offer_id bigint, p_leads integer, p_at timestamptz) returns void language plpgsql as $$
begin
  perform testkit.at_time(p_at);
  for i in 1 .. p_leads loop
    perform testkit.submit(p_offer_id, p_number => nextval('testkit.numbers')::integer % 5000 + 5000);
  end loop;
end;
$$;
create function pg_temp.fates(p_offer_id bigint) returns text language sql as $$
-- The leads of an offer in the order in which they came.
  select string_agg(format('%s × %s', leads, fate), ', ' order by first)
  from (
    select fate, min(n) as first, count(*) as leads
    from (
      select row_number() over w as n, row_number() over w - row_number() over (partition by testkit.tell(l.id) order by l.id) as run,
        testkit.tell(l.id) as fate
      from leadgen.leads l where l.offer_id = p_offer_id
      window w as (order by l.id)
    ) x
    group by run, fate
  ) y;
$$;
create function pg_temp.latest(p_offer_id bigint) returns leadgen.lead_decisions language sql as $$
  select d from leadgen.lead_decisions d where d.offer_id = p_offer_id order by d.lead_id desc, d.attempt limit 1;
$$;

-- Five held leads and five new ones meet when the buyer comes back from its pause.
create temp table back as select pg_temp.open(5, '{"pause_until": "2026-11-20T17:00:00Z"}') as o;
select pg_temp.submit(o, 5, '2026-11-20T16:00:00Z') from back;
select is(pg_temp.fates(o), '5 × paused 1, held', 'five leads wait for who is paused') from back;
select pg_temp.submit(o, 1, '2026-11-20T16:59:59Z') from back;
select is((pg_temp.latest(o)).went_first, null, 'until then none of them is due') from back;
select pg_temp.submit(o, 5, '2026-11-20T17:00:00Z') from back;
select is(pg_temp.fates(o), '5 × Ace 45.00, 6 × cap_day 1, held', 'at that moment the five that waited longest have the places')
from back;
-- One lead spends a quarter of a second on them at most: on a slow machine the next lead lets the rest go.
select cmp_ok(sum(cardinality(d.went_first))::integer, '>=', 5, 'the new leads let those go first') from back
join leadgen.lead_decisions d on d.offer_id = o and d.decided_at = '2026-11-20T17:00:00Z';
select ok(bool_and(jsonb_array_length(leadgen.explain_lead(d.lead_id) #> '{attempts,0,went_first}') = cardinality(d.went_first)),
  'explain_lead names them') from back
join leadgen.lead_decisions d on d.offer_id = o and d.went_first is not null and d.decided_at = '2026-11-20T17:00:00Z';
select pg_temp.submit(o, 2, '2026-11-20T17:00:00Z') from back;
select is(leadgen.explain_lead((pg_temp.latest(o)).lead_id) #> '{attempts,0,went_first}', '[]', 'nobody goes before a later one') from back;

-- It comes back by an edit, which a worker has still to follow.
create temp table edited as select pg_temp.open(5, '{"pause_until": "infinity"}') as o;
select pg_temp.submit(o, 5, '2026-11-20T16:00:00Z') from edited;
update leadgen.buyer_offers bo set pause_until = null from edited where bo.offer_id = edited.o;
select pg_temp.submit(o, 5, '2026-11-20T16:00:01Z') from edited;
select is(pg_temp.fates(o), '5 × Ace 45.00, 5 × cap_day 1, held', 'the places of who comes back by an edit') from edited;
select is(catalog.has_changes_of(o), false, 'has_changes_of: the edit was followed') from edited;

-- A held lead that nobody can take keeps no new lead from its buyer.
create temp table other as select pg_temp.open(1) as o;
update leadgen.buyer_service_areas a set scope_value = '7870*' from other, leadgen.buyer_offers bo
where bo.offer_id = other.o and a.buyer_id = bo.buyer_id;
select is(testkit.outcome(o, '2026-11-20T16:00:00Z', '{"postal_code": "76701", "city": "Waco"}'), 'outside_service_area 1, held',
  'a lead from where nobody works') from other;
select is(testkit.outcome(o, '2026-11-20T17:00:00Z'), 'Ace 45.00', 'it is due, is tried, and the new lead is sold') from other;
select is(array_agg(format('%s %s', d.attempt, d.winners = '{}') order by d.id), '{"1 t","2 t","1 f"}',
  'its second attempt comes before the new lead''s first') from other join leadgen.lead_decisions d on d.offer_id = o;
select is(to_char(l.next_route_at at time zone 'UTC', 'HH24:MI'), '18:00', 'it is tried again in an hour') from other
join leadgen.leads l on l.offer_id = o and l.hold_until is not null;

-- At most ten go before a new lead; behind more it waits, and goes in its turn.
create temp table queue as select pg_temp.open(12, '{"pause_until": "2026-11-20T17:00:00Z"}') as o;
select pg_temp.submit(o, 11, '2026-11-20T16:00:00Z') from queue;
select pg_temp.submit(o, 1, '2026-11-20T17:00:00Z') from queue;
select is(pg_temp.fates(o), '10 × Ace 45.00, 1 × paused 1, held, 1 × held_lead_first 1, held',
  'ten of eleven go first, the new one waits') from queue;
select is(format('%s %s %s', d.is_held, d.next_route_at = d.decided_at, d.behind_lead_id = d.lead_id - 1), 't t t',
  'it is held behind the eleventh, and due at once') from queue, pg_temp.latest(o) d;
select matches(c.reason, '^held_lead_first: lead \d+$', 'explain_candidates: behind which lead') from queue, pg_temp.latest(o) d,
  leadgen.explain_candidates(d.lead_id) c;
select is(leadgen.replay_lead(d.lead_id), '{"identical": true}', 'waiting behind others replays') from queue, pg_temp.latest(o) d;
select pg_temp.submit(o, 1, '2026-11-20T17:00:01Z') from queue;
select is(pg_temp.fates(o), '12 × Ace 45.00, 1 × cap_day 1, held', 'the next new lead lets both go first, the older before the younger')
from queue;

-- With an owner: who waits behind others did not fall through it.
create temp table owned as select pg_temp.open(13, '{"pause_until": "2026-11-20T17:00:00Z"}', '{"exclusivity": {}}') as o;
select pg_temp.submit(o, 11, '2026-11-20T16:00:00Z') from owned;
select testkit.own(bo.id, 'postal_code', '787*') from owned join leadgen.buyer_offers bo on bo.offer_id = o;
select pg_temp.submit(o, 1, '2026-11-20T17:00:00Z') from owned;
select is(leadgen.explain_lead((pg_temp.latest(o)).lead_id) #>> '{attempts,0,candidates,0,reason}',
  format('held_lead_first: lead %s', (pg_temp.latest(o)).behind_lead_id), 'the lead of an owner waits behind others') from owned;
select is(leadgen.explain_lead((pg_temp.latest(o)).lead_id) #> '{attempts,0,fell_through}', 'null',
  'explain_lead: it did not fall through its owner') from owned;

-- Where the policy holds nothing any more, a lead that waits behind others is no exception: it is tried once more.
create temp table strict as select pg_temp.open(11, '{"pause_until": "2026-11-20T17:00:00Z"}') as o;
select pg_temp.submit(o, 11, '2026-11-20T16:00:00Z') from strict;
update leadgen.routing_policies p set config = '{"on_no_buyer": "reject"}' from strict join leadgen.offers x on x.id = o
where p.id = x.routing_policy_id;
select pg_temp.submit(o, 1, '2026-11-20T17:00:00Z') from strict;
select is(testkit.tell((pg_temp.latest(o)).lead_id), 'held_lead_first 1, held', 'a lead is not lost because it came at a bad moment')
from strict;
select testkit.work_holds();
select is(testkit.tell((pg_temp.latest(o)).lead_id), 'hold ended: cap_day 1', 'when there is no place after them it is unsold') from strict;

-- The same person: what the held lead sold counts for the new one.
create temp table twin as select pg_temp.open(5, '{"pause_until": "2026-11-20T17:00:00Z"}') as o;
select testkit.at_time('2026-11-20T16:00:00Z');
select testkit.submit(o, '{"message": "one"}', 77) from twin;
select testkit.at_time('2026-11-20T17:00:00Z');
select testkit.submit(o, '{"message": "two"}', 77) from twin;
select is(pg_temp.fates(o), '1 × Ace 45.00, 1 × bought_contact_before 1, held', 'a buyer is sold no contact twice in a moment') from twin;

-- A dry run shows it and keeps nothing.
create temp table dry as select pg_temp.open(1, '{"pause_until": "2026-11-20T17:00:00Z"}') as o;
select pg_temp.submit(o, 1, '2026-11-20T16:00:00Z') from dry;
select testkit.at_time('2026-11-20T17:00:00Z');
select is(a.answer #>> '{decision,unsold_reason}', 'no buyer could take it: cap_day 1', 'dry_run_lead: the place is the held lead''s')
from dry, lateral (select leadgen.dry_run_lead(testkit.given_lead(o, '{}', 78)) as answer) a;
select is(pg_temp.fates(o), '1 × paused 1, held', 'dry_run_lead: the held lead is still held') from dry;

-- A held lead over which something raises does not stop a new one.
create temp table kept as select pg_get_functiondef('roads.settle_held_lead'::regproc) as definition;
create or replace function roads.settle_held_lead(p_lead leadgen.leads, p_now timestamptz, p_waits boolean) returns void
language plpgsql as $$ begin raise exception 'out of order'; end; $$;
select set_config('client_min_messages', 'error', true);
select is(testkit.outcome(o, '2026-11-20T17:00:00Z'), 'Ace 45.00', 'try_held_lead: an error is not the new lead''s') from dry;
do $$ begin execute (select definition from kept); end $$;
select is(to_char(l.next_route_at at time zone 'UTC', 'HH24:MI'), '17:05', 'try_held_lead: the lead is put off') from dry
join leadgen.leads l on l.offer_id = o and l.hold_until is not null;
select is((market.lock_due_lead(o, '2026-11-20T17:04:59Z')).id, null, 'lock_due_lead: none is due') from dry;
select isnt((market.lock_due_lead(o, '2026-11-20T17:05:00Z')).id, null, 'lock_due_lead: the one that is due') from dry;

-- A lead that fails validation is routed nowhere, and lets nobody go first.
select is(testkit.outcome(o, '2026-11-20T18:00:00Z', '{"email": "nobody"}') ~ '^rejected', true, 'a lead that fails validation') from dry;
select is((select count(*) from leadgen.lead_decisions d where d.offer_id = o and d.decided_at >= '2026-11-20T18:00:00Z'), 0::bigint,
  'moves no held lead') from dry;

select is(array_agg(distinct leadgen.replay_lead(l.id)), '{"{\"identical\": true}"}', 'every lead replays') from leadgen.leads l;
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();
select is(leadgen.what_if(o, '2026-11-20', '2026-11-22') ->> 'is_identical', 'true', 'what_if: nothing changed, nothing else happens')
from queue;

select * from finish();
rollback;
