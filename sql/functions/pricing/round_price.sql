create or replace function leadgen.round_price(p_amount numeric, p_decimals integer)
returns numeric
language sql
immutable parallel safe
as $$
-- What a column of numeric(10,2) holds is the most: a policy that multiplies without end must not fail a lead.
  select least(greatest(round(p_amount, p_decimals), 0), 99999999);
$$;
comment on function leadgen.round_price(numeric, integer) is 'Rounded half away from zero; never below zero nor above 99,999,999.';
