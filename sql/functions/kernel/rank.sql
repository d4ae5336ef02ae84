-- Rank: the order of the candidates that pass.

create or replace function kernel.rank_candidates(
  p_candidates kernel.candidate[],
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
    v_now := kernel.find_virtual_time(p_candidates, p_reasons);
  end if;
  if cardinality(p_strategy) = 1 then
    return array(
      select c.ordinality::integer
      from unnest(p_candidates) with ordinality as c
      where p_reasons[c.ordinality] is null
      order by
        kernel.rank_key(
          p_strategy[1], c.priority, c.last_turn, c.price,
          kernel.find_fill(c.used_hour, c.cap_hour, c.used_day, c.cap_day, c.used_week, c.cap_week, c.used_month, c.cap_month,
            c.spent_day, c.budget_day, c.spent_month, c.budget_month),
          c.weight, kernel.find_start_tag(c.finish_tag, c.weight, v_stored), v_now),
        c.buyer_offer_id
    );
  end if;
  return array(
    select c.ordinality::integer
    from unnest(p_candidates) with ordinality as c
    cross join lateral (
      select array(
        select kernel.rank_key(
          s.name, c.priority, c.last_turn, c.price,
          kernel.find_fill(c.used_hour, c.cap_hour, c.used_day, c.cap_day, c.used_week, c.cap_week, c.used_month, c.cap_month,
            c.spent_day, c.budget_day, c.spent_month, c.budget_month),
          c.weight, kernel.find_start_tag(c.finish_tag, c.weight, v_stored), v_now)
        from unnest(p_strategy) with ordinality as s (name, place)
        order by s.place) as keys
    ) ranked
    where p_reasons[c.ordinality] is null
    order by ranked.keys, c.buyer_offer_id
  );
end;
$$;
comment on function kernel.rank_candidates(kernel.candidate[], text[], text[]) is
  'Step rank, pure: the positions of the passing candidates, best first, by the strategy, then its tie-breakers, then enrollment id.';

create or replace function kernel.rank_key(
  p_strategy text,
  p_priority integer,
  p_last_turn bigint,
  p_price numeric,
  p_fill double precision,
  p_weight numeric,
  p_start_tag double precision,
  p_virtual_time double precision
)
returns double precision
language sql
immutable parallel safe
as $$
-- 1e-9 absorbs the rounding of binary fractions; 1e6 is more than any 1 / weight.
  select case p_strategy
    when 'priority' then -p_priority
    when 'round_robin' then coalesce(p_last_turn, -1)
    when 'weighted' then
      p_start_tag - p_virtual_time + 1 / p_weight::double precision
      + case when p_start_tag > p_virtual_time + 1e-9 then 1e6 else 0 end
    when 'highest_price' then -p_price::double precision
    when 'least_filled' then p_fill
  end;
$$;
comment on function kernel.rank_key(text, integer, bigint, numeric, double precision, numeric, double precision, double precision) is
  'A candidate''s place under one strategy, the smallest first: priority, round_robin (never served before all), weighted, highest_price or least_filled.';

create or replace function kernel.find_fill(variadic p_used_and_caps numeric[])
returns double precision
language plpgsql
immutable
as $$
declare
  v_fill numeric := 0;
begin
  for v_index in 2 .. cardinality(p_used_and_caps) by 2 loop
    v_fill := greatest(v_fill, p_used_and_caps[v_index - 1] / nullif(p_used_and_caps[v_index], 0));
  end loop;
  return v_fill::double precision;
end;
$$;
comment on function kernel.find_fill(numeric[]) is
  'How full something is: the largest used share of its caps, given as used, cap, used, cap, …; a null or zero cap does not count.';
