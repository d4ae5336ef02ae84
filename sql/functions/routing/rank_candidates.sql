create or replace function leadgen.rank_candidates(
  p_candidates leadgen.candidate[],
  p_reasons text[],
  p_strategy text[]
)
returns integer[]
language plpgsql
immutable
as $$
-- Most policies have no tie-breaker, and each key of an order has its price: so they have a query of their own.
declare
  v_stored double precision;
  v_now double precision;
begin
  if 'weighted' = any (p_strategy) then
    v_stored := (select max(c.virtual_time) from unnest(p_candidates) c);
    v_now := leadgen.find_virtual_time(p_candidates, p_reasons);
  end if;
  if cardinality(p_strategy) = 1 then
    return array(
      select c.ordinality::integer
      from unnest(p_candidates) with ordinality as c
      where p_reasons[c.ordinality] is null
      order by
        leadgen.rank_key(
          p_strategy[1], c.priority, c.last_turn, c.price,
          leadgen.find_fill(c.used_hour, c.cap_hour, c.used_day, c.cap_day, c.used_week, c.cap_week, c.used_month, c.cap_month,
            c.spent_day, c.budget_day, c.spent_month, c.budget_month),
          c.weight, leadgen.find_start_tag(c.finish_tag, c.weight, v_stored), v_now),
        c.buyer_offer_id
    );
  end if;
  return array(
    select c.ordinality::integer
    from unnest(p_candidates) with ordinality as c
    cross join lateral (
      select array(
        select leadgen.rank_key(
          s.name, c.priority, c.last_turn, c.price,
          leadgen.find_fill(c.used_hour, c.cap_hour, c.used_day, c.cap_day, c.used_week, c.cap_week, c.used_month, c.cap_month,
            c.spent_day, c.budget_day, c.spent_month, c.budget_month),
          c.weight, leadgen.find_start_tag(c.finish_tag, c.weight, v_stored), v_now)
        from unnest(p_strategy) with ordinality as s (name, place)
        order by s.place) as keys
    ) ranked
    where p_reasons[c.ordinality] is null
    order by ranked.keys, c.buyer_offer_id
  );
end;
$$;
comment on function leadgen.rank_candidates(leadgen.candidate[], text[], text[]) is
  'Step rank, pure: the positions of the passing candidates, best first, by the strategy, then its tie-breakers, then enrollment id.';
