-- read_outcome, explain_move, note_move, count_moves: what becomes of a lead under changes, and how it is told.
begin;
select plan(22);
create temp table p as select testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7), testkit.rehearsal_seat(8)) as plan;
create temp table begun as select rehearsal.start_play(plan, '2026-11-20T16:30:00Z') as play from p;

-- Outcomes, and what is told of them.
select is((d).outcome::text, expected, format('read_outcome: %s', expected))
from (values
  (testkit.rehearsed('{"max_buyers": 2}', '{"price": 45}', '{"price": 60, "priority": 9}'), '(sold,,"{2,1}","{60,45}")'),
  (testkit.rehearsed('{}', '{"cap_day": 0}', '{"in_service_area": false}'), '(held,cap_day,{},{})'),
  (testkit.rehearsed('{"on_no_buyer": "reject"}', '{"cap_day": 0}'), '(unsold,cap_day,{},{})')) as t (d, expected);
select is(rehearsal.explain_move(before::rehearsal.outcome, after::rehearsal.outcome, (d).snapshot, (d).decision), text, text)
from (values
  ('(sold,,{1},{45})', '(rejected,duplicate,{},{})', null::rehearsal.play, 'rejected: duplicate'),
  ('(unsold,cap_day,{},{})', '(sold,,{1},{45})', testkit.rehearsed('{}', '{}'), 'was unsold: cap_day, now sold'),
  ('(sold,,{1},{45})', '(sold,,{1},{60})', testkit.rehearsed('{}', '{}'), 'the same buyer at another price'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', testkit.rehearsed('{}', '{}', '{"priority": 9}'), 'its buyer is ranked 2 of 2'),
  ('(sold,,{1},{45})', '(sold,,{2},{45})', testkit.rehearsed('{}', '{"cap_day": 2, "used_day": 2}', '{}'),
    'its buyer: cap_day: 2 of 2, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)'),
  ('(sold,,{1},{45})', '(sold,,"{1,2}","{45,45}")', testkit.rehearsed('{"max_buyers": 2}', '{}', '{}'), 'sold to more buyers'),
  ('(sold,,{9},{45})', '(sold,,{1},{45})', testkit.rehearsed('{}', '{}'), 'its buyer is not a candidate'),
  ('(sold,,{9},{45})', '(unsold,cap_day,{},{})', null, 'unsold: cap_day')
) as t (before, after, d, text);
create function pg_temp.count(p_before text, p_after text) returns jsonb language sql as $$
  select rehearsal.add_parts((rehearsal.count_moves(('{"counts": {"sold": 2}}', '[]')::rehearsal.tally, array[n.move])).parts,
    rehearsal.count_seats(plan, n))
  from (select testkit.rehearsal_plan('{}', testkit.rehearsal_seat(1), testkit.rehearsal_seat(2)) as plan) p,
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
select is(concat_ws(' ', n.examples, (n.move).why), expected, format('note_move: the first dozen are told, after %s', told))
from p, begun, (values (0, '1 unsold'), (11, '12 unsold'), (12, '12')) as t (told, expected),
  lateral rehearsal.note_move(plan, jsonb_populate_record(begun.play, jsonb_build_object('examples', told,
    'outcome', '{"category": "unsold", "seats": [], "prices": []}'::jsonb)),
    jsonb_populate_record(null::rehearsal.event, '{"lead_id": 77, "lead_created_at": "2026-11-20T16:30:00Z"}'), '(sold,,{7},{45})') n;
select is(jsonb_array_length((rehearsal.count_moves(('{}', '[]')::rehearsal.tally, array[
  (77, '2026-11-20', '(sold,,{1},{45})', '(rejected,duplicate,{},{})', -45, 'rejected: duplicate'),
  (78, '2026-11-20', '(sold,,{1},{45})', '(rejected,duplicate,{},{})', -45, null)]::rehearsal.move[])).examples), 1,
  'count_moves: a move with a reason is an example');

select * from finish();
rollback;
