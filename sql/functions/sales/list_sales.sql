create or replace function leadgen.list_sales(p_decision leadgen.lead_decisions)
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
comment on function leadgen.list_sales(leadgen.lead_decisions) is 'The sales that a routing attempt made, as price_winners computes them.';
