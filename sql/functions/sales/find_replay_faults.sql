create or replace function leadgen.find_replay_faults(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
declare
  v_faults jsonb := leadgen.replay_validation(p_lead);
  v_decision leadgen.lead_decisions;
begin
  for v_decision in
    select d.* from leadgen.lead_decisions d where d.lead_id = p_lead.id and d.market_id = p_lead.market_id order by d.attempt
  loop
    v_faults := v_faults || leadgen.replay_decision(v_decision);
  end loop;
  return v_faults;
end;
$$;
comment on function leadgen.find_replay_faults(leadgen.leads) is
  'Everything about a lead that does not come out of its record again: validation, and each routing attempt with its prices.';
