-- Portal: the terms of a buyer's enrollments: limits with what is used of them, hours, pause, areas, price.

create or replace function portal.list_enrollments(p_buyer_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(portal.describe_enrollment(e, p_now) order by o.name, e.id), '[]')
    from leadgen.buyer_offers e
    join leadgen.offers o on o.id = e.offer_id
    where e.buyer_id = p_buyer_id);
end;
$$;
comment on function portal.list_enrollments(bigint, timestamptz) is
  'The enrollments of a buyer with their terms, by the offer''s name.';

create or replace function portal.describe_enrollment(p_enrollment leadgen.buyer_offers, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- Of a pause without an end the time is infinity: null here, for JSON has no word for it.
declare
  v_facts record;
  v_zone text;
  v_pause constant tstzrange := case when p_enrollment.pause_until > p_now
    then tstzrange(p_enrollment.pause_from, p_enrollment.pause_until) end;
begin
  select o.name as offer, o.default_price_per_lead, m.id as market_id, m.name as market, m.currency, m.timezone
  into v_facts
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  where o.id = p_enrollment.offer_id;
  v_zone := coalesce(p_enrollment.timezone, v_facts.timezone);
  return jsonb_build_object(
    'id', p_enrollment.id, 'offer', v_facts.offer, 'market', v_facts.market, 'currency', v_facts.currency,
    'timezone', v_zone, 'is_active', p_enrollment.is_active, 'is_reachable', p_enrollment.is_reachable,
    'price', coalesce(p_enrollment.price_per_lead, v_facts.default_price_per_lead),
    'minimum_balance', p_enrollment.min_balance_required,
    'limits', portal.list_limits(p_enrollment, v_zone, p_now),
    'version', p_enrollment.version, 'may_set', to_jsonb(p_enrollment.buyer_may_set), 'caps', jsonb_build_object(
      'capacity_per_hour', p_enrollment.capacity_per_hour, 'capacity_per_day', p_enrollment.capacity_per_day,
      'capacity_per_week', p_enrollment.capacity_per_week, 'capacity_per_month', p_enrollment.capacity_per_month,
      'budget_per_day', p_enrollment.budget_per_day, 'budget_per_month', p_enrollment.budget_per_month),
    'hours', p_enrollment.schedule, 'filters', p_enrollment.filters,
    'is_paused', v_pause @> p_now, 'is_pause_planned', p_enrollment.pause_from > p_now and v_pause is not null,
    'pause', case when v_pause is not null then kernel.describe_pause(v_pause, v_zone) end,
    'pause_begins', to_char(lower(v_pause) at time zone v_zone, 'YYYY-MM-DD HH24:MI'),
    'pause_ends', case when upper(v_pause) < 'infinity'
      then to_char(upper(v_pause) at time zone v_zone, 'YYYY-MM-DD HH24:MI') end,
    'areas', portal.list_areas(p_enrollment.buyer_id, v_facts.market_id));
end;
$$;
comment on function portal.describe_enrollment(leadgen.buyer_offers, timestamptz) is
  'An enrollment as its buyer sees it: price, limits, hours, what it may set of them, pause in words, filters, areas.';

create or replace function portal.list_limits(p_enrollment leadgen.buyer_offers, p_timezone text, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- A count of an earlier window reads as 0.
declare
  v_starts constant timestamptz[] := kernel.start_windows(p_now, p_timezone);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('code', l.code, 'is_money', l.is_money, 'cap', l.cap, 'used',
      case
        when u.starts[s.slot] < v_starts[s.slot] then 0
        when l.is_money then u.money[s.slot]
        else u.sales[s.slot]
      end) order by l.n), '[]')
    from unnest(p_enrollment.limit_codes, p_enrollment.limit_windows, p_enrollment.limit_is_money,
      p_enrollment.limit_caps) with ordinality as l (code, time_window, is_money, cap, n)
    cross join lateral (select array_position(kernel.list_windows(), l.time_window) as slot) s
    join leadgen.enrollment_usage u on u.buyer_offer_id = p_enrollment.id);
end;
$$;
comment on function portal.list_limits(leadgen.buyer_offers, text, timestamptz) is
  'The caps and budgets of an enrollment, with what is used of each in the window of now.';

create or replace function portal.list_areas(p_buyer_id bigint, p_market_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- 200 are shown: somebody may work in ten thousand postal codes.
begin
  return (
    select jsonb_build_object('total', count(*),
      'shown', coalesce(jsonb_agg(jsonb_build_object('kind', a.scope_type, 'value', a.scope_value)
        order by a.scope_type, a.scope_value) filter (where a.place <= 200), '[]'))
    from (
      select s.scope_type, s.scope_value, row_number() over (order by s.scope_type, s.scope_value) as place
      from leadgen.buyer_service_areas s
      where s.buyer_id = p_buyer_id and s.market_id = p_market_id and s.is_active
    ) a);
end;
$$;
comment on function portal.list_areas(bigint, bigint) is
  'Where a buyer works in a market: how many areas, and the first 200.';
