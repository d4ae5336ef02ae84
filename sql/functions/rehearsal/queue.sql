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
-- An hour at a time. Of two leads that are offered again at the same moment the lower id goes first, as in route_held_lead.
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
    or (p_retry.next_at = p_event.happened_at and (p_event.decision).attempt > 1 and p_retry.lead_id < p_event.lead_id), false);
end;
$$;
comment on function rehearsal.comes_first(rehearsal.waiting, rehearsal.event, timestamptz) is
  'Whether a lead of the queue is offered again before the next event of history; after the last one, before now.';

create or replace function rehearsal.list_held(p_plan rehearsal.plan, p_play rehearsal.play, p_queue rehearsal.queue)
returns rehearsal.move[]
language plpgsql
stable
as $$
declare
  v_play rehearsal.play := p_play;
  v_event rehearsal.event;
  v_waiting rehearsal.waiting;
  v_moves rehearsal.move[] := '{}';
begin
  v_play.decision := null;
  foreach v_waiting in array p_queue.waiting || p_queue.due[p_queue.place:] loop
    v_event.lead := (select l from leadgen.leads l where l.id = v_waiting.lead_id and l.market_id = p_plan.market_id);
    v_event.lead_id := v_waiting.lead_id;
    v_event.lead_created_at := (v_event.lead).created_at;
    v_play.outcome := ('held', v_waiting.cause, '{}', '{}')::rehearsal.outcome;
    v_play.move := null;
    v_play := rehearsal.note_move(p_plan, v_play, v_event, rehearsal.recall_outcome(v_event.lead));
    if (v_play.move).lead_id is not null then
      v_moves := v_moves || v_play.move;
    end if;
  end loop;
  return v_moves;
end;
$$;
comment on function rehearsal.list_held(rehearsal.plan, rehearsal.play, rehearsal.queue) is
  'The moves of the leads that are still held when a rehearsal ends.';
