create or replace function leadgen.replay_decision(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
-- Judge, rank, hold and price are run again on what the record kept. A winner may have been passed over only where a place
-- was taken meanwhile, so the winners are the best of the ranking.
declare
  v_verdict constant leadgen.verdict := leadgen.reach_verdict(
    p_decision.candidates, p_decision.offer_load, p_decision.settings, p_decision.exclusivity, p_decision.decided_at);
  v_winners constant integer[] := leadgen.choose_winners(p_decision.candidates, p_decision.offer_load, v_verdict, p_decision.settings);
  v_is_held constant boolean := case when v_winners = '{}' then leadgen.is_to_be_held(p_decision.settings, v_verdict) end;
  v_recorded jsonb;
  v_replayed jsonb;
begin
  v_recorded := jsonb_build_object(
    'reasons', p_decision.reasons, 'ranking', p_decision.ranking, 'exclusive_buyer_id', p_decision.exclusive_buyer_id,
    'winners', p_decision.winners, 'unsold_reason', p_decision.unsold_reason, 'is_held', p_decision.is_held,
    'next_route_at', p_decision.next_route_at, 'sales', leadgen.list_sales(p_decision));
  v_replayed := jsonb_build_object(
    'reasons', v_verdict.reasons, 'ranking', v_verdict.ranking, 'exclusive_buyer_id', v_verdict.exclusive_buyer_id,
    'winners', v_winners,
    'unsold_reason', case when v_winners = '{}' then leadgen.describe_unsold(v_verdict.reasons) end,
    'is_held', v_is_held,
    'next_route_at', case when v_is_held then
      leadgen.plan_hold(p_decision.candidates, v_verdict.reasons, p_decision.offer_load, p_decision.decided_at) end,
    'sales', leadgen.price_winners(p_decision, v_winners));
  if v_recorded = v_replayed then
    return '[]';
  end if;
  return (
    select jsonb_agg(jsonb_build_object('attempt', p_decision.attempt, 'what', r.key, 'recorded', r.value, 'replayed', v_replayed -> r.key)
      order by r.key)
    from jsonb_each(v_recorded) r
    where r.value is distinct from v_replayed -> r.key
  );
end;
$$;
comment on function leadgen.replay_decision(leadgen.lead_decisions) is
  'Runs one routing attempt again from its record; a list of differences [{attempt, what, recorded, replayed}], empty when it comes out the same.';
