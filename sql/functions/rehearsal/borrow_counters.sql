create or replace function leadgen.borrow_counters(
  p_candidates leadgen.candidate[],
  p_latest leadgen.candidate[],
  p_latest_at timestamptz,
  p_sold bigint[],
  p_now timestamptz,
  p_timezone text
)
returns leadgen.candidate[]
language plpgsql
immutable
as $$
-- What concerns the lead stays its own (area, filters, contact, price); what concerns the enrollment is as it was when the
-- offer last decided, with that decision's sales, in the windows of now.
declare
  v_now_windows constant record := leadgen.start_windows(p_now, p_timezone);
  v_then_windows constant record := leadgen.start_windows(coalesce(p_latest_at, '-infinity'), p_timezone);
begin
  return array(
    select jsonb_populate_record(c, jsonb_build_object(
      'used_hour', case when same.hour then coalesce(k.used_hour, 0) + sold.n else 0 end,
      'used_day', case when same.day then coalesce(k.used_day, 0) + sold.n else 0 end,
      'spent_day', case when same.day then coalesce(k.spent_day, 0) + sold.n * coalesce(k.price, 0) else 0 end,
      'used_week', case when same.week then coalesce(k.used_week, 0) + sold.n else 0 end,
      'used_month', case when same.month then coalesce(k.used_month, 0) + sold.n else 0 end,
      'spent_month', case when same.month then coalesce(k.spent_month, 0) + sold.n * coalesce(k.price, 0) else 0 end,
      'in_schedule', c.schedule is null or leadgen.minute_of_week(p_now, c.timezone) <@ c.schedule,
      'pause_until', coalesce(k.pause_until, c.pause_until),
      'balance', coalesce(k.balance, c.balance)))
    from unnest(p_candidates) as c
    left join unnest(p_latest) as k on k.buyer_offer_id = c.buyer_offer_id
    cross join lateral (
      select
        case when c.timezone = p_timezone then v_now_windows.hour = v_then_windows.hour
          else date_trunc('hour', p_now, c.timezone) = date_trunc('hour', p_latest_at, c.timezone) end as hour,
        case when c.timezone = p_timezone then v_now_windows.day = v_then_windows.day
          else date_trunc('day', p_now, c.timezone) = date_trunc('day', p_latest_at, c.timezone) end as day,
        case when c.timezone = p_timezone then v_now_windows.week = v_then_windows.week
          else date_trunc('week', p_now, c.timezone) = date_trunc('week', p_latest_at, c.timezone) end as week,
        case when c.timezone = p_timezone then v_now_windows.month = v_then_windows.month
          else date_trunc('month', p_now, c.timezone) = date_trunc('month', p_latest_at, c.timezone) end as month
      offset 0
    ) same
    cross join lateral (select (c.buyer_offer_id = any (p_sold) is true)::integer as n) sold
    order by c.buyer_offer_id
  );
end;
$$;
comment on function leadgen.borrow_counters(leadgen.candidate[], leadgen.candidate[], timestamptz, bigint[], timestamptz, text) is
  'A lead''s candidates at a time at which history did not decide about it: counts, pauses and balances from the offer''s latest decision.';
