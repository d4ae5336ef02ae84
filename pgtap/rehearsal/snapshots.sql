-- take_terms, price_terms, lay_over_snapshot, lay_over_limits, lay_over_tags: a recorded candidate as it would have been.
begin;
select plan(49);
create temp table p as select testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7), testkit.rehearsal_seat(8)) as plan;
create temp table begun as select rehearsal.start_play(plan, '2026-11-20T16:30:00Z') as play from p;
-- Terms and snapshots: a recorded candidate as it would have been.
create temp table recorded as select testkit.candidates('{"buyer_offer_id": 7, "buyer_id": 107, "cap_day": 2, "used_day": 1,
  "budget_month": 900, "spent_month": 45, "last_turn": 3, "min_balance": 10}') as c;
select is(to_jsonb((testkit.candidates_of(r.snapshot))[1]) -> field, expected, format('lay_over_snapshot: %s, %s', fields, field))
from recorded, (values
  ('{}'::jsonb, 'used_day', '1'::jsonb), ('{}', 'cap_day', '2'), ('{}', 'price', '45'), ('{}', 'spent_month', '45'), ('{}',
    'last_turn', '3'),
  ('{"capacity_per_day": 9}', 'cap_day', '9'), ('{"capacity_per_day": 9}', 'used_day', '1'), ('{"capacity_per_day": null}',
    'cap_day', 'null'),
  ('{"capacity_per_week": 9}', 'used_week', '0'), ('{"capacity_per_week": 9}', 'cap_day', '2'), ('{"budget_per_day": 90}',
    'budget_day', '90'),
  ('{"price_per_lead": 60}', 'price', '60.00'), ('{"price_per_lead": 60}', 'base_price', '60'), ('{"weight": 7}', 'weight', '7'),
  ('{"routing_priority": 3}', 'priority', '3'), ('{"is_active": false}', 'enrollment_is_active', 'false'),
  ('{"min_balance_required": null}', 'min_balance', 'null'), ('{"min_balance_required": 5}', 'balance', '100'),
  ('{"pause_until": "2026-12-01T00:00:00Z"}', 'pause_until', '"2026-12-01T00:00:00+00:00"'),
  ('{"schedule": {"mon": [["00:00", "01:00"]]}}', 'in_schedule', 'false'), ('{"schedule": null}', 'in_schedule', 'true'),
  ('{"filters": {"attributes.age": {"minimum": 9}}}', 'filter_fault', '"attributes.age is 5, wanted at least 9"'),
  ('{"filters": null}', 'filter_fault', 'null')
) as t (fields, field, expected), lateral testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7, fields)), c) r;
select is((r.snapshot).openings, array['2026-11-23T06:00:00Z']::timestamptz[], 'lay_over_snapshot: when a changed schedule opens')
from recorded, lateral testkit.rehearse(testkit.rehearsal_plan('{}',
  testkit.rehearsal_seat(7, '{"schedule": {"mon": [["00:00", "01:00"]]}}')), c) r;
-- Eight counters: the offer''s hour, day, week, month, then the enrollment''s.
select is(to_jsonb((testkit.candidates_of(r.snapshot))[1]) -> field, expected, format('lay_over_snapshot: %s, %s', change, field))
from recorded, (values
  ('{"sales": [0, 0, 0, 0, 2, 2, 2, 2]}'::jsonb, '{}'::jsonb, 'used_day', '3'::jsonb),
  ('{"money": [0, 0, 0, 0, -45, -45, -45, -45]}', '{}', 'spent_month', '0'),
  ('{"sold": [6, 6, 6, 6, 5, 5, 5, 5], "sales": [0, 0, 0, 0, -1, -1, -1, -1]}', '{"capacity_per_week": 9}', 'used_week', '4'),
  ('{"sold": [6, 6, 6, 6, 5, 5, 5, 5]}', '{}', 'used_day', '1'),
  ('{"turns": [null, 8], "has_left": true}', '{}', 'last_turn', '8'), ('{"turns": [null, 8]}', '{}', 'last_turn', '3')
) as t (change, fields, field, expected),
  lateral testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7, fields)), c, change) r;
-- Who is gone, who is new.
create temp table three as select testkit.candidates('{"price": 41, "cap_day": 5, "used_day": 1}',
  '{"price": 42, "cap_day": 6, "used_day": 2}',
  '{"price": 43, "cap_day": 7, "used_day": 3}') as c;
select is(concat_ws(' ', s.enrollments, s.prices, s.limit_owners, s.limit_caps, s.limit_uses), '{1,3} {41,43} {1,2} {5,7} {1,3}',
  'lay_over_terms: without who is gone, limits included')
from three, lateral testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(1),
  jsonb_populate_record(testkit.rehearsal_seat(2), '{"is_gone": true}'), testkit.rehearsal_seat(3)), c) r,
    lateral (select (r.snapshot).*) s;
select is(concat_ws(' ', s.enrollments, s.buyers, s.prices, s.flags, s.balances, s.limit_codes, s.limit_caps, s.limit_uses),
  '{1,2,3,9} {101,102,103,109} {41,42,43,50.00} {31,31,31,23} {100,100,100,7} {cap_day,cap_day,cap_day,cap_day} {5,6,7,8} {1,2,3,0}',
  'lay_over_terms: and with a newcomer, which works elsewhere')
from three, lateral testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(1), testkit.rehearsal_seat(2),
  testkit.rehearsal_seat(3),
  jsonb_populate_record(testkit.rehearsal_seat(9, '{"price_per_lead": 50, "capacity_per_day": 8}'),
    '{"new_flags": 23, "balance": 7, "areas": ["city:waco"]}')), c) r, lateral (select (r.snapshot).*) s;
select is((r.snapshot).flags[2], 23 | kernel.flag('in_service_area'), format('change_candidates: a newcomer in %s', areas::text))
from (values ('{postal_code:787*}'::text[]), ('{city:waco,city:austin}')) as t (areas),
  lateral testkit.rehearse(testkit.rehearsal_plan('{}',
  testkit.rehearsal_seat(1), jsonb_populate_record(testkit.rehearsal_seat(9, '{"price_per_lead": 50}'),
    jsonb_build_object('new_flags', 23, 'areas', areas))), testkit.candidates('{}')) r;
-- Prices: with the steps that held for the lead.
select is((r.snapshot).prices[1], price, format('price_terms: %s, pricing changed %s', fields, pricing is not null))
from (values ('{}'::jsonb, null::jsonb, 45::numeric), ('{"price_per_lead": 60}', null, 66), ('{}', '{}', 49.50)) as t (fields,
  pricing, price),
  lateral testkit.rehearse(testkit.rehearsal_plan(jsonb_strip_nulls(jsonb_build_object('pricing', pricing)),
    testkit.rehearsal_seat(1, fields)),
    testkit.candidates('{}'), jsonb_build_object('seen', to_jsonb(testkit.snapshot(testkit.candidates('{}'), null,
      '2026-11-20T16:30:00Z'))
      || '{"adjustments": [{"step": "x", "percent": 10}]}'::jsonb)) r;
-- The offer''s own limits: as recorded; under changed caps with the record''s use, or counted along.
select is(coalesce((select concat_ws(' ', s.limit_codes, s.limit_caps, s.limit_uses)
    from (select (r.snapshot).*) s where cardinality(s.limit_codes) > 0), ''), expected,
  format('lay_over_limits: recorded %s, changed %s', recorded, routing))
from (values
  (null::jsonb, null::jsonb, '{}'::jsonb, ''),
  (null, '{"cap_day": 9, "used_day": 7}', '{"caps": {"per_day": 9}}', '{offer_cap_day} {9} {5}'),
  ('{"caps": {"per_day": 3}}', '{"cap_day": 9, "used_day": 7}', '{"caps": {"per_day": 3}}', '{offer_cap_day} {3} {5}'),
  ('{"caps": {"per_day": 3, "budget_per_month": 90}}', '{"cap_day": 9, "used_day": 7}',
    '{"caps": {"per_day": 3, "budget_per_month": 90}}',
    '{offer_cap_day,offer_budget_month} {3,90} {5,135}'),
  ('{"caps": {"per_week": 3}}', null, '{"caps": {"per_week": 3}}', '{offer_cap_week} {3} {3}'),
  ('{"caps": null}', '{"cap_day": 9, "used_day": 7}', '{}', '')
) as t (routing, recorded, config, expected),
  lateral testkit.rehearse(testkit.rehearsal_plan(jsonb_strip_nulls(jsonb_build_object('routing', routing)) || case
    when routing -> 'caps' = 'null'
    then '{"routing": {"caps": null}}' else '{}' end::jsonb, variadic '{}'), '{}', '{"sold": [5, 5, 5, 5], "paid": [225, 225, 225, 225],
    "sales": [-2, -2, -2, -2], "money": [-90, -90, -90, -90]}', recorded, config) r;
-- Shares: all begin alike where nobody went by weight before.
select is((r.snapshot).finish_tags, expected, format('lay_over_tags: %s', what))
from (values ('{"strategy": "weighted"}'::jsonb, '{}'::jsonb, '{4}'::float8[], 'history''s'),
  ('{"strategy": "weighted"}', '{"has_left": true}', '{0}', 'none before'),
  ('{"strategy": "weighted"}', '{"has_left": true, "finish_tags": [0, 7], "virtual_times": [0, 1]}', '{7}', 'its own'))
    as t (config, change, expected, what),
  lateral testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(1)), testkit.candidates('{"finish_tag": 4}'), change, null,
    config) r;
-- At another time: the lead''s own area, contact and filters, the enrollments as they were latest, limits counted along.
select is(concat_ws(' ', s.enrollments, s.flags, s.filter_faults, s.balances, s.prices, s.limit_uses), '{1,2} {88,19} {NULL,far} {7,100}',
  'see_anew')
from begun, lateral rehearsal.see_anew(
  jsonb_populate_record(begun.play, jsonb_build_object('latest', jsonb_build_object('kind', 'routed', 'seen', to_jsonb(testkit.snapshot(
    testkit.candidates('{"enrollment_is_active": false, "buyer_is_active": false, "has_channel": false, "balance": 7, "cap_day": 1}',
      '{"has_channel": false}')))))),
  jsonb_populate_record(null::rehearsal.event, jsonb_build_object('kind', 'retried', 'happened_at', '2026-11-20T17:00:00Z',
    'seen', to_jsonb(testkit.snapshot(testkit.candidates('{"buyer_offer_id": 3}', '{"in_service_area": false, "filter_fault": "far"}',
      '{"buyer_offer_id": 1, "has_contact": true}')))))) s;
select is(format('%s %s', (s.snapshot).flags[1] & kernel.flag('in_schedule') > 0, coalesce((s.snapshot).openings[1]::text, 'open')),
  expected,
  format('open_schedules: at %s', at))
from (values ('2026-11-20T16:30:00Z'::timestamptz, 't open'), ('2026-11-21T16:30:00Z', 'f 2026-11-27 06:00:00+00')) as t (at,
  expected),
  lateral (select rehearsal.open_schedules(jsonb_populate_record(null::rehearsal.terms, '{"seats": [2], "schedules": ["{[5760,7200)}"]}'),
    testkit.snapshot(testkit.candidates('{}'), null, at)) as snapshot) s;

select * from finish();
rollback;
