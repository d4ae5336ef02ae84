-- Replay: a recorded decision computed again.

create or replace function rehearsal.find_replay_faults(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
declare
  v_faults jsonb := rehearsal.replay_validation(p_lead);
  v_decision leadgen.lead_decisions;
begin
  for v_decision in
    select d.* from leadgen.lead_decisions d where d.lead_id = p_lead.id and d.market_id = p_lead.market_id order by d.attempt
  loop
    v_faults := v_faults || rehearsal.replay_decision(v_decision);
  end loop;
  return v_faults;
end;
$$;
comment on function rehearsal.find_replay_faults(leadgen.leads) is
  'Everything about a lead that does not come out of its record again: validation, and each routing attempt with its prices.';

create or replace function rehearsal.replay_validation(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
-- An erased lead has nothing left to be judged by; its record of routing and price still replays.
declare
  v_failures jsonb;
begin
  if p_lead.erased_at is not null then
    return '[]';
  end if;
  select to_jsonb(rules.judge_lead(intake.recall_facts(p_lead, m.country_code), p.body, catalog.compile_rules(p.body)))
  into v_failures
  from leadgen.policy_versions p
  join leadgen.markets m on m.id = p_lead.market_id
  where p.kind = 'validation' and p.policy_id = p_lead.validation_policy_id and p.version = p_lead.validation_policy_version;
  if v_failures is not distinct from coalesce(p_lead.answer -> 'errors', '[]') then
    return '[]';
  end if;
  return jsonb_build_array(jsonb_build_object(
    'what', 'validation', 'recorded', coalesce(p_lead.answer -> 'errors', '[]'), 'replayed', v_failures));
end;
$$;
comment on function rehearsal.replay_validation(leadgen.leads) is
  'Judges a lead again by the version of the policy that judged it; a list of differences, empty when it comes out the same, or the lead was erased.';

create or replace function rehearsal.replay_decision(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
-- Judge, rank, hold and price are run again on what the record kept. A winner may have been passed over only where a place
-- was taken meanwhile, so the winners are the best of the ranking.
declare
  v_verdict constant kernel.verdict := kernel.reach_verdict(
    p_decision.candidates, p_decision.offer_load, p_decision.settings, p_decision.exclusivity, p_decision.decided_at);
  v_winners constant integer[] := kernel.choose_winners(p_decision.candidates, p_decision.offer_load, v_verdict, p_decision.settings);
  v_is_held constant boolean := case when v_winners = '{}' then kernel.is_to_be_held(p_decision.settings, v_verdict) end;
  v_recorded jsonb;
  v_replayed jsonb;
begin
  v_recorded := jsonb_build_object(
    'reasons', p_decision.reasons, 'ranking', p_decision.ranking, 'exclusive_buyer_id', p_decision.exclusive_buyer_id,
    'winners', p_decision.winners, 'unsold_reason', p_decision.unsold_reason, 'is_held', p_decision.is_held,
    'next_route_at', p_decision.next_route_at, 'sales', rehearsal.list_sales(p_decision));
  v_replayed := jsonb_build_object(
    'reasons', v_verdict.reasons, 'ranking', v_verdict.ranking, 'exclusive_buyer_id', v_verdict.exclusive_buyer_id,
    'winners', v_winners,
    'unsold_reason', case when v_winners = '{}' then kernel.describe_unsold(v_verdict.reasons) end,
    'is_held', v_is_held,
    'next_route_at', case when v_is_held then
      kernel.plan_hold(p_decision.candidates, v_verdict.reasons, p_decision.offer_load, p_decision.decided_at) end,
    'sales', rehearsal.price_winners(p_decision, v_winners));
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
comment on function rehearsal.replay_decision(leadgen.lead_decisions) is
  'Runs one routing attempt again from its record; a list of differences [{attempt, what, recorded, replayed}], empty when it comes out the same.';

create or replace function rehearsal.list_sales(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', a.buyer_offer_id, 'buyer_id', a.buyer_id, 'price', a.price, 'steps', a.price_steps,
      'is_exclusive', a.is_exclusive) order by a.id), '[]')
    from leadgen.lead_assignments a
    where a.lead_id = p_decision.lead_id and a.decision_id = p_decision.id and a.market_id = p_decision.market_id
  );
end;
$$;
comment on function rehearsal.list_sales(leadgen.lead_decisions) is 'The sales that a routing attempt made, as price_winners computes them.';

create or replace function rehearsal.price_winners(p_decision leadgen.lead_decisions, p_winners integer[])
returns jsonb
language plpgsql
stable
as $$
declare
  v_currency constant text := (select m.currency from leadgen.markets m where m.id = p_decision.market_id);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', (winner.c).buyer_offer_id, 'buyer_id', (winner.c).buyer_id, 'price', price.amount::numeric(10,2), 'steps', price.steps,
      'is_exclusive', winner.is_exclusive) order by w.ordinality), '[]')
    from unnest(p_winners) with ordinality as w (place, ordinality)
    cross join lateral (
      select p_decision.candidates[w.place] as c,
        (p_decision.candidates[w.place]).buyer_id is not distinct from p_decision.exclusive_buyer_id as is_exclusive
    ) winner
    cross join lateral kernel.price_sale((winner.c).base_price, v_currency, winner.is_exclusive, p_decision.adjustments) price
  );
end;
$$;
comment on function rehearsal.price_winners(leadgen.lead_decisions, integer[]) is
  'The sales to these candidates of a recorded decision: who, and the price with its steps.';
