create or replace function leadgen.count_offer_sales(
  p_route leadgen.route,
  p_now timestamptz,
  p_sales integer,
  p_spent numeric
)
returns void
language plpgsql
volatile
as $$
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_route.timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_route.timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_route.timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_route.timezone);
begin
  update leadgen.offer_usage u
  set
    hour_start = greatest(u.hour_start, v_hour),
    hour_count = case when u.hour_start >= v_hour then u.hour_count else 0 end + p_sales,
    day_start = greatest(u.day_start, v_day),
    day_count = case when u.day_start >= v_day then u.day_count else 0 end + p_sales,
    day_spent = case when u.day_start >= v_day then u.day_spent else 0 end + p_spent,
    week_start = greatest(u.week_start, v_week),
    week_count = case when u.week_start >= v_week then u.week_count else 0 end + p_sales,
    month_start = greatest(u.month_start, v_month),
    month_count = case when u.month_start >= v_month then u.month_count else 0 end + p_sales,
    month_spent = case when u.month_start >= v_month then u.month_spent else 0 end + p_spent
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
end;
$$;
comment on function leadgen.count_offer_sales(leadgen.route, timestamptz, integer, numeric) is
  'Step reserve: counts a lead''s sales in every window of the offer as a whole. The offer''s lock makes what was gathered still true.';
