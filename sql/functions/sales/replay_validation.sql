create or replace function leadgen.replay_validation(p_lead leadgen.leads)
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
  select to_jsonb(leadgen.judge_lead(leadgen.recall_facts(p_lead, m.country_code), p.body, leadgen.compile_rules(p.body)))
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
comment on function leadgen.replay_validation(leadgen.leads) is
  'Judges a lead again by the version of the policy that judged it; a list of differences, empty when it comes out the same, or the lead was erased.';
