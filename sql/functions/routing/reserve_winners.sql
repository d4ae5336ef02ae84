create or replace function leadgen.reserve_winners(
  p_candidates leadgen.candidate[],
  p_load leadgen.offer_load,
  p_verdict leadgen.verdict,
  p_route leadgen.route,
  p_now timestamptz
)
returns integer[]
language plpgsql
volatile
as $$
declare
  v_places constant integer := leadgen.count_places(p_route.routing_settings, p_load);
  v_winners integer[] := '{}';
  v_spent numeric := 0;
  v_turns leadgen.turns;
  v_next leadgen.turns;
  v_position integer;
  v_candidate leadgen.candidate;
begin
  foreach v_position in array p_verdict.ranking loop
    exit when cardinality(v_winners) >= v_places;
    v_candidate := p_candidates[v_position];
    continue when not leadgen.fits_offer_budget(p_load, v_spent + v_candidate.price);
    if v_turns.turn is null then
      v_turns := leadgen.start_turns(p_candidates, p_verdict, p_route.routing_settings);
    end if;
    v_next := leadgen.take_turn(v_turns, v_candidate);
    if leadgen.reserve_capacity(v_candidate, p_route.market_id, p_now, v_next.turn, v_next.finish_tag, v_next.stored_time) then
      v_turns := v_next;
      v_winners := v_winners || v_position;
      v_spent := v_spent + v_candidate.price;
      if leadgen.is_running_low(v_candidate) then
        perform leadgen.warn_of_caps(v_candidate, p_route, p_now);
      end if;
    end if;
  end loop;
  if v_winners <> '{}' then
    perform leadgen.count_offer_sales(p_route, p_now, cardinality(v_winners), v_spent);
    if p_load.timezone is not null then
      perform leadgen.warn_of_offer_caps(p_load, p_route, p_now, cardinality(v_winners), v_spent);
    end if;
  end if;
  return v_winners;
end;
$$;
comment on function leadgen.reserve_winners(leadgen.candidate[], leadgen.offer_load, leadgen.verdict, leadgen.route, timestamptz) is
  'Takes capacity for the best max_buyers candidates, else the next ones, within the offer''s own caps; returns their positions in order of sale.';
