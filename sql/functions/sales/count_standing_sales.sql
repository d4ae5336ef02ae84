create or replace function leadgen.count_standing_sales(
  p_offer_id bigint,
  p_buyer_offer_id bigint,
  p_now timestamptz,
  p_timezone text,
  p_until timestamptz,
  out hour_start timestamptz,
  out hour_count bigint,
  out day_start timestamptz,
  out day_count bigint,
  out day_spent numeric,
  out week_start timestamptz,
  out week_count bigint,
  out month_start timestamptz,
  out month_count bigint,
  out month_spent numeric
)
language plpgsql
stable
as $$
-- Windows are compared, not times: where midnight comes twice, a day of the window's name begins before its start.
declare
  v_window constant record := leadgen.start_windows(p_now, p_timezone);
begin
  hour_start := v_window.hour;
  day_start := v_window.day;
  week_start := v_window.week;
  month_start := v_window.month;
  select
    count(*) filter (where a.created_at >= v_window.hour),
    count(*) filter (where date_trunc('day', a.created_at, p_timezone) >= v_window.day),
    count(*) filter (where date_trunc('week', a.created_at, p_timezone) >= v_window.week),
    count(*) filter (where date_trunc('month', a.created_at, p_timezone) >= v_window.month),
    coalesce(sum(a.price) filter (where date_trunc('day', a.created_at, p_timezone) >= v_window.day), 0),
    coalesce(sum(a.price) filter (where date_trunc('month', a.created_at, p_timezone) >= v_window.month), 0)
  into hour_count, day_count, week_count, month_count, day_spent, month_spent
  from leadgen.lead_assignments a
  where a.offer_id = p_offer_id and (p_buyer_offer_id is null or a.buyer_offer_id = p_buyer_offer_id)
    and a.created_at >= least(v_window.week, v_window.month) - interval '1 hour' and a.created_at < p_until
    and (a.released_at is null or a.released_at >= p_until);
end;
$$;
comment on function leadgen.count_standing_sales(bigint, bigint, timestamptz, text, timestamptz) is
  'The windows of a zone at a time, and an enrollment''s sales in them (null: the whole offer''s) that were made before p_until and stood then; infinity: all that stand.';
