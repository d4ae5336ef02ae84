create or replace function leadgen.warn_of_offer_caps(
  p_load leadgen.offer_load,
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
  v_event leadgen.events;
  v_zone constant text := p_load.timezone;
begin
  v_event.created_at := p_now;
  v_event.subject := 'offer ' || p_route.offer_id;
  v_event.market_id := p_route.market_id;
  v_event.offer_id := p_route.offer_id;
  v_event.kind := 'cap_low';
  perform leadgen.warn_of_limit(v_event, 'hour', p_load.used_hour, p_load.used_hour + p_sales, p_load.cap_hour, v_zone);
  perform leadgen.warn_of_limit(v_event, 'day', p_load.used_day, p_load.used_day + p_sales, p_load.cap_day, v_zone);
  perform leadgen.warn_of_limit(v_event, 'week', p_load.used_week, p_load.used_week + p_sales, p_load.cap_week, v_zone);
  perform leadgen.warn_of_limit(v_event, 'month', p_load.used_month, p_load.used_month + p_sales, p_load.cap_month, v_zone);
  v_event.kind := 'budget_low';
  perform leadgen.warn_of_limit(v_event, 'day', p_load.spent_day, p_load.spent_day + p_spent, p_load.budget_day, v_zone);
  perform leadgen.warn_of_limit(v_event, 'month', p_load.spent_month, p_load.spent_month + p_spent, p_load.budget_month, v_zone);
end;
$$;
comment on function leadgen.warn_of_offer_caps(leadgen.offer_load, leadgen.route, timestamptz, integer, numeric) is
  'Warning events for the caps and budgets of an offer as a whole that a lead''s sales bring near their end.';
