-- Moves: a lead's outcome compared with history's, and what follows of a difference.

create or replace function rehearsal.waits_as_before(p_play rehearsal.play, p_recorded leadgen.lead_decisions)
returns boolean
language plpgsql
immutable
as $$
declare
  v_again constant kernel.decision := p_play.decision;
  v_hold_hours constant numeric := coalesce((p_recorded.settings).hold_hours, ((p_play.policies).recorded).hold_hours);
begin
  return (p_recorded.is_held is true) = v_again.is_held
    and (not v_again.is_held or (v_hold_hours = (p_play.policy).hold_hours
      and (p_recorded.reasons = v_again.reasons or p_recorded.next_route_at = v_again.next_route_at)));
end;
$$;
comment on function rehearsal.waits_as_before(rehearsal.play, leadgen.lead_decisions) is
  'Whether a lead that stays unsold in a rehearsal is offered again exactly '
  'when it was in history, or not at all as there.';

create or replace function rehearsal.stay(p_plan rehearsal.plan, inout p_play rehearsal.play, p_event rehearsal.event)
language plpgsql
stable
as $$
-- Unsold as in history, perhaps for another cause: that is told, and no lead has moved.
declare
  v_before rehearsal.outcome;
begin
  if (p_play.outcome).category = 'sold' then
    if p_plan.payout is not null then
      p_play.cost := coalesce(p_play.cost, 0) + rehearsal.compare_cost(p_event, p_play.snapshot);
    end if;
    if p_play.has_left then
      p_play := rehearsal.take_turns(p_play);
    end if;
  elsif not p_event.has_more and (p_event.decision).reasons <> (p_play.decision).reasons then
    v_before := rehearsal.recall_before(p_plan, p_event);
    p_play.outcome.category := v_before.category;
    p_play := rehearsal.note_move(p_plan, p_play, p_event, v_before);
  end if;
end;
$$;
comment on function rehearsal.stay(rehearsal.plan, rehearsal.play, rehearsal.event) is
  'A rehearsal after a lead that comes out as it did.';

create or replace function rehearsal.go_elsewhere(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_event rehearsal.event,
  p_enrollments bigint[],
  p_prices numeric[]
)
language plpgsql
stable
as $$
-- Live, a lead that is held is looked at each hour, too. Nothing comes of that unless something changed, and of that it
-- hears here at once (play_in_order). A hold begins anew when a sale of the lead ends.
declare
  v_outcome constant rehearsal.outcome := p_play.outcome;
  v_before rehearsal.outcome;
  v_hold_until timestamptz;
begin
  if not p_play.has_left and p_enrollments <> v_outcome.seats then
    p_play := rehearsal.leave_history(p_plan, p_play);
  end if;
  if v_outcome.category = 'sold' and p_play.has_left then
    p_play := rehearsal.take_turns(p_play);
  end if;
  p_play.is_stray := p_event.kind = 'routed' and p_event.has_more;
  if v_outcome.category <> 'held' then
    if p_event.has_more or p_enrollments = '{}' then
      v_before := rehearsal.recall_before(p_plan, p_event);
    else
      v_before := ('sold', null, p_enrollments, p_prices)::rehearsal.outcome;
    end if;
    p_play := rehearsal.note_move(p_plan, p_play, p_event, v_before);
    return;
  end if;
  v_hold_until := (p_play.policy).hold_hours * interval '1 hour' + greatest(p_event.lead_created_at, case
    when (p_event.decision).attempt > 1 then (
      select max(a.released_at) from leadgen.lead_assignments a
      where a.lead_id = p_event.lead_id and a.market_id = p_plan.market_id
        and a.released_at <= (p_event.decision).decided_at)
    end);
  p_play.waiting := (
    p_event.lead_id, (p_event.decision).id, v_hold_until,
    least(v_hold_until, kernel.find_clear_time(p_play.snapshot, (p_play.decision).reasons)),
    v_outcome.cause)::rehearsal.waiting;
end;
$$;
comment on function rehearsal.go_elsewhere(rehearsal.plan, rehearsal.play, rehearsal.event, bigint[], numeric[]) is
  'A rehearsal after a lead that leaves history: its turns are the rehearsal''s own, and it has moved or, held here, '
  'waits for the time at which something clears.';

create or replace function rehearsal.recall_before(p_plan rehearsal.plan, p_event rehearsal.event)
returns rehearsal.outcome
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads := p_event.lead;
begin
  if v_lead.id is null then
    select l.* into v_lead from leadgen.leads l where l.id = p_event.lead_id and l.market_id = p_plan.market_id;
  end if;
  return rehearsal.recall_outcome(v_lead);
end;
$$;
comment on function rehearsal.recall_before(rehearsal.plan, rehearsal.event) is
  'What became of an event''s lead in history in the end.';

create or replace function rehearsal.note_move(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_event rehearsal.event,
  p_before rehearsal.outcome
)
language plpgsql
stable
as $$
declare
  c_most_examples constant integer := 12;
  v_after constant rehearsal.outcome := p_play.outcome;
  v_gained integer[];
  v_earned numeric[];
  v_revenue numeric := 0;
  v_seat integer;
  v_why text;
begin
  if ((p_event.decision).cost).is_per_sale is not null or p_plan.payout is not null then
    p_play.cost := coalesce(p_play.cost, 0) - rehearsal.recall_cost(p_event.lead_id, p_plan.market_id)
      + rehearsal.cost_outcome(p_play);
  end if;
  if p_before is not distinct from v_after then
    return;
  end if;
  v_gained := p_play.gained;
  v_earned := p_play.earned;
  for v_sale in 1 .. cardinality(p_before.seats) loop
    v_seat := array_position(p_plan.ids, p_before.seats[v_sale]);
    v_gained[v_seat] := v_gained[v_seat] - 1;
    v_earned[v_seat] := v_earned[v_seat] - p_before.prices[v_sale];
    v_revenue := v_revenue - p_before.prices[v_sale];
  end loop;
  for v_sale in 1 .. cardinality(v_after.seats) loop
    v_seat := array_position(p_plan.ids, v_after.seats[v_sale]);
    v_gained[v_seat] := v_gained[v_seat] + 1;
    v_earned[v_seat] := v_earned[v_seat] + v_after.prices[v_sale];
    v_revenue := v_revenue + v_after.prices[v_sale];
  end loop;
  p_play.gained := v_gained;
  p_play.earned := v_earned;
  if p_play.examples < c_most_examples and rehearsal.name_move(p_before, v_after) is not null then
    v_why := rehearsal.explain_move(p_before, v_after, p_play.snapshot, p_play.decision);
    p_play.examples := p_play.examples + 1;
  end if;
  p_play.move := (
    p_event.lead_id, rehearsal.name_day(p_event.lead_created_at, p_plan.timezone), p_before, v_after, v_revenue,
    v_why)::rehearsal.move;
end;
$$;
comment on function rehearsal.note_move(rehearsal.plan, rehearsal.play, rehearsal.event, rehearsal.outcome) is
  'A rehearsal with what became of a lead, if that is not what became of it '
  'before; the first few are examples and say why.';
