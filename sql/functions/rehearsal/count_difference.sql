create or replace function leadgen.count_difference(
  p_tally leadgen.tally,
  p_seat_ids bigint[],
  p_lead_id bigint,
  p_day text,
  p_before leadgen.outcome,
  p_after leadgen.outcome,
  p_again leadgen.decision
)
returns leadgen.tally
language plpgsql
stable
as $$
declare
  c_most_examples constant integer := 12;
  v_tally leadgen.tally := p_tally;
  v_sales constant integer := cardinality(p_after.seats) - cardinality(p_before.seats);
  v_revenue constant numeric := leadgen.sum_up(p_after.prices) - leadgen.sum_up(p_before.prices);
  v_sold constant integer := (p_after.category = 'sold')::integer - (p_before.category = 'sold')::integer;
begin
  if p_before.category <> p_after.category then
    v_tally.counts := leadgen.add_to(leadgen.add_to(v_tally.counts, p_before.category, -1), p_after.category, 1);
  end if;
  if v_sales <> 0 then
    v_tally.counts := leadgen.add_to(v_tally.counts, 'sales', v_sales);
  end if;
  if v_revenue <> 0 then
    v_tally.counts := leadgen.add_to(v_tally.counts, 'revenue', v_revenue);
    v_tally.days := leadgen.add_to(v_tally.days, p_day || ' revenue', v_revenue);
  end if;
  if v_sold <> 0 then
    v_tally.days := leadgen.add_to(v_tally.days, p_day || ' sold', v_sold);
  end if;
  if p_before.cause is distinct from p_after.cause or p_before.category <> p_after.category then
    v_tally := leadgen.count_cause(leadgen.count_cause(v_tally, p_before, -1), p_after, 1);
  end if;
  if p_before.seats = p_after.seats and p_before.prices = p_after.prices and p_before.category = p_after.category then
    return v_tally;
  end if;
  if p_before.seats <> p_after.seats or p_before.prices <> p_after.prices then
    v_tally := leadgen.count_sales(leadgen.count_sales(v_tally, p_seat_ids, p_before, -1), p_seat_ids, p_after, 1);
  end if;
  v_tally.moved := leadgen.add_to(v_tally.moved, case
    when p_before.category <> 'sold' and p_after.category <> 'sold' then 'not_sold'
    when p_before.category <> 'sold' then 'gained'
    when p_after.category <> 'sold' then 'lost'
    when p_before.seats <> p_after.seats then 'other_buyer'
    else 'other_price'
  end, 1);
  if jsonb_array_length(v_tally.examples) < c_most_examples then
    v_tally.examples := v_tally.examples || jsonb_build_object(
      'lead_id', p_lead_id, 'before', to_jsonb(p_before), 'after', to_jsonb(p_after),
      'why', leadgen.explain_difference(p_before, p_after, p_again));
  end if;
  return v_tally;
end;
$$;
comment on function leadgen.count_difference(leadgen.tally, bigint[], bigint, text, leadgen.outcome, leadgen.outcome, leadgen.decision) is
  'A tally with a lead whose outcome differs from history: counted anew, classified, and kept as an example, with the reason, while there are few.';
