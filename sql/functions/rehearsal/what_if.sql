-- What-if: an offer's leads of a period under changes. Nothing is written.
--
-- A what-if is history plus differences. The recorded decisions of the period are played in order. Each is decided
-- again, by kernel.decide, from what history decided from, with the changes laid over it:
--
--   history     what happened, in order: decisions, sales given back                  history.sql
--   events      what each of them does, and a lead that is offered again              events.sql
--   changes     read, checked and compiled once                                       changes.sql, seats.sql
--   policies    of the version that judged the lead, with changed keys                policies.sql
--   terms       of the enrollments' versions, with changed columns                    terms.sql
--   snapshot    terms, what history saw of the lead, limits used, turns               snapshots.sql, candidates.sql
--   moves       whether it comes out differently, and what follows of that            moves.sql
--   counters    carried from lead to lead: how far sales and turns are from history   counters.sql
--   queue       carried too: leads that are held here only                            queue.sql
--   tally       what came out differently, counted and told                           tally.sql, report.sql
--
-- With nothing changed every difference is zero, so history comes out, whatever happened in it: returns, changes of
-- caps, a zone that moved. A lead that comes out differently leaves history: its sales there are taken out of the
-- windows, its sales here put in, and its later attempts there no longer count. If it is held here it waits. It is
-- offered again when time clears something, and woken when a sale that was made here, too, gives its place back (a
-- hundred leads, as live, until the place is taken again) and when history shows that the catalogue was edited.
-- Memory: the waiting, and nothing a lead.
--
-- Limits of it:
--
--   returns     what buyers would return, or fail to take, of leads that go elsewhere, is not known; a lead that only
--               changes its price leaves its return behind, too
--   contacts    who bought a contact before is as it was; keys that count other leads, and mx_lookup_enabled, cannot be
--               changed
--   duplicates  where a key of duplicates is changed, earlier leads are looked for anew: those of the offer and the
--               period count as they come out here, all others as they did; of an erased lead nobody is then
--   woken       of more than a hundred that wait, those whose own time comes first try for a place that came free, and
--               leads that wait in history, too, are not among the hundred; an edit is seen at history's next decision;
--               the look that each held lead has each hour is left out: a price that falls by the hour, and fits a
--               budget then, is found only with the next of these
--   before      leads that came before the period are not played, though their sales count
--   turned down a lead that validation turned down in history, and takes now, is gathered from the tables of today
--   not looked  where history did not look at a balance, today's stands for it; where it did not go by weight, shares
--               begin even
--   sealed      what a sealed lead says is known where its caller has opened it (p_opened); otherwise a filter of a
--               contact field is not met by it, and validation that is changed is refused
--   erased      an erased lead has nothing left to be judged by: what validation made of it stays

create or replace function rehearsal.what_if(
  p_offer_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_changes jsonb default '{}',
  p_opened jsonb default '{}'
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_plan rehearsal.plan := rehearsal.read_changes(p_offer_id, p_changes);
  v_history jsonb;
  v_difference rehearsal.tally;
  v_rehearsed jsonb;
  v_leads bigint;
  v_moved jsonb;
begin
  if p_from < p_to is not true or not isfinite(p_from) or not isfinite(p_to) then
    perform kernel.refuse('LG423', 'A what-if needs a period that begins before it ends', 'p_from, p_to',
      concat_ws(' to ', p_from, p_to), 'a period that begins before it ends');
  end if;
  perform rehearsal.check_contacts(v_plan, p_from, p_to, p_opened);
  v_plan := rehearsal.seat_departed(v_plan, p_from, p_to);
  v_history := rehearsal.summarize_history(v_plan, p_from, p_to);
  v_difference := rehearsal.play_events(v_plan, p_from, p_to, p_opened);
  v_rehearsed := rehearsal.add_parts(v_history, v_difference.parts);
  v_leads := (
    select count(*)
    from leadgen.leads l
    where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to);
  v_moved := coalesce(v_difference.parts -> 'moved', '{}');
  return jsonb_build_object(
    'offer_id', p_offer_id,
    'offer', (select o.name from leadgen.offers o where o.id = p_offer_id),
    'currency', v_plan.currency,
    'from', p_from,
    'to', p_to,
    'changes', p_changes,
    'leads', v_leads,
    'is_identical', v_difference.parts = '{}',
    'actual', rehearsal.report_totals(v_history),
    'simulated', rehearsal.report_totals(v_rehearsed),
    'moved', '{"other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}' || v_moved - 'not_sold'
      || jsonb_build_object('same', v_leads - rehearsal.sum_part(v_difference.parts, 'moved')),
    'buyers', rehearsal.report_buyers(v_plan, v_history, v_rehearsed, p_from, p_to),
    'days', rehearsal.report_days(v_history, v_rehearsed),
    'examples', rehearsal.report_examples(v_plan, v_difference.examples)
  );
end;
$$;
comment on function rehearsal.what_if(bigint, timestamptz, timestamptz, jsonb, jsonb) is 'The work of leadgen.what_if.';

create or replace function rehearsal.play_events(
  p_plan rehearsal.plan,
  p_from timestamptz,
  p_to timestamptz,
  p_opened jsonb default '{}'
)
returns rehearsal.tally
language plpgsql
stable
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
-- Events come by their keys, one by one, whatever the tables' sizes say.
begin
  return rehearsal.play_in_order(p_plan, p_from, p_to, p_opened);
end;
$$;
comment on function rehearsal.play_events(rehearsal.plan, timestamptz, timestamptz, jsonb) is
  'Plays an offer''s leads of a period again under changes; what comes out differently, nothing when nothing is '
  'changed.';

create or replace function rehearsal.play_in_order(
  p_plan rehearsal.plan,
  p_from timestamptz,
  p_to timestamptz,
  p_opened jsonb
)
returns rehearsal.tally
language plpgsql
stable
as $$
-- Moves are counted some hundred at a time. The others need not look at a place that is taken again.
declare
  v_now constant timestamptz := leadgen.clock();
  v_tally rehearsal.tally := ('{}', '[]')::rehearsal.tally;
  v_play rehearsal.play := rehearsal.start_play(p_plan, p_from);
  v_queue rehearsal.queue := ('{}', 'infinity', '{}', 1)::rehearsal.queue;
  v_came_free_at timestamptz;
  v_before rehearsal.play;
  v_asleep rehearsal.queue;
  v_moves rehearsal.move[] := '{}';
  v_strays bigint[] := '{}';
  v_events cursor for select * from rehearsal.list_events(p_plan, p_from, p_to, p_opened);
  v_event rehearsal.event;
  v_retry rehearsal.waiting;
begin
  open v_events;
  fetch v_events into v_event;
  loop
    if v_queue.place > cardinality(v_queue.due) and v_queue.next_at <= coalesce(v_event.happened_at, v_now) then
      v_queue := rehearsal.sort_queue(v_queue);
    end if;
    v_retry := v_queue.due[v_queue.place];
    if v_retry.next_at is not null and rehearsal.comes_first(v_retry, v_event, v_now) then
      v_queue.place := v_queue.place + 1;
      v_play := rehearsal.play_retry(p_plan, v_play, v_retry);
      if v_retry.next_at = v_came_free_at and rehearsal.is_taken(v_before, v_play) then
        v_queue := rehearsal.let_wait(v_queue, v_asleep);
      end if;
    elsif v_event.kind is null then
      exit;
    elsif (v_retry.next_at is not null or v_queue.next_at < 'infinity') and rehearsal.shows_change(v_play, v_event) then
      v_play := rehearsal.see_change(v_play, v_event);
      v_queue := rehearsal.wake_waiting(v_queue, v_event.happened_at, null);
    else
      if v_event.kind = 'returned' and v_event.happened_at is distinct from v_came_free_at then
        v_came_free_at := v_event.happened_at;
        v_before := rehearsal.turn_clock(v_play, v_came_free_at);
        v_asleep := v_queue;
      end if;
      v_play := rehearsal.play_event(
        p_plan, v_play, v_event, (v_event.decision).attempt is distinct from 1 and v_event.lead_id = any (v_strays));
      if v_play.is_stray then
        v_strays := v_strays || v_event.lead_id;
      end if;
      if v_event.kind = 'returned' and not rehearsal.is_taken(v_before, v_play) then
        v_queue := rehearsal.wake_waiting(v_queue, v_came_free_at, 100);
      end if;
      fetch v_events into v_event;
    end if;

    if (v_play.waiting).lead_id is not null then
      v_queue := rehearsal.put_into_queue(v_queue, array[v_play.waiting]);
    end if;
    if (v_play.move).lead_id is not null then
      v_moves := v_moves || v_play.move;
    end if;
    if cardinality(v_moves) = 500 then
      v_tally := rehearsal.count_moves(v_tally, v_moves);
      v_moves := '{}';
    end if;
  end loop;
  close v_events;
  return rehearsal.end_play(p_plan, v_play, v_queue, rehearsal.count_moves(v_tally, v_moves));
end;
$$;
comment on function rehearsal.play_in_order(rehearsal.plan, timestamptz, timestamptz, jsonb) is
  'The work of play_events: events of history, and leads that are held here when their time comes, when a place comes '
  'free, or when history has another catalogue.';

create or replace function rehearsal.check_contacts(
  p_plan rehearsal.plan,
  p_from timestamptz,
  p_to timestamptz,
  p_opened jsonb
)
returns void
language plpgsql
stable
as $$
declare
  v_sealed bigint;
begin
  if p_plan.validation is null then
    return;
  end if;
  select count(*) into v_sealed
  from leadgen.leads l
  where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to and l.sealed is not null
    and not p_opened ? l.id::text;
  if v_sealed > 0 then
    perform kernel.refuse('LG409', 'Validation cannot judge sealed leads again', 'changes.validation',
      kernel.count_of(v_sealed, 'sealed lead') || ' in the period', 'leads that are clear, or opened',
      '`leadgen what-if` opens them where PII_KEYS is set. Routing, prices and enrollments need no contact.');
  end if;
end;
$$;
comment on function rehearsal.check_contacts(rehearsal.plan, timestamptz, timestamptz, jsonb) is
  'LG409 where validation is changed and leads that it would judge again are sealed, and were not opened.';

create or replace function rehearsal.end_play(
  p_plan rehearsal.plan,
  p_play rehearsal.play,
  p_queue rehearsal.queue,
  p_tally rehearsal.tally
)
returns rehearsal.tally
language plpgsql
stable
as $$
declare
  v_play rehearsal.play := p_play;
  v_tally rehearsal.tally;
  v_moves rehearsal.move[] := '{}';
  v_retry rehearsal.waiting;
begin
  foreach v_retry in array p_queue.waiting || p_queue.due[p_queue.place:] loop
    v_play := rehearsal.end_waiting(p_plan, v_play, v_retry, 'held');
    if (v_play.move).lead_id is not null then
      v_moves := v_moves || v_play.move;
    end if;
  end loop;
  v_tally := rehearsal.count_moves(p_tally, v_moves);
  v_tally.parts := rehearsal.add_parts(v_tally.parts, rehearsal.count_seats(p_plan, v_play));
  return v_tally;
end;
$$;
comment on function rehearsal.end_play(rehearsal.plan, rehearsal.play, rehearsal.queue, rehearsal.tally) is
  'What came out differently when a rehearsal ends, with the leads that it still holds.';
