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
    select d.*
    from leadgen.lead_decisions d
    where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
    order by d.attempt
  loop
    v_faults := v_faults || rehearsal.replay_decision(v_decision);
  end loop;
  return v_faults;
end;
$$;
comment on function rehearsal.find_replay_faults(leadgen.leads) is
  'Everything about a lead that does not come out of its record again: validation, and each routing attempt with its '
  'prices.';

create or replace function rehearsal.replay_validation(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
-- An erased lead has nothing left to be judged by; its record of routing and price still replays. What failed and where
-- is compared; the words for it may change with a deploy.
declare
  v_recorded constant jsonb := coalesce(p_lead.answer -> 'errors', '[]');
  v_replayed jsonb;
begin
  if p_lead.erased_at is not null then
    return '[]';
  end if;
  select to_jsonb(rules.judge_lead(intake.recall_facts(p_lead, m.country_code), p.body, catalog.compile_rules(p.body)))
  into v_replayed
  from leadgen.policy_versions p
  join leadgen.markets m on m.id = p_lead.market_id
  where p.kind = 'validation'
    and p.policy_id = p_lead.validation_policy_id and p.version = p_lead.validation_policy_version;
  if jsonb_path_query_array(v_replayed, '$[*].code') = jsonb_path_query_array(v_recorded, '$[*].code')
    and jsonb_path_query_array(v_replayed, '$[*].field') = jsonb_path_query_array(v_recorded, '$[*].field') then
    return '[]';
  end if;
  return jsonb_build_array(jsonb_build_object(
    'what', 'validation', 'recorded', v_recorded, 'replayed', v_replayed));
end;
$$;
comment on function rehearsal.replay_validation(leadgen.leads) is
  'Judges a lead again by the version of the policy that judged it; a list of differences, empty when it comes out '
  'the same, or the lead was erased.';

create or replace function rehearsal.replay_decision(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
declare
  v_policy constant kernel.routing_settings := market.recall_policy(p_decision);
  v_snapshot constant kernel.snapshot := market.recall_snapshot(p_decision, v_policy);
  v_again constant kernel.decision := kernel.decide(v_snapshot, v_policy);
  v_recorded constant jsonb := jsonb_build_object(
    'reasons', p_decision.reasons, 'ranking', p_decision.ranking, 'exclusive_buyer_id', p_decision.exclusive_buyer_id,
    'winners', p_decision.winners, 'unsold_reason', p_decision.unsold_reason, 'is_held', p_decision.is_held,
    'next_route_at', p_decision.next_route_at, 'sales', rehearsal.list_sales(p_decision));
  v_replayed constant jsonb := jsonb_build_object(
    'reasons', v_again.reasons, 'ranking', v_again.ranking, 'exclusive_buyer_id', v_again.exclusive_buyer_id,
    'winners', v_again.winners, 'unsold_reason', v_again.unsold_reason, 'is_held', v_again.is_held,
    'next_route_at', v_again.next_route_at, 'sales', rehearsal.list_winners(v_snapshot, v_again));
begin
  if v_recorded = v_replayed then
    return '[]';
  end if;
  return (
    select jsonb_agg(jsonb_build_object(
      'attempt', p_decision.attempt, 'what', r.key, 'recorded', r.value, 'replayed', v_replayed -> r.key)
      order by r.key)
    from jsonb_each(v_recorded) r
    where r.value is distinct from v_replayed -> r.key
  );
end;
$$;
comment on function rehearsal.replay_decision(leadgen.lead_decisions) is
  'Runs one routing attempt again from its record; a list of differences [{attempt, what, recorded, replayed}], '
  'empty when it comes out the same.';

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
comment on function rehearsal.list_sales(leadgen.lead_decisions) is
  'The sales that a routing attempt made, as list_winners computes them.';

create or replace function rehearsal.list_winners(p_snapshot kernel.snapshot, p_decision kernel.decision)
returns jsonb
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', p_snapshot.enrollments[w.place], 'buyer_id', w.buyer_id, 'price', w.amount::numeric(10,2),
      'steps', w.steps,
      'is_exclusive', w.buyer_id is not distinct from p_decision.exclusive_buyer_id) order by w.n), '[]')
    from rows from (unnest(p_decision.winners), unnest(p_decision.buyers), unnest(p_decision.prices)) with ordinality
      as w (place, buyer_id, amount, steps, n)
  );
end;
$$;
comment on function rehearsal.list_winners(kernel.snapshot, kernel.decision) is
  'The sales that a decision makes: who, and the price with its steps.';
