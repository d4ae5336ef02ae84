create or replace function leadgen.recall_outcome(p_lead leadgen.leads)
returns leadgen.outcome
language plpgsql
stable
as $$
-- A sale that was given back does not count.
declare
  v_outcome leadgen.outcome;
begin
  if p_lead.validation_reason is not null then
    return ('rejected', p_lead.answer -> 'errors' -> 0 ->> 'code', '{}', '{}')::leadgen.outcome;
  end if;
  select array_agg(a.buyer_offer_id order by a.id), array_agg(a.price order by a.id) into v_outcome.seats, v_outcome.prices
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null;
  if v_outcome.seats is not null then
    v_outcome.category := 'sold';
    return v_outcome;
  end if;
  return (
    case when p_lead.hold_until is not null then 'held' else 'unsold' end,
    (select (leadgen.find_cause(d.candidates, d.reasons)).cause
      from leadgen.lead_decisions d
      where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
      order by d.attempt desc limit 1),
    '{}', '{}')::leadgen.outcome;
end;
$$;
comment on function leadgen.recall_outcome(leadgen.leads) is 'What became of a stored lead.';
