create or replace function leadgen.take_seats(p_seats leadgen.seat[], p_seat_ids bigint[], p_decision leadgen.decision)
returns leadgen.seat[]
language plpgsql
immutable
as $$
-- As reserve_winners writes them.
declare
  v_turns leadgen.turns;
  v_seats leadgen.seat[] := p_seats;
  v_candidate leadgen.candidate;
  v_place integer;
  v_position integer;
begin
  if p_decision.winners = '{}' then
    return v_seats;
  end if;
  v_turns := leadgen.start_turns(p_decision.candidates, p_decision.verdict, p_decision.settings);
  foreach v_position in array p_decision.winners loop
    v_candidate := p_decision.candidates[v_position];
    v_turns := leadgen.take_turn(v_turns, v_candidate);
    v_place := array_position(p_seat_ids, v_candidate.buyer_offer_id);
    v_seats[v_place].last_turn := v_turns.turn;
    v_seats[v_place].finish_tag := coalesce(v_turns.finish_tag, v_candidate.finish_tag);
    v_seats[v_place].virtual_time := coalesce(v_turns.stored_time, v_candidate.virtual_time);
  end loop;
  return v_seats;
end;
$$;
comment on function leadgen.take_seats(leadgen.seat[], bigint[], leadgen.decision) is
  'Seats with the turns that the winners of a decision have after it.';
