-- Policies under changes: laid over the versions that judged each lead, compiled once a version and not once a lead.

create or replace function rehearsal.lay_over_validation(
  p_plan rehearsal.plan,
  inout p_policies rehearsal.policies,
  p_policy_id bigint,
  p_version integer
)
language plpgsql
stable
as $$
begin
  if (p_policies.validation_id, p_policies.validation_version) is distinct from (p_policy_id, p_version) then
    p_policies.validation_id := p_policy_id;
    p_policies.validation_version := p_version;
    p_policies.rules := rehearsal.lay_over(
      catalog.find_policy_body('validation', p_policy_id, p_version), p_plan.validation);
    p_policies.compiled_rules := catalog.compile_rules(p_policies.rules);
  end if;
end;
$$;
comment on function rehearsal.lay_over_validation(rehearsal.plan, rehearsal.policies, bigint, integer) is
  'The policies of a rehearsal with this version of a validation policy under its changes.';

create or replace function rehearsal.lay_over_routing(
  p_plan rehearsal.plan,
  inout p_policies rehearsal.policies,
  p_policy_id bigint,
  p_version integer
)
language plpgsql
stable
as $$
begin
  p_policies.routing_id := p_policy_id;
  p_policies.routing_version := p_version;
  p_policies.recorded := catalog.recall_settings(p_policy_id, p_version);
  p_policies.settings := p_policies.recorded;
  if p_plan.routing is not null then
    p_policies.settings := catalog.read_routing_config(
      rehearsal.lay_over(catalog.find_policy_body('routing', p_policy_id, p_version), p_plan.routing));
  end if;
end;
$$;
comment on function rehearsal.lay_over_routing(rehearsal.plan, rehearsal.policies, bigint, integer) is
  'The policies of a rehearsal with this version of a routing policy, as it was and under its changes.';

create or replace function rehearsal.lay_over_pricing(
  p_plan rehearsal.plan,
  inout p_policies rehearsal.policies,
  p_policy_id bigint,
  p_version integer
)
language plpgsql
stable
as $$
-- An offer may have no pricing policy.
begin
  if p_policies.pricing_is_read is not true
    or (p_policies.pricing_id, p_policies.pricing_version) is distinct from (p_policy_id, p_version) then
    p_policies.pricing_is_read := true;
    p_policies.pricing_id := p_policy_id;
    p_policies.pricing_version := p_version;
    p_policies.pricing := catalog.compile_pricing(
      rehearsal.lay_over(coalesce(catalog.find_policy_body('pricing', p_policy_id, p_version), '{}'), p_plan.pricing));
  end if;
end;
$$;
comment on function rehearsal.lay_over_pricing(rehearsal.plan, rehearsal.policies, bigint, integer) is
  'The policies of a rehearsal with this version of a pricing policy under its changes.';

create or replace function rehearsal.lay_over_payout(
  p_plan rehearsal.plan,
  inout p_policies rehearsal.policies,
  p_policy_id bigint,
  p_version integer
)
language plpgsql
stable
as $$
-- A source that is not paid stays so, unless the changes say what it is paid.
begin
  if p_policies.payout_is_read is not true
    or (p_policies.payout_id, p_policies.payout_version) is distinct from (p_policy_id, p_version) then
    p_policies.payout_is_read := true;
    p_policies.payout_id := p_policy_id;
    p_policies.payout_version := p_version;
    p_policies.payout := null;
    if p_policy_id is not null or p_plan.payout ?| '{price,percent_of_revenue,prices}' then
      p_policies.payout := catalog.compile_payout(
        rehearsal.lay_over(coalesce(catalog.find_policy_body('payout', p_policy_id, p_version), '{}'), p_plan.payout));
    end if;
  end if;
end;
$$;
comment on function rehearsal.lay_over_payout(rehearsal.plan, rehearsal.policies, bigint, integer) is
  'The policies of a rehearsal with this version of a payout policy under its changes.';

create or replace function rehearsal.take_policies(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_event rehearsal.event
)
language plpgsql
stable
as $$
-- A lead that was routed again was sold only for the places that its sales had left: as many fewer here.
declare
  v_decision constant leadgen.lead_decisions := p_event.decision;
  v_places constant integer := coalesce(v_decision.max_buyers, (v_decision.settings).max_buyers);
begin
  if ((p_play.policies).routing_id, (p_play.policies).routing_version)
    is distinct from (v_decision.routing_policy_id, v_decision.routing_policy_version) then
    p_play.policies := rehearsal.lay_over_routing(
      p_plan, p_play.policies, v_decision.routing_policy_id, v_decision.routing_policy_version);
  end if;
  p_play.policy := (p_play.policies).settings;
  if p_plan.routing is not null then
    p_play.policy.max_buyers := (p_play.policy).max_buyers - ((p_play.policies).recorded).max_buyers + v_places;
  elsif v_decision.format = 1 then
    p_play.policy := v_decision.settings;
  else
    p_play.policy.max_buyers := v_places;
  end if;
  if p_plan.pricing is not null or p_event.kind = 'retried' then
    p_play.policies := rehearsal.lay_over_pricing(
      p_plan, p_play.policies, v_decision.pricing_policy_id, v_decision.pricing_policy_version);
  end if;
  if p_plan.payout is not null or p_event.kind = 'retried' then
    p_play.policies := rehearsal.lay_over_payout(
      p_plan, p_play.policies, v_decision.payout_policy_id, v_decision.payout_policy_version);
  end if;
end;
$$;
comment on function rehearsal.take_policies(rehearsal.plan, rehearsal.play, rehearsal.event) is
  'A rehearsal with the policies by which it routes, prices and pays for a lead.';
