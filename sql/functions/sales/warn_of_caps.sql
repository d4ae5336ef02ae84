create or replace function leadgen.warn_of_caps(p_candidate leadgen.candidate, p_route leadgen.route, p_now timestamptz)
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
  perform leadgen.warn_of_limit(v_event, 'hour', p_candidate.used_hour, p_candidate.used_hour + 1, p_candidate.cap_hour, v_zone);
  perform leadgen.warn_of_limit(v_event, 'day', p_candidate.used_day, p_candidate.used_day + 1, p_candidate.cap_day, v_zone);
  perform leadgen.warn_of_limit(v_event, 'week', p_candidate.used_week, p_candidate.used_week + 1, p_candidate.cap_week, v_zone);
  perform leadgen.warn_of_limit(v_event, 'month', p_candidate.used_month, p_candidate.used_month + 1, p_candidate.cap_month, v_zone);
  v_event.kind := 'budget_low';
  perform leadgen.warn_of_limit(
    v_event, 'day', p_candidate.spent_day, p_candidate.spent_day + p_candidate.price, p_candidate.budget_day, v_zone);
  perform leadgen.warn_of_limit(
    v_event, 'month', p_candidate.spent_month, p_candidate.spent_month + p_candidate.price, p_candidate.budget_month, v_zone);
end;
$$;
comment on function leadgen.warn_of_caps(leadgen.candidate, leadgen.route, timestamptz) is
  'Warning events for the caps and budgets of an enrollment that its newest sale brings near their end.';
