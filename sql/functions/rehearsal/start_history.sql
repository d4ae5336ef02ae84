create or replace function leadgen.start_history(p_rehearsal leadgen.rehearsal, p_from timestamptz)
returns leadgen.seat
language plpgsql
stable
as $$
declare
  v_seat leadgen.seat := leadgen.make_seat(0, null, p_rehearsal.timezone);
begin
  select s.hour_start, s.hour_count, s.day_start, s.day_count, s.day_spent, s.week_start, s.week_count, s.month_start, s.month_count, s.month_spent
  into
    v_seat.hour_start, v_seat.hour_count, v_seat.day_start, v_seat.day_count, v_seat.day_spent, v_seat.week_start, v_seat.week_count,
    v_seat.month_start, v_seat.month_count, v_seat.month_spent
  from leadgen.count_standing_sales(p_rehearsal.offer_id, null, p_from, p_rehearsal.timezone, p_from) s;
  return v_seat;
end;
$$;
comment on function leadgen.start_history(leadgen.rehearsal, timestamptz) is
  'What an offer as a whole had sold in the windows of a time, when a rehearsal starts there.';
