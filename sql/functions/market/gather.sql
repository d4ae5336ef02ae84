-- Gather: the candidates of an offer and all the numbers that matter.

create or replace function market.gather_exclusivity(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_settings kernel.routing_settings
)
returns kernel.exclusivity
language plpgsql
stable
as $$
declare
  v_exclusivity kernel.exclusivity;
begin
  select e.buyer_id, e.scope_type, e.scope_value
  into v_exclusivity
  from leadgen.offer_exclusivities e
  where e.offer_id = p_route.offer_id
    and e.is_active
    and e.scope_type = any (p_settings.exclusivity_scopes)
    and e.scope_key = any (case e.scope_type
      when 'city' then array[p_facts.city_key]
      else p_facts.postal_patterns
    end)
  order by array_position(p_settings.exclusivity_scopes, e.scope_type::text), array_position(p_facts.postal_patterns, e.scope_key::text)
  limit 1;
  return v_exclusivity;
end;
$$;
comment on function market.gather_exclusivity(kernel.lead_facts, catalog.route, kernel.routing_settings) is
  'Who owns the lead''s postal code or city, in the policy''s order of scopes; the postal code itself before its prefixes, the longest first.';

create or replace function market.gather_offer_load(p_route catalog.route, p_now timestamptz)
returns kernel.offer_load
language plpgsql
stable
as $$
declare
  v_settings constant kernel.routing_settings := p_route.routing_settings;
  v_load kernel.offer_load;
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
  cross join lateral kernel.start_windows(p_now, p_route.timezone) w
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
  return v_load;
end;
$$;
comment on function market.gather_offer_load(catalog.route, timestamptz) is
  'Step gather: what the offer as a whole has sold, beside its own caps; null when its policy has none.';

create or replace function market.gather_candidates(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_document jsonb,
  p_exclusive_buyer_id bigint,
  p_adjustments kernel.adjustment[],
  p_buyers_with_lead bigint[]
)
returns kernel.candidate[]
language plpgsql
stable
as $$
-- Reads every enrollment of the offer with all the numbers that a check or a strategy may need; judges nothing.
-- The market's windows are computed once; an enrollment with a zone of its own has its own. A count of a later window
-- than now's stands: a clock that stepped back gives no place twice.
declare
  v_now constant timestamptz := p_facts.decided_at;
  v_zone constant text := p_route.timezone;
  v_hour constant timestamptz := date_trunc('hour', v_now, v_zone);
  v_day constant timestamptz := date_trunc('day', v_now, v_zone);
  v_week constant timestamptz := date_trunc('week', v_now, v_zone);
  v_month constant timestamptz := date_trunc('month', v_now, v_zone);
  v_decimals constant integer := kernel.currency_minor_unit(p_route.currency);
  v_price constant record := kernel.compose_adjustments(p_adjustments, false);
  v_owner_price record := v_price;
begin
  if p_exclusive_buyer_id is not null then
    v_owner_price := kernel.compose_adjustments(p_adjustments, true);
  end if;
  return array(select (
    bo.id,
    bo.buyer_id,
    bo.is_active,
    b.is_active,
    bo.is_reachable,
    bo.pause_until,
    bo.buyer_id in (
      select a.buyer_id from leadgen.buyer_service_areas a
      where a.market_id = p_route.market_id and a.is_active
        and ((a.scope_type = 'postal_code' and a.scope_key = any (p_facts.postal_patterns))
          or (a.scope_type = 'city' and a.scope_key = p_facts.city_key))
    ),
    bo.buyer_id = any (p_buyers_with_lead),
    coalesce(bo.timezone, v_zone),
    bo.capacity_per_hour,
    case when u.hour_start >= coalesce(date_trunc('hour', v_now, bo.timezone), v_hour) then u.hour_count else 0 end,
    bo.capacity_per_day,
    case when u.day_start >= coalesce(date_trunc('day', v_now, bo.timezone), v_day) then u.day_count else 0 end,
    bo.capacity_per_week,
    case when u.week_start >= coalesce(date_trunc('week', v_now, bo.timezone), v_week) then u.week_count else 0 end,
    bo.capacity_per_month,
    case when u.month_start >= coalesce(date_trunc('month', v_now, bo.timezone), v_month) then u.month_count else 0 end,
    bo.min_balance_required,
    b.balance,
    bo.routing_priority,
    bo.weight,
    u.last_turn,
    u.finish_tag,
    u.virtual_time,
    coalesce(bo.price_per_lead, p_route.default_price),
    bo.compiled_schedule is null or coalesce(kernel.minute_of_week(v_now, bo.timezone), p_facts.local_minute) <@ bo.compiled_schedule,
    bo.compiled_schedule,
    case when bo.compiled_filters is not null then kernel.find_filter_fault(bo.compiled_filters, p_document) end,
    bo.buyer_id = any (p_facts.buyers_with_contact),
    case when bo.buyer_id = p_exclusive_buyer_id
      then kernel.round_price(coalesce(bo.price_per_lead, p_route.default_price) * v_owner_price.factor + v_owner_price.addend, v_decimals)
      else kernel.round_price(coalesce(bo.price_per_lead, p_route.default_price) * v_price.factor + v_price.addend, v_decimals)
    end,
    bo.budget_per_day,
    case when u.day_start >= coalesce(date_trunc('day', v_now, bo.timezone), v_day) then u.day_spent else 0 end,
    bo.budget_per_month,
    case when u.month_start >= coalesce(date_trunc('month', v_now, bo.timezone), v_month) then u.month_spent else 0 end
  )::kernel.candidate
  from leadgen.enrollment_usage u
  join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id
  join leadgen.buyers b on b.id = bo.buyer_id
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id
  order by u.buyer_offer_id);
end;
$$;
comment on function market.gather_candidates(kernel.lead_facts, catalog.route, jsonb, bigint, kernel.adjustment[], bigint[]) is
  'Step gather: every enrollment of the offer with the numbers that matter at the lead''s clock, ordered by id. Call it after the offer''s lock.';
