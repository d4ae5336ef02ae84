create or replace function leadgen.count_places(p_settings leadgen.routing_settings, p_load leadgen.offer_load)
returns integer
language sql
immutable parallel safe
as $$
  select least(p_settings.max_buyers, p_load.cap_hour - p_load.used_hour, p_load.cap_day - p_load.used_day,
    p_load.cap_week - p_load.used_week, p_load.cap_month - p_load.used_month);
$$;
comment on function leadgen.count_places(leadgen.routing_settings, leadgen.offer_load) is
  'To how many buyers a lead may be sold: max_buyers, or what the offer''s own caps leave.';
