-- What-if: an offer's leads of a period under changes.

create or replace function rehearsal.what_if(
  p_offer_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_changes jsonb default '{}'
)
returns jsonb
language plpgsql
stable
as $$
-- history + differences. Nothing is written.
declare
  v_rehearsal rehearsal.rehearsal := rehearsal.read_changes(p_offer_id, p_changes);
  v_history rehearsal.tally;
  v_difference rehearsal.tally;
  v_rehearsed rehearsal.tally;
  v_moved jsonb;
begin
  if p_from < p_to is not true or not isfinite(p_from) or not isfinite(p_to) then
    perform kernel.refuse_value('p_from, p_to', concat_ws(' to ', p_from, p_to), 'a period that begins before it ends');
  end if;
  v_rehearsal := rehearsal.seat_departed(v_rehearsal, p_from, p_to);
  v_history := rehearsal.summarize_history(v_rehearsal, p_from, p_to);
  v_difference := rehearsal.play_rehearsal(v_rehearsal, p_from, p_to);
  v_rehearsed := rehearsal.add_tallies(v_history, v_difference);
  v_moved := rehearsal.add_counts('{"other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}', v_difference.moved - 'not_sold');
  return jsonb_build_object(
    'offer_id', p_offer_id,
    'offer', (select o.name from leadgen.offers o where o.id = p_offer_id),
    'currency', v_rehearsal.currency,
    'from', p_from,
    'to', p_to,
    'changes', p_changes,
    'leads', v_difference.leads,
    'is_identical', v_difference.moved = '{}'
      and not exists (select from jsonb_each(v_difference.counts || v_difference.causes || v_difference.codes) c where c.value <> '0'),
    'actual', rehearsal.report_tally(v_history),
    'simulated', rehearsal.report_tally(v_rehearsed),
    'moved', v_moved || jsonb_build_object('same', v_difference.leads - (select coalesce(sum(m.value::numeric), 0) from jsonb_each_text(v_difference.moved) m)),
    'buyers', rehearsal.report_buyers(v_history, v_rehearsed, p_from, p_to),
    'days', rehearsal.report_days(v_history, v_rehearsed),
    'examples', rehearsal.report_examples(v_difference)
  );
end;
$$;
comment on function rehearsal.what_if(bigint, timestamptz, timestamptz, jsonb) is 'The work of leadgen.what_if.';

create or replace function rehearsal.play_rehearsal(p_rehearsal rehearsal.rehearsal, p_from timestamptz, p_to timestamptz)
returns rehearsal.tally
language plpgsql
stable
as $$
-- One event after the other. A lead that comes out as it did is not touched; one that does not has left history: what it
-- did there is taken out of the windows, what it does here is put in, and its later attempts there no longer count. If it is
-- held here, it waits in v_waiting for the time at which something clears. Memory: the waiting, and nothing a lead. An erased
-- lead has nothing left to be judged by: what validation made of it stays.
declare
  v_now constant timestamptz := leadgen.clock();
  v_needs_facts constant boolean := p_rehearsal.validation is not null or p_rehearsal.reprices or p_rehearsal.added is not null
    or p_rehearsal.routing -> 'exclusivity' ? 'scopes'
    or exists (select from unnest(p_rehearsal.seats) s where s.tests is not null);
  v_has_own_turns constant boolean := p_rehearsal.routing is not null or p_rehearsal.added is not null
    or exists (select from unnest(p_rehearsal.seats) s where s.is_gone or s.changes is not null or s.tests is not null);
  v_rehearsal rehearsal.rehearsal := p_rehearsal;
  v_tally rehearsal.tally;
  v_seats rehearsal.seat[] := p_rehearsal.seats;
  v_ids constant bigint[] := array(select s.buyer_offer_id from unnest(p_rehearsal.seats) with ordinality as s order by s.ordinality);
  v_history rehearsal.seat;
  v_laid rehearsal.laid_policies;
  v_has_left boolean := false;
  v_strays bigint[] := '{}';
  v_waiting rehearsal.waiting[] := '{}';
  v_due rehearsal.waiting[] := '{}';
  v_due_place integer := 1;
  v_next_due timestamptz := 'infinity';
  v_latest kernel.candidate[];
  v_latest_at timestamptz;
  v_latest_sold bigint[];
  v_events cursor for select e.* from rehearsal.list_events(p_rehearsal.offer_id, p_rehearsal.market_id, p_from, p_to) e;
  v_event record;
  v_is_retry boolean;
  v_entry rehearsal.waiting;
  v_lead leadgen.leads;
  v_facts kernel.lead_facts;
  v_recorded leadgen.lead_decisions;
  v_again kernel.decision;
  v_after rehearsal.outcome;
  v_failures kernel.failure[];
  v_sale leadgen.lead_assignments;
  v_sold bigint[];
  v_sold_prices numeric[];
begin
  v_tally := (0, '{}', '{}', '{}', '{}', '{}', '[]', p_rehearsal.seats)::rehearsal.tally;
  v_history := rehearsal.start_history(p_rehearsal, p_from);
  open v_events;
  fetch v_events into v_event;
  loop
    -- What waits is sorted an hour at a time. Of two leads that are offered again at the same moment the lower id goes
    -- first, as in route_held_lead.
    if v_due_place > cardinality(v_due) and v_next_due <= coalesce(v_event.happened_at, v_now) then
      v_due := array(select w from unnest(v_waiting) w where w.next_at < v_next_due + interval '1 hour' order by w.next_at, w.lead_id);
      v_waiting := array(select w from unnest(v_waiting) w where w.next_at >= v_next_due + interval '1 hour');
      v_next_due := coalesce((select min(w.next_at) from unnest(v_waiting) w), 'infinity');
      v_due_place := 1;
    end if;
    v_entry := v_due[v_due_place];
    v_is_retry := (v_entry.next_at < coalesce(v_event.happened_at, v_now)
      or (v_entry.next_at = v_event.happened_at and v_event.attempt > 1 and v_entry.lead_id < v_event.lead_id)) is true;
    exit when v_event.lead_id is null and not v_is_retry;
    v_again := null;
    v_recorded := null;
    v_facts := null;
    v_sold := '{}';
    v_sold_prices := '{}';
    v_rehearsal.reprices := p_rehearsal.reprices or v_is_retry;

    if v_is_retry then
      -- The lead held here whose time has come; its price is that of the hour.
      v_due_place := v_due_place + 1;
      select l.* into v_lead from leadgen.leads l where l.id = v_entry.lead_id;
      if v_entry.next_at >= v_entry.hold_until then
        v_tally := rehearsal.count_difference(v_tally, v_ids, v_lead.id, rehearsal.name_day(v_lead, p_rehearsal.timezone),
          rehearsal.recall_outcome(v_lead), ('unsold', v_entry.cause, '{}', '{}')::rehearsal.outcome, null);
        continue;
      end if;
      v_again := rehearsal.recall_decision(p_rehearsal, v_lead, v_entry.decision_id, v_entry.next_at);
      v_again.candidates := rehearsal.borrow_counters(v_again.candidates, v_latest, v_latest_at, v_latest_sold, v_entry.next_at, p_rehearsal.timezone);
      select d.* into v_recorded from leadgen.lead_decisions d where d.id = v_entry.decision_id;
    elsif v_event.assignment_id is not null then
      -- A sale was given back: where the lead has left history, its place there had been taken out already.
      select a.* into v_sale from leadgen.lead_assignments a where a.id = v_event.assignment_id;
      v_history := rehearsal.give_back_seat(v_history, v_sale, -1);
      if v_event.lead_id = any (v_strays) then
        v_seats := rehearsal.give_back_seats(v_seats, v_sale);
      end if;
      fetch v_events into v_event;
      continue;
    else
      v_tally.leads := v_tally.leads + 1;
      if v_event.decision_id is not null then
        select d.* into v_recorded from leadgen.lead_decisions d where d.id = v_event.decision_id;
        v_tally.leads := v_tally.leads - (v_recorded.attempt > 1)::integer;
        v_sold := array(select (v_recorded.candidates[w.place]).buyer_offer_id
          from unnest(v_recorded.winners) with ordinality as w (place, n) order by w.n);
        v_sold_prices := array(select (v_recorded.candidates[w.place]).price
          from unnest(v_recorded.winners) with ordinality as w (place, n) order by w.n);
        v_latest := v_recorded.candidates;
        v_latest_at := v_recorded.decided_at;
        v_latest_sold := v_sold;
        v_again := (
          v_recorded.decided_at, v_recorded.settings, v_recorded.exclusivity, v_recorded.candidates, null, null, null, null, null,
          v_recorded.offer_load, v_recorded.adjustments, null)::kernel.decision;
        if v_event.attempt > 1 and v_event.lead_id = any (v_strays) then
          v_seats := rehearsal.move_sales(v_seats, v_ids, v_sold, v_sold_prices, null, null, v_event.happened_at);
          v_history := rehearsal.shift_history(v_history, v_event.happened_at, v_sold_prices);
          fetch v_events into v_event;
          continue;
        end if;
      elsif p_rehearsal.validation is null
        or exists (select from leadgen.leads l where l.id = v_event.lead_id and l.erased_at is not null) then
        fetch v_events into v_event;
        continue;
      end if;
    end if;

    if v_is_retry or v_needs_facts or p_rehearsal.routing is not null then
      if not v_is_retry then
        select l.* into v_lead from leadgen.leads l where l.id = v_event.lead_id;
      end if;
      if v_recorded.id is null then
        v_recorded := rehearsal.name_policies(v_lead);
      end if;
      v_laid := rehearsal.lay_over_policies(v_rehearsal, v_lead, v_recorded, v_laid);
    end if;
    if v_is_retry or v_needs_facts then
      v_facts := intake.recall_facts(v_lead, p_rehearsal.country_code);
    end if;
    v_failures := '{}';
    if p_rehearsal.validation is not null and not v_is_retry and v_lead.erased_at is null then
      v_failures := rules.judge_lead(v_facts, v_laid.rules, v_laid.compiled_rules);
    end if;

    if v_failures <> '{}' then
      v_after := ('rejected', (v_failures[1]).code, '{}', '{}')::rehearsal.outcome;
    else
      if v_again.candidates is null then
        v_again := rehearsal.recall_decision(p_rehearsal, v_lead, null, v_lead.created_at);
        v_again.candidates := rehearsal.borrow_counters(v_again.candidates, v_latest, v_latest_at, v_latest_sold, v_lead.created_at, p_rehearsal.timezone);
      end if;
      if p_rehearsal.routing is not null then
        v_again.settings := v_laid.settings;
        if v_recorded.id is not null then
          v_again.settings.max_buyers := (v_laid.settings).max_buyers - v_laid.first_max_buyers + (v_recorded.settings).max_buyers;
        end if;
        if p_rehearsal.routing -> 'exclusivity' ? 'scopes' then
          v_again.exclusivity := market.gather_exclusivity(
            v_facts, catalog.load_route(v_lead.source_id, p_rehearsal.offer_id), v_again.settings);
        end if;
      end if;
      v_again.offer_load := rehearsal.rehearse_load(
        p_rehearsal, case when not v_is_retry then v_again.offer_load end, v_again.settings, v_history, v_seats[1], v_again.decided_at);
      -- Shares by weight depend on who passed for every lead before, whoever won it.
      if v_has_own_turns and not v_has_left then
        v_seats := rehearsal.leave_history(v_seats, v_again.candidates);
        v_has_left := true;
      end if;
      v_again := rehearsal.decide_again(v_rehearsal, v_seats, v_has_left, v_again, v_facts, v_laid.pricing);
      v_after := rehearsal.read_outcome(v_again);
    end if;

    v_history := rehearsal.shift_history(v_history, v_event.happened_at, v_sold_prices);
    if not v_is_retry and v_recorded.id is not null and v_after.category <> 'rejected'
      and v_sold = v_after.seats and v_sold_prices = v_after.prices
      and (v_sold <> '{}' or rehearsal.waits_as_before(v_recorded, v_again)) then
      -- As it happened, or unsold for another reason but offered again when it was.
      if v_has_left then
        v_seats := rehearsal.take_seats(v_seats, v_ids, v_again);
      end if;
      if v_sold = '{}' and v_recorded.reasons <> (v_again.verdict).reasons and not rehearsal.has_more_to_come(v_recorded) then
        v_tally := rehearsal.count_other_cause(v_tally, v_ids, v_recorded, v_after.cause, v_again);
      end if;
      fetch v_events into v_event;
      continue;
    end if;

    -- The lead leaves history here; with its first other buyer the turns do, too.
    if not v_has_left and v_sold <> v_after.seats then
      v_seats := rehearsal.leave_history(v_seats, v_again.candidates);
      v_has_left := true;
    end if;
    v_seats := rehearsal.move_sales(v_seats, v_ids, v_sold, v_sold_prices, v_after.seats, v_after.prices, v_again.decided_at);
    if v_has_left and v_after.category = 'sold' then
      v_seats := rehearsal.take_seats(v_seats, v_ids, v_again);
    end if;
    if not v_is_retry then
      if v_recorded.id is not null and rehearsal.has_more_to_come(v_recorded) then
        v_strays := v_strays || v_event.lead_id;
      end if;
      select l.* into v_lead from leadgen.leads l where l.id = v_event.lead_id;
      fetch v_events into v_event;
    end if;
    if v_after.category = 'held' then
      v_entry := (
        v_lead.id, v_recorded.id, v_lead.created_at + (v_again.settings).hold_hours * interval '1 hour',
        coalesce(kernel.find_clear_time(v_again.candidates, (v_again.verdict).reasons, v_again.offer_load, v_again.decided_at), 'infinity'),
        v_after.cause, null)::rehearsal.waiting;
      v_entry.next_at := least(v_entry.next_at, v_entry.hold_until);
      v_waiting := v_waiting || v_entry;
      v_next_due := least(v_next_due, v_entry.next_at);
      if v_entry.next_at < v_due[cardinality(v_due)].next_at then
        -- It comes before some that are sorted already: sort anew.
        v_waiting := v_waiting || v_due[v_due_place:];
        v_next_due := least(v_next_due, v_due[v_due_place].next_at);
        v_due := '{}';
        v_due_place := 1;
      end if;
    else
      v_tally := rehearsal.count_difference(
        v_tally, v_ids, v_lead.id, rehearsal.name_day(v_lead, p_rehearsal.timezone), rehearsal.recall_outcome(v_lead), v_after,
        case when v_after.category <> 'rejected' then v_again end);
    end if;
  end loop;
  close v_events;

  foreach v_entry in array v_waiting || v_due[v_due_place:] loop
    select l.* into v_lead from leadgen.leads l where l.id = v_entry.lead_id;
    v_tally := rehearsal.count_difference(v_tally, v_ids, v_lead.id, rehearsal.name_day(v_lead, p_rehearsal.timezone),
      rehearsal.recall_outcome(v_lead), ('held', v_entry.cause, '{}', '{}')::rehearsal.outcome, null);
  end loop;
  return v_tally;
end;
$$;
comment on function rehearsal.play_rehearsal(rehearsal.rehearsal, timestamptz, timestamptz) is
  'Plays an offer''s leads of a period again under changes; the result as differences to what happened, all zero when nothing is changed.';

create or replace function rehearsal.decide_again(
  p_rehearsal rehearsal.rehearsal,
  p_seats rehearsal.seat[],
  p_has_left boolean,
  p_decision kernel.decision,
  p_facts kernel.lead_facts,
  p_pricing kernel.price_rule[]
)
returns kernel.decision
language plpgsql
immutable
as $$
-- The same judge and rank as in a live decision; only what they are given is changed. p_facts.decided_at null: nothing
-- that is changed depends on the lead.
declare
  v_decision kernel.decision := p_decision;
  v_candidates kernel.candidate[] := p_decision.candidates;
  v_document jsonb;
begin
  if p_facts.decided_at is not null then
    v_document := kernel.describe_lead(p_facts);
    if p_rehearsal.reprices then
      v_decision.adjustments := kernel.find_adjustments(
        p_pricing, v_document, kernel.minute_of_week(p_decision.decided_at, p_rehearsal.timezone));
    end if;
    if p_rehearsal.added is not null then
      v_candidates := v_candidates || rehearsal.place_newcomers(p_rehearsal, p_facts);
    end if;
  end if;
  v_decision.candidates := rehearsal.rehearse_candidates(
    v_candidates, p_seats, p_has_left, v_decision.decided_at, v_document, v_decision.adjustments,
    (v_decision.exclusivity).buyer_id, p_rehearsal.reprices, kernel.currency_minor_unit(p_rehearsal.currency),
    p_rehearsal.timezone);
  v_decision.verdict := kernel.reach_verdict(
    v_decision.candidates, v_decision.offer_load, v_decision.settings, v_decision.exclusivity, v_decision.decided_at);
  v_decision.winners := kernel.choose_winners(
    v_decision.candidates, v_decision.offer_load, v_decision.verdict, v_decision.settings);
  v_decision.is_held := v_decision.winners = '{}' and kernel.is_to_be_held(v_decision.settings, v_decision.verdict);
  return v_decision;
end;
$$;
comment on function rehearsal.decide_again(rehearsal.rehearsal, rehearsal.seat[], boolean, kernel.decision, kernel.lead_facts, kernel.price_rule[]) is
  'One decision of a rehearsal: judge and rank on recorded candidates with the changes laid over them. Pure.';
