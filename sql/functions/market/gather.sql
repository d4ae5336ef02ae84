-- Gather: everything that a routing decision is made from, read from the tables into one kernel.snapshot.
--
-- market owns usage, decisions, sales, returns and holds. Its invariants: no limit is ever exceeded, for all that takes
-- a place holds the offer's lock; a sale's price never changes; what a decision was made from is kept with it.

create or replace function market.gather_snapshot(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_document jsonb,
  p_buyers_with_lead bigint[]
)
returns kernel.snapshot
language plpgsql
stable
as $$
-- Reads every enrollment of the offer with all the numbers that a check or a strategy may need; judges nothing.
declare
  v_snapshot kernel.snapshot;
begin
  v_snapshot.decided_at := p_facts.decided_at;
  v_snapshot.timezone := p_route.timezone;
  v_snapshot.decimals := kernel.currency_minor_unit(p_route.currency);
  v_snapshot.exclusivity := market.gather_exclusivity(p_facts, p_route, p_route.routing_settings);
  v_snapshot.adjustments := kernel.find_adjustments(p_route.pricing_rules, p_document, p_facts.local_minute);
  if (p_route.payout).is_per_sale is not null then
    v_snapshot.cost := kernel.find_cost(p_route.payout, p_document, p_facts.local_minute);
  end if;
  if (p_route.routing_settings).follows_calling_rules then
    v_snapshot.calling := market.find_calling(p_facts, p_facts.decided_at, p_route.timezone);
  end if;
  v_snapshot := market.gather_candidates(v_snapshot, p_facts, p_route, p_document, p_buyers_with_lead);
  if v_snapshot.enrollments is null then
    v_snapshot.enrollments := '{}';
    v_snapshot.versions := '{}';
    v_snapshot.flags := '{}';
  end if;
  return market.add_offer_limits(v_snapshot, p_route);
end;
$$;
comment on function market.gather_snapshot(kernel.lead_facts, catalog.route, jsonb, bigint[]) is
  'Step gather: the snapshot of an offer at the lead''s clock; candidates by enrollment id. Call it after the '
  'offer''s lock.';

create or replace function market.gather_candidates(
  p_snapshot kernel.snapshot,
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_document jsonb,
  p_buyers_with_lead bigint[]
)
returns kernel.snapshot
language plpgsql
stable
as $$
-- The market's windows are computed once; an enrollment with a zone of its own has its own. A count of a later window
-- than now's stands: a clock that stepped back gives no place twice. The columns come in the order of kernel.snapshot.
declare
  v_snapshot kernel.snapshot;
  v_now constant timestamptz := p_snapshot.decided_at;
  v_zone constant text := p_snapshot.timezone;
  v_starts constant timestamptz[] := kernel.start_windows(v_now, v_zone);
  v_owner constant bigint := (p_snapshot.exclusivity).buyer_id;
  v_day constant integer := case when 'least_filled' = any ((p_route.routing_settings).strategy)
    then array_position(kernel.list_windows(), 'day') end;
  v_price record;
  v_owner_price record;
begin
  v_price := kernel.compose_adjustments(p_snapshot.adjustments, false);
  v_owner_price := kernel.compose_adjustments(p_snapshot.adjustments, v_owner is not null);
  with candidate as materialized (
    select * from market.list_candidates(p_route, p_facts, p_document, p_buyers_with_lead, v_now, v_starts)
  )
  select
    p_snapshot.decided_at, p_snapshot.timezone, p_snapshot.decimals, p_snapshot.exclusivity, p_snapshot.adjustments,
    c.enrollments, c.versions, c.buyers, c.flags, c.zones, c.pauses, c.openings, c.filter_faults, c.priorities,
    c.weights, c.base_prices, c.prices, c.min_balances, c.balances, c.last_turns, c.finish_tags, c.virtual_times, u.*,
    2, c.sales_today, null, (select d.lead_id from market.find_due_lead(p_route.offer_id, v_now) d),
    c.credits, c.credit_limits, p_snapshot.cost, p_snapshot.calling, p_snapshot.choice
  into v_snapshot
  from (
    select
      array_agg(s.id), array_agg(s.version), array_agg(s.buyer_id), array_agg(s.flags), array_agg(s.timezone::text),
      array_agg(case when s.pause_until > v_now then tstzrange(s.pause_from, s.pause_until) end),
      array_agg(case when s.flags & 16 = 0
        then kernel.find_next_opening(s.compiled_schedule, v_now, coalesce(s.timezone, v_zone)) end),
      array_agg(s.filter_fault), array_agg(s.routing_priority), array_agg(s.weight), array_agg(s.base_price),
      array_agg(kernel.round_price(
        s.base_price * case when s.buyer_id = v_owner then v_owner_price.factor else v_price.factor end
        + case when s.buyer_id = v_owner then v_owner_price.addend else v_price.addend end, p_snapshot.decimals)),
      array_agg(s.min_balance_required), array_agg(s.balance), array_agg(s.last_turn), array_agg(s.finish_tag),
      array_agg(s.virtual_time),
      array_agg(case when s.starts[v_day] < s.now_starts[v_day] then 0 else s.sales[v_day] end)
        filter (where v_day is not null),
      array_agg(s.credit), array_agg(s.credit_limit)
    from candidate s
  ) c (
    enrollments, versions, buyers, flags, zones, pauses, openings, filter_faults, priorities, weights, base_prices,
    prices, min_balances, balances, last_turns, finish_tags, virtual_times, sales_today, credits, credit_limits
  )
  cross join (
    select
      array_agg(s.place::integer), array_agg(s.limit_codes[n]), array_agg(s.limit_windows[n]),
      array_agg(s.limit_is_money[n]), array_agg(s.limit_caps[n]),
      array_agg(case when s.starts[l.slot] < s.now_starts[l.slot] then 0 when s.limit_is_money[n] then s.money[l.slot]
        else s.sales[l.slot] end)
    from candidate s
    join generate_series(1, (select max(cardinality(m.limit_codes)) from candidate m)) n
      on n <= cardinality(s.limit_codes)
    cross join lateral (select array_position(kernel.list_windows(), s.limit_windows[n]) as slot) l
  ) u;
  return v_snapshot;
end;
$$;
comment on function market.gather_candidates(
  kernel.snapshot, kernel.lead_facts, catalog.route, jsonb, bigint[]) is
  'Step gather: a snapshot with its candidates, by enrollment id, the limits of each with what was used of them, and '
  'the first held lead that is due.';

create or replace function market.list_candidates(
  p_route catalog.route,
  p_facts kernel.lead_facts,
  p_document jsonb,
  p_buyers_with_lead bigint[],
  p_now timestamptz,
  p_starts timestamptz[]
)
returns table (
  place bigint, id bigint, version integer, buyer_id bigint, flags integer, timezone varchar, pause_from timestamptz,
  pause_until timestamptz, compiled_schedule int4multirange, filter_fault text, routing_priority integer,
  weight numeric, base_price numeric, min_balance_required numeric, balance numeric, last_turn bigint,
  finish_tag double precision, virtual_time double precision, limit_codes text[], limit_windows text[],
  limit_is_money boolean[], limit_caps numeric[], starts timestamptz[], sales integer[], money numeric[],
  now_starts timestamptz[], credit numeric, credit_limit numeric
)
language sql
stable
as $$
  select
    row_number() over (order by u.buyer_offer_id), u.buyer_offer_id, bo.version, bo.buyer_id,
    bo.is_active::integer
      | (b.is_active::integer << 1)
      | (bo.is_reachable::integer << 2)
      | ((bo.buyer_id = any (array(select a.buyer_id
          from market.list_buyers_of_place(p_route.market_id, p_facts.postal_patterns, p_facts.city_key) a)
        ))::integer << 3)
      | ((bo.compiled_schedule is null or coalesce(kernel.minute_of_week(p_now, bo.timezone), p_facts.local_minute)
          <@ bo.compiled_schedule)::integer << 4)
      | ((bo.buyer_id = any (p_buyers_with_lead))::integer << 5)
      | ((bo.buyer_id = any (p_facts.buyers_with_contact))::integer << 6)
      | (coalesce(bo.buyer_id = any (p_facts.suppressing_buyers), false)::integer << 10)
      | case b.billing_mode when 'prepaid' then 128 when 'invoiced' then 256 else 0 end,
    bo.timezone, bo.pause_from, bo.pause_until, bo.compiled_schedule,
    case when (p_document @@ bo.compiled_filter) is not true and bo.compiled_filter is not null
      then kernel.find_filter_fault(bo.compiled_filters, p_document) end,
    bo.routing_priority, bo.weight, coalesce(bo.price_per_lead, p_route.default_price),
    bo.min_balance_required,
    case when b.billing_mode = 'prepaid' or bo.min_balance_required is not null then b.balance end,
    u.last_turn, u.finish_tag, u.virtual_time, bo.limit_codes, bo.limit_windows, bo.limit_is_money, bo.limit_caps,
    u.starts, u.sales, u.money,
    case when bo.timezone is null then p_starts else kernel.start_windows(p_now, bo.timezone) end,
    case when b.billing_mode = 'invoiced' then b.credit_limit - b.receivable end,
    case when b.billing_mode = 'invoiced' then b.credit_limit end
  from leadgen.enrollment_usage u
  join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id
  join leadgen.buyers b on b.id = bo.buyer_id
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id
  order by u.buyer_offer_id;
$$;
comment on function market.list_candidates(
  catalog.route, kernel.lead_facts, jsonb, bigint[], timestamptz, timestamptz[]) is
  'The candidates of an offer with what was used of their limits, by enrollment id. p_starts: when the windows of the '
  'market began. Part of the query that reads it, as list_buyers_of_place is.';

create or replace function market.list_buyers_of_place(
  p_market_id bigint,
  p_postal_patterns text[],
  p_city_key text
)
returns table (buyer_id bigint)
language sql
stable
as $$
  select a.buyer_id
  from leadgen.buyer_service_areas a
  where a.market_id = p_market_id and a.is_active
    and a.scope_type = 'postal_code' and a.scope_key = any (p_postal_patterns)
  union all
  select a.buyer_id
  from leadgen.buyer_service_areas a
  where a.market_id = p_market_id and a.is_active and a.scope_type = 'city' and a.scope_key = p_city_key;
$$;
comment on function market.list_buyers_of_place(bigint, text[], text) is
  'Buyers who work where a lead is. Part of the query that reads it: the planner puts it in place.';

create or replace function market.find_due_lead(p_offer_id bigint, p_now timestamptz)
returns table (lead_id bigint)
language sql
stable
as $$
-- A change of the offer that is still to be followed may let any held lead be sold: then all of them are due. Changes
-- are looked for only where a lead is held: most offers hold none.
  select f.id
  from (
    select l.id, l.next_route_at
    from leadgen.leads l
    where l.offer_id = p_offer_id and l.hold_until is not null
    order by l.next_route_at, l.id
    limit 1
  ) f
  where f.next_route_at <= p_now or exists (select from leadgen.catalog_changes x where x.offer_id = p_offer_id);
$$;
comment on function market.find_due_lead(bigint, timestamptz) is
  'The first held lead of an offer that is due; no row: none is. Part of the query that reads it, as '
  'list_buyers_of_place is.';

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
  from (
    select x.buyer_id, x.scope_type, x.scope_value, x.scope_key
    from leadgen.offer_exclusivities x
    where x.offer_id = p_route.offer_id and x.is_active and x.scope_type = 'postal_code'
      and x.scope_key = any (p_facts.postal_patterns) and 'postal_code' = any (p_settings.exclusivity_scopes)
    union all
    select x.buyer_id, x.scope_type, x.scope_value, x.scope_key
    from leadgen.offer_exclusivities x
    where x.offer_id = p_route.offer_id and x.is_active and x.scope_type = 'city'
      and x.scope_key = p_facts.city_key and 'city' = any (p_settings.exclusivity_scopes)
  ) e
  order by array_position(p_settings.exclusivity_scopes, e.scope_type::text),
    array_position(p_facts.postal_patterns, e.scope_key::text)
  limit 1;
  return v_exclusivity;
end;
$$;
comment on function market.gather_exclusivity(kernel.lead_facts, catalog.route, kernel.routing_settings) is
  'Who owns the lead''s postal code or city, in the policy''s order of scopes; the postal code itself before its '
  'prefixes, the longest first.';

create or replace function market.add_offer_limits(p_snapshot kernel.snapshot, p_route catalog.route)
returns kernel.snapshot
language plpgsql
stable
as $$
declare
  v_settings constant kernel.routing_settings := p_route.routing_settings;
  v_snapshot kernel.snapshot := p_snapshot;
  v_starts timestamptz[];
  v_limits record;
  v_used numeric[];
begin
  if coalesce(v_settings.cap_hour, v_settings.cap_day, v_settings.cap_week, v_settings.cap_month,
    v_settings.budget_day, v_settings.budget_month) is null then
    return v_snapshot;
  end if;
  v_starts := kernel.start_windows(p_snapshot.decided_at, p_route.timezone);
  v_limits := catalog.list_offer_limits(v_settings);
  select array_agg(
    case when u.starts[l.slot] < v_starts[l.slot] then 0 when l.is_money then u.money[l.slot] else u.sales[l.slot] end
    order by l.place)
  into v_used
  from leadgen.offer_usage u
  cross join lateral (
    select x.place, x.is_money, array_position(kernel.list_windows(), x.span) as slot
    from unnest(v_limits.windows, v_limits.is_money) with ordinality as x (span, is_money, place)
  ) l
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
  return kernel.add_limits(v_snapshot, v_limits.codes, v_limits.windows, v_limits.is_money, v_limits.caps, v_used);
end;
$$;
comment on function market.add_offer_limits(kernel.snapshot, catalog.route) is
  'Step gather: a snapshot with the limits on the offer as a whole and what was used of them, if its policy has any.';
