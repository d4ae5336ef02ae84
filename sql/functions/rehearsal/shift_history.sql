create or replace function leadgen.shift_history(p_history leadgen.seat, p_at timestamptz, p_prices numeric[])
returns leadgen.seat
language plpgsql
immutable
as $$
begin
  if p_prices = '{}' then
    return p_history;
  end if;
  return leadgen.shift_seat(p_history, p_at, cardinality(p_prices), (select sum(p) from unnest(p_prices) p));
end;
$$;
comment on function leadgen.shift_history(leadgen.seat, timestamptz, numeric[]) is
  'What an offer as a whole had sold, with a lead''s recorded sales counted.';
