create or replace function leadgen.take_turn(p_turns leadgen.turns, p_candidate leadgen.candidate)
returns leadgen.turns
language plpgsql
immutable
as $$
begin
  if p_turns.virtual_time is null then
    return (p_turns.turn + 1, null, null, null, null)::leadgen.turns;
  end if;
  return (
    p_turns.turn + 1,
    leadgen.find_start_tag(p_candidate.finish_tag, p_candidate.weight, p_turns.stored_time) + 1 / p_candidate.weight,
    greatest(p_turns.stored_time, p_turns.virtual_time + 1 / p_turns.total_weight),
    p_turns.virtual_time + 1 / p_turns.total_weight,
    p_turns.total_weight
  )::leadgen.turns;
end;
$$;
comment on function leadgen.take_turn(leadgen.turns, leadgen.candidate) is
  'The turns after a sale to a candidate: turn, finish_tag and stored_time (the offer''s virtual time) go to its row of usage.';
