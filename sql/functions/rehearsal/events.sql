-- Events: what one thing that happened, or happens in a rehearsal alone, makes of the rehearsal.

create or replace function rehearsal.play_event(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_event rehearsal.event,
  p_is_stray boolean
)
language plpgsql
stable
as $$
-- History's latest decision is kept from the first lead on that is decided about at a time of its own: it is heavy.
declare
  v_sold bigint[] := '{}';
  v_prices numeric[] := '{}';
  v_winner integer;
  v_outcome rehearsal.outcome;
begin
  p_play.is_stray := false;
  p_play.waiting := null;
  p_play.move := null;
  if p_event.happened_at >= p_play.windows_end then
    p_play := rehearsal.turn_clock(p_play, p_event.happened_at);
  end if;
  if p_event.kind = 'returned' then
    p_play := rehearsal.give_back(p_plan, p_play, p_event.sale, p_is_stray);
    return;
  elsif p_event.kind = 'sold' then
    p_play := rehearsal.count_sales(p_plan, p_play, array[(p_event.sale).buyer_offer_id], array[(p_event.sale).price]);
    return;
  elsif p_event.kind = 'rejected' and (p_plan.validation is null or (p_event.lead).erased_at is not null) then
    return;
  elsif p_event.kind = 'routed' then
    p_event.seen := rehearsal.recall_seen(p_event.decision);
    if p_plan.validation is not null or (p_play.latest).kind is not null then
      p_play.latest := p_event;
    end if;
    foreach v_winner in array (p_event.decision).winners loop
      v_sold := v_sold || (p_event.seen).enrollments[v_winner];
      v_prices := v_prices || (p_event.seen).prices[v_winner];
    end loop;
  end if;
  if p_is_stray then
    p_play := rehearsal.count_sales(p_plan, p_play, v_sold, v_prices, true);
    return;
  end if;

  p_play := rehearsal.rehearse(p_plan, p_play, p_event);
  v_outcome := p_play.outcome;
  if p_event.kind = 'routed' and v_outcome.category <> 'rejected'
    and v_sold = v_outcome.seats and v_prices = v_outcome.prices
    and (v_sold <> '{}' or rehearsal.waits_as_before(p_play, p_event.decision)) then
    p_play := rehearsal.stay(p_plan, p_play, p_event);
    p_play := rehearsal.count_sales(p_plan, p_play, v_sold, v_prices);
  else
    p_play := rehearsal.go_elsewhere(p_plan, p_play, p_event, v_sold, v_prices);
    if p_event.kind = 'routed' and (p_play.waiting).lead_id is not null then
      p_play.latest := p_event;
    end if;
    p_play := rehearsal.count_sales(p_plan, p_play, v_sold, v_prices, true, v_outcome.seats, v_outcome.prices);
  end if;
end;
$$;
comment on function rehearsal.play_event(rehearsal.plan, rehearsal.play, rehearsal.event, boolean) is
  'A rehearsal after one more event of history; p_is_stray: its lead has left history before.';

create or replace function rehearsal.play_retry(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_waiting rehearsal.waiting
)
language plpgsql
stable
as $$
-- A lead that is held only here. Its price is that of the hour.
declare
  v_event rehearsal.event;
begin
  if p_waiting.next_at >= p_waiting.hold_until then
    p_play := rehearsal.end_waiting(p_plan, p_play, p_waiting, 'unsold');
    return;
  end if;
  p_play.is_stray := false;
  p_play.waiting := null;
  p_play.move := null;
  v_event.kind := 'retried';
  v_event.happened_at := p_waiting.next_at;
  v_event.lead := (select l from leadgen.leads l where l.id = p_waiting.lead_id and l.market_id = p_plan.market_id);
  v_event.lead_id := p_waiting.lead_id;
  v_event.lead_created_at := (v_event.lead).created_at;
  if p_waiting.decision_id is not null then
    v_event.decision := (
      select d from leadgen.lead_decisions d where d.id = p_waiting.decision_id and d.market_id = p_plan.market_id);
    v_event.seen := rehearsal.recall_seen(v_event.decision);
  end if;
  if p_waiting.next_at >= p_play.windows_end then
    p_play := rehearsal.turn_clock(p_play, p_waiting.next_at);
  end if;
  p_play := rehearsal.rehearse(p_plan, p_play, v_event);
  p_play := rehearsal.go_elsewhere(p_plan, p_play, v_event, '{}', '{}');
  p_play := rehearsal.count_sales(p_plan, p_play, '{}', '{}', true, (p_play.outcome).seats, (p_play.outcome).prices);
end;
$$;
comment on function rehearsal.play_retry(rehearsal.plan, rehearsal.play, rehearsal.waiting) is
  'A rehearsal after a lead that it held was offered again, or its time ended.';

create or replace function rehearsal.rehearse(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_event rehearsal.event
)
language plpgsql
stable
as $$
-- Where history did not decide at this time, the terms are those of its latest decision. Most leads have the terms and
-- the policies of the lead before. Where nothing is changed what history found counts: it may be erased since.
declare
  v_facts kernel.lead_facts;
  v_document jsonb;
  v_failures kernel.failure[] := '{}';
  v_has_terms boolean;
begin
  p_play.decision := null;
  if (p_event.lead).id is not null then
    v_facts := intake.recall_facts(p_event.lead, p_plan.country_code, p_event.contact);
  end if;
  if p_plan.validation is not null and p_event.kind <> 'retried' and (p_event.lead).erased_at is null then
    p_play.policies := rehearsal.lay_over_validation(
      p_plan, p_play.policies, (p_event.lead).validation_policy_id, (p_event.lead).validation_policy_version);
    if p_plan.finds_duplicates and (p_play.turned <> '{}' or (p_play.policies).rules <> catalog.find_policy_body(
      'validation', (p_play.policies).validation_id, (p_play.policies).validation_version)) then
      v_facts := intake.find_duplicate_again(p_event.lead, v_facts, (p_play.policies).rules, p_play.turned);
    end if;
    v_failures := rules.judge_lead(v_facts, (p_play.policies).rules, (p_play.policies).compiled_rules);
    if p_plan.finds_duplicates then
      p_play := rehearsal.note_verdict(p_play, p_event.lead, v_failures = '{}');
    end if;
  end if;
  if v_failures <> '{}' then
    p_play.outcome := ('rejected', (v_failures[1]).code, '{}', '{}')::rehearsal.outcome;
    return;
  end if;
  if (p_event.lead).id is not null then
    v_facts := intake.read_city_anew(v_facts);
    v_document := kernel.describe_lead(v_facts);
  end if;

  if (p_event.decision).id is null then
    p_event := rehearsal.gather_event(p_plan, p_event);
  end if;
  v_has_terms := p_event.kind = 'routed' and rehearsal.has_terms(p_play.terms, p_event.decision, p_event.seen);
  if not v_has_terms or p_plan.pricing is not null or p_plan.payout is not null
    or (p_event.decision).routing_policy_id <> (p_play.policies).routing_id
    or (p_event.decision).routing_policy_version <> (p_play.policies).routing_version
    or (p_event.decision).max_buyers - (p_play.policy).max_buyers is distinct from
      ((p_play.policies).recorded).max_buyers - ((p_play.policies).settings).max_buyers then
    p_play := rehearsal.take_policies(p_plan, p_play, p_event);
  end if;
  p_play.seen := p_event.seen;
  if p_event.kind <> 'routed' then
    p_play.seen := rehearsal.see_anew(p_play, p_event);
    if (p_play.latest).kind is not null then
      p_event.decision := (p_play.latest).decision;
    end if;
  end if;
  if (p_event.lead).id is not null then
    p_play.seen := rehearsal.change_seen(p_plan, p_play, p_event, v_facts, v_document);
  end if;

  if not v_has_terms and not rehearsal.has_terms(p_play.terms, p_event.decision, p_play.seen) then
    p_play := rehearsal.take_terms(p_plan, p_play, p_event.decision);
  end if;
  if (p_plan.moves_turns or p_event.kind = 'retried' or p_play.has_left)
    and (not p_play.has_left or (p_play.finish_tags is null and (p_play.seen).finish_tags is not null)) then
    p_play := rehearsal.leave_history(p_plan, p_play);
  end if;
  if (p_play.terms).adjustments is distinct from (p_play.seen).adjustments or ((p_play.terms).snapshot).prices is null
    or (p_play.terms).owner is distinct from ((p_play.seen).exclusivity).buyer_id then
    p_play.terms := rehearsal.price_terms(p_play.terms, p_play.seen);
  end if;
  p_play := rehearsal.lay_over_snapshot(p_plan, p_play, v_facts, v_document);
  p_play.decision := kernel.decide(p_play.snapshot, p_play.policy);
  p_play.outcome := rehearsal.read_outcome(p_play.snapshot, p_play.decision);
end;
$$;
comment on function rehearsal.rehearse(rehearsal.plan, rehearsal.play, rehearsal.event) is
  'A rehearsal with its decision about a lead, as it is judged under the changes.';

create or replace function rehearsal.note_verdict(
  inout p_play rehearsal.play,
  p_lead leadgen.leads,
  p_is_valid boolean
)
language plpgsql
immutable
as $$
-- A lead that is routed again is judged again, and comes out the same.
begin
  if p_is_valid <> (p_lead.validation_reason is null) and p_lead.id <> all (p_play.turned) then
    p_play.turned := p_play.turned || p_lead.id;
  end if;
end;
$$;
comment on function rehearsal.note_verdict(rehearsal.play, leadgen.leads, boolean) is
  'A rehearsal that knows of a lead which validation judges otherwise than in history: later leads are no duplicates '
  'of one that is turned down here, and may be of one that is taken here.';

create or replace function rehearsal.read_outcome(p_snapshot kernel.snapshot, p_decision kernel.decision)
returns rehearsal.outcome
language plpgsql
immutable
as $$
declare
  v_outcome rehearsal.outcome := ('sold', null, '{}', '{}')::rehearsal.outcome;
  v_winner integer;
begin
  foreach v_winner in array p_decision.winners loop
    v_outcome.seats := v_outcome.seats || p_snapshot.enrollments[v_winner];
    v_outcome.prices := v_outcome.prices || p_snapshot.prices[v_winner];
  end loop;
  if p_decision.winners = '{}' then
    v_outcome.category := case when p_decision.is_held then 'held' else 'unsold' end;
    v_outcome.cause := (kernel.find_cause(p_snapshot, p_decision.reasons)).cause;
  end if;
  return v_outcome;
end;
$$;
comment on function rehearsal.read_outcome(kernel.snapshot, kernel.decision) is
  'What becomes of a lead by one decision.';
