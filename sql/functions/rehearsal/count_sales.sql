create or replace function leadgen.count_sales(p_tally leadgen.tally, p_seat_ids bigint[], p_outcome leadgen.outcome, p_sign integer)
returns leadgen.tally
language plpgsql
immutable
as $$
declare
  v_tally leadgen.tally := p_tally;
  v_place integer;
begin
  for v_index in 1 .. cardinality(p_outcome.seats) loop
    v_place := array_position(p_seat_ids, p_outcome.seats[v_index]);
    v_tally.seats[v_place].sales := (v_tally.seats[v_place]).sales + p_sign;
    v_tally.seats[v_place].revenue := (v_tally.seats[v_place]).revenue + p_sign * p_outcome.prices[v_index];
  end loop;
  return v_tally;
end;
$$;
comment on function leadgen.count_sales(leadgen.tally, bigint[], leadgen.outcome, integer) is
  'A tally with an outcome''s sales counted (1) or taken back (-1) for their buyers.';
