create or replace function leadgen.shift_seat(p_seat leadgen.seat, p_at timestamptz, p_sales integer, p_spent numeric)
returns leadgen.seat
language plpgsql
immutable
as $$
declare
  v_seat leadgen.seat := p_seat;
  v_hour constant timestamptz := date_trunc('hour', p_at, p_seat.timezone);
  v_day constant timestamptz := date_trunc('day', p_at, p_seat.timezone);
  v_week constant timestamptz := date_trunc('week', p_at, p_seat.timezone);
  v_month constant timestamptz := date_trunc('month', p_at, p_seat.timezone);
begin
  v_seat.hour_count := case when p_seat.hour_start = v_hour then p_seat.hour_count else 0 end + p_sales;
  v_seat.day_count := case when p_seat.day_start = v_day then p_seat.day_count else 0 end + p_sales;
  v_seat.day_spent := case when p_seat.day_start = v_day then p_seat.day_spent else 0 end + p_spent;
  v_seat.week_count := case when p_seat.week_start = v_week then p_seat.week_count else 0 end + p_sales;
  v_seat.month_count := case when p_seat.month_start = v_month then p_seat.month_count else 0 end + p_sales;
  v_seat.month_spent := case when p_seat.month_start = v_month then p_seat.month_spent else 0 end + p_spent;
  v_seat.hour_start := v_hour;
  v_seat.day_start := v_day;
  v_seat.week_start := v_week;
  v_seat.month_start := v_month;
  return v_seat;
end;
$$;
comment on function leadgen.shift_seat(leadgen.seat, timestamptz, integer, numeric) is
  'A seat with so many sales and so much money more (or fewer) in the windows of a time.';
