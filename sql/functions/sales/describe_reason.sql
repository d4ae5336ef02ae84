create or replace function leadgen.describe_reason(
  p_candidate leadgen.candidate,
  p_load leadgen.offer_load,
  p_reason text,
  p_now timestamptz
)
returns text
language plpgsql
stable
as $$
declare
  c_limit constant text := '^(offer_)?(cap|budget)_(hour|day|week|month)$';
  v_part constant text[] := regexp_match(p_reason, c_limit);
  v_numbers constant jsonb := case when v_part[1] is null then to_jsonb(p_candidate) else to_jsonb(p_load) end;
  v_zone constant text := v_numbers ->> 'timezone';
begin
  if v_part is not null then
    return format('%s: %s of %s%s, resets %s', p_reason,
      v_numbers ->> (case v_part[2] when 'cap' then 'used_' else 'spent_' end || v_part[3]),
      v_numbers ->> (v_part[2] || '_' || v_part[3]),
      case v_part[2] when 'budget' then format(', price %s', p_candidate.price) else '' end,
      leadgen.show_time(leadgen.find_window_end(v_part[3], p_now, v_zone), v_zone));
  end if;
  return p_reason || coalesce(': ' || case p_reason
    when 'paused' then case p_candidate.pause_until
      when 'infinity' then 'without end'
      else 'until ' || leadgen.show_time(p_candidate.pause_until, p_candidate.timezone)
    end
    when 'outside_schedule' then
      'opens ' || leadgen.show_time(leadgen.find_next_opening(p_candidate.schedule, p_now, p_candidate.timezone), p_candidate.timezone)
    when 'filters' then p_candidate.filter_fault
    when 'minimum_balance' then format('%s of %s', p_candidate.balance, p_candidate.min_balance)
    when 'funds' then format('%s, price %s', p_candidate.balance, p_candidate.price)
  end, '');
end;
$$;
comment on function leadgen.describe_reason(leadgen.candidate, leadgen.offer_load, text, timestamptz) is
  'Why a candidate lost, with the numbers it was judged by: "cap_day: 20 of 20, resets 2026-11-22 00:00 America/Chicago".';
