-- Events that say in time that a cap, a budget or a balance runs out.

create or replace function market.warn_of_caps(p_candidate kernel.candidate, p_route catalog.route, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_event leadgen.events;
  v_zone constant text := p_candidate.timezone;
begin
  v_event.created_at := p_now;
  v_event.subject := 'enrollment ' || p_candidate.buyer_offer_id;
  v_event.market_id := p_route.market_id;
  v_event.offer_id := p_route.offer_id;
  v_event.buyer_id := p_candidate.buyer_id;
  v_event.buyer_offer_id := p_candidate.buyer_offer_id;
  v_event.kind := 'cap_low';
  perform market.warn_of_limit(v_event, 'hour', p_candidate.used_hour, p_candidate.used_hour + 1, p_candidate.cap_hour, v_zone);
  perform market.warn_of_limit(v_event, 'day', p_candidate.used_day, p_candidate.used_day + 1, p_candidate.cap_day, v_zone);
  perform market.warn_of_limit(v_event, 'week', p_candidate.used_week, p_candidate.used_week + 1, p_candidate.cap_week, v_zone);
  perform market.warn_of_limit(v_event, 'month', p_candidate.used_month, p_candidate.used_month + 1, p_candidate.cap_month, v_zone);
  v_event.kind := 'budget_low';
  perform market.warn_of_limit(
    v_event, 'day', p_candidate.spent_day, p_candidate.spent_day + p_candidate.price, p_candidate.budget_day, v_zone);
  perform market.warn_of_limit(
    v_event, 'month', p_candidate.spent_month, p_candidate.spent_month + p_candidate.price, p_candidate.budget_month, v_zone);
end;
$$;
comment on function market.warn_of_caps(kernel.candidate, catalog.route, timestamptz) is
  'Warning events for the caps and budgets of an enrollment that its newest sale brings near their end.';

create or replace function market.warn_of_offer_caps(
  p_load kernel.offer_load,
  p_route catalog.route,
  p_now timestamptz,
  p_sales integer,
  p_spent numeric
)
returns void
language plpgsql
volatile
as $$
declare
  v_event leadgen.events;
  v_zone constant text := p_load.timezone;
begin
  v_event.created_at := p_now;
  v_event.subject := 'offer ' || p_route.offer_id;
  v_event.market_id := p_route.market_id;
  v_event.offer_id := p_route.offer_id;
  v_event.kind := 'cap_low';
  perform market.warn_of_limit(v_event, 'hour', p_load.used_hour, p_load.used_hour + p_sales, p_load.cap_hour, v_zone);
  perform market.warn_of_limit(v_event, 'day', p_load.used_day, p_load.used_day + p_sales, p_load.cap_day, v_zone);
  perform market.warn_of_limit(v_event, 'week', p_load.used_week, p_load.used_week + p_sales, p_load.cap_week, v_zone);
  perform market.warn_of_limit(v_event, 'month', p_load.used_month, p_load.used_month + p_sales, p_load.cap_month, v_zone);
  v_event.kind := 'budget_low';
  perform market.warn_of_limit(v_event, 'day', p_load.spent_day, p_load.spent_day + p_spent, p_load.budget_day, v_zone);
  perform market.warn_of_limit(v_event, 'month', p_load.spent_month, p_load.spent_month + p_spent, p_load.budget_month, v_zone);
end;
$$;
comment on function market.warn_of_offer_caps(kernel.offer_load, catalog.route, timestamptz, integer, numeric) is
  'Warning events for the caps and budgets of an offer as a whole that a lead''s sales bring near their end.';

create or replace function market.warn_of_limit(
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
        kernel.show_time(kernel.find_window_end(p_unit, p_event.created_at, p_timezone), p_timezone)),
      jsonb_build_object('unit', p_unit, 'used', p_after, 'limit', p_limit)
    )
    on conflict on constraint events_subject_unique do nothing;
  end if;
end;
$$;
comment on function market.warn_of_limit(leadgen.events, text, numeric, numeric, numeric, text) is
  'Writes a warning event when a cap''s or budget''s use goes over the line of settings.warn_at_percent; once a window. The event gives kind, subject and whom it is about.';
