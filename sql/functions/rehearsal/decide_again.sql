create or replace function leadgen.decide_again(
  p_rehearsal leadgen.rehearsal,
  p_seats leadgen.seat[],
  p_has_left boolean,
  p_decision leadgen.decision,
  p_facts leadgen.lead_facts,
  p_pricing leadgen.price_rule[]
)
returns leadgen.decision
language plpgsql
immutable
as $$
-- The same judge and rank as in a live decision; only what they are given is changed. p_facts.decided_at null: nothing
-- that is changed depends on the lead.
declare
  v_decision leadgen.decision := p_decision;
  v_candidates leadgen.candidate[] := p_decision.candidates;
  v_document jsonb;
begin
  if p_facts.decided_at is not null then
    v_document := leadgen.describe_lead(p_facts);
    if p_rehearsal.reprices then
      v_decision.adjustments := leadgen.find_adjustments(
        p_pricing, v_document, leadgen.minute_of_week(p_decision.decided_at, p_rehearsal.timezone));
    end if;
    if p_rehearsal.added is not null then
      v_candidates := v_candidates || leadgen.place_newcomers(p_rehearsal, p_facts);
    end if;
  end if;
  v_decision.candidates := leadgen.rehearse_candidates(
    v_candidates, p_seats, p_has_left, v_decision.decided_at, v_document, v_decision.adjustments,
    (v_decision.exclusivity).buyer_id, p_rehearsal.reprices, leadgen.currency_minor_unit(p_rehearsal.currency),
    p_rehearsal.timezone);
  v_decision.verdict := leadgen.reach_verdict(
    v_decision.candidates, v_decision.offer_load, v_decision.settings, v_decision.exclusivity, v_decision.decided_at);
  v_decision.winners := leadgen.choose_winners(
    v_decision.candidates, v_decision.offer_load, v_decision.verdict, v_decision.settings);
  v_decision.is_held := v_decision.winners = '{}' and leadgen.is_to_be_held(v_decision.settings, v_decision.verdict);
  return v_decision;
end;
$$;
comment on function leadgen.decide_again(leadgen.rehearsal, leadgen.seat[], boolean, leadgen.decision, leadgen.lead_facts, leadgen.price_rule[]) is
  'One decision of a rehearsal: judge and rank on recorded candidates with the changes laid over them. Pure.';
