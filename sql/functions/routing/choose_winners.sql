create or replace function leadgen.choose_winners(
  p_candidates leadgen.candidate[],
  p_load leadgen.offer_load,
  p_verdict leadgen.verdict,
  p_settings leadgen.routing_settings
)
returns integer[]
language plpgsql
immutable
as $$
declare
  v_places constant integer := leadgen.count_places(p_settings, p_load);
  v_winners integer[] := '{}';
  v_spent numeric := 0;
  v_position integer;
begin
  foreach v_position in array p_verdict.ranking loop
    exit when cardinality(v_winners) >= v_places;
    continue when not leadgen.fits_offer_budget(p_load, v_spent + (p_candidates[v_position]).price);
    v_winners := v_winners || v_position;
    v_spent := v_spent + (p_candidates[v_position]).price;
  end loop;
  return v_winners;
end;
$$;
comment on function leadgen.choose_winners(leadgen.candidate[], leadgen.offer_load, leadgen.verdict, leadgen.routing_settings) is
  'Whom a lead is sold to when every place that was seen is there: the best of the ranking, within the offer''s own caps. Pure: reserve_winners does the same and takes the places.';
