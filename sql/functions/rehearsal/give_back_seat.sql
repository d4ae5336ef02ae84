create or replace function leadgen.give_back_seat(p_seat leadgen.seat, p_sale leadgen.lead_assignments, p_sign integer)
returns leadgen.seat
language plpgsql
immutable
as $$
declare
  v_seat leadgen.seat := p_seat;
  v_sold constant record := leadgen.start_windows(p_sale.created_at, p_seat.timezone);
  v_back constant record := leadgen.start_windows(p_sale.released_at, p_seat.timezone);
begin
  if v_sold.hour = v_back.hour and v_seat.hour_start = v_sold.hour then
    v_seat.hour_count := v_seat.hour_count + p_sign;
  end if;
  if v_sold.day = v_back.day and v_seat.day_start = v_sold.day then
    v_seat.day_count := v_seat.day_count + p_sign;
    v_seat.day_spent := v_seat.day_spent + p_sign * p_sale.price;
  end if;
  if v_sold.week = v_back.week and v_seat.week_start = v_sold.week then
    v_seat.week_count := v_seat.week_count + p_sign;
  end if;
  if v_sold.month = v_back.month and v_seat.month_start = v_sold.month then
    v_seat.month_count := v_seat.month_count + p_sign;
    v_seat.month_spent := v_seat.month_spent + p_sign * p_sale.price;
  end if;
  return v_seat;
end;
$$;
comment on function leadgen.give_back_seat(leadgen.seat, leadgen.lead_assignments, integer) is
  'A seat after a sale was given back, in the windows that the sale and its return share.';
