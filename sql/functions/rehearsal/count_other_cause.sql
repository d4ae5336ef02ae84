create or replace function leadgen.count_other_cause(
  p_tally leadgen.tally,
  p_ids bigint[],
  p_recorded leadgen.lead_decisions,
  p_cause text,
  p_again leadgen.decision
)
returns leadgen.tally
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
  v_before leadgen.outcome;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_recorded.lead_id and l.market_id = p_recorded.market_id;
  v_before := leadgen.recall_outcome(v_lead);
  if v_before.category = 'sold' then
    return p_tally;
  end if;
  return leadgen.count_difference(
    p_tally, p_ids, v_lead.id, null, v_before, (v_before.category, p_cause, '{}', '{}')::leadgen.outcome, p_again);
end;
$$;
comment on function leadgen.count_other_cause(leadgen.tally, bigint[], leadgen.lead_decisions, text, leadgen.decision) is
  'A tally with a lead that is unsold as in history, but for another cause.';
