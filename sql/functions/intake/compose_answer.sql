create or replace function leadgen.compose_answer(
  p_lead_id bigint,
  p_route leadgen.route,
  p_failures leadgen.failure[],
  p_decision leadgen.decision
)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_is_sold constant boolean := cardinality(p_decision.winners) > 0;
begin
  if p_failures <> '{}' then
    return jsonb_build_object(
      'lead_id', p_lead_id,
      'status', 'rejected',
      'reason', (p_failures[1]).reason,
      'message', 'Lead did not pass validation',
      'errors', to_jsonb(p_failures)
    );
  end if;
  return jsonb_build_object(
    'lead_id', p_lead_id,
    'status', 'accepted',
    'message', case
      when v_is_sold then 'Lead qualified and delivered to buyer'
      when p_decision.is_held then 'Lead qualified; no buyer can take it now, it is held and offered again'
      else 'Lead qualified; no buyer can take it now'
    end,
    'buyer_id', case when p_route.disclose_buyer then (p_decision.candidates[p_decision.winners[1]]).buyer_id end,
    'offer_id', p_route.offer_id,
    'price', case when p_route.disclose_buyer then (p_decision.prices[1]).amount end
  );
end;
$$;
comment on function leadgen.compose_answer(bigint, leadgen.route, leadgen.failure[], leadgen.decision) is
  'What the sender is told: accepted with buyer and price (hidden where the source may not know), or rejected with every failure.';
