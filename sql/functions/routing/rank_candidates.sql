create or replace function leadgen.rank_candidates(
  p_candidates leadgen.candidate[],
  p_reasons text[],
  p_strategy text[]
)
returns integer[]
language plpgsql
immutable
as $$
declare
  v_virtual_time constant double precision :=
    case when 'weighted' = any (p_strategy) then leadgen.find_virtual_time(p_candidates, p_reasons) end;
begin
  return array(
    select c.ordinality::integer
    from unnest(p_candidates) with ordinality as c
    where p_reasons[c.ordinality] is null
    order by
      leadgen.rank_key(p_strategy[1], c.priority, c.last_turn, c.weight, c.finish_tag, v_virtual_time),
      leadgen.rank_key(p_strategy[2], c.priority, c.last_turn, c.weight, c.finish_tag, v_virtual_time),
      leadgen.rank_key(p_strategy[3], c.priority, c.last_turn, c.weight, c.finish_tag, v_virtual_time),
      leadgen.rank_key(p_strategy[4], c.priority, c.last_turn, c.weight, c.finish_tag, v_virtual_time),
      c.buyer_offer_id
  );
end;
$$;
comment on function leadgen.rank_candidates(leadgen.candidate[], text[], text[]) is
  'Step rank, pure: the positions of the passing candidates, best first, by the strategy, then its tie-breakers, then enrollment id.';
