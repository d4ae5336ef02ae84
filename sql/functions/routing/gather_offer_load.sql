create or replace function leadgen.gather_offer_load(p_route leadgen.route, p_now timestamptz)
returns leadgen.offer_load
language plpgsql
stable
as $$
declare
  v_settings constant leadgen.routing_settings := p_route.routing_settings;
  v_load leadgen.offer_load;
begin
  if coalesce(v_settings.cap_hour, v_settings.cap_day, v_settings.cap_week, v_settings.cap_month,
    v_settings.budget_day, v_settings.budget_month) is null then
    return null;
  end if;
  select
    p_route.timezone,
    v_settings.cap_hour, case when u.hour_start >= w.hour then u.hour_count else 0 end,
    v_settings.cap_day, case when u.day_start >= w.day then u.day_count else 0 end,
    v_settings.cap_week, case when u.week_start >= w.week then u.week_count else 0 end,
    v_settings.cap_month, case when u.month_start >= w.month then u.month_count else 0 end,
    v_settings.budget_day, case when u.day_start >= w.day then u.day_spent else 0 end,
    v_settings.budget_month, case when u.month_start >= w.month then u.month_spent else 0 end
  into v_load
  from leadgen.offer_usage u
  cross join lateral leadgen.start_windows(p_now, p_route.timezone) w
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
  return v_load;
end;
$$;
comment on function leadgen.gather_offer_load(leadgen.route, timestamptz) is
  'Step gather: what the offer as a whole has sold, beside its own caps; null when its policy has none.';
