-- The record of a decision: written once, read again as the snapshot that it was made from.

create or replace function market.record_decision(
  p_lead_id bigint,
  p_attempt integer,
  p_route catalog.route,
  p_snapshot kernel.snapshot,
  p_decision kernel.decision
)
returns bigint
language plpgsql
volatile
as $$
-- What the versions of enrollments and policy say is not written again, nor an array in which nothing is said.
declare
  v_is_weighted constant boolean := 'weighted' = any ((p_route.routing_settings).strategy);
  v_decision_id bigint;
begin
  insert into leadgen.lead_decisions (
    market_id, lead_id, offer_id, attempt, decided_at,
    routing_policy_id, routing_policy_version, pricing_policy_id, pricing_policy_version,
    exclusivity, adjustments, reasons, ranking, exclusive_buyer_id, winners, unsold_reason, is_held, next_route_at,
    format, timezone, decimals, max_buyers, default_price,
    enrollments, versions, flags, openings, filter_faults, prices, balances, last_turns,
    finish_tags, virtual_times, limit_uses, edition, sales_today, went_first, behind_lead_id,
    credits, credit_limits, payout_policy_id, payout_policy_version, cost,
    calling, choice
  )
  values (
    p_route.market_id, p_lead_id, p_route.offer_id, p_attempt, p_snapshot.decided_at,
    p_route.routing_policy_id, p_route.routing_policy_version,
    p_route.pricing_policy_id, p_route.pricing_policy_version,
    p_snapshot.exclusivity, nullif(p_snapshot.adjustments, '{}'), p_decision.reasons, p_decision.ranking,
    p_decision.exclusive_buyer_id, p_decision.winners, p_decision.unsold_reason, p_decision.is_held,
    p_decision.next_route_at,
    2, p_snapshot.timezone, p_snapshot.decimals, (p_route.routing_settings).max_buyers, p_route.default_price,
    p_snapshot.enrollments, p_snapshot.versions, p_snapshot.flags,
    market.drop_empty(p_snapshot.openings), market.drop_empty(p_snapshot.filter_faults), p_snapshot.prices,
    market.drop_empty(p_snapshot.balances), market.drop_empty(p_snapshot.last_turns),
    case when v_is_weighted then p_snapshot.finish_tags end, case when v_is_weighted then p_snapshot.virtual_times end,
    p_snapshot.limit_uses, p_snapshot.edition, p_snapshot.sales_today, p_snapshot.went_first, p_snapshot.behind_lead_id,
    market.drop_empty(p_snapshot.credits), market.drop_empty(p_snapshot.credit_limits), p_route.payout_policy_id,
    p_route.payout_policy_version, p_snapshot.cost, p_snapshot.calling, p_snapshot.choice
  )
  returning id into v_decision_id;
  return v_decision_id;
end;
$$;
comment on function market.record_decision(bigint, integer, catalog.route, kernel.snapshot, kernel.decision) is
  'Writes the trace of a routing attempt (leadgen.lead_decisions, format 2); returns its id.';

create or replace function market.drop_empty(p_array anyarray)
returns anyarray
language sql
immutable parallel safe
as $$
  select case when num_nonnulls(variadic p_array) > 0 then p_array end;
$$;
comment on function market.drop_empty(anyarray) is 'An array in which something is not null; else null.';

create or replace function market.recall_policy(p_decision leadgen.lead_decisions)
returns kernel.routing_settings
language plpgsql
stable
as $$
declare
  v_policy kernel.routing_settings := p_decision.settings;
begin
  if p_decision.format = 2 then
    v_policy := catalog.recall_settings(p_decision.routing_policy_id, p_decision.routing_policy_version);
    v_policy.max_buyers := p_decision.max_buyers;
  end if;
  return v_policy;
end;
$$;
comment on function market.recall_policy(leadgen.lead_decisions) is
  'The routing policy by which a decision was made, as it was compiled then.';

create or replace function market.recall_snapshot(p_decision leadgen.lead_decisions, p_policy kernel.routing_settings)
returns kernel.snapshot
language plpgsql
stable
as $$
declare
  v_snapshot kernel.snapshot;
begin
  if p_decision.format = 2 then
    return market.lay_over_terms(market.recall_terms(p_decision, p_policy), p_decision);
  end if;
  v_snapshot.decided_at := p_decision.decided_at;
  v_snapshot.exclusivity := p_decision.exclusivity;
  v_snapshot.adjustments := coalesce(p_decision.adjustments, '{}');
  select
    coalesce(p_decision.timezone, m.timezone),
    coalesce(p_decision.decimals, kernel.currency_minor_unit(m.currency))
  into v_snapshot.timezone, v_snapshot.decimals
  from leadgen.markets m
  where m.id = p_decision.market_id;
  return market.read_snapshot_v1(v_snapshot, p_decision.candidates, p_decision.offer_load);
end;
$$;
comment on function market.recall_snapshot(leadgen.lead_decisions, kernel.routing_settings) is
  'What a recorded decision was made from, in whatever format it was stored; p_policy: see market.recall_policy.';

create or replace function market.recall_terms(p_decision leadgen.lead_decisions, p_policy kernel.routing_settings)
returns kernel.snapshot
language plpgsql
stable
as $$
declare
  v_terms kernel.snapshot;
  v_limits record;
begin
  v_terms.timezone := p_decision.timezone;
  v_terms.decimals := p_decision.decimals;
  v_terms.enrollments := p_decision.enrollments;
  v_terms.versions := p_decision.versions;
  with seat as materialized (
    select e.place, v.buyer_id, v.timezone, v.pause_from, v.pause_until, v.routing_priority, v.weight, v.price_per_lead,
      v.min_balance_required, v.limit_codes, v.limit_windows, v.limit_is_money, v.limit_caps
    from unnest(p_decision.enrollments, p_decision.versions) with ordinality as e (id, version, place)
    join leadgen.enrollment_versions v on v.buyer_offer_id = e.id and v.version = e.version
    order by e.place
  ),
  candidate as (
    select
      array_agg(s.buyer_id) as buyers, array_agg(s.timezone) as zones,
      array_agg(kernel.make_pause(s.pause_from, s.pause_until)) as pauses,
      array_agg(s.routing_priority) as priorities, array_agg(s.weight) as weights,
      array_agg(coalesce(s.price_per_lead, p_decision.default_price)) as base_prices,
      array_agg(s.min_balance_required) as min_balances
    from seat s
  ),
  usage as (
    select array_agg(s.place::integer) as owners, array_agg(l.code) as codes, array_agg(l.span) as windows,
      array_agg(l.is_money) as is_money, array_agg(l.cap) as caps
    from seat s
    cross join lateral unnest(s.limit_codes, s.limit_windows, s.limit_is_money, s.limit_caps)
      as l (code, span, is_money, cap)
  )
  select
    c.buyers, c.zones, c.pauses, c.priorities, c.weights, c.base_prices, c.min_balances,
    u.owners, u.codes, u.windows, u.is_money, u.caps
  into
    v_terms.buyers, v_terms.zones, v_terms.pauses, v_terms.priorities, v_terms.weights, v_terms.base_prices,
    v_terms.min_balances, v_terms.limit_owners, v_terms.limit_codes, v_terms.limit_windows, v_terms.limit_is_money,
    v_terms.limit_caps
  from candidate c
  cross join usage u;
  if coalesce(cardinality(v_terms.buyers), 0) <> cardinality(p_decision.enrollments) then
    raise exception using
      errcode = 'data_corrupted',
      message = format('decision %s of lead %s: a version of an enrollment that it names is missing', p_decision.id,
        p_decision.lead_id),
      hint = 'leadgen.enrollment_versions is append-only: restore the row.';
  end if;
  v_limits := catalog.list_offer_limits(p_policy);
  if v_limits.codes <> '{}' then
    v_terms := kernel.add_limits(
      v_terms, v_limits.codes, v_limits.windows, v_limits.is_money, v_limits.caps, '{}');
  end if;
  return v_terms;
end;
$$;
comment on function market.recall_terms(leadgen.lead_decisions, kernel.routing_settings) is
  'The part of a recorded snapshot (format 2) that the versions of enrollments and policy say, for all decisions that '
  'share them (market.shares_terms). Raises where a version is missing: every candidate after it would have the '
  'numbers of another.';

create or replace function market.shares_terms(p_decision leadgen.lead_decisions, p_other leadgen.lead_decisions)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(
    p_decision.enrollments = p_other.enrollments and p_decision.versions = p_other.versions
    and p_decision.routing_policy_id = p_other.routing_policy_id
    and p_decision.routing_policy_version = p_other.routing_policy_version
    and p_decision.timezone = p_other.timezone and p_decision.decimals = p_other.decimals
    and p_decision.default_price is not distinct from p_other.default_price, false);
end;
$$;
comment on function market.shares_terms(leadgen.lead_decisions, leadgen.lead_decisions) is
  'Whether market.recall_terms says the same of two decisions of format 2.';

create or replace function market.lay_over_terms(p_terms kernel.snapshot, p_decision leadgen.lead_decisions)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_terms;
begin
  v_snapshot.decided_at := p_decision.decided_at;
  v_snapshot.exclusivity := p_decision.exclusivity;
  v_snapshot.adjustments := coalesce(p_decision.adjustments, '{}');
  v_snapshot.flags := p_decision.flags;
  v_snapshot.openings := p_decision.openings;
  v_snapshot.filter_faults := p_decision.filter_faults;
  v_snapshot.prices := p_decision.prices;
  v_snapshot.balances := p_decision.balances;
  v_snapshot.last_turns := coalesce(
    p_decision.last_turns, array_fill(null::bigint, array[cardinality(p_decision.enrollments)]));
  v_snapshot.finish_tags := p_decision.finish_tags;
  v_snapshot.virtual_times := p_decision.virtual_times;
  v_snapshot.limit_uses := p_decision.limit_uses;
  v_snapshot.edition := p_decision.edition;
  v_snapshot.sales_today := p_decision.sales_today;
  v_snapshot.went_first := p_decision.went_first;
  v_snapshot.behind_lead_id := p_decision.behind_lead_id;
  v_snapshot.credits := p_decision.credits;
  v_snapshot.credit_limits := p_decision.credit_limits;
  v_snapshot.cost := p_decision.cost;
  v_snapshot.calling := p_decision.calling;
  v_snapshot.choice := p_decision.choice;
  if num_nonnulls(variadic p_terms.pauses) > 0 then
    v_snapshot.pauses := array(
      select case when upper(p) > p_decision.decided_at then p end from unnest(p_terms.pauses) p);
  end if;
  return v_snapshot;
end;
$$;
comment on function market.lay_over_terms(kernel.snapshot, leadgen.lead_decisions) is
  'The snapshot of a decision of format 2: the numbers of its record laid over its terms.';

create or replace function market.read_snapshot_v1(
  p_snapshot kernel.snapshot,
  p_candidates market.candidate_v1[],
  p_load market.offer_load_v1
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_now constant timestamptz := p_snapshot.decided_at;
begin
  select
    coalesce(array_agg(c.buyer_offer_id), '{}'), coalesce(array_agg(0), '{}'), array_agg(c.buyer_id),
    coalesce(array_agg(
      c.enrollment_is_active::integer | (c.buyer_is_active::integer << 1) | (c.has_channel::integer << 2)
      | (c.in_service_area::integer << 3) | (c.in_schedule::integer << 4) | (c.has_lead::integer << 5)
      | (c.has_contact::integer << 6)), '{}'),
    array_agg(c.timezone), array_agg(case when c.pause_until > v_now then tstzrange(null, c.pause_until) end),
    array_agg(case when not c.in_schedule then kernel.find_next_opening(c.schedule, v_now, c.timezone) end),
    array_agg(c.filter_fault), array_agg(c.priority), array_agg(c.weight), array_agg(c.base_price), array_agg(c.price),
    array_agg(c.min_balance), array_agg(c.balance), array_agg(c.last_turn), array_agg(c.finish_tag),
    array_agg(c.virtual_time)
  into
    v_snapshot.enrollments, v_snapshot.versions, v_snapshot.buyers, v_snapshot.flags, v_snapshot.zones,
    v_snapshot.pauses, v_snapshot.openings, v_snapshot.filter_faults, v_snapshot.priorities, v_snapshot.weights,
    v_snapshot.base_prices,
    v_snapshot.prices, v_snapshot.min_balances, v_snapshot.balances, v_snapshot.last_turns, v_snapshot.finish_tags,
    v_snapshot.virtual_times
  from unnest(p_candidates) c;
  select
    array_agg(l.owner), array_agg(l.code), array_agg(l.span), array_agg(l.is_money), array_agg(l.cap),
    array_agg(l.used)
  into
    v_snapshot.limit_owners, v_snapshot.limit_codes, v_snapshot.limit_windows, v_snapshot.limit_is_money,
    v_snapshot.limit_caps, v_snapshot.limit_uses
  from (
    select c.place::integer as owner, w.code, w.span, w.is_money, w.cap, w.used
    from unnest(p_candidates) with ordinality as c (
      buyer_offer_id, buyer_id, enrollment_is_active, buyer_is_active, has_channel, pause_until, in_service_area,
      has_lead, timezone, cap_hour, used_hour, cap_day, used_day, cap_week, used_week, cap_month, used_month,
      min_balance, balance, priority, weight, last_turn, finish_tag, virtual_time, base_price, in_schedule, schedule,
      filter_fault, has_contact, price, budget_day, spent_day, budget_month, spent_month, place)
    cross join lateral (values
      (1, 'cap_hour', 'hour', false, c.cap_hour::numeric, c.used_hour::numeric),
      (2, 'cap_day', 'day', false, c.cap_day, c.used_day),
      (3, 'cap_week', 'week', false, c.cap_week, c.used_week),
      (4, 'cap_month', 'month', false, c.cap_month, c.used_month),
      (5, 'budget_day', 'day', true, c.budget_day, c.spent_day),
      (6, 'budget_month', 'month', true, c.budget_month, c.spent_month)
    ) as w (n, code, span, is_money, cap, used)
    where w.cap is not null
    union all
    select 0, w.code, w.span, w.is_money, w.cap, w.used
    from (values
      (1, 'offer_cap_hour', 'hour', false, p_load.cap_hour::numeric, p_load.used_hour::numeric),
      (2, 'offer_cap_day', 'day', false, p_load.cap_day, p_load.used_day),
      (3, 'offer_cap_week', 'week', false, p_load.cap_week, p_load.used_week),
      (4, 'offer_cap_month', 'month', false, p_load.cap_month, p_load.used_month),
      (5, 'offer_budget_day', 'day', true, p_load.budget_day, p_load.spent_day),
      (6, 'offer_budget_month', 'month', true, p_load.budget_month, p_load.spent_month)
    ) as w (n, code, span, is_money, cap, used)
    where w.cap is not null
  ) l;
  return v_snapshot;
end;
$$;
comment on function market.read_snapshot_v1(kernel.snapshot, market.candidate_v1[], market.offer_load_v1) is
  'A snapshot with the candidates of a decision of format 1.';
