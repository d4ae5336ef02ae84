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
  v_stored double precision;
  v_now double precision;
begin
  if 'weighted' = any (p_strategy) then
    v_stored := (select max(c.virtual_time) from unnest(p_candidates) c);
    v_now := leadgen.find_virtual_time(p_candidates, p_reasons);
  end if;
  return array(
    select c.ordinality::integer
    from unnest(p_candidates) with ordinality as c
    cross join lateral (select leadgen.find_start_tag(c.finish_tag, c.weight, v_stored) as start_tag) weighted
    where p_reasons[c.ordinality] is null
    order by
      leadgen.rank_key(p_strategy[1], c.priority, c.last_turn, c.weight, weighted.start_tag, v_now),
      leadgen.rank_key(p_strategy[2], c.priority, c.last_turn, c.weight, weighted.start_tag, v_now),
      leadgen.rank_key(p_strategy[3], c.priority, c.last_turn, c.weight, weighted.start_tag, v_now),
      leadgen.rank_key(p_strategy[4], c.priority, c.last_turn, c.weight, weighted.start_tag, v_now),
      c.buyer_offer_id
  );
end;
$$;
comment on function leadgen.rank_candidates(leadgen.candidate[], text[], text[]) is
  'Step rank, pure: the positions of the passing candidates, best first, by the strategy, then its tie-breakers, then enrollment id.';
