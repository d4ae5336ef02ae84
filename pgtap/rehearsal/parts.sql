-- The parts of a rehearsal, one by one: counting, seats and their windows, policies laid over, outcomes, the report.
begin;
select plan(117);

-- Counting by name.
select is(rehearsal.add_to(counts, key, amount), expected, format('add_to: %s %s to %s', amount, key, counts))
from (values ('{}'::jsonb, 'a', 1::numeric, '{"a": 1}'::jsonb), ('{"a": 1}', 'a', -1, '{"a": 0}'), ('{"a": 1}', 'b', 2.5,
  '{"a": 1, "b": 2.5}'),
  ('{"a": 1}', 'b', 0, '{"a": 1}'), ('{"a": 1}', null, 5, '{"a": 1}')) as t (counts, key, amount, expected);
select is(rehearsal.add_counts('{"a": 1, "b": 2}', '{"b": -2, "c": 3}'), '{"a": 1, "b": 0, "c": 3}', 'add_counts');
select is(rehearsal.add_counts('{"a": 1}', '{}'), '{"a": 1}', 'add_counts: nothing');
select is(rehearsal.sum_up(prices), total, format('sum_up: %s', prices))
from (values ('{}'::numeric[], 0::numeric), ('{45}', 45), ('{45,0.5}', 45.5), (null, null)) as t (prices, total);
select is(rehearsal.lay_over('{"a": 1, "b": 2}', '{"b": null, "c": [3]}'), '{"a": 1, "c": [3]}', 'lay_over: null takes a key away');
select is(rehearsal.lay_over('{"a": {"x": 1}}', '{"a": {"y": 2}}'), '{"a": {"y": 2}}', 'lay_over: a key is replaced whole');
select is(rehearsal.lay_over('{"a": 1}', '{}'), '{"a": 1}', 'lay_over: nothing');

-- What caps allow in a period.
select is(rehearsal.find_capacity(caps, '2026-11-01Z', till), capacity, format('find_capacity: %s until %s', caps, till))
from (values
  ('{}'::jsonb, '2026-11-02Z'::timestamptz, null::numeric), ('{"cap_day": 5}', '2026-11-02Z', 5), ('{"cap_day": 5}', '2026-11-03Z', 10),
  ('{"cap_day": 5}', '2026-11-02T00:00:01Z', 10), ('{"cap_hour": 2}', '2026-11-02Z', 48), ('{"cap_hour": 2, "cap_day": 5}', '2026-11-02Z',
    5),
  ('{"cap_week": 7}', '2026-11-15Z', 14), ('{"cap_month": 9}', '2026-12-01Z', 9), ('{"cap_month": 9}', '2026-12-03Z', 18),
    ('{"cap_day": null}', '2026-11-02Z', null)
) as t (caps, till, capacity);
select is(rehearsal.report_buyer(3, 135, 4, 6), '{"sales": 3, "revenue": 135, "share": 0.7500, "fill": 0.5000}', 'report_buyer');
select is(rehearsal.report_buyer(null, null, 0, null), '{"sales": 0, "revenue": 0, "share": 0, "fill": null}',
  'report_buyer: nothing sold, no caps');
select is(rehearsal.report_day('{"2026-11-20 sold": 2, "2026-11-20 revenue": 90}', '2026-11-20'), '{"sold": 2, "revenue": 90}', 'report_day');
select is(rehearsal.report_day('{}', '2026-11-20'), '{"sold": 0, "revenue": 0}', 'report_day: nothing');

-- Seats: sales in the windows of a time. 16:30 UTC on Friday 20 November 2026.
create temp table s as select rehearsal.make_seat(7, 70, 'America/Chicago') as seat;
select is(to_jsonb(seat) - '{tests,changes}'::text[] @> '{"buyer_offer_id": 7, "buyer_id": 70, "is_gone": false, "day_count": 0,
  "sales": 0}', true, 'make_seat')
  from s;
create function pg_temp.counts(p_seat rehearsal.seat) returns text language sql as $$
  select concat_ws(' ', p_seat.hour_count, p_seat.day_count, trim_scale(p_seat.day_spent), p_seat.week_count, p_seat.month_count,
    trim_scale(p_seat.month_spent));
$$;
create temp table shifted as select rehearsal.shift_seat(seat, '2026-11-20T16:30:00Z', 1, 45) as one from s;
select is(pg_temp.counts(one), '1 1 45 1 1 45', 'shift_seat: one sale more in every window') from shifted;
select is(pg_temp.counts(rehearsal.shift_seat(one, at, 1, 50)), expected, format('shift_seat: a second at %s', at))
from shifted, (values ('2026-11-20T16:59:59Z'::timestamptz, '2 2 95 2 2 95'), ('2026-11-20T17:00:00Z', '1 2 95 2 2 95'),
  ('2026-11-21T06:00:00Z', '1 1 50 2 2 95'), ('2026-11-23T06:00:00Z', '1 1 50 1 2 95'), ('2026-12-01T06:00:00Z',
    '1 1 50 1 1 50')) as t (at, expected);
select is(pg_temp.counts(rehearsal.shift_seat(one, '2026-11-20T16:30:00Z', -1, -45)), '0 0 0 0 0 0', 'shift_seat: and taken back')
  from shifted;
select is(pg_temp.counts(rehearsal.shift_history(one, '2026-11-20T16:40:00Z', '{60,50}')), '3 3 155 3 3 155',
  'shift_history: a shared sale') from shifted;
select is(rehearsal.shift_history(one, '2026-11-21T16:40:00Z', '{}')::text, one::text, 'shift_history: an unsold lead changes nothing')
  from shifted;
create temp table moved as select rehearsal.move_sales(array[rehearsal.make_seat(0, null, 'America/Chicago'), rehearsal.make_seat(7, 70,
  'America/Chicago'),
  rehearsal.make_seat(8, 80, 'Asia/Tokyo')], '{0,7,8}', '{7}', '{45}', '{8}', '{60}', '2026-11-20T16:30:00Z') as seats;
select is((select array_agg(pg_temp.counts(x) order by x.buyer_offer_id) from unnest(seats) x),
  '{"0 0 15 0 0 15","-1 -1 -45 -1 -1 -45","1 1 60 1 1 60"}',
  'move_sales: from one to the other; the offer as a whole has only the difference in money') from moved;
select is((select x.day_start from unnest(seats) x where x.buyer_offer_id = 8), '2026-11-20T15:00:00Z'::timestamptz,
  'move_sales: in each one''s own day') from moved;
select is(rehearsal.move_sales(seats, '{0,7,8}', '{}', '{}', null, null, '2026-11-20T16:30:00Z')::text, seats::text,
  'move_sales: nothing moved')
  from moved;
-- A sale of 15:30 UTC given back at 16:30: the hour has passed, the day has not.
create temp table sale as select jsonb_populate_record(null::leadgen.lead_assignments, '{"buyer_offer_id": 7, "price": 45,
  "created_at": "2026-11-20T15:30:00Z", "released_at": "2026-11-20T16:30:00Z"}') as a;
select is(pg_temp.counts(rehearsal.give_back_seat(rehearsal.shift_seat(seat, '2026-11-20T15:30:00Z', 2, 90), a, sign)), expected,
  format('give_back_seat: %s', sign))
from s, sale, (values (-1, '2 1 45 1 1 45'), (1, '2 3 135 3 3 135')) as t (sign, expected);
select is(pg_temp.counts(rehearsal.give_back_seat(rehearsal.shift_seat(seat, '2026-11-21T16:30:00Z', 2, 90), a, -1)), '2 2 90 1 1 45',
  'give_back_seat: a window of a later day does not know it') from s, sale;
select is(pg_temp.counts(rehearsal.give_back_seat(rehearsal.shift_seat(seat, '2026-11-20T15:30:00Z', 2, 90),
  jsonb_populate_record(a, '{"released_at": "2026-11-21T16:30:00Z"}'), -1)), '2 2 90 1 1 45',
  'give_back_seat: what comes back the next day')
from s, sale;
select is((select array_agg(pg_temp.counts(x) order by x.buyer_offer_id) from unnest(rehearsal.give_back_seats(array_agg(y),
  max(sale.a::text)::leadgen.lead_assignments)) x),
  '{"1 2 90 2 2 90","1 2 90 2 2 90","1 1 45 1 1 45"}', 'give_back_seats: the seat and the offer as a whole, not the others')
from sale, (select rehearsal.shift_seat(rehearsal.make_seat(id, id * 10, 'America/Chicago'), '2026-11-20T15:30:00Z', 1, 45) as y
  from unnest('{0,7,8}'::bigint[]) id) z;
select is((select array_agg(concat_ws(' ', x.buyer_offer_id, x.last_turn, x.finish_tag) order by x.buyer_offer_id)
  from unnest(rehearsal.leave_history(
    array[rehearsal.make_seat(0, null, 'UTC'), rehearsal.make_seat(1, 101, 'UTC'), rehearsal.make_seat(9, 9, 'UTC')],
    testkit.candidates('{"last_turn": 5, "finish_tag": 2.5}'))) x), '{"0 0","1 5 2.5","9 0"}',
      'leave_history: the turns of who was a candidate');
-- Whose turn it is after a sale to the second of two.
select is((select array_agg(concat_ws(' ', x.buyer_offer_id, coalesce(x.last_turn::text, 'never')) order by x.buyer_offer_id)
  from unnest(rehearsal.take_seats(
    array[rehearsal.make_seat(0, null, 'UTC'), rehearsal.make_seat(1, 101, 'UTC'), rehearsal.make_seat(2, 102, 'UTC')], '{0,1,2}',
    (null, testkit.settings('{"strategy": "round_robin"}'), null, c, testkit.verdict_of(c, '{"strategy": "round_robin"}'), '{2}', null,
      null, null, null, null,
      null)::kernel.decision)) x), '{"0 never","1 never","2 5"}', 'take_seats: the winner has the next turn')
from (select testkit.candidates('{"last_turn": 4}', '{}') as c) x;
select is(kernel.start_turns(c, testkit.verdict_of(c, config), testkit.settings(config))::text, expected, format('start_turns: %s',
  config))
from (select testkit.candidates('{"last_turn": 4, "weight": 3, "virtual_time": 2, "finish_tag": 2}',
  '{"last_turn": 6, "finish_tag": 2}') as c) x,
  (values ('{}'::jsonb, '(6,,2,,4)'), ('{"strategy": "weighted"}', '(6,,2,2,4)')) as t (config, expected);
select is(kernel.start_turns('{}', testkit.verdict_of('{}'), testkit.settings())::text, '(0,,,,)', 'start_turns: nobody was ever served');
select is(kernel.take_turn((6, null, null, null, null), testkit.candidate())::text, '(7,,,,)', 'take_turn: the next number');
-- weight 2 of 4: its lead is paid off half a unit later; the offer''s time goes on by a quarter
select is(kernel.take_turn((6, null, 2, 2, 4), testkit.candidate('{"weight": 2, "finish_tag": 2}'))::text, '(7,2.5,2.25,2.25,4)',
  'take_turn: with weights');
select is((w.hour, w.day, w.week, w.month)::text, expected, 'start_windows: ' || zone)
from (values ('America/Chicago', '("2026-11-20 16:00:00+00","2026-11-20 06:00:00+00","2026-11-16 06:00:00+00","2026-11-01 05:00:00+00")'),
  ('Asia/Tokyo', '("2026-11-20 16:00:00+00","2026-11-20 15:00:00+00","2026-11-15 15:00:00+00","2026-10-31 15:00:00+00")')) as t (zone,
    expected),
  lateral kernel.start_windows('2026-11-20T16:30:00Z', zone) w;

-- Candidates as they would have been.
create function pg_temp.rehearse(p_seat jsonb, p_reprices boolean default false) returns jsonb language sql as $$
  select to_jsonb((rehearsal.rehearse_candidates(testkit.candidates('{"cap_day": 2, "used_day": 1, "used_hour": 1, "spent_day": 45, "last_turn": 3}'),
    array[jsonb_populate_record(rehearsal.make_seat(1, 101, 'America/Chicago'), p_seat)], (p_seat ->> 'left')::boolean is true,
      '2026-11-20T16:30:00Z',
    '{"attributes": {"age": 5}}', array[('x', 5, null)::kernel.adjustment], null, p_reprices, 2, 'America/Chicago'))[1]);
$$;
select is(pg_temp.rehearse(seat, reprices) -> field, expected, format('rehearse_candidates: %s, %s', seat, field))
from (values
  ('{}'::jsonb, false, 'used_day', '1'::jsonb), ('{}', false, 'price', '45'), ('{}', true, 'price', '50.00'),
  ('{"changes": {"cap_day": 9}}', false, 'cap_day', '9'), ('{"changes": {"cap_day": null}}', false, 'cap_day', 'null'),
  ('{"changes": {"base_price": 60}}', false, 'price', '65.00'), ('{"changes": {"enrollment_is_active": false}}', false,
    'enrollment_is_active', 'false'),
  ('{"changes": {"schedule": "{[0,60)}"}}', false, 'in_schedule', 'false'), ('{"changes": {"schedule": null}}', false, 'in_schedule',
    'true'),
  ('{"day_count": 2, "day_start": "2026-11-20T06:00:00Z"}', false, 'used_day', '3'),
    ('{"day_count": 2, "day_start": "2026-11-19T06:00:00Z"}', false, 'used_day', '1'),
  ('{"hour_count": -1, "hour_start": "2026-11-20T16:00:00Z"}', false, 'used_hour', '0'),
  ('{"day_spent": -45, "day_start": "2026-11-20T06:00:00Z"}', false, 'spent_day', '0'),
  ('{"last_turn": 8}', false, 'last_turn', '3'), ('{"last_turn": 8, "left": true}', false, 'last_turn', '8'),
  ('{"is_gone": true}', false, 'cap_day', null)
) as t (seat, reprices, field, expected);
-- The counts of an offer's latest decision, at another time: 15:30 UTC sold to the first, seen at 16:30 and the day after.
select is(concat_ws(' ', (b[1]).used_hour, (b[1]).used_day, (b[1]).spent_day, (b[2]).used_day, (b[1]).balance, (b[2]).balance), expected,
  format('borrow_counters: at %s', at))
from (values ('2026-11-20T15:40:00Z'::timestamptz, '2 4 145 0 7 100'), ('2026-11-20T16:30:00Z', '0 4 145 0 7 100'),
  ('2026-11-21T06:00:00Z', '0 0 0 0 7 100')) as t (at, expected),
  lateral rehearsal.borrow_counters(testkit.candidates('{"used_day": 99}', '{}'),
    testkit.candidates('{"used_hour": 1, "used_day": 3, "spent_day": 100, "balance": 7}'), '2026-11-20T15:30:00Z', '{1}', at,
      'America/Chicago') b;
-- The offer's own load.
create function pg_temp.load(p_routing jsonb, p_recorded jsonb, p_config jsonb) returns text language sql as $$
  select concat_ws(' ', l.cap_day, l.used_day, l.spent_day) from rehearsal.rehearse_load(
    jsonb_populate_record(null::rehearsal.rehearsal, jsonb_build_object('timezone', 'America/Chicago', 'routing', p_routing)),
    case when p_recorded is not null then testkit.load(p_recorded) end, testkit.settings(p_config),
    rehearsal.shift_seat(rehearsal.make_seat(0, null, 'America/Chicago'), '2026-11-20T15:30:00Z', 5, 225),
    rehearsal.shift_seat(rehearsal.make_seat(0, null, 'America/Chicago'), '2026-11-20T15:30:00Z', -2, -90), '2026-11-20T16:30:00Z') l;
$$;
select is(coalesce(pg_temp.load(routing, recorded, config), ''), expected, format('rehearse_load: recorded %s, changed %s', recorded,
  routing))
from (values
  (null::jsonb, null::jsonb, '{}'::jsonb, ''), (null, '{"cap_day": 9, "used_day": 7, "spent_day": 300}', '{"caps": {"per_day": 9}}',
    '9 5 210'),
  ('{"caps": {"per_day": 3}}', '{"cap_day": 9, "used_day": 7, "spent_day": 300}', '{"caps": {"per_day": 3}}', '3 3 135'),
  ('{"caps": {"per_day": 3}}', null, '{"caps": {"per_day": 3}}', '3 3 135'), ('{"caps": null}', '{"cap_day": 9, "used_day": 7}', '{}', '')
) as t (routing, recorded, config, expected);

-- Outcomes, and what is told of them.
create function pg_temp.decision(p_winners integer[], p_config jsonb, variadic p_fields jsonb[]) returns kernel.decision language sql as $$
  select ('2026-11-20T16:30:00Z', testkit.settings(p_config), null, c, testkit.verdict_of(c, p_config), p_winners, null, null,
    p_winners = '{}', null, '{}',
    null)::kernel.decision
  from testkit.candidates(variadic p_fields) c;
$$;
select is(rehearsal.read_outcome(d)::text, expected, 'read_outcome: ' || expected)
from (values
  (pg_temp.decision('{2,1}', '{}', '{"price": 45}', '{"price": 60}'), '(sold,,"{2,1}","{60,45}")'),
  (pg_temp.decision('{}', '{}', '{"cap_day": 0}', '{"in_service_area": false}'), '(held,cap_day,{},{})')) as t (d, expected);
select is(rehearsal.read_outcome(rehearsal.decide_again(jsonb_populate_record(null::rehearsal.rehearsal,
  '{"currency": "USD", "timezone": "UTC", "reprices": false}'),
  array[jsonb_populate_record(rehearsal.make_seat(1, 101, 'UTC'), changes)], false, pg_temp.decision('{1}', '{"on_no_buyer": "reject"}',
    '{}', '{"price": 40}'), null, null))::text,
  expected, format('decide_again: %s', changes))
from (values ('{}'::jsonb, '(sold,,{1},{45})'), ('{"changes": {"cap_day": 0}}', '(sold,,{2},{40})'), ('{"is_gone": true}',
  '(sold,,{2},{40})')) as t (changes, expected);
select is(rehearsal.explain_difference(before::rehearsal.outcome, after::rehearsal.outcome, d), text, text)
from (values
  ('(sold,,{1},{45})', '(rejected,duplicate,{},{})', null::kernel.decision, 'rejected: duplicate'),
  ('(unsold,cap_day,{},{})', '(sold,,{1},{45})', pg_temp.decision('{1}', '{}', '{}'), 'was unsold: cap_day, now sold'),
  ('(sold,,{1},{45})', '(sold,,{1},{60})', pg_temp.decision('{1}', '{}', '{}'), 'the same buyer at another price'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', pg_temp.decision('{2}', '{}', '{}', '{"priority": 9}'), 'its buyer is ranked 2 of 2'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', pg_temp.decision('{2}', '{}', '{"cap_day": 2, "used_day": 2}', '{}'),
    'its buyer: cap_day: 2 of 2, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)'),
  ('(sold,,{1},{45})', '(sold,,"{1,2}","{45,45}")', pg_temp.decision('{1,2}', '{}', '{}', '{}'), 'sold to more buyers'),
  ('(sold,,{9},{45})', '(sold,,{1},{45})', pg_temp.decision('{1}', '{}', '{}'), 'its buyer is not there')
) as t (before, after, d, text);
create temp table tally as select (5, '{"sold": 2, "revenue": 90}', '{}', '{}', '{}', '{}', '[]',
  array[rehearsal.make_seat(0, null, 'UTC'), rehearsal.make_seat(1, 101, 'UTC'), rehearsal.make_seat(2, 102, 'UTC')])::rehearsal.tally as t;
create function pg_temp.count(p_before text, p_after text) returns rehearsal.tally language sql as $$
  select rehearsal.count_difference(t, '{0,1,2}', 77, '2026-11-20', p_before::rehearsal.outcome, p_after::rehearsal.outcome, null) from tally;
$$;
select is(jsonb_build_object('counts', c.counts, 'causes', c.causes, 'codes', c.codes, 'moved', c.moved, 'days', c.days, 'sales',
  (select jsonb_agg(concat(x.sales, ' ', x.revenue) order by x.buyer_offer_id) from unnest(c.seats) x)), expected,
    format('count_difference: %s to %s', before, after))
from (values
  ('(sold,,{1},{45})', '(sold,,{2},{60})', '{"counts": {"sold": 2, "revenue": 105}, "causes": {}, "codes": {}, "moved": {"other_buyer": 1},
    "days": {"2026-11-20 revenue": 15}, "sales": ["0 0", "-1 -45", "1 60"]}'::jsonb),
  ('(sold,,{1},{45})', '(sold,,{1},{50})', '{"counts": {"sold": 2, "revenue": 95}, "causes": {}, "codes": {}, "moved": {"other_price": 1},
    "days": {"2026-11-20 revenue": 5}, "sales": ["0 0", "0 5", "0 0"]}'),
  ('(sold,,{1},{45})', '(unsold,cap_day,{},{})',
    '{"counts": {"sold": 1, "unsold": 1, "sales": -1, "revenue": 45}, "causes": {"cap_day": 1}, "codes": {},
    "moved": {"lost": 1}, "days": {"2026-11-20 revenue": -45, "2026-11-20 sold": -1}, "sales": ["0 0", "-1 -45", "0 0"]}'),
  ('(rejected,duplicate,{},{})', '(sold,,{2},{60})',
    '{"counts": {"sold": 3, "rejected": -1, "sales": 1, "revenue": 150}, "causes": {}, "codes": {"duplicate": -1},
    "moved": {"gained": 1}, "days": {"2026-11-20 revenue": 60, "2026-11-20 sold": 1}, "sales": ["0 0", "0 0", "1 60"]}'),
  ('(unsold,cap_day,{},{})', '(unsold,paused,{},{})',
    '{"counts": {"sold": 2, "revenue": 90}, "causes": {"cap_day": -1, "paused": 1}, "codes": {}, "moved": {},
    "days": {}, "sales": ["0 0", "0 0", "0 0"]}')
) as t (before, after, expected), lateral pg_temp.count(before, after) c;
select is((rehearsal.count_cause(t, o::rehearsal.outcome, 1)).causes::text || (rehearsal.count_cause(t, o::rehearsal.outcome, 1)).codes, expected,
  'count_cause: ' || o)
from tally, (values ('(held,cap_day,{},{})', '{"cap_day": 1}{}'), ('(rejected,duplicate,{},{})', '{}{"duplicate": 1}'), ('(sold,,{1},{1})',
  '{}{}')) as x (o, expected);
select is(((rehearsal.count_sales(t, '{0,1,2}', '(sold,,"{2,1}","{60,45}")', 1)).seats[3]).revenue, 60::numeric, 'count_sales: each one''s')
  from tally;
select is((rehearsal.add_tallies(t, c)).counts::text || ((rehearsal.add_tallies(t, c)).seats[2]).sales, '{"sold": 4, "revenue": 195}-1',
  'add_tallies')
from tally, lateral pg_temp.count('(sold,,{1},{45})', '(sold,,{2},{60})') c;
select is(rehearsal.report_tally(t) - '{unsold_by_cause,rejected_by_code}'::text[],
  '{"sold": 2, "unsold": 0, "held": 0, "rejected": 0, "sales": 0, "revenue": 90,
  "fill": 1.0000}', 'report_tally') from tally;
select is(rehearsal.report_days(t, c),
  '[{"day": "2026-11-20", "actual": {"sold": 0, "revenue": 0}, "simulated": {"sold": -1, "revenue": -45}}]', 'report_days')
from tally, lateral pg_temp.count('(sold,,{1},{45})', '(unsold,cap_day,{},{})') c;
select is(rehearsal.report_examples(c) -> 0 -> 'lead_id', '77', 'report_examples') from pg_temp.count('(sold,,{1},{45})',
  '(rejected,duplicate,{},{})') c;
select is(jsonb_array_length((select rehearsal.count_difference(x, '{0,1,2}', 78, 'd', '(sold,,{1},{45})', '(sold,,{2},{45})', null)
  from (select jsonb_populate_record(t, jsonb_build_object('examples', (select jsonb_agg(n) from generate_series(1, 12) n))) as x
    from tally) y).examples), 12,
  'count_difference: twelve examples are enough');

-- A lead that stays unsold: offered again exactly when it was, though perhaps for another reason.
create function pg_temp.waits(p_recorded jsonb, p_config jsonb, p_candidate jsonb) returns boolean language sql as $$
  select rehearsal.waits_as_before(jsonb_populate_record(null::leadgen.lead_decisions, '{"is_held": true, "reasons": ["cap_day"],
      "next_route_at": "2026-11-20T17:30:00Z", "settings": {"hold_hours": 24}}'::jsonb || p_recorded), d)
  from (select ('2026-11-20T16:30:00Z', testkit.settings(p_config), null, c, testkit.verdict_of(c, p_config), '{}', null, null,
    p_config ->> 'on_no_buyer' is distinct from 'reject', null, '{}', null)::kernel.decision as d from testkit.candidates(p_candidate) c) x;
$$;
select is(pg_temp.waits(recorded, config, candidate), same, format('waits_as_before: recorded %s, now %s, %s', recorded, config, candidate))
from (values
  ('{}'::jsonb, '{}'::jsonb, '{"cap_day": 0}'::jsonb, true), ('{}', '{}', '{"cap_week": 0}', true), ('{}', '{}', '{"cap_hour": 0}', false),
  ('{}', '{"hold_hours": 5}', '{"cap_day": 0}', false), ('{}', '{"on_no_buyer": "reject"}', '{"cap_day": 0}', false),
  ('{"is_held": false}', '{"on_no_buyer": "reject"}', '{"cap_hour": 0}', true), ('{"is_held": null}', '{}', '{"cap_day": 0}', false)
) as t (recorded, config, candidate, same);
-- Unsold as in history, for another cause: told, and no lead moved.
select testkit.seat(testkit.make_offer('{}', '{"on_no_buyer": "reject"}'), 'A', '{"capacity_per_day": 0}') is not null;
select testkit.outcome((select max(o.id) from leadgen.offers o), '2026-11-20T16:00:00Z');
select is(concat_ws(' ', c.causes, c.moved, c.counts = (tally.t).counts), '{"paused": 1, "cap_day": -1} {} t', 'count_other_cause')
from tally, leadgen.lead_decisions d, lateral rehearsal.count_other_cause(tally.t, '{0,1,2}', d, 'paused', null) c;

-- An enrollment that was deleted since has a seat in the periods in which it was a candidate.
create temp table gone as select testkit.make_offer('{}', '{"strategy": "priority"}') as offer_id;
create temp table left_over as select testkit.enroll(offer_id, '{"routing_priority": 9}') as stays,
  testkit.enroll(offer_id, '{"price_per_lead": 90}') as goes from gone;
select is(testkit.sell(offer_id, 1, '2026-11-20T16:00:00Z'), stays, 'seat_departed: one takes the lead') from gone, left_over;
delete from leadgen.buyer_offers bo using left_over where bo.id = goes;
select is(
  array(select (s).buyer_offer_id
    from unnest((rehearsal.seat_departed(rehearsal.read_changes(offer_id, '{}'), '2026-11-20', '2026-11-21')).seats) s),
  array[0, stays, goes], 'seat_departed: the other, deleted since, has a seat') from gone, left_over;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21') -> 'is_identical', 'true', 'and without changes it is history') from gone;
select is(leadgen.what_if(offer_id, '2026-11-20', '2026-11-21', '{"routing": {"strategy": "highest_price"}}') #>> '{simulated,revenue}',
  '90.00', 'and with them it would have taken the lead') from gone;

select * from finish();
rollback;
