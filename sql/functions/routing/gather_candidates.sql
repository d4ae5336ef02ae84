create or replace function leadgen.gather_candidates(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_document jsonb,
  p_exclusive_buyer_id bigint,
  p_adjustments leadgen.adjustment[],
  p_buyers_with_lead bigint[]
)
returns leadgen.candidate[]
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
  v_decimals constant integer := leadgen.currency_minor_unit(p_route.currency);
  v_price constant record := leadgen.compose_adjustments(p_adjustments, false);
  v_owner_price record := v_price;
begin
  if p_exclusive_buyer_id is not null then
    v_owner_price := leadgen.compose_adjustments(p_adjustments, true);
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
    bo.compiled_schedule is null or coalesce(leadgen.minute_of_week(v_now, bo.timezone), p_facts.local_minute) <@ bo.compiled_schedule,
    bo.compiled_schedule,
    case when bo.compiled_filters is not null then leadgen.find_filter_fault(bo.compiled_filters, p_document) end,
    bo.buyer_id = any (p_facts.buyers_with_contact),
    case when bo.buyer_id = p_exclusive_buyer_id
      then leadgen.round_price(coalesce(bo.price_per_lead, p_route.default_price) * v_owner_price.factor + v_owner_price.addend, v_decimals)
      else leadgen.round_price(coalesce(bo.price_per_lead, p_route.default_price) * v_price.factor + v_price.addend, v_decimals)
    end,
    bo.budget_per_day,
    case when u.day_start >= coalesce(date_trunc('day', v_now, bo.timezone), v_day) then u.day_spent else 0 end,
    bo.budget_per_month,
    case when u.month_start >= coalesce(date_trunc('month', v_now, bo.timezone), v_month) then u.month_spent else 0 end
  )::leadgen.candidate
  from leadgen.enrollment_usage u
  join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id
  join leadgen.buyers b on b.id = bo.buyer_id
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id
  order by u.buyer_offer_id);
end;
$$;
comment on function leadgen.gather_candidates(leadgen.lead_facts, leadgen.route, jsonb, bigint, leadgen.adjustment[], bigint[]) is
  'Step gather: every enrollment of the offer with the numbers that matter at the lead''s clock, ordered by id. Call it after the offer''s lock.';
