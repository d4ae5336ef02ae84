create or replace function leadgen.start_turns(
  p_candidates leadgen.candidate[],
  p_verdict leadgen.verdict,
  p_settings leadgen.routing_settings
)
returns leadgen.turns
language plpgsql
immutable
as $$
declare
  v_turns leadgen.turns;
begin
  select coalesce(max(c.last_turn), 0), max(c.virtual_time), sum(c.weight) filter (where p_verdict.reasons[c.ordinality] is null)
  into v_turns.turn, v_turns.stored_time, v_turns.total_weight
  from unnest(p_candidates) with ordinality as c;
  if 'weighted' = any (p_settings.strategy) then
    v_turns.virtual_time := leadgen.find_virtual_time(p_candidates, p_verdict.reasons);
  end if;
  return v_turns;
end;
$$;
comment on function leadgen.start_turns(leadgen.candidate[], leadgen.verdict, leadgen.routing_settings) is
  'Where an offer''s sequence of turns stands before a lead is sold; virtual_time null: the policy does not go by weight.';
