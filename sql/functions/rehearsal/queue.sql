-- The queue: leads that are held only in a rehearsal, until they are offered again.

create or replace function rehearsal.put_into_queue(inout p_queue rehearsal.queue, p_waiting rehearsal.waiting)
language plpgsql
immutable
as $$
-- One that comes before some that are sorted already has them sorted again.
begin
  p_queue.waiting := p_queue.waiting || p_waiting;
  p_queue.next_at := least(p_queue.next_at, p_waiting.next_at);
  if p_waiting.next_at < (p_queue.due[cardinality(p_queue.due)]).next_at then
    p_queue.waiting := p_queue.waiting || p_queue.due[p_queue.place:];
    p_queue.next_at := least(p_queue.next_at, (p_queue.due[p_queue.place]).next_at);
    p_queue.due := '{}';
    p_queue.place := 1;
  end if;
end;
$$;
comment on function rehearsal.put_into_queue(rehearsal.queue, rehearsal.waiting) is 'The queue with one more lead.';

create or replace function rehearsal.sort_queue(inout p_queue rehearsal.queue)
language plpgsql
immutable
as $$
-- An hour at a time. Of two leads that are offered again at the same moment the lower id goes first, as in
-- route_held_lead.
declare
  v_until constant timestamptz := p_queue.next_at + interval '1 hour';
begin
  p_queue.due := array(select w from unnest(p_queue.waiting) w where w.next_at < v_until order by w.next_at, w.lead_id);
  p_queue.waiting := array(select w from unnest(p_queue.waiting) w where w.next_at >= v_until);
  p_queue.next_at := coalesce((select min(w.next_at) from unnest(p_queue.waiting) w), 'infinity');
  p_queue.place := 1;
end;
$$;
comment on function rehearsal.sort_queue(rehearsal.queue) is 'The queue with the leads of its next hour in order.';

create or replace function rehearsal.comes_first(p_retry rehearsal.waiting, p_event rehearsal.event, p_now timestamptz)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(
    p_retry.next_at < coalesce(p_event.happened_at, p_now)
    or (p_retry.next_at = p_event.happened_at and (p_event.decision).attempt > 1 and p_retry.lead_id < p_event.lead_id),
    false);
end;
$$;
comment on function rehearsal.comes_first(rehearsal.waiting, rehearsal.event, timestamptz) is
  'Whether a lead of the queue is offered again before the next event of history; after the last one, before now.';

create or replace function rehearsal.end_waiting(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_waiting rehearsal.waiting,
  p_category text
)
language plpgsql
stable
as $$
declare
  v_event rehearsal.event;
begin
  v_event.lead := (select l from leadgen.leads l where l.id = p_waiting.lead_id and l.market_id = p_plan.market_id);
  v_event.lead_id := p_waiting.lead_id;
  v_event.lead_created_at := (v_event.lead).created_at;
  p_play.is_stray := false;
  p_play.waiting := null;
  p_play.move := null;
  p_play.decision := null;
  p_play.outcome := (p_category, p_waiting.cause, '{}', '{}')::rehearsal.outcome;
  p_play := rehearsal.note_move(p_plan, p_play, v_event, rehearsal.recall_outcome(v_event.lead));
end;
$$;
comment on function rehearsal.end_waiting(rehearsal.plan, rehearsal.play, rehearsal.waiting, text) is
  'A rehearsal after a lead of the queue whose time has ended (unsold), or that is still held when the rehearsal ends.';
