create or replace function leadgen.rehearse_load(
  p_rehearsal leadgen.rehearsal,
  p_recorded leadgen.offer_load,
  p_settings leadgen.routing_settings,
  p_history leadgen.seat,
  p_offer leadgen.seat,
  p_now timestamptz
)
returns leadgen.offer_load
language plpgsql
immutable
as $$
-- The record has the counts only of its own time and where the policy had caps; else they are counted along (p_history).
-- Both are shifted.
declare
  v_window constant record := leadgen.start_windows(p_now, p_rehearsal.timezone);
  v_load leadgen.offer_load := p_recorded;
begin
  if (p_recorded.timezone is null or p_rehearsal.routing ? 'caps') and coalesce(p_settings.cap_hour, p_settings.cap_day,
    p_settings.cap_week, p_settings.cap_month, p_settings.budget_day, p_settings.budget_month) is not null then
    v_load := (
      p_rehearsal.timezone,
      p_settings.cap_hour, case when p_history.hour_start = v_window.hour then p_history.hour_count else 0 end,
      p_settings.cap_day, case when p_history.day_start = v_window.day then p_history.day_count else 0 end,
      p_settings.cap_week, case when p_history.week_start = v_window.week then p_history.week_count else 0 end,
      p_settings.cap_month, case when p_history.month_start = v_window.month then p_history.month_count else 0 end,
      p_settings.budget_day, case when p_history.day_start = v_window.day then p_history.day_spent else 0 end,
      p_settings.budget_month, case when p_history.month_start = v_window.month then p_history.month_spent else 0 end
    )::leadgen.offer_load;
  end if;
  if v_load.timezone is null or p_rehearsal.routing -> 'caps' = 'null' then
    return null;
  end if;
  v_load.used_hour := v_load.used_hour + case when p_offer.hour_start = v_window.hour then p_offer.hour_count else 0 end;
  v_load.used_day := v_load.used_day + case when p_offer.day_start = v_window.day then p_offer.day_count else 0 end;
  v_load.used_week := v_load.used_week + case when p_offer.week_start = v_window.week then p_offer.week_count else 0 end;
  v_load.used_month := v_load.used_month + case when p_offer.month_start = v_window.month then p_offer.month_count else 0 end;
  v_load.spent_day := v_load.spent_day + case when p_offer.day_start = v_window.day then p_offer.day_spent else 0 end;
  v_load.spent_month := v_load.spent_month + case when p_offer.month_start = v_window.month then p_offer.month_spent else 0 end;
  return v_load;
end;
$$;
comment on function leadgen.rehearse_load(leadgen.rehearsal, leadgen.offer_load, leadgen.routing_settings, leadgen.seat, leadgen.seat, timestamptz) is
  'The offer''s own caps and use in a rehearsal: as recorded or, under changed caps, as counted along; shifted by the difference to history.';
