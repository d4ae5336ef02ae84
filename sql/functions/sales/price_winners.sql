create or replace function leadgen.price_winners(p_decision leadgen.lead_decisions, p_winners integer[])
returns jsonb
language plpgsql
stable
as $$
declare
  v_currency constant text := (select m.currency from leadgen.markets m where m.id = p_decision.market_id);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', (winner.c).buyer_offer_id, 'buyer_id', (winner.c).buyer_id, 'price', price.amount::numeric(10,2), 'steps', price.steps,
      'is_exclusive', winner.is_exclusive) order by w.ordinality), '[]')
    from unnest(p_winners) with ordinality as w (place, ordinality)
    cross join lateral (
      select p_decision.candidates[w.place] as c,
        (p_decision.candidates[w.place]).buyer_id is not distinct from p_decision.exclusive_buyer_id as is_exclusive
    ) winner
    cross join lateral leadgen.price_sale((winner.c).base_price, v_currency, winner.is_exclusive, p_decision.adjustments) price
  );
end;
$$;
comment on function leadgen.price_winners(leadgen.lead_decisions, integer[]) is
  'The sales to these candidates of a recorded decision: who, and the price with its steps.';
