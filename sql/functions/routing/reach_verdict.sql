create or replace function leadgen.reach_verdict(
  p_candidates leadgen.candidate[],
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
  v_verdict leadgen.verdict;
begin
  v_verdict.exclusive_buyer_id := p_exclusivity.buyer_id;
  v_verdict.reasons := leadgen.judge_candidates(p_candidates, p_now, v_verdict.exclusive_buyer_id);
  if v_verdict.exclusive_buyer_id is not null
    and p_settings.when_unavailable = 'fall_through'
    and array_position(v_verdict.reasons, null) is null then
    v_verdict.exclusive_buyer_id := null;
    v_verdict.reasons := leadgen.judge_candidates(p_candidates, p_now, null);
  end if;
  v_verdict.ranking := leadgen.rank_candidates(p_candidates, v_verdict.reasons, p_settings.strategy);
  return v_verdict;
end;
$$;
comment on function leadgen.reach_verdict(leadgen.candidate[], leadgen.routing_settings, leadgen.exclusivity, timestamptz) is
  'Judges and ranks candidates. The exclusive buyer, if it passes, is the only one; if not, when_unavailable decides.';
