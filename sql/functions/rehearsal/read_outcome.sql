create or replace function leadgen.read_outcome(p_decision leadgen.decision)
returns leadgen.outcome
language plpgsql
immutable
as $$
begin
  if p_decision.winners = '{}' then
    return (
      case when p_decision.is_held then 'held' else 'unsold' end,
      (leadgen.find_cause(p_decision.candidates, (p_decision.verdict).reasons)).cause, '{}', '{}')::leadgen.outcome;
  end if;
  return (
    'sold', null,
    array(select (p_decision.candidates[w.place]).buyer_offer_id from unnest(p_decision.winners) with ordinality as w (place, n) order by w.n),
    array(select (p_decision.candidates[w.place]).price from unnest(p_decision.winners) with ordinality as w (place, n) order by w.n)
  )::leadgen.outcome;
end;
$$;
comment on function leadgen.read_outcome(leadgen.decision) is 'What becomes of a lead by one decision of a rehearsal.';
