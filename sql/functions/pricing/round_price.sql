create or replace function leadgen.round_price(p_amount numeric, p_decimals integer)
returns numeric
language sql
immutable parallel safe
as $$
  select greatest(round(p_amount, p_decimals), 0);
$$;
comment on function leadgen.round_price(numeric, integer) is 'Rounded half away from zero; never below zero.';
