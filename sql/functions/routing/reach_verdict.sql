create or replace function leadgen.reach_verdict(
  p_candidates leadgen.candidate[],
  p_load leadgen.offer_load,
  p_settings leadgen.routing_settings,
  p_exclusivity leadgen.exclusivity,
  p_now timestamptz
)
returns leadgen.verdict
language plpgsql
immutable
as $$
-- Judge and rank. Reads no table and no clock: a replay of the record gives the same.
declare
  v_exclusive_buyer_id bigint := p_exclusivity.buyer_id;
  v_reasons text[];
begin
  v_reasons := leadgen.judge_candidates(p_candidates, p_load, p_now, v_exclusive_buyer_id);
  if v_exclusive_buyer_id is not null
    and p_settings.when_unavailable = 'fall_through'
    and array_position(v_reasons, null) is null then
    v_exclusive_buyer_id := null;
    v_reasons := leadgen.judge_candidates(p_candidates, p_load, p_now, null);
  end if;
  return (
    v_reasons, leadgen.rank_candidates(p_candidates, v_reasons, p_settings.strategy), v_exclusive_buyer_id
  )::leadgen.verdict;
end;
$$;
comment on function leadgen.reach_verdict(leadgen.candidate[], leadgen.offer_load, leadgen.routing_settings, leadgen.exclusivity, timestamptz) is
  'Judges and ranks candidates. The exclusive buyer, if it passes, is the only one; if not, when_unavailable decides.';
