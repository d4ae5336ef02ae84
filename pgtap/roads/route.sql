-- decide, describe_unsold, and the policy that steers them.
begin;
select plan(38);
select testkit.at_time('2026-11-20T16:00:00Z');

select is(kernel.describe_unsold(reasons), text, text)
from (values
  ('{}'::text[], 'no buyer is enrolled in the offer'),
  ('{paused}', 'no buyer could take it: paused 1'),
  ('{cap_day,paused,cap_day}', 'no buyer could take it: cap_day 2, paused 1'),
  ('{paused,cap_day}', 'no buyer could take it: cap_day 1, paused 1'),
  ('{NULL,cap_day}', 'no buyer could take it: cap_day 1, taken_meanwhile 1')
) as t (reasons, text);

create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{"strategy": "round_robin"}') as offer_id;
create temp table seats as select n, testkit.enroll(offer_id, case n when 3 then '{"capacity_per_day": 1}' else '{}' end::jsonb) as id
  from ids, generate_series(1, 3) n;
create temp table turns as select i, testkit.sell(offer_id, i) as id from ids, generate_series(1, 7) i;
select is((select array_agg(n order by i) from turns join seats using (id)), '{1,2,3,1,2,1,2}',
  'round robin in turn; the full one is left out');
update leadgen.buyer_offers bo set pause_until = '2026-11-21T16:00:00Z' from seats where bo.id = seats.id and n = 1;
select is((select n from seats where id = testkit.sell((select offer_id from ids), 8)), 2, 'a paused buyer is passed over');
create temp table one as select l.id as lead_id from leadgen.leads l order by l.id desc limit 1;
select is((select array_agg(c.reason order by c.buyer_offer_id)
  from leadgen.explain_candidates(lead_id) c), '{"paused: until 2026-11-21T16:00:00Z (10:00 America/Chicago)",NULL,
    "cap_day: 1 of 1, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)"}',
  'the record says why the others lost') from one;
select testkit.at_time('2026-11-21T06:00:00Z');
select is((select n from seats where id = testkit.sell((select offer_id from ids), 9)), 3, 'the next day in Austin: who waited longest');

-- A decision, whole.
create temp table decision as
select g as snapshot, kernel.decide(g, r.route_settings) as decision
from (
  select catalog.load_route(s.id, s.offer_id) as route, (catalog.load_route(s.id, s.offer_id)).routing_settings as route_settings
  from leadgen.sources s join ids using (offer_id)
) r
cross join lateral testkit.gather(testkit.facts('{"decided_at": "2026-11-21T07:00:00Z"}'), r.route) g;
select is((snapshot).decided_at, '2026-11-21T07:00:00Z'::timestamptz, 'decide: its clock') from decision;
select is(format('%s %s %s', cardinality((snapshot).enrollments), (decision).winners::text, ((decision).prices[1]).amount), '3 {2} 45.00',
  'decide: candidates, winner, price') from decision;
select is((decision).unsold_reason is null and (decision).is_held is null, true, 'decide: sold') from decision;
select is((kernel.decide(testkit.gather(testkit.facts('{"decided_at": "2026-11-21T07:00:00Z"}'), catalog.load_route(s.id, s.offer_id),
    (select array_agg(testkit.buyer_of(id)) from seats)), testkit.settings())).unsold_reason,
    'no buyer could take it: already_had_lead 2, paused 1', 'decide: who has it already gets it no more')
from leadgen.sources s join ids using (offer_id);
select is((select count(*) from leadgen.lead_decisions), 9::bigint, 'decide records nothing');

-- An enrollment's zone changes in the middle of a day: what it took today still counts.
create temp table zone as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
create temp table mover as select testkit.enroll_buyer(offer_id, 'Dora') as id from zone;
select testkit.sell(offer_id, 1, '2026-11-20T20:00:00Z') from zone;
update leadgen.buyer_offers bo set timezone = 'America/New_York' from mover where bo.id = mover.id;
select is(testkit.sell(offer_id, 2, '2026-11-20T20:30:00Z'), null, 'another zone, the same day: the cap holds') from zone;

select is(testkit.policy_fault('routing', body), fault, format('as a policy: %s', body::text))
from (values
  ('{}'::jsonb, 'none'),
  ('{"strategy": "weighted", "tie_breakers": ["round_robin"], "max_buyers": 20, "exclusivity": {"scopes": ["city"],
    "when_unavailable": "hold"}, "on_no_buyer": "reject",
    "hold_hours": 0.01}', 'none'),
  ('{"stratgy": "priority"}', 'LG423 config.stratgy'), ('{"strategy": "random"}', 'LG423 config.strategy'),
  ('{"strategy": ["priority"]}', 'LG423 config.strategy'),
  ('{"strategy": null}', 'LG423 config.strategy'), ('{"tie_breakers": "priority"}', 'LG423 config.tie_breakers'),
  ('{"tie_breakers": []}', 'LG423 config.tie_breakers'),
  ('{"tie_breakers": ["priority", "priority"]}', 'LG423 config.tie_breakers'), ('{"tie_breakers": ["priority", "id"]}',
    'LG423 config.tie_breakers[1]'),
  ('{"max_buyers": 0}', 'LG423 config.max_buyers'), ('{"max_buyers": 21}', 'LG423 config.max_buyers'), ('{"max_buyers": 1.5}',
    'LG423 config.max_buyers'),
  ('{"max_buyers": "2"}', 'LG423 config.max_buyers'), ('{"exclusivity": []}', 'LG423 config.exclusivity'),
  ('{"exclusivity": {"scope": ["city"]}}', 'LG423 config.exclusivity.scope'), ('{"exclusivity": {"scopes": []}}',
    'LG423 config.exclusivity.scopes'),
  ('{"exclusivity": {"scopes": ["zip"]}}', 'LG423 config.exclusivity.scopes[0]'), ('{"exclusivity": {"when_unavailable": ["hold"]}}',
    'LG423 config.exclusivity.when_unavailable'),
  ('{"on_no_buyer": []}', 'LG423 config.on_no_buyer'), ('{"hold_hours": 0}', 'LG423 config.hold_hours'), ('{"hold_hours": 2161}',
    'LG423 config.hold_hours'),
  ('{"rules": {}}', 'LG423 config.rules')
) as t (body, fault);

select * from finish();
rollback;
