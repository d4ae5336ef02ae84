-- Replay: a recorded decision computed again.
--
-- One lead is replayed by itself (find_replay_faults). Many are taken by offer, so that what the versions of its
-- policies and enrollments say is looked up once for all leads that share them (replay_leads).

create or replace function rehearsal.replay_leads(
  p_after_id bigint,
  p_limit integer,
  p_opened jsonb,
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
set enable_hashjoin = off
set enable_mergejoin = off
as $$
-- Records are looked up one by one, by their keys.
declare
  v_record record;
  v_lead leadgen.leads;
  v_judged leadgen.leads;
  v_body jsonb;
  v_rules jsonb;
  v_decision leadgen.lead_decisions;
  v_recalled leadgen.lead_decisions;
  v_policy kernel.routing_settings;
  v_terms kernel.snapshot;
  v_fault jsonb;
  v_found jsonb := '{}';
begin
  select max(l.id), count(*) into last_id, checked
  from (select l.id from leadgen.leads l where l.id > p_after_id order by l.id limit p_limit) l;
  for v_record in
    select l as lead, d as decision, s.sales, m.country_code
    from (select l.id, l.offer_id from leadgen.leads l where l.id > p_after_id and l.id <= last_id
      order by l.offer_id, l.id) b
    join leadgen.leads l on l.id = b.id
    join leadgen.markets m on m.id = l.market_id
    left join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
    left join lateral rehearsal.find_sales(d) s on true
    order by b.offer_id, b.id, d.attempt
  loop
    v_fault := '[]';
    if (v_record.lead).id is distinct from v_lead.id then
      v_lead := v_record.lead;
      if (v_lead.validation_policy_id, v_lead.validation_policy_version)
        is distinct from (v_judged.validation_policy_id, v_judged.validation_policy_version) then
        v_body := catalog.find_policy_body(
          'validation', v_lead.validation_policy_id, v_lead.validation_policy_version);
        v_rules := catalog.compile_rules(v_body);
        v_judged := v_lead;
      end if;
      v_fault := rehearsal.judge_again(
        v_lead, v_record.country_code, v_body, v_rules, p_opened -> v_lead.id::text);
    end if;

    v_decision := v_record.decision;
    if v_decision.format = 2 then
      if not market.shares_terms(v_decision, v_recalled) then
        v_policy := market.recall_policy(v_decision);
        v_terms := market.recall_terms(v_decision, v_policy);
        v_recalled := v_decision;
      end if;
      v_policy.max_buyers := v_decision.max_buyers;
      v_fault := v_fault || rehearsal.decide_again(
        v_decision, market.lay_over_terms(v_terms, v_decision), v_policy, v_record.sales);
    elsif v_decision.format = 1 then
      v_fault := v_fault || rehearsal.replay_decision(v_decision);
    end if;
    if v_fault <> '[]' then
      v_found := v_found || jsonb_build_object(v_lead.id, coalesce(v_found -> v_lead.id::text, '[]') || v_fault);
    end if;
  end loop;
  faults := (
    select coalesce(jsonb_agg(jsonb_build_object('lead_id', f.key::bigint, 'differences', f.value)
      order by f.key::bigint), '[]')
    from jsonb_each(v_found) f);
end;
$$;
comment on function rehearsal.replay_leads(bigint, integer, jsonb) is 'The work of leadgen.verify_leads.';

create or replace function rehearsal.find_replay_faults(p_lead leadgen.leads, p_contact jsonb default null)
returns jsonb
language plpgsql
stable
as $$
declare
  v_faults jsonb := rehearsal.replay_validation(p_lead, p_contact);
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
comment on function rehearsal.find_replay_faults(leadgen.leads, jsonb) is
  'Everything about a lead that does not come out of its record again: validation, and each routing attempt with its '
  'prices.';

create or replace function rehearsal.replay_validation(p_lead leadgen.leads, p_contact jsonb default null)
returns jsonb
language plpgsql
stable
as $$
declare
  v_body constant jsonb := catalog.find_policy_body(
    'validation', p_lead.validation_policy_id, p_lead.validation_policy_version);
begin
  return rehearsal.judge_again(
    p_lead, (select m.country_code from leadgen.markets m where m.id = p_lead.market_id), v_body,
    catalog.compile_rules(v_body), p_contact);
end;
$$;
comment on function rehearsal.replay_validation(leadgen.leads, jsonb) is
  'Judges a lead again by the version of the policy that judged it; a list of differences, empty when it comes out '
  'the same, or the lead was erased.';

create or replace function rehearsal.judge_again(
  p_lead leadgen.leads,
  p_country_code text,
  p_rules jsonb,
  p_compiled_rules jsonb,
  p_contact jsonb default null
)
returns jsonb
language plpgsql
stable
as $$
-- An erased lead has nothing left to be judged by, nor has a sealed one that nobody has opened; their record of
-- routing and price still replays. Without rules
-- nothing comes out. What failed and where is compared; the words for it may change with a deploy.
declare
  v_recorded constant jsonb := coalesce(p_lead.answer -> 'errors', '[]');
  v_replayed jsonb;
begin
  if p_lead.erased_at is not null or (p_lead.sealed is not null and p_contact is null) then
    return '[]';
  end if;
  if p_rules is not null then
    v_replayed := to_jsonb(
      rules.judge_lead(intake.recall_facts(p_lead, p_country_code, p_contact), p_rules, p_compiled_rules));
  end if;
  if v_replayed = v_recorded
    or (jsonb_path_query_array(v_replayed, '$[*].code') = jsonb_path_query_array(v_recorded, '$[*].code')
      and jsonb_path_query_array(v_replayed, '$[*].field') = jsonb_path_query_array(v_recorded, '$[*].field')) then
    return '[]';
  end if;
  return jsonb_build_array(jsonb_build_object(
    'what', 'validation', 'recorded', v_recorded, 'replayed', v_replayed));
end;
$$;
comment on function rehearsal.judge_again(leadgen.leads, text, jsonb, jsonb, jsonb) is
  'Judges a lead of a country''s market again by the rules that judged it; differences as in replay_validation.';

create or replace function rehearsal.replay_decision(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
declare
  v_policy constant kernel.routing_settings := market.recall_policy(p_decision);
begin
  return rehearsal.decide_again(
    p_decision, market.recall_snapshot(p_decision, v_policy), v_policy, rehearsal.list_sales(p_decision));
end;
$$;
comment on function rehearsal.replay_decision(leadgen.lead_decisions) is
  'Runs one routing attempt again from its record; a list of differences [{attempt, what, recorded, replayed}], '
  'empty when it comes out the same.';

create or replace function rehearsal.decide_again(
  p_decision leadgen.lead_decisions,
  p_snapshot kernel.snapshot,
  p_policy kernel.routing_settings,
  p_sales jsonb
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_again constant kernel.decision := kernel.decide(p_snapshot, p_policy);
  v_sales constant jsonb := rehearsal.list_winners(p_snapshot, v_again);
  v_recorded jsonb;
  v_replayed jsonb;
begin
  if p_decision.reasons = v_again.reasons and p_decision.ranking = v_again.ranking
    and p_decision.winners = v_again.winners and p_sales = v_sales
    and (p_decision.exclusive_buyer_id, p_decision.unsold_reason, p_decision.is_held, p_decision.next_route_at)
    is not distinct from (v_again.exclusive_buyer_id, v_again.unsold_reason, v_again.is_held, v_again.next_route_at)
  then
    return '[]';
  end if;
  v_recorded := jsonb_build_object(
    'reasons', p_decision.reasons, 'ranking', p_decision.ranking, 'exclusive_buyer_id', p_decision.exclusive_buyer_id,
    'winners', p_decision.winners, 'unsold_reason', p_decision.unsold_reason, 'is_held', p_decision.is_held,
    'next_route_at', p_decision.next_route_at, 'sales', p_sales);
  v_replayed := jsonb_build_object(
    'reasons', v_again.reasons, 'ranking', v_again.ranking, 'exclusive_buyer_id', v_again.exclusive_buyer_id,
    'winners', v_again.winners, 'unsold_reason', v_again.unsold_reason, 'is_held', v_again.is_held,
    'next_route_at', v_again.next_route_at, 'sales', v_sales);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'attempt', p_decision.attempt, 'what', r.key, 'recorded', r.value, 'replayed', v_replayed -> r.key)
      order by r.key), '[]')
    from jsonb_each(v_recorded) r
    where r.value is distinct from v_replayed -> r.key
  );
end;
$$;
comment on function rehearsal.decide_again(
  leadgen.lead_decisions, kernel.snapshot, kernel.routing_settings, jsonb) is
  'Decides again from the snapshot and the policy of a record; p_sales: those that the attempt made (list_sales). '
  'Differences as in replay_decision.';

create or replace function rehearsal.find_sales(p_decision leadgen.lead_decisions)
returns table (sales jsonb)
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'buyer_offer_id', a.buyer_offer_id, 'buyer_id', a.buyer_id, 'price', a.price, 'steps', a.price_steps,
    'is_exclusive', a.is_exclusive, 'cost', a.cost) order by a.id), '[]')
  from leadgen.lead_assignments a
  where a.lead_id = p_decision.lead_id and a.decision_id = p_decision.id and a.market_id = p_decision.market_id;
$$;
comment on function rehearsal.find_sales(leadgen.lead_decisions) is
  'The sales that a routing attempt made, as one row: where many are read they are part of the query.';

create or replace function rehearsal.list_sales(p_decision leadgen.lead_decisions)
returns jsonb
language plpgsql
stable
as $$
begin
  return (select s.sales from rehearsal.find_sales(p_decision) s);
end;
$$;
comment on function rehearsal.list_sales(leadgen.lead_decisions) is
  'The sales that a routing attempt made, as list_winners computes them.';

create or replace function rehearsal.list_winners(p_snapshot kernel.snapshot, p_decision kernel.decision)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_sales jsonb := '[]';
begin
  for v_index in 1 .. cardinality(p_decision.winners) loop
    v_sales := v_sales || jsonb_build_object(
      'buyer_offer_id', p_snapshot.enrollments[p_decision.winners[v_index]],
      'buyer_id', p_decision.buyers[v_index],
      'price', (p_decision.prices[v_index]).amount::numeric(10,2),
      'steps', (p_decision.prices[v_index]).steps,
      'is_exclusive', p_decision.buyers[v_index] is not distinct from p_decision.exclusive_buyer_id,
      'cost', p_decision.costs[v_index]::numeric(10,2));
  end loop;
  return v_sales;
end;
$$;
comment on function rehearsal.list_winners(kernel.snapshot, kernel.decision) is
  'The sales that a decision makes: who, and the price with its steps.';
