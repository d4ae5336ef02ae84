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
  v_seen.edition := p_decision.edition;
  v_seen.sales_today := p_decision.sales_today;
  v_seen.behind_lead_id := p_decision.behind_lead_id;
  v_seen.credits := p_decision.credits;
  v_seen.credit_limits := p_decision.credit_limits;
  v_seen.cost := p_decision.cost;
  v_seen.calling := p_decision.calling;
  v_seen.choice := p_decision.choice;
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
  v_facts kernel.lead_facts := intake.read_city_anew(
    intake.recall_facts(p_event.lead, p_plan.country_code, p_event.contact));
begin
  v_facts.decided_at := p_event.happened_at;
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, v_route, p_event.lead_id);
  p_event.seen := market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), '{}');
  p_event.seen.limit_uses := null;
  p_event.seen.behind_lead_id := null;
  p_event.decision.routing_policy_id := v_route.routing_policy_id;
  p_event.decision.routing_policy_version := v_route.routing_policy_version;
  p_event.decision.pricing_policy_id := v_route.pricing_policy_id;
  p_event.decision.pricing_policy_version := v_route.pricing_policy_version;
  p_event.decision.payout_policy_id := v_route.payout_policy_id;
  p_event.decision.payout_policy_version := v_route.payout_policy_version;
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
  c_of_lead constant integer := kernel.flag('in_service_area') | kernel.flag('has_lead') | kernel.flag('has_contact')
    | kernel.flag('is_suppressed');
  v_own constant kernel.snapshot := p_event.seen;
  v_seen kernel.snapshot := (p_play.latest).seen;
begin
  if v_seen.enrollments is null then
    v_seen := v_own;
  end if;
  v_seen.decided_at := p_event.happened_at;
  v_seen.exclusivity := v_own.exclusivity;
  v_seen.adjustments := v_own.adjustments;
  v_seen.cost := v_own.cost;
  v_seen.calling := v_own.calling;
  v_seen.choice := null;
  v_seen.prices := null;
  v_seen.limit_uses := null;
  v_seen.sales_today := null;
  v_seen.behind_lead_id := null;
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
  if p_plan.payout is not null or (p_event.kind = 'retried' and (v_seen.cost).is_per_sale is not null) then
    v_seen.cost := rehearsal.find_cost(
      (p_play.policies).payout, p_document, kernel.minute_of_week(p_event.happened_at, p_plan.timezone),
      (v_seen.cost).is_paid);
  end if;
  if (p_play.policy).follows_calling_rules is not true then
    v_seen.calling := null;
  elsif p_plan.routing ? 'calling_rules' or p_event.kind = 'retried' then
    v_seen.calling := market.find_calling(p_facts, p_event.happened_at, p_plan.timezone);
  end if;
  if p_plan.routing -> 'exclusivity' ? 'scopes' then
    v_seen.exclusivity := market.gather_exclusivity(
      p_facts, catalog.load_route((p_event.lead).source_id, p_plan.offer_id), p_play.policy);
  end if;
  return v_seen;
end;
$$;
comment on function rehearsal.change_seen(rehearsal.plan, rehearsal.play, rehearsal.event, kernel.lead_facts, jsonb) is
  'What is seen of a lead with the steps of its price, its cost, what calling rules say, and the owner of its place, '
  'that the changes make of it.';

create or replace function rehearsal.find_cost(
  p_payout kernel.payout_settings,
  p_document jsonb,
  p_local_minute integer,
  p_is_paid boolean
)
returns kernel.cost_terms
language plpgsql
immutable
as $$
declare
  v_cost kernel.cost_terms := kernel.find_cost(p_payout, p_document, p_local_minute);
begin
  if p_payout.is_per_sale is null then
    return null;
  end if;
  v_cost.is_paid := coalesce(p_is_paid, false);
  return v_cost;
end;
$$;
comment on function rehearsal.find_cost(kernel.payout_settings, jsonb, integer, boolean) is
  'What a lead costs under a changed payout policy; whether another buyer has it already is as it was. Null: nothing.';

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
  v_snapshot.cost := v_seen.cost;
  v_snapshot.calling := v_seen.calling;
  v_snapshot.choice := v_seen.choice;
  v_snapshot.flags := v_seen.flags;
  v_snapshot.openings := v_seen.openings;
  v_snapshot.filter_faults := v_seen.filter_faults;
  v_snapshot.balances := v_seen.balances;
  v_snapshot.credits := v_seen.credits;
  v_snapshot.credit_limits := v_seen.credit_limits;
  if v_terms.places is not null then
    select
      array_agg(v_seen.flags[p]), array_agg(v_seen.openings[p]), array_agg(v_seen.filter_faults[p]),
      array_agg(v_seen.balances[p]), array_agg(v_seen.credits[p]), array_agg(v_seen.credit_limits[p])
    into v_snapshot.flags, v_snapshot.openings, v_snapshot.filter_faults, v_snapshot.balances, v_snapshot.credits,
      v_snapshot.credit_limits
    from unnest(v_terms.places) p;
  end if;
  if (v_terms.snapshot).balances is not null then
    v_snapshot.balances := array(
      select coalesce(b.recorded, b.today)
      from unnest(v_snapshot.balances, (v_terms.snapshot).balances) as b (recorded, today));
  end if;
  v_snapshot := rehearsal.spend(v_snapshot, v_terms.seats, p_play.spent);
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
  v_snapshot.edition := v_seen.edition;
  v_snapshot.behind_lead_id := v_seen.behind_lead_id;
  if 'least_filled' = any ((p_play.policy).strategy) then
    v_snapshot.sales_today := rehearsal.find_sales_today(p_play);
  end if;
  v_snapshot.last_turns := v_seen.last_turns;
  if p_play.has_left then
    v_snapshot.last_turns := rehearsal.seat_turns(p_play.turns, v_terms.seats);
  end if;
  if 'weighted' = any ((p_play.policy).strategy) then
    v_snapshot := rehearsal.lay_over_tags(p_play, v_snapshot);
  end if;
  p_play.snapshot := v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_snapshot(rehearsal.plan, rehearsal.play, kernel.lead_facts, jsonb) is
  'A rehearsal with the snapshot from which it decides about the lead at hand: what history saw of it, the changes '
  'laid over that, limits used as far as the rehearsal is from history and, once that is left, its own turns.';

create or replace function rehearsal.spend(p_snapshot kernel.snapshot, p_seats integer[], p_spent numeric[])
returns kernel.snapshot
language plpgsql
immutable
as $$
-- History's sales in other offers, and what buyers paid in, are in the balances that it saw.
declare
  v_snapshot kernel.snapshot := p_snapshot;
begin
  if p_spent = array_fill(0::numeric, array[cardinality(p_spent)]) then
    return p_snapshot;
  end if;
  for v_place in 1 .. cardinality(p_seats) loop
    if v_snapshot.flags[v_place] & kernel.flag('is_prepaid') > 0 then
      v_snapshot.balances[v_place] := v_snapshot.balances[v_place] - p_spent[p_seats[v_place]];
    elsif v_snapshot.flags[v_place] & kernel.flag('is_invoiced') > 0 then
      v_snapshot.credits[v_place] := v_snapshot.credits[v_place] - p_spent[p_seats[v_place]];
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function rehearsal.spend(kernel.snapshot, integer[], numeric[]) is
  'A snapshot with what buyers have left after what they spent more than in history, one number a seat.';

create or replace function rehearsal.seat_turns(p_turns bigint[], p_seats integer[])
returns bigint[]
language plpgsql
immutable
as $$
-- Seats are sorted, and mostly nobody is missing among them: then their turns are one slice.
declare
  v_last constant integer := p_seats[cardinality(p_seats)];
begin
  if v_last - p_seats[1] + 1 = cardinality(p_seats) then
    return p_turns[p_seats[1]:v_last];
  end if;
  return array(select p_turns[s] from unnest(p_seats) s);
end;
$$;
comment on function rehearsal.seat_turns(bigint[], integer[]) is 'The turns of the candidates in these seats.';

create or replace function rehearsal.lay_over_tags(p_play rehearsal.play, p_snapshot kernel.snapshot)
returns kernel.snapshot
language plpgsql
immutable
as $$
-- Where neither history nor the rehearsal went by weight before, all begin alike.
declare
  v_snapshot kernel.snapshot := p_snapshot;
begin
  if p_play.has_left and p_play.finish_tags is not null then
    v_snapshot.finish_tags := array(select p_play.finish_tags[s] from unnest((p_play.terms).seats) s);
    v_snapshot.virtual_times := array(select p_play.virtual_times[s] from unnest((p_play.terms).seats) s);
  elsif not p_play.has_left and (p_play.seen).finish_tags is not null then
    v_snapshot.finish_tags := (p_play.seen).finish_tags;
    v_snapshot.virtual_times := (p_play.seen).virtual_times;
  else
    v_snapshot.finish_tags := array_fill(0::double precision, array[cardinality(p_snapshot.enrollments)]);
    v_snapshot.virtual_times := v_snapshot.finish_tags;
  end if;
  return v_snapshot;
end;
$$;
comment on function rehearsal.lay_over_tags(rehearsal.play, kernel.snapshot) is
  'A snapshot with the tags by which shares go: the rehearsal''s own once history is left.';
