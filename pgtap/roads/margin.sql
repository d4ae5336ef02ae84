-- The margin that a payout policy asks for: on the road of a new lead, of a held one, and in the account of it.
begin;
select plan(20);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table offer as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 2}') as id;
create temp table policy as select testkit.pay_for(id, '{"price": 30, "min_margin": 10}') as id from offer;
create temp table seat as
select testkit.enroll_buyer(id, 'Ace', '{"price_per_lead": 39.99}') as id from offer;

select is(testkit.outcome(id, '2026-11-20T16:00:00Z'), 'margin 1, held', 'a price below cost and margin sells nothing') from offer;
select matches(testkit.why(id), 'margin: price 39.99, cost 30.00, margin at least 10.00', 'explain says price, cost and margin') from offer;
select is(leadgen.explain_lead(max(l.id)) #> '{attempts,0,cost}', jsonb_build_object('payout_policy_id', policy.id,
  'payout_policy_version', 1, 'per', 'lead', 'price', 30, 'percent_of_revenue', 0, 'is_paid', false, 'min_margin', 10,
  'min_margin_percent', null), 'explain says by which terms the lead costs that')
from policy, leadgen.leads l group by policy.id;
select is((u.cause, u.leads, u.held, u.money_held)::text, '(margin,0,1,39.99)', 'what waits for want of margin is counted')
from offer, leadgen.explain_unsold(offer.id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z') u;

-- A policy that asks for less wakes the lead that waits.
update leadgen.payout_policies p set rules = '{"price": 30, "min_margin": 9.99}' from policy where p.id = policy.id;
select is(testkit.work_holds() > 0, true, 'an edit of the policy wakes the held lead');
select is(testkit.tell(max(l.id)), 'Ace 39.99', 'the held lead is sold') from leadgen.leads l;
select is((s ->> 'cost', s ->> 'margin')::text, '(30.00,9.99)', 'explain says what a sale cost and what it left')
from (select leadgen.explain_lead(max(l.id)) #> '{sales,0}' as s from leadgen.leads l) x;
select is(testkit.owed(id), 30.00, 'the source of a held lead is owed when it is sold') from offer;

-- Another buyer of a lead that is paid for need not cover it once more; of a new lead each buyer must by itself.
select testkit.enroll_buyer(id, 'Best', '{"price_per_lead": 12}') from offer;
select testkit.work_holds();
select is(testkit.tell(max(l.id)), 'Ace 39.99', 'a lead that is no longer held is not offered again') from leadgen.leads l;
select is(testkit.outcome(id, '2026-11-20T16:05:00Z'), 'Ace 39.99', 'who does not cover the cost of a new lead alone does not get it')
from offer;
select leadgen.return_sale(max(a.id), 'spam') from leadgen.lead_assignments a;
select testkit.work_holds();
select is(testkit.owed(id), 30.00, 'a returned lead that nobody else takes costs nothing') from offer;

-- A source that gets another policy, and one that loses it.
update leadgen.sources s set payout_policy_id = testkit.add('payout_policies', '{"name": "cheap", "rules": {"price": 2}}')
from offer where s.offer_id = offer.id;
select is(testkit.outcome(id, '2026-11-20T16:06:00Z'), 'Ace 39.99, Best 12.00', 'the policy of the source counts') from offer;
select is(testkit.owed(id), 34.00, 'it and the held lead, which went first, cost 2.00 each') from offer;
update leadgen.payout_policies set is_active = false where name = 'cheap';
select is(testkit.fault_of(format('select leadgen.submit_lead(testkit.given_lead(%s, ''{}'', 4711))', id)), 'none',
  'a lead of a source whose policy is inactive is taken in') from offer;
select is(q.failed_step, 'payout_policy', 'such a lead is kept in quarantine')
from leadgen.intake_quarantine q order by q.id desc limit 1;

-- A lead that another buyer has is paid for.
create temp table pair as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 2}') as id;
select testkit.pay_for(id, '{"price": 30, "min_margin": 10}') from pair;
select testkit.enroll_buyer(id, 'Ace', '{"price_per_lead": 50}'), testkit.enroll_buyer(id, 'Best', '{"price_per_lead": 45}'),
  testkit.enroll_buyer(id, 'Cole', '{"price_per_lead": 12}') from pair;
select is(testkit.outcome(id, '2026-11-20T16:10:00Z'), 'Ace 50.00, Best 45.00', 'each of two buyers covers the cost by itself') from pair;
select leadgen.return_sale(max(a.id), 'spam') from leadgen.lead_assignments a;
select testkit.work_holds();
select is(testkit.tell(max(l.id)), 'Ace 50.00, Best 45.00, Cole 12.00', 'who takes a place that came free need not cover it once more')
from leadgen.leads l;
select is(testkit.owed(id), 30.00, 'one more buyer of a lead that is paid once costs nothing') from pair;
select is(count(*) filter (where leadgen.replay_lead(l.id) <> '{"identical": true}'), 0::bigint, 'every decision replays')
from leadgen.leads l;
select is_empty('select * from billing.list_broken_books()', 'the books are in order');
select * from finish();
rollback;
