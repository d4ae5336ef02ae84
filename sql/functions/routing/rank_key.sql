create or replace function leadgen.rank_key(
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
comment on function leadgen.rank_key(text, integer, bigint, numeric, double precision, numeric, double precision, double precision) is
  'A candidate''s place under one strategy, the smallest first: priority, round_robin (never served before all), weighted, highest_price or least_filled.';
