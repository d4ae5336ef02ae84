create or replace function leadgen.warn_of_limit(
  p_event leadgen.events,
  p_unit text,
  p_before numeric,
  p_after numeric,
  p_limit numeric,
  p_timezone text
)
returns void
language plpgsql
volatile
as $$
-- The line lies below the limit itself, so that the warning comes before nothing is left; where there is no such line
-- (a cap of 1) there is no warning.
declare
  v_line numeric;
begin
  if p_limit > 0 is not true then
    return;
  end if;
  select case p_event.kind when 'cap_low' then least(ceil(p_limit * s.warn_at_percent / 100), p_limit - 1) else p_limit * s.warn_at_percent / 100 end
  into v_line
  from leadgen.settings s;
  if v_line > 0 and p_before < v_line and p_after >= v_line then
    insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
    values (
      p_event.created_at, p_event.kind,
      format('%s %s %s', p_event.subject, p_unit, case p_unit
        when 'hour' then to_char(date_trunc('hour', p_event.created_at, p_timezone) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
        else to_char(p_event.created_at at time zone p_timezone,
          case p_unit when 'day' then 'YYYY-MM-DD' when 'week' then 'IYYY"-W"IW' else 'YYYY-MM' end) end),
      p_event.market_id, p_event.offer_id, p_event.buyer_id, p_event.buyer_offer_id,
      format('%s: %s of %s of the %s %s used, resets %s', p_event.subject, trim_scale(p_after), trim_scale(p_limit), p_unit,
        case p_event.kind when 'cap_low' then 'cap' else 'budget' end,
        leadgen.show_time(leadgen.find_window_end(p_unit, p_event.created_at, p_timezone), p_timezone)),
      jsonb_build_object('unit', p_unit, 'used', p_after, 'limit', p_limit)
    )
    on conflict on constraint events_subject_unique do nothing;
  end if;
end;
$$;
comment on function leadgen.warn_of_limit(leadgen.events, text, numeric, numeric, numeric, text) is
  'Writes a warning event when a cap''s or budget''s use goes over the line of settings.warn_at_percent; once a window. The event gives kind, subject and whom it is about.';
