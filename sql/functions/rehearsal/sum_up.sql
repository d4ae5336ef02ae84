create or replace function leadgen.sum_up(p_prices numeric[])
returns numeric
language plpgsql
immutable
as $$
begin
  return case cardinality(p_prices)
    when 0 then 0
    when 1 then p_prices[1]
    else (select sum(p) from unnest(p_prices) p)
  end;
end;
$$;
comment on function leadgen.sum_up(numeric[]) is 'The sum of prices.';
