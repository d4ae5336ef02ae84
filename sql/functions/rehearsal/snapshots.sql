-- Snapshots: what history decided from, and what a rehearsal decides from instead.

create or replace function rehearsal.recall_seen(p_decision leadgen.lead_decisions)
returns kernel.snapshot
language plpgsql
stable
as $$
-- What market.recall_snapshot says, without the terms: they are looked up once for all leads that share them.
declare
  v_seen kernel.snapshot;
begin
  if p_decision.format = 1 then
    return market.recall_snapshot(p_decision, null);
  end if;
  v_seen.decided_at := p_decision.decided_at;
  v_seen.timezone := p_decision.timezone;
  v_seen.decimals := p_decision.decimals;
  v_seen.exclusivity := p_decision.exclusivity;
  v_seen.adjustments := p_decision.adjustments;
  v_seen.enrollments := p_decision.enrollments;
  v_seen.versions := p_decision.versions;
  v_seen.flags := p_decision.flags;
  v_seen.openings := p_decision.openings;
  v_seen.filter_faults := p_decision.filter_faults;
  v_seen.prices := p_decision.prices;
  v_seen.balances := p_decision.balances;
  v_seen.last_turns := p_decision.last_turns;
  v_seen.finish_tags := p_decision.finish_tags;
  v_seen.virtual_times := p_decision.virtual_times;
  v_seen.limit_uses := p_decision.limit_uses;
  return v_seen;
end;
$$;
comment on function rehearsal.recall_seen(leadgen.lead_decisions) is
  'The numbers that a recorded decision was made from; in format 1 its terms, too.';

create or replace function rehearsal.gather_event(p_plan rehearsal.plan, inout p_event rehearsal.event)
language plpgsql
stable
as $$
-- A lead that history turned down has no decision: it is gathered from the tables as they are.
declare
  v_route constant catalog.route := catalog.load_route((p_event.lead).source_id, p_plan.offer_id);
  v_facts kernel.lead_facts := intake.recall_facts(p_event.lead, p_plan.country_code);
begin
  v_facts.decided_at := p_event.happened_at;
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, v_route, p_event.lead_id);
  p_event.seen := market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), '{}');
  p_event.seen.limit_uses := null;
  p_event.decision.routing_policy_id := v_route.routing_policy_id;
  p_event.decision.routing_policy_version := v_route.routing_policy_version;
  p_event.decision.pricing_policy_id := v_route.pricing_policy_id;
  p_event.decision.pricing_policy_version := v_route.pricing_policy_version;
  p_event.decision.max_buyers := (v_route.routing_settings).max_buyers;
  p_event.decision.default_price := v_route.default_price;
end;
$$;
comment on function rehearsal.gather_event(rehearsal.plan, rehearsal.event) is
  'An event with the policies and the snapshot by which a lead would be routed now, for one that history never routed.';

create or replace function rehearsal.see_anew(p_play rehearsal.play, p_event rehearsal.event)
returns kernel.snapshot
language plpgsql
immutable
as $$
-- What concerns the lead stays its own (area, filters, contact, steps of the price); what concerns the enrollments
-- is as it was when the offer last decided. Prices are made of that, and what is used of limits is counted along.
declare
  c_of_lead constant integer := kernel.flag('in_service_area') | kernel.flag('has_lead') | kernel.flag('has_contact');
  v_own constant kernel.snapshot := p_event.seen;
  v_seen kernel.snapshot := (p_play.latest).seen;
begin
  if v_seen.enrollments is null then
    v_seen := v_own;
  end if;
  v_seen.decided_at := p_event.happened_at;
  v_seen.exclusivity := v_own.exclusivity;
  v_seen.adjustments := v_own.adjustments;
  v_seen.prices := null;
  v_seen.limit_uses := null;
  v_seen.flags := array(
    select (c.flags & ~c_of_lead) | (coalesce(v_own.flags[array_position(v_own.enrollments, c.id)], 0) & c_of_lead)
    from unnest(v_seen.enrollments, v_seen.flags) as c (id, flags));
  v_seen.filter_faults := array(
    select v_own.filter_faults[array_position(v_own.enrollments, id)] from unnest(v_seen.enrollments) id);
  return v_seen;
end;
$$;
comment on function rehearsal.see_anew(rehearsal.play, rehearsal.event) is
  'What a lead is decided from at a time at which history did not decide about it.';

create or replace function rehearsal.change_seen(
  p_plan rehearsal.plan,
  p_play rehearsal.play,
  p_event rehearsal.event,
  p_facts kernel.lead_facts,
  p_document jsonb
)
returns kernel.snapshot
language plpgsql
stable
as $$
declare
  v_seen kernel.snapshot := p_play.seen;
begin
  if p_plan.pricing is not null or p_event.kind = 'retried' then
    v_seen.adjustments := kernel.find_adjustments(
      (p_play.policies).pricing, p_document, kernel.minute_of_week(p_event.happened_at, p_plan.timezone));
  end if;
  if p_plan.routing -> 'exclusivity' ? 'scopes' then
    v_seen.exclusivity := market.gather_exclusivity(
      p_facts, catalog.load_route((p_event.lead).source_id, p_plan.offer_id), p_play.policy);
  end if;
  return v_seen;
end;
$$;
comment on function rehearsal.change_seen(rehearsal.plan, rehearsal.play, rehearsal.event, kernel.lead_facts, jsonb) is
  'What is seen of a lead with the steps of its price, and the owner of its place, that the changes make of it.';

create or replace function rehearsal.lay_over_snapshot(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_facts kernel.lead_facts,
  p_document jsonb
)
language plpgsql
immutable
as $$
-- The terms, then what history saw of the lead, then the changes that depend on it.
declare
  v_seen constant kernel.snapshot := p_play.seen;
  v_terms constant rehearsal.terms := p_play.terms;
  v_snapshot kernel.snapshot := v_terms.snapshot;
begin
  v_snapshot.decided_at := v_seen.decided_at;
  v_snapshot.timezone := v_seen.timezone;
  v_snapshot.decimals := v_seen.decimals;
  v_snapshot.exclusivity := v_seen.exclusivity;
  v_snapshot.adjustments := coalesce(v_seen.adjustments, '{}');
  v_snapshot.flags := v_seen.flags;
  v_snapshot.openings := v_seen.openings;
  v_snapshot.filter_faults := v_seen.filter_faults;
  v_snapshot.balances := v_seen.balances;
  if v_terms.places is not null then
    v_snapshot.flags := rehearsal.pick(v_seen.flags, v_terms.places);
    v_snapshot.openings := rehearsal.pick(v_seen.openings, v_terms.places);
    v_snapshot.filter_faults := rehearsal.pick(v_seen.filter_faults, v_terms.places);
    v_snapshot.balances := rehearsal.pick(v_seen.balances, v_terms.places);
  end if;
  if (v_terms.snapshot).balances is not null then
    v_snapshot.balances := array(
      select coalesce(b.recorded, b.today)
      from unnest(v_snapshot.balances, (v_terms.snapshot).balances) as b (recorded, today));
  end if;
  if v_seen.prices is null then
    v_snapshot := rehearsal.open_schedules(v_terms, v_snapshot);
  end if;
  if v_terms.changed <> '{}' then
    v_snapshot := rehearsal.change_candidates(p_plan, v_terms, v_snapshot, p_facts, p_document);
  end if;
  if p_plan.pricing is null and v_seen.prices is not null and false = any (v_terms.is_repriced) then
    v_snapshot.prices := rehearsal.keep_prices(v_terms, v_seen);
  end if;
  v_snapshot.limit_uses := rehearsal.find_uses(p_play);
  v_snapshot.last_turns := case
    when p_play.has_left then rehearsal.pick(p_play.turns, v_terms.seats)
    else v_seen.last_turns end;
  if 'weighted' = any ((p_play.policy).strategy) then
    v_snapshot := rehearsal.lay_over_tags(p_play, v_snapshot);
  end if;
  p_play.snapshot := v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_snapshot(rehearsal.plan, rehearsal.play, kernel.lead_facts, jsonb) is
  'A rehearsal with the snapshot from which it decides about the lead at hand: what history saw of it, the changes laid over that, limits used as far as the rehearsal is from history and, once that is left, its own turns.';

create or replace function rehearsal.lay_over_tags(p_play rehearsal.play, p_snapshot kernel.snapshot)
returns kernel.snapshot
language plpgsql
immutable
as $$
-- Where neither history nor the rehearsal went by weight before, all begin alike.
declare
  v_snapshot kernel.snapshot := p_snapshot;
begin
  if p_play.has_left then
    v_snapshot.finish_tags := rehearsal.pick(p_play.finish_tags, (p_play.terms).seats);
    v_snapshot.virtual_times := rehearsal.pick(p_play.virtual_times, (p_play.terms).seats);
  else
    v_snapshot.finish_tags := (p_play.seen).finish_tags;
    v_snapshot.virtual_times := (p_play.seen).virtual_times;
  end if;
  if v_snapshot.finish_tags is null then
    v_snapshot.finish_tags := array_fill(0::double precision, array[cardinality(p_snapshot.enrollments)]);
    v_snapshot.virtual_times := v_snapshot.finish_tags;
  end if;
  return v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_tags(rehearsal.play, kernel.snapshot) is
  'A snapshot with the tags by which shares go: the rehearsal''s own once history is left.';

create or replace function rehearsal.pick(p_array anyarray, p_places integer[], out picked anyarray)
language plpgsql
immutable
as $$
-- A loop: for some twenty elements a statement costs more.
declare
  v_place integer;
  v_count integer := 0;
begin
  picked := p_array;
  if p_array is null or p_places is null then
    return;
  end if;
  picked := '{}';
  foreach v_place in array p_places loop
    v_count := v_count + 1;
    picked[v_count] := p_array[v_place];
  end loop;
end;
$$;
comment on function rehearsal.pick(anyarray, integer[]) is
  'The elements of an array at these places; places null: as it is.';

create or replace function rehearsal.open_schedules(
  p_terms rehearsal.terms,
  p_snapshot kernel.snapshot,
  p_place integer default null
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_zone text;
  v_is_open boolean;
begin
  v_snapshot.openings :=
    coalesce(v_snapshot.openings, array_fill(null::timestamptz, array[cardinality(p_terms.seats)]));
  for v_place in coalesce(p_place, 1) .. coalesce(p_place, cardinality(p_terms.seats)) loop
    v_zone := coalesce(p_snapshot.zones[v_place], p_snapshot.timezone);
    v_is_open := p_terms.schedules[v_place] is null
      or kernel.minute_of_week(p_snapshot.decided_at, v_zone) <@ p_terms.schedules[v_place];
    v_snapshot.flags[v_place] := rehearsal.set_flag(v_snapshot.flags[v_place], 'in_schedule', v_is_open);
    v_snapshot.openings[v_place] := null;
    if not v_is_open then
      v_snapshot.openings[v_place] :=
        kernel.find_next_opening(p_terms.schedules[v_place], p_snapshot.decided_at, v_zone);
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function rehearsal.open_schedules(rehearsal.terms, kernel.snapshot, integer) is
  'A snapshot in which schedules are looked at anew: one candidate''s, or all.';

create or replace function rehearsal.set_flag(p_flags integer, p_name text, p_is_so boolean)
returns integer
language sql
immutable parallel safe
as $$
  select case when p_is_so then p_flags | kernel.flag(p_name) else p_flags & ~kernel.flag(p_name) end;
$$;
comment on function rehearsal.set_flag(integer, text, boolean) is
  'Flags of a candidate with one of them set or cleared.';

create or replace function rehearsal.change_candidates(
  p_plan rehearsal.plan,
  p_terms rehearsal.terms,
  p_snapshot kernel.snapshot,
  p_facts kernel.lead_facts,
  p_document jsonb
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_places constant text[] :=
    array(select 'postal_code:' || p from unnest(p_facts.postal_patterns) p) || ('city:' || p_facts.city_key);
  v_seat rehearsal.seat;
  v_place integer;
begin
  v_snapshot.filter_faults :=
    coalesce(v_snapshot.filter_faults, array_fill(null::text, array[cardinality(p_terms.seats)]));
  foreach v_place in array p_terms.changed loop
    v_seat := p_plan.seats[p_terms.seats[v_place]];
    if v_seat.new_flags is not null then
      v_snapshot.flags[v_place] :=
        rehearsal.set_flag(v_seat.new_flags, 'in_service_area', coalesce(v_seat.areas && v_places, false));
    end if;
    if v_seat.changes ? 'is_active' then
      v_snapshot.flags[v_place] := rehearsal.set_flag(
        v_snapshot.flags[v_place], 'enrollment_is_active', (v_seat.changes ->> 'is_active')::boolean);
    end if;
    if v_seat.changes ? 'schedule' then
      v_snapshot := rehearsal.open_schedules(p_terms, v_snapshot, v_place);
    end if;
    if v_seat.changes ? 'filters' then
      v_snapshot.filter_faults[v_place] := kernel.find_filter_fault(v_seat.tests, p_document);
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function rehearsal.change_candidates(
  rehearsal.plan, rehearsal.terms, kernel.snapshot, kernel.lead_facts, jsonb) is
  'A snapshot with the candidates looked at anew whose activity, schedule or filters are changed, and the newcomers.';

create or replace function rehearsal.keep_prices(p_terms rehearsal.terms, p_seen kernel.snapshot)
returns numeric[]
language plpgsql
immutable
as $$
declare
  v_prices numeric[] := rehearsal.pick(p_seen.prices, p_terms.places);
begin
  if true = any (p_terms.is_repriced) then
    for v_place in 1 .. cardinality(v_prices) loop
      if p_terms.is_repriced[v_place] then
        v_prices[v_place] := (p_terms.snapshot).prices[v_place];
      end if;
    end loop;
  end if;
  return v_prices;
end;
$$;
comment on function rehearsal.keep_prices(rehearsal.terms, kernel.snapshot) is
  'The candidates'' prices as they were recorded; by the terms of whoever''s price is changed.';

create or replace function rehearsal.find_uses(p_play rehearsal.play)
returns numeric[]
language plpgsql
immutable
as $$
-- The record says what history used of the limits that it had; of others its sales are counted along. A limit of no
-- calendar window has no counter: it stays as recorded.
declare
  v_is_money constant boolean[] := ((p_play.terms).snapshot).limit_is_money;
  v_places constant integer[] := (p_play.terms).limit_places;
  v_counters constant integer[] := (p_play.terms).limit_counters;
  v_recorded constant numeric[] := (p_play.seen).limit_uses;
  v_sold constant integer[] := p_play.sold;
  v_paid constant numeric[] := p_play.paid;
  v_sales constant integer[] := p_play.sales;
  v_money constant numeric[] := p_play.money;
  v_uses numeric[] := '{}';
  v_counter integer;
begin
  for v_limit in 1 .. coalesce(cardinality(v_counters), 0) loop
    v_counter := v_counters[v_limit];
    if v_is_money[v_limit] then
      v_uses[v_limit] :=
        coalesce(v_recorded[v_places[v_limit]], v_paid[v_counter], 0) + coalesce(v_money[v_counter], 0);
    else
      v_uses[v_limit] :=
        coalesce(v_recorded[v_places[v_limit]], v_sold[v_counter], 0) + coalesce(v_sales[v_counter], 0);
    end if;
  end loop;
  return v_uses;
end;
$$;
comment on function rehearsal.find_uses(rehearsal.play) is
  'What is used of each limit: what history used of it, and how far the rehearsal is from history.';
