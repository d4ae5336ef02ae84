-- replay_lead, replay_decision, replay_validation, find_replay_faults, verify_leads: whatever happened comes out of its record
-- again, and what was tampered with is told; recall_facts, list_sales, list_winners, recall_terms, lay_over_terms, shares_terms.
begin;
select plan(49);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 1, "required_fields": ["message"],
    "business_hours": {"fri": [["08:00", "20:00"]]}}',
  '{"strategy": "weighted", "tie_breakers": ["least_filled", "highest_price"], "max_buyers": 2,
    "caps": {"per_day": 7, "budget_per_month": 900}, "hold_hours": 5}',
  '{"exclusivity_premium": {"percent": 20}, "time_of_day": [{"name": "noon", "hours": {"fri": [["12:00", "13:00"]]}, "amount": 3}],
    "adjustments": [{"name": "old", "when": {"attributes.roof_age": {"minimum": 20}}, "percent": 7.5}]}') as offer_id;
create temp table seats as select offer_id, testkit.enroll_buyer(offer_id, 'Ace',
  '{"capacity_per_hour": 2, "weight": 3, "price_per_lead": 33.33}') as a,
  testkit.enroll_buyer(offer_id, 'Best',
    '{"budget_per_day": 200, "filters": {"attributes.roof_age": {"minimum": 10}}, "schedule": {"fri": [["10:00", "12:30"]]}}') as b,
  testkit.enroll_buyer(offer_id, 'Cole', '{"timezone": "Asia/Tokyo", "capacity_per_day": 2, "min_balance_required": 45}') as c from ids;
select testkit.set_balance(testkit.buyer_of(c), 500) from seats;
select testkit.own(a, 'postal_code', '78745') from seats;
create temp table history as select n, testkit.outcome(offer_id, '2026-11-20T13:30:00Z'::timestamptz + n * interval '23 minutes',
  jsonb_build_object(
  'attributes', jsonb_build_object('roof_age', n * 2), 'postal_code', case n % 4 when 0 then '78745' else '78701' end)
  || case n % 7 when 3 then '{"message": null}' else '{}' end::jsonb) as outcome from ids, generate_series(1, 20) n;
select testkit.at_time('2026-11-21T02:00:00Z');
select testkit.work_holds();
select is((select count(distinct split_part(outcome, ' ', 1)) from history) > 3, true, 'many kinds of outcome');
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}',
  'replay_lead: every lead is identical');
select is((v.checked, v.faults)::text, format('(20,[])'), 'verify_leads: all of them') from leadgen.verify_leads(0, 100) v;
select is(format('%s %s', v.checked, v.last_id = l.id), '3 t', 'verify_leads: the next three') from leadgen.verify_leads(0, 3) v,
  (select id from leadgen.leads order by id limit 1 offset 2) l;
select is((select format('%s %s', v.checked, coalesce(v.last_id::text, 'none'))
  from leadgen.verify_leads((select max(id) from leadgen.leads), 10) v),
  '0 none',
  'verify_leads: there are no more');
select is(testkit.fault_of('select leadgen.replay_lead(0)'), 'LG404 lead_id', 'replay_lead: no such lead');

-- The policy changes: a lead is judged again by the version it was judged by.
update leadgen.validation_policies set rules = '{"required_fields": ["attributes.color"]}';
update leadgen.validation_policies set rules = '{"blocked_words": ["emergency"]}';
update leadgen.routing_policies set config = '{}';
update leadgen.pricing_policies set rules = '{}';
update leadgen.buyer_offers set price_per_lead = 99, is_active = false, weight = 1;
select is((v.faults)::text, '[]', 'verify_leads: nothing that changed since matters') from leadgen.verify_leads(0, 100) v;

-- A changed record is told, with what was recorded and what comes out.
create temp table d as select x.*
  from leadgen.lead_decisions x where x.winners <> '{}' and (x.exclusivity).buyer_id is null order by x.id limit 1;
create temp table e as select x.* from leadgen.lead_decisions x where x.is_held order by x.id limit 1;
select is(rehearsal.replay_decision(d.*::text::leadgen.lead_decisions), '[]', 'replay_decision: as it was') from d;
create function pg_temp.faults(p_decision leadgen.lead_decisions) returns text[] language sql as $$
  select array_agg(f ->> 'what' order by f ->> 'what') from jsonb_array_elements(rehearsal.replay_decision(p_decision)) f;
$$;
select is(pg_temp.faults(jsonb_populate_record(d.*::text::leadgen.lead_decisions, change)), expected,
  format('replay_decision: %s', change::text))
from d, (values
  ('{"reasons": ["paused", null, null]}'::jsonb, '{reasons}'::text[]), ('{"winners": [3]}', '{winners}'), ('{"ranking": []}', '{ranking}'),
  ('{"unsold_reason": "no buyer is enrolled in the offer"}', '{unsold_reason}'), ('{"exclusive_buyer_id": 5}', '{exclusive_buyer_id}'),
  ('{"is_held": true}', '{is_held}'), ('{"adjustments": [{"step": "gift", "amount": -5}]}', '{sales}')
) as t (change, expected);
select is(pg_temp.faults(jsonb_populate_record(e.*::text::leadgen.lead_decisions, change)), expected,
  format('replay_decision, held: %s', change::text))
from e, (values ('{}'::jsonb, null::text[]), ('{"next_route_at": "2026-11-20T00:00:00Z"}', '{next_route_at}'), ('{"is_held": false}',
  '{is_held}')) as t (change, expected);
create function pg_temp.winners(p_decision leadgen.lead_decisions) returns jsonb language sql as $$
  select rehearsal.list_winners(s, kernel.decide(s, market.recall_policy(p_decision)))
  from market.recall_snapshot(p_decision, market.recall_policy(p_decision)) s;
$$;
select is(rehearsal.list_sales(d.*::text::leadgen.lead_decisions), pg_temp.winners(d.*::text::leadgen.lead_decisions),
  'list_winners computes what list_sales finds') from d;
select is(pg_temp.winners(e.*::text::leadgen.lead_decisions), '[]', 'list_winners: nobody') from e;
select is(rehearsal.list_sales(e.*::text::leadgen.lead_decisions), '[]', 'list_sales: none') from e;

-- What is recalled once for many: terms, and who shares them. A pause is one at the time of the decision, or none.
create temp table t as select d.decided_at, market.recall_terms(r, market.recall_policy(r)) as terms, r
  from d, lateral (select d.*::text::leadgen.lead_decisions as r) x;
select is(market.lay_over_terms(terms, r), market.recall_snapshot(r, market.recall_policy(r)),
  'lay_over_terms: terms and record are the snapshot') from t;
select is((market.lay_over_terms(jsonb_populate_record(terms,
    jsonb_build_object('pauses', jsonb_build_array(tstzrange(null, decided_at),
      tstzrange(decided_at, decided_at + interval '1 minute'), null))), r)).pauses,
  array[null, tstzrange(decided_at, decided_at + interval '1 minute'), null], 'lay_over_terms: a pause that is over is none') from t;
select is(market.shares_terms(r, jsonb_populate_record(r, change)), expected, format('shares_terms: %s', change::text))
from t, (values ('{"attempt": 9, "max_buyers": 9, "prices": [1, 2, 3]}'::jsonb, true), ('{"versions": [1, 1, 9]}', false),
  ('{"default_price": 1}', false), ('{"routing_policy_version": 99}', false)) as c (change, expected);

-- A row is changed behind the triggers' back.
create temp table sold as select l.id from leadgen.leads l where l.buyer_id is not null order by l.id limit 1;
create temp table failed as select l.id from leadgen.leads l where l.status = 'rejected' and l.message is null order by l.id limit 1;
select set_config('session_replication_role', 'replica', true);
update leadgen.lead_assignments a set price = price + 1 where a.lead_id = (select id from sold);
update leadgen.leads l set message = 'now there is one' where l.id = (select id from failed);
select set_config('session_replication_role', 'origin', true);
select is(format('%s %s', leadgen.replay_lead(id) ->> 'identical',
  jsonb_path_query_array(leadgen.replay_lead(id), '$.differences[*].what')),
  'false ["sales"]',
  'replay_lead: another price') from sold;
select is(format('%s %s', leadgen.replay_lead(id) ->> 'identical',
  jsonb_path_query_array(leadgen.replay_lead(id), '$.differences[*].what')),
  'false ["validation"]',
  'replay_lead: another message') from failed;
select is(rehearsal.replay_validation(l) #>> '{0,recorded,0,code}', 'field_required', 'replay_validation: what was recorded') from failed
  join leadgen.leads l using (id);
select is(rehearsal.replay_validation(l), '[]', 'replay_validation: a lead that passed') from sold join leadgen.leads l using (id);
select is(jsonb_array_length(rehearsal.find_replay_faults(l)), 1, 'find_replay_faults: validation and every attempt') from sold
  join leadgen.leads l using (id);
select is(format('%s %s', v.checked, (select array_agg((f ->> 'lead_id')::bigint order by 1) from jsonb_array_elements(v.faults) f)::text),
  format('20 %s', (select array_agg(id order by id) from (
    select id from sold
    union
    select id from failed) x)::text),
    'verify_leads: names the two')
from leadgen.verify_leads(0, 100) v;

-- recall_facts: a stored lead as it was judged.
create temp table f as select intake.recall_facts(l, 'US') as facts, intake.recall_facts(l, 'DE') as abroad, l.created_at
  from leadgen.leads l
  join leadgen.lead_assignments a on a.lead_id = l.id and a.is_exclusive order by l.id limit 1;
select is(concat_ws('|', (facts).name, (facts).email_domain, (facts).phone_country, (facts).phone_region, (facts).postal_code,
  (facts).city_key, (facts).decided_at
  = created_at), 'John Smith|example.com|US|US-TX|78745|austin|t', 'recall_facts: what the lead sent at its time') from f;
select is((facts).postal_patterns, '{78745,78745*,7874*,787*,78*,7*,*}', 'recall_facts: its postal code''s patterns') from f;
select is((facts).local_minute, kernel.minute_of_week(created_at, 'America/Chicago'), 'recall_facts: the minute of the market''s week')
  from f;
select is(concat_ws('|', cardinality((abroad).postal_patterns), (abroad).city_key), '0', 'recall_facts: abroad it lies in no area') from f;
select is((facts).latitude is not null and (facts).buyers_with_contact = '{}', true, 'recall_facts: its place') from f;

-- Leads that were judged before numbers and addresses were read widely (reading null) replay as they were judged.
create temp table old as select testkit.make_offer('{"roof_age_years": {"minimum": 5, "maximum": 40}}') as offer_id;
create temp table olds as
select age, (testkit.submit(offer_id, jsonb_build_object('attributes', jsonb_build_object('roof_age', age)), 400 + n::integer)
  ->> 'lead_id')::bigint as id
from old, unnest('{"\"+12\"","\"1.5e1\"","12.00001"}'::jsonb[]) with ordinality as t (age, n);
create temp table lost as
select (testkit.submit(offer_id, '{"attributes": {"roof_age": 12}}', 404) ->> 'lead_id')::bigint as id from old;
create temp table refused as
select (testkit.submit(offer_id, '{"attributes": {"roof_age": "old"}}', 405) ->> 'lead_id')::bigint as id from old;
select set_config('session_replication_role', 'replica', true);
update leadgen.leads l set signals.reading = null from olds where l.id = olds.id;
update leadgen.leads l set signals.reading = null from lost where l.id = lost.id;
update leadgen.leads l set status = r.status, validation_reason = r.validation_reason, answer = r.answer
from refused join leadgen.leads r using (id), olds where l.id = olds.id;
update leadgen.leads l set email = E'jo\ufffdn@example.com' from lost where l.id = lost.id;
select set_config('session_replication_role', 'origin', true);
select is(rehearsal.replay_validation(l), '[]', format('replay_validation: roof_age %s, rejected before', age))
from olds join leadgen.leads l using (id);
select is(rehearsal.replay_validation(l), '[]', 'replay_validation: an address with a lost character, taken before')
from lost join leadgen.leads l using (id);
select is(testkit.judge('{}', E'{"email": "jo\\ufffdn@example.com"}'), '{field_invalid email}', 'core_fields: a lead of today is refused');
select is(rules.mx_lookup(testkit.facts(jsonb_build_object('email', email, 'mail_status', 'unknown', 'reading', null)), 'true',
  '{"mx_unknown": "fail"}') <> '{}', judged, format('mx_lookup: the domain of %s, sent before', to_json(email)))
from (values (E'jo\ufffdn@example.com', true), ('john@example', false)) as t (email, judged);

-- is_to_be_held.
select is(kernel.is_to_be_held(testkit.settings(config), owner), held,
  format('is_to_be_held: %s, owner %s', config, owner))
from (values ('{}'::jsonb, null::bigint, true), ('{"on_no_buyer": "reject"}', null, false),
  ('{"on_no_buyer": "reject", "exclusivity": {"when_unavailable": "hold"}}', 5, true),
  ('{"exclusivity": {"when_unavailable": "reject"}}', 5, false)) as t (config, owner, held);

select * from finish();
rollback;
