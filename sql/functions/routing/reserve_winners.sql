create or replace function leadgen.reserve_winners(
  p_candidates leadgen.candidate[],
  p_verdict leadgen.verdict,
  p_settings leadgen.routing_settings,
  p_market_id bigint,
  p_now timestamptz
)
returns integer[]
language plpgsql
volatile
as $$
declare
  v_winners integer[] := '{}';
  v_position integer;
  v_candidate leadgen.candidate;
  v_turn bigint := (select max(c.last_turn) from unnest(p_candidates) c);
  v_stored double precision;
  v_now double precision;
  v_total_weight double precision;
  v_finish_tag double precision;
begin
  if 'weighted' = any (p_settings.strategy) then
    v_stored := (select max(c.virtual_time) from unnest(p_candidates) c);
    v_now := leadgen.find_virtual_time(p_candidates, p_verdict.reasons);
    v_total_weight := (select sum(p_candidates[p].weight) from unnest(p_verdict.ranking) p);
  end if;
  foreach v_position in array p_verdict.ranking loop
    exit when cardinality(v_winners) = p_settings.max_buyers;
    v_candidate := p_candidates[v_position];
    v_turn := coalesce(v_turn, 0) + 1;
    if v_total_weight is not null then
      v_finish_tag := leadgen.find_start_tag(v_candidate.finish_tag, v_candidate.weight, v_stored) + 1 / v_candidate.weight;
    end if;
    if leadgen.reserve_capacity(
      v_candidate, p_market_id, p_now, v_turn, v_finish_tag, greatest(v_stored, v_now + 1 / v_total_weight)) then
      v_winners := v_winners || v_position;
      v_now := v_now + 1 / v_total_weight;
    end if;
  end loop;
  return v_winners;
end;
$$;
comment on function leadgen.reserve_winners(leadgen.candidate[], leadgen.verdict, leadgen.routing_settings, bigint, timestamptz) is
  'Takes capacity for the best max_buyers candidates, else the next ones; returns their positions in order of sale.';
