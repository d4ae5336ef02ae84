create or replace function leadgen.move_sales(
  p_seats leadgen.seat[],
  p_seat_ids bigint[],
  p_before_ids bigint[],
  p_before_prices numeric[],
  p_after_ids bigint[],
  p_after_prices numeric[],
  p_at timestamptz
)
returns leadgen.seat[]
language plpgsql
immutable
as $$
declare
  v_seats leadgen.seat[] := p_seats;
  v_place integer;
  v_sales constant integer := coalesce(cardinality(p_after_ids), 0) - coalesce(cardinality(p_before_ids), 0);
  v_spent numeric := 0;
begin
  for v_index in 1 .. coalesce(cardinality(p_before_ids), 0) loop
    v_place := array_position(p_seat_ids, p_before_ids[v_index]);
    v_seats[v_place] := leadgen.shift_seat(v_seats[v_place], p_at, -1, -p_before_prices[v_index]);
    v_spent := v_spent - p_before_prices[v_index];
  end loop;
  for v_index in 1 .. coalesce(cardinality(p_after_ids), 0) loop
    v_place := array_position(p_seat_ids, p_after_ids[v_index]);
    v_seats[v_place] := leadgen.shift_seat(v_seats[v_place], p_at, 1, p_after_prices[v_index]);
    v_spent := v_spent + p_after_prices[v_index];
  end loop;
  if v_sales <> 0 or v_spent <> 0 then
    v_seats[1] := leadgen.shift_seat(v_seats[1], p_at, v_sales, v_spent);
  end if;
  return v_seats;
end;
$$;
comment on function leadgen.move_sales(leadgen.seat[], bigint[], bigint[], numeric[], bigint[], numeric[], timestamptz) is
  'Takes a lead''s recorded sales out of the windows of seats and of the offer as a whole (the first seat), and puts its rehearsed ones in.';
