-- explain_miss, mend_candidate, mend, find_least_price, find_least_cap, lift_candidate, describe_needed: what would have to change for
-- a buyer to get a lead.
begin;
select plan(38);
select testkit.at_time('2026-11-20T16:00:00Z');
create function pg_temp.codes(p_changes jsonb) returns text language sql as $$
  select string_agg(c ->> 'code', ' ' order by n) from jsonb_array_elements(p_changes) with ordinality as x (c, n);
$$;

-- Every check is known: what would have to change, and that it helps.
select isnt(rehearsal.describe_remedy(s, 1, k.code, null), null, format('%s: what would have to change is known', k.code))
from leadgen.candidate_checks k, catalog.make_snapshot(1) s
where k.code not in ('limit', 'offer_limit') order by k.position;
create temp table worst as select catalog.make_snapshot(1) as s;
update worst set s.flags = array[32 | 64 | 128 | 256 | 512 | 1024], s.limit_uses = (s).limit_caps, s.behind_lead_id = 7,
  s.balances = '{5}', s.credits = '{5}', s.exclusivity = (9, 'postal_code', '787*')::kernel.exclusivity,
  s.choice = (8, 'user 1', 'agreed')::kernel.choice, s.cost = (50, 0, true, false, 5, null)::kernel.cost_terms;
select is(pg_temp.codes(m.changes),
  'enrollment_inactive buyer_inactive no_channel paused outside_schedule outside_calling_hours no_calling_consent outside_service_area '
  'filters already_had_lead bought_contact_before suppressed_for_buyer cap_hour cap_day cap_week cap_month budget_day budget_month '
  'buyer_held minimum_balance funds credit margin budget_day budget_month funds credit exclusive_to_other offer_cap_hour '
  'offer_cap_day offer_cap_week offer_cap_month offer_budget_day offer_budget_month not_chosen held_lead_first',
  'the worst candidate fails them all, one after the other')
from worst, rehearsal.mend_candidate(s, testkit.settings('{"exclusivity": {"when_unavailable": "reject"}}'), 1, null) m;
select is(((m.decision).winners, (m.snapshot).prices)::text, '({1},{55.00})', 'mended, it gets the lead, at a price that covers its cost')
from worst, rehearsal.mend_candidate(s, testkit.settings('{"exclusivity": {"when_unavailable": "reject"}}'), 1, null) m;

-- The least that is enough.
select is(rehearsal.find_least_price(cost, price, 2), least, format('find_least_price: %s at %s', cost, price)) from (values
  ((8, 10, true, false, 3, 10)::kernel.cost_terms, 5.00, 12.22), ((8, 0, true, false, null, null)::kernel.cost_terms, 20.00, 20.00),
  ((8, 60, true, false, null, 50)::kernel.cost_terms, 20.00, null)) as t (cost, price, least);
select is(not kernel.covers_cost((8, 10, true, false, 3, 10)::kernel.cost_terms, 12.21, 2), true, 'a cent less does not cover it');

-- Ranked too low: as high as the last winner if the tie-breakers let it win, else one step higher.
select is(l.changes #>> '{-1,change}', change, what)
from (values
  ('{"strategy": "priority"}'::jsonb, '{"priority": 1}'::jsonb, '{"priority": 5}'::jsonb, 'A routing_priority of 5; it is 1.',
    'by priority: even with the winner, and first by id'),
  ('{"strategy": "highest_price"}', '{"price": 40}', '{"price": 50, "last_turn": 1}', 'A price of 50.00; it is 40.',
    'by price: even with the winner, who had a turn'),
  ('{"strategy": "highest_price"}', '{"price": 40, "last_turn": 5}', '{"price": 50}', 'A price of 50.01; it is 40.',
  'by price: a cent more'),
  ('{"strategy": "round_robin"}', '{"last_turn": 5}', '{"last_turn": 1}',
    'Wait for its turn, or let the policy sell a lead to 2 buyers (max_buyers).', 'by turns: nothing of its own')
) as t (config, own, other, change, what)
cross join lateral testkit.snapshot(testkit.candidates(own, other)) s
cross join lateral rehearsal.mend_candidate(s, testkit.settings(config), 1, null) m
cross join lateral rehearsal.lift_candidate(m.snapshot, testkit.settings(config), 1, null, m.decision) l;

-- From the record, and true: with the change the buyer gets the next lead.
create temp table ids as select testkit.open_offer('{"max_buyers": 1}', 'Ace') as o;
create temp table seats as select o, testkit.enroll_buyer(o, 'Best', '{"routing_priority": 200, "capacity_per_day": 0}',
  '{75001}') as best from ids;
select is(testkit.outcome(o, '2026-11-20T16:00:00Z'), 'Ace 45.00', 'Best is elsewhere, and full') from seats;
create temp table missed as select leadgen.explain_miss((select max(l.id)
  from leadgen.leads l where l.offer_id = o), testkit.buyer_of(best)) as m
from seats;
select is(pg_temp.codes(m -> 'changes'), 'outside_service_area cap_day', 'both are named') from missed;
select is(m #>> '{changes,0,change}', 'Add the postal code 78701 or the city Austin to its areas.',
  'the place is that of the lead') from missed;
select is((m #>> '{changes,1,clears_at}')::timestamptz, '2026-11-21T06:00:00Z',
  'the limit clears by itself at midnight in Austin') from missed;
insert into leadgen.buyer_service_areas (market_id, buyer_id, scope_type, scope_value)
select e.market_id, e.buyer_id, 'postal_code', '78701' from seats join leadgen.buyer_offers b on b.id = best
cross join lateral (select o.market_id, b.buyer_id from leadgen.offers o where o.id = b.offer_id) e;
update leadgen.buyer_offers b set capacity_per_day = 1 from seats where b.id = best;
select is(testkit.outcome(o, '2026-11-20T17:00:00Z'), 'Best 45.00', 'with both changes it gets the next lead') from seats;
select is(leadgen.explain_miss((select max(l.id) from leadgen.leads l where l.offer_id = o), testkit.buyer_of(best)) ->> 'outcome', 'won',
  'who got it is told so') from seats;
select is(testkit.fault_of(sql), fault, what) from (values
  ('select leadgen.explain_miss(-1, 1)', 'LG404 lead_id', 'there is no such lead'),
  ('select leadgen.explain_miss((select max(l.id)
  from leadgen.leads l), -1)', 'LG404 buyer_id', 'there is no such buyer')) as t (sql, fault, what);
select * from finish();
rollback;
