create or replace function leadgen.describe_reason(p_candidate leadgen.candidate, p_reason text, p_now timestamptz)
returns text
language plpgsql
stable
as $$
declare
  c_time constant text := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
  v_unit constant text := substring(p_reason from '^cap_(hour|day|week|month)$');
begin
  if v_unit is not null then
    return format('%s: %s of %s, resets %s', p_reason,
      case v_unit when 'hour' then p_candidate.used_hour when 'day' then p_candidate.used_day
        when 'week' then p_candidate.used_week else p_candidate.used_month end,
      case v_unit when 'hour' then p_candidate.cap_hour when 'day' then p_candidate.cap_day
        when 'week' then p_candidate.cap_week else p_candidate.cap_month end,
      to_char(leadgen.find_window_end(v_unit, p_now, p_candidate.timezone) at time zone 'UTC', c_time));
  elsif p_reason = 'paused' then
    return 'paused: ' || coalesce('until ' || to_char(p_candidate.pause_until at time zone 'UTC', c_time), 'without end');
  elsif p_reason = 'minimum_balance' then
    return format('minimum_balance: %s of %s', p_candidate.balance, p_candidate.min_balance);
  end if;
  return p_reason;
end;
$$;
comment on function leadgen.describe_reason(leadgen.candidate, text, timestamptz) is
  'Why a candidate lost, with the numbers it was judged by: "cap_day: 20 of 20, resets 2026-11-22T06:00:00Z".';
