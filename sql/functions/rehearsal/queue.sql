-- The queue: leads that are held only in a rehearsal, until they are offered again: at their time, or woken.

create or replace function rehearsal.put_into_queue(inout p_queue rehearsal.queue, p_waiting rehearsal.waiting[])
language plpgsql
immutable
as $$
-- One that comes before some that are sorted already has them sorted again.
declare
  v_next_at constant timestamptz := (select min(w.next_at) from unnest(p_waiting) w);
begin
  p_queue.waiting := p_queue.waiting || p_waiting;
  p_queue.next_at := least(p_queue.next_at, v_next_at);
  if v_next_at < (p_queue.due[cardinality(p_queue.due)]).next_at then
    p_queue.waiting := p_queue.waiting || p_queue.due[p_queue.place:];
    p_queue.next_at := least(p_queue.next_at, (p_queue.due[p_queue.place]).next_at);
    p_queue.due := '{}';
    p_queue.place := 1;
  end if;
end;
$$;
comment on function rehearsal.put_into_queue(rehearsal.queue, rehearsal.waiting[]) is 'The queue with more leads.';

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

create or replace function rehearsal.wake_waiting(
  inout p_queue rehearsal.queue,
  p_at timestamptz,
  p_most integer
)
language plpgsql
immutable
as $$
-- As market.give_place_back and wake_held_leads do. Those that are due anyway come along.
begin
  if p_queue.next_at = 'infinity' and p_queue.place > cardinality(p_queue.due) then
    return;
  end if;
  select
    coalesce(array_agg((q.lead_id, q.decision_id, q.hold_until, p_at, q.cause)::rehearsal.waiting order by q.lead_id)
      filter (where q.is_woken), '{}'),
    coalesce(array_agg((q.lead_id, q.decision_id, q.hold_until, q.next_at, q.cause)::rehearsal.waiting)
      filter (where not q.is_woken), '{}'),
    coalesce(min(q.next_at) filter (where not q.is_woken), 'infinity')
  into p_queue.due, p_queue.waiting, p_queue.next_at
  from (
    select
      w.*, p_most is null
      or count(*) filter (where w.next_at > p_at) over (order by w.next_at, w.lead_id) <= p_most as is_woken
    from unnest(p_queue.waiting || p_queue.due[p_queue.place:]) w
  ) q;
  p_queue.place := 1;
end;
$$;
comment on function rehearsal.wake_waiting(rehearsal.queue, timestamptz, integer) is
  'The queue with so many more leads due at a time, those whose own time comes first; null: with all.';

create or replace function rehearsal.let_wait(inout p_queue rehearsal.queue, p_asleep rehearsal.queue)
language plpgsql
immutable
as $$
declare
  v_due constant rehearsal.waiting[] := p_queue.due[p_queue.place:];
begin
  p_queue.due := '{}';
  p_queue.place := 1;
  p_queue := rehearsal.put_into_queue(p_queue, array(
    select w
    from unnest(p_asleep.waiting || p_asleep.due[p_asleep.place:]) w
    where w.lead_id = any (array(select d.lead_id from unnest(v_due) d))
    union all
    select d
    from unnest(v_due) d
    where d.lead_id <> all (array(
      select w.lead_id from unnest(p_asleep.waiting || p_asleep.due[p_asleep.place:]) w))));
end;
$$;
comment on function rehearsal.let_wait(rehearsal.queue, rehearsal.queue) is
  'The queue with the leads that are due waiting for the time for which they waited before they were woken.';

create or replace function rehearsal.is_taken(p_before rehearsal.play, p_play rehearsal.play)
returns boolean
language plpgsql
immutable
as $$
-- Then who had to wait before must wait still: a limit clears for nobody by being used more.
begin
  return p_before.starts = p_play.starts and not exists (
    select
    from unnest(
      p_before.sold, p_before.sales, p_before.paid, p_before.money,
      p_play.sold, p_play.sales, p_play.paid, p_play.money) as c (
      old_sold, old_sales, old_paid, old_money, sold, sales, paid, money)
    where c.sold + c.sales < c.old_sold + c.old_sales or c.paid + c.money < c.old_paid + c.old_money);
end;
$$;
comment on function rehearsal.is_taken(rehearsal.play, rehearsal.play) is
  'Whether no limit has more room in a rehearsal than before a place came free.';

create or replace function rehearsal.shows_change(p_play rehearsal.play, p_event rehearsal.event)
returns boolean
language plpgsql
stable
as $$
-- What an edit may have cleared: terms, policies, what is switched on, balances. Hours and windows have their times.
declare
  c_switches constant integer := kernel.flag('enrollment_is_active') | kernel.flag('buyer_is_active')
    | kernel.flag('is_reachable');
  v_before constant rehearsal.event := p_play.latest;
  v_now constant kernel.snapshot := rehearsal.recall_seen(p_event.decision);
  v_terms rehearsal.terms;
begin
  if p_event.kind <> 'routed' or v_before.kind is null or (v_before.decision).id = (p_event.decision).id then
    return false;
  end if;
  v_terms.seen := v_before.seen;
  v_terms.routing_id := (v_before.decision).routing_policy_id;
  v_terms.routing_version := (v_before.decision).routing_policy_version;
  v_terms.default_price := (v_before.decision).default_price;
  return not rehearsal.has_terms(v_terms, p_event.decision, v_now)
    or (v_before.decision).pricing_policy_id is distinct from (p_event.decision).pricing_policy_id
    or (v_before.decision).pricing_policy_version is distinct from (p_event.decision).pricing_policy_version
    or (v_before.decision).payout_policy_id is distinct from (p_event.decision).payout_policy_id
    or (v_before.decision).payout_policy_version is distinct from (p_event.decision).payout_policy_version
    or exists (
      select
      from unnest((v_before.seen).flags, (v_before.seen).balances, (v_before.seen).credits, v_now.flags, v_now.balances,
        v_now.credits) as c (old_flags, old_balance, old_credit, flags, balance, credit)
      where c.flags & ~c.old_flags & c_switches > 0 or c.balance > c.old_balance or c.credit > c.old_credit);
end;
$$;
comment on function rehearsal.shows_change(rehearsal.play, rehearsal.event) is
  'Whether a decision of history was made of a catalogue that is not that of its latest: who waits is offered again.';

create or replace function rehearsal.see_change(inout p_play rehearsal.play, p_event rehearsal.event)
language plpgsql
stable
as $$
-- No lead was played: none is left behind.
begin
  p_event.seen := rehearsal.recall_seen(p_event.decision);
  p_play.latest := p_event;
  p_play.waiting := null;
  p_play.move := null;
end;
$$;
comment on function rehearsal.see_change(rehearsal.play, rehearsal.event) is
  'A rehearsal in which leads that wait see the catalogue of the next decision of history already.';

create or replace function rehearsal.comes_first(p_retry rehearsal.waiting, p_event rehearsal.event, p_now timestamptz)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(
    p_retry.next_at < coalesce(p_event.happened_at, p_now)
    or (p_retry.next_at = p_event.happened_at and p_event.kind = 'routed'
      and ((p_event.decision).attempt = 1 or p_retry.lead_id < p_event.lead_id)),
    false);
end;
$$;
comment on function rehearsal.comes_first(rehearsal.waiting, rehearsal.event, timestamptz) is
  'Whether a lead of the queue is offered again before the next event of history; after the last one, before now. At '
  'the same time it comes before a new lead, and of two that wait the lower id is first.';

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
