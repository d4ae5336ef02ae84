-- Terms: the part of a snapshot that only a change of enrollments or policies changes, with a what-if's changes
-- laid over it. Made once for each set of versions that decisions were made by, and used for every lead that was
-- judged by it.

create or replace function rehearsal.take_terms(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_decision leadgen.lead_decisions
)
language plpgsql
stable
as $$
-- A changed zone moves windows, a changed weight the tags that are the rehearsal's own.
declare
  v_seen constant kernel.snapshot := p_play.seen;
  v_before constant rehearsal.terms := p_play.terms;
  v_zones text[] := p_play.zones;
begin
  p_play.terms := rehearsal.lay_over_terms(p_plan, p_play.policies, p_decision, v_seen);
  if p_play.finish_tags is not null then
    p_play.finish_tags := rehearsal.keep_shares(
      p_play.finish_tags, p_play.virtual_times, v_before.seats, (v_before.snapshot).weights,
      (p_play.terms).seats, ((p_play.terms).snapshot).weights);
  end if;
  v_zones[1] := v_seen.timezone;
  for v_index in 1 .. cardinality((p_play.terms).seats) loop
    v_zones[(p_play.terms).seats[v_index]] := coalesce(((p_play.terms).snapshot).zones[v_index], v_seen.timezone);
  end loop;
  if v_zones <> p_play.zones then
    p_play.zones := v_zones;
    p_play.windows_end := '-infinity';
    p_play := rehearsal.turn_clock(p_play, v_seen.decided_at);
  end if;
end;
$$;
comment on function rehearsal.take_terms(rehearsal.plan, rehearsal.play, leadgen.lead_decisions) is
  'A rehearsal with the terms of a decision, the changes laid over them.';

create or replace function rehearsal.has_terms(
  p_terms rehearsal.terms,
  p_decision leadgen.lead_decisions,
  p_seen kernel.snapshot
)
returns boolean
language plpgsql
immutable
as $$
-- A record of format 1 names no versions, but says all that they do.
declare
  v_seen constant kernel.snapshot := p_terms.seen;
begin
  return coalesce(v_seen.enrollments = p_seen.enrollments and v_seen.versions = p_seen.versions
    and v_seen.timezone = p_seen.timezone and v_seen.decimals = p_seen.decimals
    and p_terms.routing_id = p_decision.routing_policy_id
    and p_terms.routing_version = p_decision.routing_policy_version
    and p_terms.default_price is not distinct from p_decision.default_price
    and (p_decision.format = 2 or (
        v_seen.buyers, v_seen.zones, v_seen.pauses, v_seen.priorities, v_seen.weights, v_seen.base_prices,
        v_seen.min_balances, v_seen.limit_owners, v_seen.limit_codes, v_seen.limit_caps)
      is not distinct from (
        p_seen.buyers, p_seen.zones, p_seen.pauses, p_seen.priorities, p_seen.weights, p_seen.base_prices,
        p_seen.min_balances, p_seen.limit_owners, p_seen.limit_codes, p_seen.limit_caps)), false);
end;
$$;
comment on function rehearsal.has_terms(rehearsal.terms, leadgen.lead_decisions, kernel.snapshot) is
  'Whether terms are those of a decision.';

create or replace function rehearsal.lay_over_terms(
  p_plan rehearsal.plan,
  p_policies rehearsal.policies,
  p_decision leadgen.lead_decisions,
  p_seen kernel.snapshot
)
returns rehearsal.terms
language plpgsql
stable
as $$
declare
  v_recorded kernel.snapshot := p_seen;
  v_terms rehearsal.terms;
begin
  if p_seen.buyers is null and p_decision.format = 2 then
    v_recorded := market.recall_snapshot(p_decision, market.recall_policy(p_decision));
  end if;
  v_terms.seen := p_seen;
  v_terms.routing_id := p_decision.routing_policy_id;
  v_terms.routing_version := p_decision.routing_policy_version;
  v_terms.default_price := p_decision.default_price;
  v_terms := rehearsal.lay_over_candidates(p_plan, v_terms, v_recorded);
  if v_terms.places = array(select generate_series(1, cardinality(p_seen.enrollments))) then
    v_terms.places := null;
  end if;
  return rehearsal.lay_over_limits(p_plan, v_terms, v_recorded, p_policies.settings);
end;
$$;
comment on function rehearsal.lay_over_terms(
  rehearsal.plan, rehearsal.policies, leadgen.lead_decisions, kernel.snapshot) is
  'The terms of a decision with the changes laid over them.';

create or replace function rehearsal.lay_over_candidates(
  p_plan rehearsal.plan,
  inout p_terms rehearsal.terms,
  p_recorded kernel.snapshot
)
language plpgsql
stable
as $$
-- Format 1 has no versions: an enrollment's schedule is that of its first.
declare
  v_snapshot kernel.snapshot;
begin
  with seat as materialized (
    select s.*, s.ordinality::integer as number, coalesce(s.changes, '{}') as fields
    from unnest(p_plan.seats) with ordinality as s
    where not s.is_gone
  ),
  candidate as (
    select
      s.*, c.place::integer, c.version, c.zone, c.pause, c.priority, c.weight, c.base_price, c.min_balance,
      v.compiled_schedule
    from unnest(p_recorded.enrollments, p_recorded.versions, p_recorded.zones, p_recorded.pauses, p_recorded.priorities,
      p_recorded.weights, p_recorded.base_prices, p_recorded.min_balances) with ordinality
      as c (id, version, zone, pause, priority, weight, base_price, min_balance, place)
    join seat s on s.buyer_offer_id = c.id
    left join leadgen.enrollment_versions v on v.buyer_offer_id = c.id and v.version = greatest(c.version, 1)
    union all
    select s.*, null, 0, null, null, 1, 1, null, null, null from seat s where s.new_flags is not null
  )
  select
    coalesce(array_agg(c.buyer_offer_id order by c.number), '{}'),
    coalesce(array_agg(c.version order by c.number), '{}'),
    array_agg(c.buyer_id order by c.number), array_agg(c.zone order by c.number),
    array_agg(case when c.fields ?| '{pause_from,pause_until}' then kernel.make_pause(
        case when c.fields ? 'pause_from' then (c.fields ->> 'pause_from')::timestamptz else lower(c.pause) end,
        case when c.fields ? 'pause_until' then (c.fields ->> 'pause_until')::timestamptz else upper(c.pause) end)
      else c.pause end order by c.number),
    array_agg(coalesce((c.fields ->> 'routing_priority')::integer, c.priority) order by c.number),
    array_agg(coalesce((c.fields ->> 'weight')::numeric, c.weight) order by c.number),
    array_agg(coalesce((c.fields ->> 'price_per_lead')::numeric, c.base_price) order by c.number),
    array_agg(case when c.fields ? 'min_balance_required' then (c.fields ->> 'min_balance_required')::numeric
      else c.min_balance end order by c.number),
    market.drop_empty(array_agg(c.balance order by c.number)),
    coalesce(array_agg(c.place order by c.number), '{}'), coalesce(array_agg(c.number order by c.number), '{}'),
    array_agg(case when c.fields ? 'schedule' then c.schedule else c.compiled_schedule end order by c.number),
    array_agg(c.fields ? 'price_per_lead' order by c.number), array_agg(c.weight order by c.number),
    coalesce(array_agg(c.position)
      filter (where c.fields ?| '{is_active,schedule,filters}' or c.new_flags is not null), '{}')
  into
    v_snapshot.enrollments, v_snapshot.versions, v_snapshot.buyers, v_snapshot.zones, v_snapshot.pauses,
    v_snapshot.priorities, v_snapshot.weights, v_snapshot.base_prices, v_snapshot.min_balances, v_snapshot.balances,
    p_terms.places, p_terms.seats, p_terms.schedules, p_terms.is_repriced,
    p_terms.recorded_weights, p_terms.changed
  from (select c.*, (row_number() over (order by c.number))::integer as position from candidate c) c;
  p_terms.snapshot := v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_candidates(rehearsal.plan, rehearsal.terms, kernel.snapshot) is
  'Terms with the candidates of a recorded snapshot: without those that are gone, the others as they are changed, '
  'and the newcomers.';

create or replace function rehearsal.lay_over_limits(
  p_plan rehearsal.plan,
  inout p_terms rehearsal.terms,
  p_recorded kernel.snapshot,
  p_settings kernel.routing_settings
)
language plpgsql
immutable
as $$
-- A limit is history's, or one of the changes; with history's of the same code it shares what history used of it.
declare
  v_windows constant text[] := kernel.list_windows();
  v_snapshot kernel.snapshot := p_terms.snapshot;
  v_seats constant rehearsal.seat[] := p_plan.seats;
begin
  with recorded as materialized (
    select l.*, coalesce(array_position(v_snapshot.enrollments, p_recorded.enrollments[l.owner]), 0) as position
    from unnest(p_recorded.limit_owners, p_recorded.limit_codes, p_recorded.limit_windows, p_recorded.limit_is_money,
      p_recorded.limit_caps) with ordinality as l (owner, code, span, is_money, cap, place)
  ),
  chosen as (
    select r.position, r.code, r.span, r.is_money, r.cap
    from recorded r
    where r.position > 0 and r.code <> all ((v_seats[p_terms.seats[r.position]]).changed_codes)
    union all
    select c.position, l.code, l.span, l.is_money, l.cap
    from unnest(p_terms.seats) with ordinality as c (seat, position)
    cross join lateral unnest((v_seats[c.seat]).limit_codes, (v_seats[c.seat]).limit_windows,
      (v_seats[c.seat]).limit_is_money, (v_seats[c.seat]).limit_caps) as l (code, span, is_money, cap)
    union all
    select 0, r.code, r.span, r.is_money, r.cap
    from recorded r
    where r.owner = 0 and p_plan.routing ? 'caps' is not true
    union all
    select 0, l.code, l.span, l.is_money, l.cap
    from catalog.list_offer_limits(p_settings) o
    cross join lateral unnest(o.codes, o.windows, o.is_money, o.caps) as l (code, span, is_money, cap)
    where p_plan.routing ? 'caps'
  )
  select
    array_agg(c.position::integer order by o.rank), array_agg(c.code order by o.rank),
    array_agg(c.span order by o.rank), array_agg(c.is_money order by o.rank), array_agg(c.cap order by o.rank),
    array_agg((select r.place::integer from recorded r
      where r.code = c.code and (r.owner = 0) = (c.position = 0) and r.position = c.position) order by o.rank),
    array_agg((coalesce(p_terms.seats[c.position], 1) - 1) * cardinality(v_windows) + array_position(v_windows, c.span)
      order by o.rank)
  into v_snapshot.limit_owners, v_snapshot.limit_codes, v_snapshot.limit_windows, v_snapshot.limit_is_money,
    v_snapshot.limit_caps, p_terms.limit_places, p_terms.limit_counters
  from chosen c
  cross join lateral (select (c.position = 0, c.position, kernel.rank_reason(c.code), c.code) as rank) o;
  p_terms.snapshot := v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_limits(
  rehearsal.plan, rehearsal.terms, kernel.snapshot, kernel.routing_settings) is
  'Terms with the limits of candidates and offer: history''s, as far as the changes put no others in their place. In '
  'the order in which they are judged, the offer''s last.';

create or replace function rehearsal.price_terms(inout p_terms rehearsal.terms, p_seen kernel.snapshot)
language plpgsql
immutable
as $$
-- A loop: for some twenty candidates a statement costs more.
declare
  v_price constant record := kernel.compose_adjustments(p_seen.adjustments, false);
  v_owner_price record := v_price;
  v_owner constant bigint := (p_seen.exclusivity).buyer_id;
  v_bases constant numeric[] := (p_terms.snapshot).base_prices;
  v_buyers constant bigint[] := (p_terms.snapshot).buyers;
  v_prices numeric[] := '{}';
begin
  if v_owner is not null then
    v_owner_price := kernel.compose_adjustments(p_seen.adjustments, true);
  end if;
  for v_place in 1 .. coalesce(cardinality(v_bases), 0) loop
    v_prices[v_place] := kernel.round_price(
      case when v_buyers[v_place] = v_owner then v_bases[v_place] * v_owner_price.factor + v_owner_price.addend
      else v_bases[v_place] * v_price.factor + v_price.addend end, p_seen.decimals);
  end loop;
  p_terms.owner := v_owner;
  p_terms.adjustments := p_seen.adjustments;
  p_terms.snapshot.prices := v_prices;
end;
$$;
comment on function rehearsal.price_terms(rehearsal.terms, kernel.snapshot) is
  'Terms with the price of each candidate for a lead with these steps, in a place of this owner.';
