create or replace function leadgen.explain_difference(
  p_before leadgen.outcome,
  p_after leadgen.outcome,
  p_again leadgen.decision
)
returns text
language plpgsql
stable
as $$
-- Told from who had the lead: why it is not (or not at this price) that buyer's any more. p_again without candidates: the
-- lead was never routed here.
declare
  v_place integer;
begin
  if p_after.category = 'rejected' or p_again.candidates is null then
    return concat_ws(': ', p_after.category, p_after.cause);
  elsif p_before.category <> 'sold' then
    return format('was %s, now %s', concat_ws(': ', p_before.category, p_before.cause), concat_ws(': ', p_after.category, p_after.cause));
  elsif p_before.seats = p_after.seats then
    return 'the same buyer at another price';
  end if;
  select c.ordinality into v_place
  from unnest(p_again.candidates) with ordinality as c
  where c.buyer_offer_id = any (p_before.seats) and c.buyer_offer_id <> all (p_after.seats)
  order by c.ordinality limit 1;
  return case
    when v_place is null and p_before.seats <@ p_after.seats then 'sold to more buyers'
    when v_place is null then 'its buyer is not there'
    when (p_again.verdict).reasons[v_place] is null then
      format('its buyer is ranked %s of %s', array_position((p_again.verdict).ranking, v_place), cardinality((p_again.verdict).ranking))
    else 'its buyer: ' || leadgen.describe_reason(
      p_again.candidates[v_place], p_again.offer_load, (p_again.verdict).reasons[v_place], p_again.decided_at)
  end;
end;
$$;
comment on function leadgen.explain_difference(leadgen.outcome, leadgen.outcome, leadgen.decision) is
  'Why a rehearsal sends a lead elsewhere, in a few words with numbers: what now keeps its former buyer from it.';
