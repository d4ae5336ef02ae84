create or replace function leadgen.reserve_capacity(
  p_candidate leadgen.candidate,
  p_market_id bigint,
  p_now timestamptz,
  p_turn bigint,
  p_finish_tag double precision,
  p_virtual_time double precision
)
returns boolean
language plpgsql
volatile
as $$
-- The last guard: the update takes a place only where there is one, whatever was gathered before.
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_candidate.timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_candidate.timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_candidate.timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_candidate.timezone);
begin
  update leadgen.enrollment_usage u
  set
    hour_start = greatest(u.hour_start, v_hour),
    hour_count = case when u.hour_start >= v_hour then u.hour_count else 0 end + 1,
    day_start = greatest(u.day_start, v_day),
    day_count = case when u.day_start >= v_day then u.day_count else 0 end + 1,
    day_spent = case when u.day_start >= v_day then u.day_spent else 0 end + p_candidate.price,
    week_start = greatest(u.week_start, v_week),
    week_count = case when u.week_start >= v_week then u.week_count else 0 end + 1,
    month_start = greatest(u.month_start, v_month),
    month_count = case when u.month_start >= v_month then u.month_count else 0 end + 1,
    month_spent = case when u.month_start >= v_month then u.month_spent else 0 end + p_candidate.price,
    last_turn = p_turn,
    finish_tag = coalesce(p_finish_tag, u.finish_tag),
    virtual_time = coalesce(p_virtual_time, u.virtual_time)
  where u.buyer_offer_id = p_candidate.buyer_offer_id
    and u.market_id = p_market_id
    and (p_candidate.cap_hour is null or u.hour_start < v_hour or u.hour_count < p_candidate.cap_hour)
    and (p_candidate.cap_day is null or u.day_start < v_day or u.day_count < p_candidate.cap_day)
    and (p_candidate.cap_week is null or u.week_start < v_week or u.week_count < p_candidate.cap_week)
    and (p_candidate.cap_month is null or u.month_start < v_month or u.month_count < p_candidate.cap_month)
    and (p_candidate.budget_day is null
      or case when u.day_start < v_day then 0 else u.day_spent end + p_candidate.price <= p_candidate.budget_day)
    and (p_candidate.budget_month is null
      or case when u.month_start < v_month then 0 else u.month_spent end + p_candidate.price <= p_candidate.budget_month);
  return found;
end;
$$;
comment on function leadgen.reserve_capacity(leadgen.candidate, bigint, timestamptz, bigint, double precision, double precision) is
  'Step reserve: takes one place and the price in every window of an enrollment, and its turn; false, and nothing taken, when a window is full.';
