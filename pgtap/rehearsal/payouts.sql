-- A what-if under other payouts: the margin that is asked for decides, and cost and margin are told.
begin;
select plan(11);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table offer as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"on_no_buyer": "reject"}') as id;
select testkit.pay_for(id, '{"price": 8, "percent_of_revenue": 10}') from offer;
select testkit.enroll_buyer(id, 'Ace', '{"price_per_lead": 40, "routing_priority": 2, "capacity_per_day": 3}'),
  testkit.enroll_buyer(id, 'Best', '{"price_per_lead": 20}') from offer;
select testkit.outcome(id, timestamptz '2026-11-20T16:00:00Z' + n * interval '1 minute') from offer cross join generate_series(1, 5) n;
select leadgen.return_sale(min(a.id), 'spam') from leadgen.lead_assignments a;

create function pg_temp.told(p_changes jsonb) returns text
language sql stable as $$
  select format('%s; %s %s %s -> %s %s %s', w ->> 'is_identical', w #>> '{actual,revenue}', w #>> '{actual,cost}', w #>> '{actual,margin}',
    w #>> '{simulated,revenue}', w #>> '{simulated,cost}', w #>> '{simulated,margin}')
  from offer, leadgen.what_if(offer.id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', p_changes) w;
$$;
select is(pg_temp.told(changes), told, what)
from (values
  ('{}'::jsonb, 'true; 120.00 44.00 76.00 -> 120.00 44.00 76.00', 'nothing changed: history, without what was returned'),
  ('{"payout": {"price": 10}}', 'false; 120.00 44.00 76.00 -> 120.00 52.00 68.00', 'another price once a lead'),
  ('{"payout": {"per": "sale", "percent_of_revenue": null}}', 'false; 120.00 44.00 76.00 -> 120.00 32.00 88.00', 'no share'),
  ('{"payout": {"min_margin": 10}}', 'true; 120.00 44.00 76.00 -> 120.00 44.00 76.00', 'a margin that every sale leaves'),
  ('{"payout": {"min_margin": 10.01}}', 'false; 120.00 44.00 76.00 -> 80.00 24.00 56.00',
    'a margin that one buyer''s price does not leave'),
  ('{"default_price_per_lead": 50, "payout": {"price": 8}}', 'true; 120.00 44.00 76.00 -> 120.00 44.00 76.00', 'the same terms again')
) as t (changes, told, what);
select is(w -> 'examples' -> 0 ->> 'why', 'its buyer: margin: price 20.00, cost 10.00, margin at least 10.01',
  'why a lead is lost, in numbers')
from offer, leadgen.what_if(offer.id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '{"payout": {"min_margin": 10.01}}') w;
select is(testkit.fault_of(format(
    $$select leadgen.what_if(%s, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '{"payout": {"price": -1}}')$$, id)),
  'LG423 changes.payout.price', 'a payout that a row could not have is refused by its path') from offer;
update leadgen.sources set payout_policy_id = null;
select is(pg_temp.told('{"payout": {"price": 10}}'), 'false; 120.00 44.00 76.00 -> 120.00 52.00 68.00',
  'a lead is rehearsed by the policy that its decision names');
select is(testkit.fault_of(format(
    $$select leadgen.what_if(%s, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '{"payout": {"min_margin": 3}}')$$, id)),
  'LG423 changes.payout', 'where no source is paid the changes must say what is paid') from offer;
select testkit.outcome(id, '2026-11-20T17:00:00Z') from offer;
select is(pg_temp.told('{"payout": {"price": 1}}'), 'false; 180.00 44.00 136.00 -> 180.00 18.00 162.00',
  'a source that is not paid is, by what the changes say')
from offer;
select * from finish();
rollback;
