-- The parts of a rehearsal, one by one: tallies, counters and their windows, turns, terms and snapshots under changes, moves,
-- the queue, the report.
begin;
select plan(154);

-- Tallies.
select is(rehearsal.add_parts(parts, more), expected, format('add_parts: %s to %s', more, parts))
from (values ('{}'::jsonb, '{"a": {"x": 1}}'::jsonb, '{"a": {"x": 1}}'::jsonb),
  ('{"a": {"x": 1, "y": 2}}', '{"a": {"y": -2, "z": 3}, "b": {"x": 2.5}}', '{"a": {"x": 1, "z": 3}, "b": {"x": 2.5}}'),
  ('{"a": {"x": 1}}', '{"a": {"x": -1}}', '{}'), ('{"a": {"x": 1}}', null, '{"a": {"x": 1}}')) as t (parts, more, expected);
select is(rehearsal.sum_part('{"a": {"x": 1, "y": 2.5}}', part), total, 'sum_part: ' || part)
from (values ('a', 3.5), ('b', 0)) as t (part, total);
select is(rehearsal.lay_over('{"a": 1, "b": 2}', '{"b": null, "c": [3]}'), '{"a": 1, "c": [3]}', 'lay_over: null takes a key away');
select is(rehearsal.lay_over('{"a": {"x": 1}}', '{"a": {"y": 2}}'), '{"a": {"y": 2}}', 'lay_over: a key is replaced whole');
select is(rehearsal.lay_over('{"a": 1}', '{}'), '{"a": 1}', 'lay_over: nothing');

-- What caps allow in a period.
select is(rehearsal.find_capacity(caps, '{"hour": 6, "day": 3, "week": 2, "month": 1}'), capacity, format('find_capacity: %s', caps))
from (values
  ('{}'::jsonb, null::numeric), ('{"capacity_per_hour": 2}', 12), ('{"capacity_per_day": 5}', 15),
  ('{"capacity_per_week": 7}', 14), ('{"capacity_per_month": 9}', 9), ('{"capacity_per_day": null}', null),
  ('{"capacity_per_hour": 2, "capacity_per_day": 3}', 9), ('{"capacity_per_day": 0}', 0)
) as t (caps, capacity);
select is(rehearsal.report_buyer('{"sales": {"7": 3, "8": 1}, "revenue": {"7": 135}}', 7, 6),
  '{"sales": 3, "revenue": 135, "share": 0.7500, "fill": 0.5000}', 'report_buyer');
select is(rehearsal.report_buyer('{"sales": {"7": 3}}', 7, 2) -> 'fill', '1', 'report_buyer: never more than full');
select is(rehearsal.report_buyer('{}', 7, null), '{"sales": 0, "revenue": 0, "share": 0, "fill": null}',
  'report_buyer: nothing sold, no caps');
select is(rehearsal.report_day('{"2026-11-20 sold": 2, "2026-11-20 revenue": 90}', '2026-11-20'), '{"sold": 2, "revenue": 90}',
  'report_day');
select is(rehearsal.report_day('{}', '2026-11-20'), '{"sold": 0, "revenue": 0}', 'report_day: nothing');
select is(rehearsal.report_totals('{"counts": {"sold": 2}, "sales": {"7": 3}, "revenue": {"7": 90}, "causes": {"paused": 1}}'),
  '{"sold": 2, "unsold": 0, "held": 0, "rejected": 0, "sales": 3, "revenue": 90, "fill": 1.0000, "unsold_by_cause": {"paused": 1},
    "rejected_by_code": {}}', 'report_totals');

-- Seats with changes.
create function pg_temp.seat(p_id bigint, p_fields jsonb default '{}') returns rehearsal.seat language sql as $$
  select rehearsal.change_seat(rehearsal.make_seat(p_id, 100 + p_id), p_fields, 45, 'changes.enrollments.' || p_id);
$$;
select is(concat_ws(' ', s.changes, s.changed_codes, s.limit_codes, s.limit_caps, s.schedule, cardinality(s.tests)), expected,
  format('change_seat: %s', fields))
from (values
  ('{}'::jsonb, '{} {} {}'),
  ('{"capacity_per_day": 3, "capacity_per_week": null, "budget_per_month": 90.5}',
    '{"budget_per_month": 90.5, "capacity_per_day": 3, "capacity_per_week": null} {budget_month,cap_day,cap_week} '
      '{cap_day,budget_month} {3,90.5}'),
  ('{"price_per_lead": null}', '{"price_per_lead": 45} {} {} {}'),
  ('{"schedule": {"mon": [["00:00", "01:00"]]}, "filters": {"city": {"enum": ["Austin"]}}}',
    '{"filters": {"city": {"enum": ["Austin"]}}, "schedule": {"mon": [["00:00", "01:00"]]}} {} {} {} {[0,60)} 1')
) as t (fields, expected), lateral pg_temp.seat(1, fields) s;

-- A rehearsal of two enrollments, both of Austin unless their zone says otherwise: an offer that sold nothing yet.
create function pg_temp.plan(p_changes jsonb, variadic p_seats rehearsal.seat[]) returns rehearsal.plan language plpgsql as $$
declare
  v_plan rehearsal.plan;
begin
  v_plan.timezone := 'America/Chicago';
  v_plan.currency := 'USD';
  v_plan.country_code := 'US';
  v_plan.routing := p_changes -> 'routing';
  v_plan.pricing := p_changes -> 'pricing';
  v_plan.seats := rehearsal.make_seat(0, null) || p_seats;
  v_plan.ids := array(select s.buyer_offer_id from unnest(v_plan.seats) s);
  return v_plan;
end;
$$;
create temp table p as select pg_temp.plan('{}', pg_temp.seat(7), pg_temp.seat(8)) as plan;
create temp table begun as select rehearsal.start_play(plan, '2026-11-20T16:30:00Z') as play from p;
select is(concat_ws(' ', (play).zones, (play).sold, cardinality((play).money), (play).has_left),
  '{America/Chicago,America/Chicago,America/Chicago} {0,0,0,0,0,0,0,0,0,0,0,0} 12 f',
  'start_play: a seat for the offer and one for each enrollment, nothing sold') from begun;
select is((play).starts[1:4], array['2026-11-20T16:00:00Z', '2026-11-20T06:00:00Z', '2026-11-16T06:00:00Z',
  '2026-11-01T05:00:00Z']::timestamptz[], 'start_play: in the windows of its time') from begun;

-- Sales in the windows of a time. 16:30 UTC on Friday 20 November 2026.
create function pg_temp.show(p_numbers numeric[], p_seat integer) returns text language sql as $$
  select string_agg(trim_scale(n)::text, ' ' order by place) from unnest(p_numbers) with ordinality as x (n, place)
  where (place - 1) / 4 = p_seat;
$$;
create temp table sold as select rehearsal.count_sales(plan, rehearsal.turn_clock(play, '2026-11-20T16:30:00Z'), '{7}', '{45}') as play
  from p, begun;
select is(pg_temp.show((play).sold, n) || ' / ' || pg_temp.show((play).paid, n) || ' / ' || pg_temp.show((play).sales, n), expected,
  'count_sales: what history sold, seat ' || n)
from sold, (values (0, '1 1 1 1 / 45 45 45 45 / 0 0 0 0'), (1, '1 1 1 1 / 45 45 45 45 / 0 0 0 0'), (2, '0 0 0 0 / 0 0 0 0 / 0 0 0 0'))
  as t (n, expected);
select is(pg_temp.show(t.sold, 1) || ' / ' || pg_temp.show(t.paid, 1), expected, format('turn_clock: at %s', at))
from sold, (values ('2026-11-20T16:59:59Z'::timestamptz, '1 1 1 1 / 45 45 45 45'), ('2026-11-20T17:00:00Z', '0 1 1 1 / 0 45 45 45'),
  ('2026-11-21T06:00:00Z', '0 0 1 1 / 0 0 45 45'), ('2026-11-23T06:00:00Z', '0 0 0 1 / 0 0 0 45'),
  ('2026-12-01T06:00:00Z', '0 0 0 0 / 0 0 0 0')) as w (at, expected), lateral rehearsal.turn_clock(sold.play, at) t;
select is((rehearsal.turn_clock(play, '2026-11-20T17:10:00Z')).windows_end, '2026-11-20T18:00:00Z'::timestamptz,
  'turn_clock: until the next of them ends') from sold;
create temp table moved as select rehearsal.count_sales(plan, rehearsal.turn_clock(play, '2026-11-20T16:30:00Z'), '{7}', '{45}', true,
  '{8}', '{60}') as play from p, begun;
select is(pg_temp.show((play).sales, n) || ' / ' || pg_temp.show((play).money, n) || ' / ' || pg_temp.show((play).sold, n), expected,
  'count_sales: from one to the other, seat ' || n)
from moved, (values (0, '0 0 0 0 / 15 15 15 15 / 1 1 1 1'), (1, '-1 -1 -1 -1 / -45 -45 -45 -45 / 1 1 1 1'),
  (2, '1 1 1 1 / 60 60 60 60 / 0 0 0 0')) as t (n, expected);
select is(rehearsal.count_sales(plan, play, '{}', '{}')::text, play::text, 'count_sales: an unsold lead changes nothing') from p, moved;
-- A zone of its own has days of its own: in Tokyo Saturday has begun.
create temp table tokyo as select rehearsal.turn_clock(jsonb_populate_record(play,
  '{"zones": ["America/Chicago", "America/Chicago", "Asia/Tokyo"], "windows_end": "-infinity"}'), '2026-11-20T16:30:00Z') as play
    from moved;
select is((play).starts[10] || ' ' || pg_temp.show((play).sales, 2), '2026-11-20 15:00:00+00 1 0 1 1',
  'turn_clock: a zone that moved; what is over by it begins anew') from tokyo;
-- A sale of 15:30 UTC given back at 16:30: the hour has passed, the day has not.
create temp table back as select jsonb_populate_record(null::leadgen.lead_assignments, '{"buyer_offer_id": 7, "price": 45,
  "created_at": "2026-11-20T15:30:00Z"}') as sale;
create temp table two as select rehearsal.turn_clock(rehearsal.count_sales(plan, rehearsal.turn_clock(s, '2026-11-20T15:30:00Z'),
  '{7,7}', '{45,45}', true), '2026-11-20T16:30:00Z') as play from p,
  lateral rehearsal.start_play(plan, '2026-11-20T15:30:00Z') s;
select is(pg_temp.show(b.sold, n) || ' / ' || pg_temp.show(b.paid, n) || ' / ' || pg_temp.show(b.sales, n), expected,
  format('give_back: seat %s, stray %s', n, left_before))
from p, two, back, (values (0, false, '0 1 1 1 / 0 45 45 45 / 0 -2 -2 -2'), (1, false, '0 1 1 1 / 0 45 45 45 / 0 -2 -2 -2'),
  (1, true, '0 1 1 1 / 0 45 45 45 / 0 -1 -1 -1'), (2, true, '0 0 0 0 / 0 0 0 0 / 0 0 0 0')) as t (n, left_before, expected),
  lateral rehearsal.give_back(plan, two.play, sale, left_before) b;
select is(pg_temp.show((rehearsal.give_back(plan, rehearsal.turn_clock(play, '2026-11-21T16:30:00Z'), sale, false)).sold, 1), '0 0 1 1',
  'give_back: what comes back the next day') from p, two, back;

-- Turns.
create function pg_temp.seen(p_play rehearsal.play, p_seen kernel.snapshot) returns rehearsal.play language plpgsql as $$
begin
  p_play.seen := p_seen;
  return p_play;
end;
$$;
select is(concat_ws(' ', l.turns, l.finish_tags, l.has_left), '{NULL,5,NULL} {0,2.5,0} t',
  'leave_history: the turns of who was a candidate')
from p, begun, lateral rehearsal.leave_history(plan, pg_temp.seen(begun.play, testkit.snapshot(
  testkit.candidates('{"buyer_offer_id": 7, "last_turn": 5, "finish_tag": 2.5}')))) l;
select is(l.finish_tags, null, 'leave_history: no tags where history has none')
from p, begun, lateral rehearsal.leave_history(plan, pg_temp.seen(begun.play, jsonb_populate_record(testkit.snapshot(
  testkit.candidates('{"buyer_offer_id": 7, "last_turn": 5}')), '{"finish_tags": null}'))) l;
select is(concat_ws(' ', l.turns, l.finish_tags), '{NULL,1,NULL} {0,4,0}',
  'leave_history: tags are taken over once history has some, turns once only')
from p, begun, lateral rehearsal.leave_history(plan, pg_temp.seen(jsonb_populate_record(begun.play,
  '{"has_left": true, "turns": [null, 1, null]}'), testkit.snapshot(
  testkit.candidates('{"buyer_offer_id": 7, "last_turn": 5, "finish_tag": 4}')))) l;
select is(concat_ws(' ', t.turns, t.finish_tags), expected, 'take_turns: ' || what)
from begun, (values
  ('{"winners": [2], "turns": [6]}'::jsonb, '{NULL,5,6}', 'the winner has the next turn'),
  ('{"winners": [2], "turns": [6], "finish_tags": [0.5], "virtual_times": [0.25]}', '{NULL,5,6} {0,0,0.5}',
    'and its tag, the first there is')
) as x (decision, expected, what),
  lateral rehearsal.take_turns(jsonb_populate_record(begun.play, jsonb_build_object('has_left', true, 'turns', '[null, 5, null]'::jsonb,
    'terms', '{"seats": [2, 3]}'::jsonb, 'decision', decision))) t;
-- weight 2 of 4: its lead is paid off half a unit later; the offer''s time goes on by a quarter
select is(t::text, expected, 'kernel.take_turns: ' || what)
from (values
  (false, '{"last_turn": 4}'::jsonb, '{"last_turn": 6}'::jsonb, '{1}'::integer[], '({7},,)', 'the next number'),
  (false, '{}', '{}', '{2,1}', '("{1,2}",,)', 'two winners, nobody was ever served'),
  (true, '{"weight": 2, "virtual_time": 2, "finish_tag": 2}', '{"weight": 2, "finish_tag": 2, "last_turn": 6}', '{1}',
    '({7},{2.5},{2.25})', 'with weights')
) as x (is_weighted, a, b, winners, expected, what),
  lateral kernel.take_turns(testkit.snapshot(testkit.candidates(a, b)), '{NULL,NULL}', winners, is_weighted) t;

-- Terms and snapshots: a recorded candidate as it would have been.
create function pg_temp.rehearse(
  p_plan rehearsal.plan, p_candidates market.candidate_v1[], p_change jsonb default '{}', p_load jsonb default null,
    p_config jsonb default '{}'
) returns rehearsal.play language plpgsql as $$
declare
  v_play rehearsal.play := rehearsal.turn_clock(rehearsal.start_play(p_plan, '2026-11-20T16:30:00Z'), '2026-11-20T16:30:00Z');
  v_decision leadgen.lead_decisions;
begin
  v_decision.format := 1;
  v_play.policies.settings := testkit.settings(p_config);
  v_play.policy := testkit.settings(p_config);
  v_play.seen := testkit.snapshot(p_candidates, testkit.load(p_load), '2026-11-20T16:30:00Z');
  v_play := jsonb_populate_record(v_play, p_change);
  v_play := rehearsal.take_terms(p_plan, v_play, v_decision);
  v_play.terms := rehearsal.price_terms(v_play.terms, v_play.seen);
  v_play := rehearsal.lay_over_snapshot(p_plan, v_play, testkit.facts(), '{"attributes": {"age": 5}}');
  v_play.decision := kernel.decide(v_play.snapshot, v_play.policy);
  v_play.outcome := rehearsal.read_outcome(v_play.snapshot, v_play.decision);
  return v_play;
end;
$$;
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
) as t (fields, field, expected), lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(7, fields)), c) r;
select is((r.snapshot).openings, array['2026-11-23T06:00:00Z']::timestamptz[], 'lay_over_snapshot: when a changed schedule opens')
from recorded, lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(7, '{"schedule": {"mon": [["00:00", "01:00"]]}}')), c) r;
-- Eight counters: the offer''s hour, day, week, month, then the enrollment''s.
select is(to_jsonb((testkit.candidates_of(r.snapshot))[1]) -> field, expected, format('lay_over_snapshot: %s, %s', change, field))
from recorded, (values
  ('{"sales": [0, 0, 0, 0, 2, 2, 2, 2]}'::jsonb, '{}'::jsonb, 'used_day', '3'::jsonb),
  ('{"money": [0, 0, 0, 0, -45, -45, -45, -45]}', '{}', 'spent_month', '0'),
  ('{"sold": [6, 6, 6, 6, 5, 5, 5, 5], "sales": [0, 0, 0, 0, -1, -1, -1, -1]}', '{"capacity_per_week": 9}', 'used_week', '4'),
  ('{"sold": [6, 6, 6, 6, 5, 5, 5, 5]}', '{}', 'used_day', '1'),
  ('{"turns": [null, 8], "has_left": true}', '{}', 'last_turn', '8'), ('{"turns": [null, 8]}', '{}', 'last_turn', '3')
) as t (change, fields, field, expected), lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(7, fields)), c, change) r;
-- Who is gone, who is new.
create temp table three as select testkit.candidates('{"price": 41, "cap_day": 5, "used_day": 1}',
  '{"price": 42, "cap_day": 6, "used_day": 2}',
  '{"price": 43, "cap_day": 7, "used_day": 3}') as c;
select is(concat_ws(' ', s.enrollments, s.prices, s.limit_owners, s.limit_caps, s.limit_uses), '{1,3} {41,43} {1,2} {5,7} {1,3}',
  'lay_over_terms: without who is gone, limits included')
from three, lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(1),
  jsonb_populate_record(pg_temp.seat(2), '{"is_gone": true}'), pg_temp.seat(3)), c) r, lateral (select (r.snapshot).*) s;
select is(concat_ws(' ', s.enrollments, s.buyers, s.prices, s.flags, s.balances, s.limit_codes, s.limit_caps, s.limit_uses),
  '{1,2,3,9} {101,102,103,109} {41,42,43,50.00} {31,31,31,23} {100,100,100,7} {cap_day,cap_day,cap_day,cap_day} {5,6,7,8} {1,2,3,0}',
  'lay_over_terms: and with a newcomer, which works elsewhere')
from three, lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(1), pg_temp.seat(2), pg_temp.seat(3),
  jsonb_populate_record(pg_temp.seat(9, '{"price_per_lead": 50, "capacity_per_day": 8}'),
    '{"new_flags": 23, "balance": 7, "areas": ["city:waco"]}')), c) r, lateral (select (r.snapshot).*) s;
select is((r.snapshot).flags[2], 23 | kernel.flag('in_service_area'), 'change_candidates: a newcomer in ' || areas::text)
from (values ('{postal_code:787*}'::text[]), ('{city:waco,city:austin}')) as t (areas), lateral pg_temp.rehearse(pg_temp.plan('{}',
  pg_temp.seat(1), jsonb_populate_record(pg_temp.seat(9, '{"price_per_lead": 50}'),
    jsonb_build_object('new_flags', 23, 'areas', areas))), testkit.candidates('{}')) r;
-- Prices: with the steps that held for the lead.
select is((r.snapshot).prices[1], price, format('price_terms: %s, pricing changed %s', fields, pricing is not null))
from (values ('{}'::jsonb, null::jsonb, 45::numeric), ('{"price_per_lead": 60}', null, 66), ('{}', '{}', 49.50)) as t (fields,
  pricing, price),
  lateral pg_temp.rehearse(pg_temp.plan(jsonb_strip_nulls(jsonb_build_object('pricing', pricing)), pg_temp.seat(1, fields)),
    testkit.candidates('{}'), jsonb_build_object('seen', to_jsonb(testkit.snapshot(testkit.candidates('{}'), null,
      '2026-11-20T16:30:00Z'))
      || '{"adjustments": [{"step": "x", "percent": 10}]}')) r;
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
  lateral pg_temp.rehearse(pg_temp.plan(jsonb_strip_nulls(jsonb_build_object('routing', routing)) || case when routing -> 'caps' = 'null'
    then '{"routing": {"caps": null}}' else '{}' end::jsonb, variadic '{}'), '{}', '{"sold": [5, 5, 5, 5], "paid": [225, 225, 225, 225],
    "sales": [-2, -2, -2, -2], "money": [-90, -90, -90, -90]}', recorded, config) r;
-- Shares: all begin alike where nobody went by weight before.
select is((r.snapshot).finish_tags, expected, 'lay_over_tags: ' || what)
from (values ('{"strategy": "weighted"}'::jsonb, '{}'::jsonb, '{4}'::float8[], 'history''s'),
  ('{"strategy": "weighted"}', '{"has_left": true}', '{0}', 'none before'),
  ('{"strategy": "weighted"}', '{"has_left": true, "finish_tags": [0, 7], "virtual_times": [0, 1]}', '{7}', 'its own'))
    as t (config, change, expected, what),
  lateral pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(1)), testkit.candidates('{"finish_tag": 4}'), change, null, config) r;
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
select is(((s.snapshot).flags[1] & kernel.flag('in_schedule') > 0) || ' ' || coalesce((s.snapshot).openings[1]::text, 'open'), expected,
  'open_schedules: at ' || at)
from (values ('2026-11-20T16:30:00Z'::timestamptz, 'true open'), ('2026-11-21T16:30:00Z', 'false 2026-11-27 06:00:00+00')) as t (at,
  expected),
  lateral (select rehearsal.open_schedules(jsonb_populate_record(null::rehearsal.terms, '{"seats": [2], "schedules": ["{[5760,7200)}"]}'),
    testkit.snapshot(testkit.candidates('{}'), null, at)) as snapshot) s;

-- Outcomes, and what is told of them.
create function pg_temp.decided(p_config jsonb, variadic p_fields jsonb[]) returns rehearsal.play language sql as $$
  select pg_temp.rehearse(pg_temp.plan('{}', pg_temp.seat(1), pg_temp.seat(2)), testkit.candidates(variadic p_fields), '{}', null,
    p_config);
$$;
select is((d).outcome::text, expected, 'read_outcome: ' || expected)
from (values
  (pg_temp.decided('{"max_buyers": 2}', '{"price": 45}', '{"price": 60, "priority": 9}'), '(sold,,"{2,1}","{60,45}")'),
  (pg_temp.decided('{}', '{"cap_day": 0}', '{"in_service_area": false}'), '(held,cap_day,{},{})'),
  (pg_temp.decided('{"on_no_buyer": "reject"}', '{"cap_day": 0}'), '(unsold,cap_day,{},{})')) as t (d, expected);
select is(rehearsal.explain_move(before::rehearsal.outcome, after::rehearsal.outcome, (d).snapshot, (d).decision), text, text)
from (values
  ('(sold,,{1},{45})', '(rejected,duplicate,{},{})', null::rehearsal.play, 'rejected: duplicate'),
  ('(unsold,cap_day,{},{})', '(sold,,{1},{45})', pg_temp.decided('{}', '{}'), 'was unsold: cap_day, now sold'),
  ('(sold,,{1},{45})', '(sold,,{1},{60})', pg_temp.decided('{}', '{}'), 'the same buyer at another price'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', pg_temp.decided('{}', '{}', '{"priority": 9}'), 'its buyer is ranked 2 of 2'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', pg_temp.decided('{}', '{"cap_day": 2, "used_day": 2}', '{}'),
    'its buyer: cap_day: 2 of 2, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)'),
  ('(sold,,{1},{45})', '(sold,,"{1,2}","{45,45}")', pg_temp.decided('{"max_buyers": 2}', '{}', '{}'), 'sold to more buyers'),
  ('(sold,,{9},{45})', '(sold,,{1},{45})', pg_temp.decided('{}', '{}'), 'its buyer is not a candidate'),
  ('(sold,,{9},{45})', '(unsold,cap_day,{},{})', null, 'unsold: cap_day')
) as t (before, after, d, text);
create function pg_temp.count(p_before text, p_after text) returns jsonb language sql as $$
  select rehearsal.add_parts((rehearsal.count_moves(('{"counts": {"sold": 2}}', '[]')::rehearsal.tally, array[n.move])).parts,
    rehearsal.count_seats(plan, n))
  from (select pg_temp.plan('{}', pg_temp.seat(1), pg_temp.seat(2)) as plan) p,
    lateral rehearsal.note_move(plan, jsonb_populate_record(rehearsal.start_play(plan, '2026-11-20T16:30:00Z'),
      jsonb_build_object('outcome', to_jsonb(p_after::rehearsal.outcome), 'examples', 12)),
      jsonb_populate_record(null::rehearsal.event, '{"lead_id": 77, "lead_created_at": "2026-11-20T16:30:00Z"}'),
      p_before::rehearsal.outcome) n;
$$;
select is(pg_temp.count(before, after), expected, format('note_move, count_moves: %s to %s', before, after))
from (values
  ('(sold,,{1},{45})', '(sold,,{2},{60})', '{"counts": {"sold": 2}, "moved": {"other_buyer": 1},
    "days": {"2026-11-20 revenue": 15}, "sales": {"1": -1, "2": 1}, "revenue": {"1": -45, "2": 60}}'::jsonb),
  ('(sold,,{1},{45})', '(sold,,{1},{50})', '{"counts": {"sold": 2}, "moved": {"other_price": 1}, "days": {"2026-11-20 revenue": 5},
    "revenue": {"1": 5}}'),
  ('(sold,,{1},{45})', '(unsold,cap_day,{},{})', '{"counts": {"sold": 1, "unsold": 1}, "causes": {"cap_day": 1}, "moved": {"lost": 1},
    "days": {"2026-11-20 revenue": -45, "2026-11-20 sold": -1}, "sales": {"1": -1}, "revenue": {"1": -45}}'),
  ('(rejected,duplicate,{},{})', '(sold,,{2},{60})',
    '{"counts": {"sold": 3, "rejected": -1}, "codes": {"duplicate": -1}, "moved": {"gained": 1},
    "days": {"2026-11-20 revenue": 60, "2026-11-20 sold": 1}, "sales": {"2": 1}, "revenue": {"2": 60}}'),
  ('(unsold,cap_day,{},{})', '(unsold,paused,{},{})', '{"counts": {"sold": 2}, "causes": {"cap_day": -1, "paused": 1}}'),
  ('(unsold,cap_day,{},{})', '(held,cap_day,{},{})', '{"counts": {"sold": 2, "unsold": -1, "held": 1}, "moved": {"not_sold": 1}}')
) as t (before, after, expected);
select is(n.move, null, 'note_move: what did not change is no move')
from p, begun, lateral rehearsal.note_move(plan, jsonb_populate_record(begun.play,
  '{"outcome": {"category": "sold", "seats": [7], "prices": [45]}}'),
  jsonb_populate_record(null::rehearsal.event, '{"lead_id": 77}'), '(sold,,{7},{45.00})') n;
select is(concat_ws(' ', n.examples, (n.move).why), expected, 'note_move: the first dozen are told, after ' || told)
from p, begun, (values (0, '1 unsold'), (11, '12 unsold'), (12, '12')) as t (told, expected),
  lateral rehearsal.note_move(plan, jsonb_populate_record(begun.play, jsonb_build_object('examples', told,
    'outcome', '{"category": "unsold", "seats": [], "prices": []}'::jsonb)),
    jsonb_populate_record(null::rehearsal.event, '{"lead_id": 77, "lead_created_at": "2026-11-20T16:30:00Z"}'), '(sold,,{7},{45})') n;
select is(jsonb_array_length((rehearsal.count_moves(('{}', '[]')::rehearsal.tally, array[
  (77, '2026-11-20', '(sold,,{1},{45})', '(rejected,duplicate,{},{})', -45, 'rejected: duplicate'),
  (78, '2026-11-20', '(sold,,{1},{45})', '(rejected,duplicate,{},{})', -45, null)]::rehearsal.move[])).examples), 1,
  'count_moves: a move with a reason is an example');
select is(rehearsal.report_days('{"days": {"2026-11-20 sold": 1}}', '{"days": {"2026-11-21 revenue": 45}}'),
  '[{"day": "2026-11-20", "actual": {"sold": 1, "revenue": 0}, "simulated": {"sold": 0, "revenue": 0}},
    {"day": "2026-11-21", "actual": {"sold": 0, "revenue": 0}, "simulated": {"sold": 0, "revenue": 45}}]', 'report_days');

-- The queue: an hour at a time, at the same moment the lower id first; one that comes before the sorted ones sorts anew.
create function pg_temp.waiting(p_lead_id bigint, p_at text) returns rehearsal.waiting language sql as $$
  select (p_lead_id, null, 'infinity', '2026-11-20Z'::timestamptz + p_at::interval, 'cap_day')::rehearsal.waiting;
$$;
create function pg_temp.ids(p_waiting rehearsal.waiting[]) returns bigint[] language sql as $$
  select array(select w.lead_id from unnest(p_waiting) with ordinality as w order by w.ordinality);
$$;
create temp table queue as select rehearsal.put_into_queue(rehearsal.put_into_queue(rehearsal.put_into_queue(
  ('{}', 'infinity', '{}', 1)::rehearsal.queue, array[pg_temp.waiting(3, '10:00')]), array[pg_temp.waiting(2, '10:00')]),
  array[pg_temp.waiting(1, '11:30')]) as q;
select is((q).next_at, '2026-11-20T10:00:00Z'::timestamptz, 'put_into_queue: the first of them') from queue;
create temp table sorted as select rehearsal.sort_queue(q) as q from queue;
select is(concat_ws(' ', pg_temp.ids((q).due), pg_temp.ids((q).waiting), (q).next_at), '{2,3} {1} 2026-11-20 11:30:00+00', 'sort_queue')
from sorted;
select is(concat_ws(' ', pg_temp.ids(p.due), pg_temp.ids(p.waiting), p.next_at), expected, format('put_into_queue: at %s', at))
from sorted, (values ('09:50', '{} {1,4,2,3} 2026-11-20 09:50:00+00'), ('10:30', '{2,3} {1,4} 2026-11-20 10:30:00+00')) as t (at,
  expected),
  lateral rehearsal.put_into_queue(sorted.q, array[pg_temp.waiting(4, at)]) p;
select is(rehearsal.comes_first(pg_temp.waiting(5, '10:00'), jsonb_populate_record(null::rehearsal.event, event),
  '2026-11-20T10:30:00Z'), first,
  format('comes_first: before %s', event))
from (values ('{"happened_at": "2026-11-20T10:01:00Z", "lead_id": 1}'::jsonb, true),
  ('{"happened_at": "2026-11-20T09:59:00Z", "lead_id": 9}', false),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9, "decision": {"attempt": 2}}', true),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 3, "decision": {"attempt": 2}}', false),
  ('{"kind": "routed", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9, "decision": {"attempt": 1}}', true),
  ('{"kind": "returned", "happened_at": "2026-11-20T10:00:00Z", "lead_id": 9}', false), ('{}', true)) as t (event, first);
select is(concat_ws(' ', pg_temp.ids(woken.due), pg_temp.ids(woken.waiting), woken.next_at, pg_temp.ids(asleep.waiting), asleep.next_at),
  expected, format('wake_waiting, let_wait: %s', most))
from sorted, (values (1, '{2} {3,1} 2026-11-20 10:00:00+00 {3,1,2} 2026-11-20 10:00:00+00'),
  (2, '{2,3} {1} 2026-11-20 11:30:00+00 {1,2,3} 2026-11-20 10:00:00+00'),
  (null, '{1,2,3} {} infinity {1,2,3} 2026-11-20 10:00:00+00')) as t (most, expected),
  lateral rehearsal.wake_waiting(sorted.q, '2026-11-20T09:00:00Z', most) woken,
  lateral rehearsal.let_wait(woken, sorted.q) asleep;

-- A lead that stays unsold: offered again exactly when it was, though perhaps for another reason.
create function pg_temp.waits(p_recorded jsonb, p_config jsonb, p_candidate jsonb) returns boolean language sql as $$
  select rehearsal.waits_as_before(pg_temp.decided(p_config, p_candidate), jsonb_populate_record(null::leadgen.lead_decisions,
    '{"is_held": true, "reasons": ["cap_day"], "next_route_at": "2026-11-20T17:30:00Z", "settings": {"hold_hours": 24}}'::jsonb || p_recorded));
$$;
select is(pg_temp.waits(recorded, config, candidate), same, format('waits_as_before: recorded %s, now %s, %s', recorded, config,
  candidate))
from (values
  ('{}'::jsonb, '{}'::jsonb, '{"cap_day": 0}'::jsonb, true), ('{}', '{}', '{"cap_week": 0}', true), ('{}', '{}', '{"cap_hour": 0}',
    false),
  ('{}', '{"hold_hours": 5}', '{"cap_day": 0}', false), ('{}', '{"on_no_buyer": "reject"}', '{"cap_day": 0}', false),
  ('{"is_held": false}', '{"on_no_buyer": "reject"}', '{"cap_hour": 0}', true), ('{"is_held": null}', '{}', '{"cap_day": 0}', false)
) as t (recorded, config, candidate, same);
-- Unsold as in history, for another cause: told, and no lead moved.
create temp table unsold as select testkit.make_offer('{}', '{"on_no_buyer": "reject"}') as offer_id;
create temp table closed as select testkit.seat(offer_id, 'A', '{"capacity_per_day": 0}') as a from unsold;
select testkit.outcome(offer_id, '2026-11-20T16:00:00Z') from unsold;
select is(concat_ws(' ', r #> '{simulated,unsold_by_cause}', r -> 'moved' -> 'same', r -> 'is_identical'), '{"paused": 1} 1 false',
  'stay: for another cause')
from unsold, closed, lateral leadgen.what_if(offer_id, '2026-11-20', '2026-11-21',
  format('{"enrollments": {"%s": {"pause_until": "infinity"}}}', a)::jsonb) r;

-- An enrollment that was deleted since has a seat in the periods in which it was a candidate.
create temp table gone as select testkit.make_offer('{}', '{"strategy": "priority"}') as offer_id;
create temp table left_over as select testkit.enroll(offer_id, '{"routing_priority": 9}') as stays,
  testkit.enroll(offer_id, '{"price_per_lead": 90}') as goes from gone;
select is(testkit.sell(offer_id, 1, '2026-11-20T16:00:00Z'), stays, 'seat_departed: one takes the lead') from gone, left_over;
delete from leadgen.buyer_offers bo using left_over where bo.id = goes;
select is((rehearsal.seat_departed(rehearsal.read_changes(offer_id, '{}'), '2026-11-20', '2026-11-21')).ids,
  array[0, stays, goes], 'seat_departed: the other, deleted since, has a seat') from gone, left_over;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21') -> 'is_identical', 'true', 'and without changes it is history') from gone;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21', '{"routing": {"strategy": "highest_price"}}') #>> '{simulated,revenue}',
  '90.00', 'and with them it would have taken the lead') from gone;

select * from finish();
rollback;
