-- leave_history, take_turns: whose turn it is in a rehearsal.
begin;
select plan(8);
create temp table p as select testkit.rehearsal_plan('{}', testkit.rehearsal_seat(7), testkit.rehearsal_seat(8)) as plan;
create temp table begun as select rehearsal.start_play(plan, '2026-11-20T16:30:00Z') as play from p;
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
select is(concat_ws(' ', t.turns, t.finish_tags), expected, format('take_turns: %s', what))
from begun, (values
  ('{"winners": [2], "turns": [6]}'::jsonb, '{NULL,5,6}', 'the winner has the next turn'),
  ('{"winners": [2], "turns": [6], "finish_tags": [0.5], "virtual_times": [0.25]}', '{NULL,5,6} {0,0,0.5}',
    'the winner has the first tag')
) as x (decision, expected, what),
  lateral rehearsal.take_turns(jsonb_populate_record(begun.play, jsonb_build_object('has_left', true, 'turns', '[null, 5, null]'::jsonb,
    'terms', '{"seats": [2, 3]}'::jsonb, 'decision', decision))) t;
-- weight 2 of 4: its lead is paid off half a unit later; the offer''s time goes on by a quarter
select is(t::text, expected, format('kernel.take_turns: %s', what))
from (values
  (false, '{"last_turn": 4}'::jsonb, '{"last_turn": 6}'::jsonb, '{1}'::integer[], '({7},,)', 'the next number'),
  (false, '{}', '{}', '{2,1}', '("{1,2}",,)', 'two winners, nobody was ever served'),
  (true, '{"weight": 2, "virtual_time": 2, "finish_tag": 2}', '{"weight": 2, "finish_tag": 2, "last_turn": 6}', '{1}',
    '({7},{2.5},{2.25})', 'with weights')
) as x (is_weighted, a, b, winners, expected, what),
  lateral kernel.take_turns(testkit.snapshot(testkit.candidates(a, b)), '{NULL,NULL}', winners, is_weighted) t;

select * from finish();
rollback;
