-- Misses: what would have to change for a buyer to get a lead.
--
-- A recorded decision is made again with one candidate mended. Every check that it fails is a change, for all of them
-- must hold; when it passes and is ranked too low, the smallest change of its own that lifts it is looked for. What
-- comes out was decided by kernel.decide: with all the changes the buyer gets the lead.

create or replace function rehearsal.explain_miss(p_lead_id bigint, p_buyer_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- The latest attempt at which the buyer did not have the lead already.
declare
  v_lead leadgen.leads;
  v_buyer text;
  v_record leadgen.lead_decisions;
  v_answer jsonb;
  v_found record;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  end if;
  select b.name into v_buyer from leadgen.buyers b where b.id = p_buyer_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  end if;
  v_answer := jsonb_build_object('lead_id', p_lead_id, 'buyer_id', p_buyer_id, 'buyer', v_buyer);
  v_record := rehearsal.find_missed_decision(v_lead, p_buyer_id);
  if v_record.id is null then
    return v_answer || jsonb_build_object('outcome', 'not_decided', 'changes', jsonb_build_array(jsonb_build_object(
      'code', 'validation', 'found', v_lead.validation_reason, 'change', 'The lead has to pass validation first.',
      'clears_at', null, 'is_possible', false)));
  end if;
  v_answer := v_answer || jsonb_build_object('attempt', v_record.attempt, 'decided_at', v_record.decided_at);
  v_found := rehearsal.find_changes(v_record, v_lead, p_buyer_id);
  return v_answer || jsonb_build_object(
    'outcome', v_found.outcome, 'price', v_found.price, 'changes', coalesce(v_found.changes, '[]'),
    'is_possible', v_found.outcome = 'won' or not v_found.changes @> '[{"is_possible": false}]');
end;
$$;
comment on function rehearsal.explain_miss(bigint, bigint) is 'The work of leadgen.explain_miss.';

create or replace function rehearsal.find_missed_decision(p_lead leadgen.leads, p_buyer_id bigint)
returns leadgen.lead_decisions
language plpgsql
stable
as $$
-- Attempts after the one at which it bought the lead say only that it had it.
declare
  v_record leadgen.lead_decisions;
begin
  select d.* into v_record
  from leadgen.lead_decisions d
  left join leadgen.lead_assignments a
    on a.lead_id = d.lead_id and a.market_id = d.market_id and a.buyer_id = p_buyer_id
  left join leadgen.lead_decisions b on b.id = a.decision_id
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id and (b.id is null or d.attempt <= b.attempt)
  order by d.attempt desc
  limit 1;
  return v_record;
end;
$$;
comment on function rehearsal.find_missed_decision(leadgen.leads, bigint) is
  'The decision about a lead that tells why a buyer did not get it: the latest, or the one at which it got it. Its id '
  'is null when there is none.';

create or replace function rehearsal.find_changes(
  p_record leadgen.lead_decisions,
  p_lead leadgen.leads,
  p_buyer_id bigint,
  out outcome text,
  out price numeric,
  out changes jsonb
)
language plpgsql
stable
as $$
declare
  v_policy constant kernel.routing_settings := market.recall_policy(p_record);
  v_snapshot constant kernel.snapshot := market.recall_snapshot(p_record, v_policy);
  v_place constant integer := array_position(v_snapshot.buyers, p_buyer_id);
  v_mended rehearsal.mended;
  v_lifted record;
begin
  if v_place is null then
    outcome := 'not_enrolled';
    changes := jsonb_build_array(jsonb_build_object('code', 'not_enrolled', 'found', 'no enrollment in the offer',
      'change', 'Enroll it in the offer.', 'clears_at', null, 'is_possible', true));
    return;
  elsif v_place = any (p_record.winners) then
    outcome := 'won';
    price := v_snapshot.prices[v_place];
    return;
  end if;
  outcome := 'missed';
  v_mended := rehearsal.mend_candidate(v_snapshot, v_policy, v_place, p_lead);
  price := (v_mended.snapshot).prices[v_place];
  changes := v_mended.changes;
  if not v_place = any ((v_mended.decision).winners) then
    v_lifted := rehearsal.lift_candidate(v_mended.snapshot, v_policy, v_place, p_lead, v_mended.decision);
    price := coalesce(v_lifted.price, price);
    changes := changes || v_lifted.changes;
  end if;
end;
$$;
comment on function rehearsal.find_changes(leadgen.lead_decisions, leadgen.leads, bigint) is
  'What of a recorded decision would have to be otherwise for a buyer to win, and the price that it would pay then.';

create or replace function rehearsal.mend_candidate(
  p_snapshot kernel.snapshot,
  p_policy kernel.routing_settings,
  p_place integer,
  p_lead leadgen.leads
)
returns rehearsal.mended
language plpgsql
stable
as $$
-- One check after another, in their order. There are fewer checks and limits of one candidate than rounds.
declare
  c_rounds constant integer := 60;
  v_snapshot kernel.snapshot := p_snapshot;
  v_decision kernel.decision;
  v_changes jsonb := '[]';
  v_reason text;
begin
  for v_round in 1 .. c_rounds loop
    v_decision := kernel.decide(v_snapshot, p_policy);
    v_reason := v_decision.reasons[p_place];
    exit when v_reason is null;
    v_changes := v_changes || rehearsal.describe_needed(v_snapshot, v_decision.reasons, p_place, p_lead);
    v_snapshot := rehearsal.mend(v_snapshot, p_place, v_reason);
  end loop;
  return (v_snapshot, v_decision, v_changes)::rehearsal.mended;
end;
$$;
comment on function rehearsal.mend_candidate(kernel.snapshot, kernel.routing_settings, integer, leadgen.leads) is
  'A snapshot in which a candidate passes every check, what is decided from it, and what was changed, one entry a '
  'check that it failed.';

create or replace function rehearsal.mend(p_snapshot kernel.snapshot, p_place integer, p_reason text)
returns kernel.snapshot
language plpgsql
immutable
as $$
-- What makes a check pass, for that candidate alone where the check is about it. A check that is not named here stops
-- the loop of mend_candidate by its rounds: pgtap/rehearsal/misses.sql goes through all of them.
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_price constant numeric := p_snapshot.prices[p_place];
  v_limit constant integer := rehearsal.find_limit(p_snapshot, p_place, p_reason);
  v_set constant text := case p_reason
    when 'enrollment_inactive' then 'enrollment_is_active' when 'buyer_inactive' then 'buyer_is_active'
    when 'no_channel' then 'is_reachable' when 'outside_schedule' then 'in_schedule'
    when 'outside_service_area' then 'in_service_area' end;
  v_clear constant text := case p_reason
    when 'already_had_lead' then 'has_lead' when 'bought_contact_before' then 'has_contact'
    when 'suppressed_for_buyer' then 'is_suppressed' when 'buyer_held' then 'is_held' end;
begin
  if coalesce(v_set, v_clear) is not null then
    v_snapshot.flags[p_place] := rehearsal.set_flag(
      v_snapshot.flags[p_place], coalesce(v_set, v_clear), v_set is not null);
  elsif v_limit is not null then
    v_snapshot.limit_uses[v_limit] := coalesce(v_snapshot.limit_uses[v_limit], 0);
    v_snapshot.limit_caps[v_limit] := rehearsal.find_least_cap(v_snapshot, v_limit, v_price);
  end if;
  if p_reason = 'paused' then
    v_snapshot.pauses[p_place] := null;
  elsif p_reason = 'outside_calling_hours' then
    v_snapshot.calling.opens_at := null;
  elsif p_reason = 'no_calling_consent' then
    v_snapshot.calling.lacks_consent := false;
  elsif p_reason = 'filters' then
    v_snapshot.filter_faults[p_place] := null;
  elsif p_reason = 'minimum_balance' then
    v_snapshot.balances[p_place] := v_snapshot.min_balances[p_place];
  elsif p_reason = 'funds' then
    v_snapshot.balances[p_place] := v_price;
  elsif p_reason = 'credit' then
    v_snapshot.credits[p_place] := v_price;
  elsif p_reason = 'margin' then
    v_snapshot.prices[p_place] := rehearsal.find_least_price(v_snapshot.cost, v_price, v_snapshot.decimals);
    if v_snapshot.prices[p_place] is null then
      v_snapshot.prices[p_place] := v_price;
      v_snapshot.cost := null;
    end if;
  elsif p_reason = 'exclusive_to_other' then
    v_snapshot.exclusivity := null;
  elsif p_reason = 'not_chosen' then
    v_snapshot.choice := null;
  elsif p_reason = 'held_lead_first' then
    v_snapshot.behind_lead_id := null;
  end if;
  return v_snapshot;
end;
$$;
comment on function rehearsal.mend(kernel.snapshot, integer, text) is
  'A snapshot in which a candidate does not fail the check any more for which it lost.';

create or replace function rehearsal.find_limit(p_snapshot kernel.snapshot, p_place integer, p_reason text)
returns integer
language plpgsql
immutable
as $$
begin
  return (
    select min(l.n)
    from unnest(p_snapshot.limit_owners, p_snapshot.limit_codes) with ordinality as l (owner, code, n)
    where l.owner in (0, p_place) and l.code = p_reason);
end;
$$;
comment on function rehearsal.find_limit(kernel.snapshot, integer, text) is
  'The place of the limit, a candidate''s or the offer''s, that a reason names; null: it names none.';

create or replace function rehearsal.find_least_cap(p_snapshot kernel.snapshot, p_limit integer, p_price numeric)
returns numeric
language plpgsql
immutable
as $$
begin
  return greatest(p_snapshot.limit_caps[p_limit], coalesce(p_snapshot.limit_uses[p_limit], 0)
    + case when p_snapshot.limit_is_money[p_limit] then p_price else 1 end);
end;
$$;
comment on function rehearsal.find_least_cap(kernel.snapshot, integer, numeric) is
  'The least that a limit must be for one more sale at a price.';

create or replace function rehearsal.find_least_price(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns numeric
language plpgsql
immutable
as $$
-- Doubled until it is enough, then halved: what a price leaves grows with it, or no price is enough. No currency has
-- more than four decimals.
declare
  c_most constant numeric := 100000000;
  v_unit constant numeric := 10.0 ^ -least(p_decimals, 4);
  v_low numeric := p_price;
  v_high numeric := greatest(p_price, v_unit);
  v_middle numeric;
begin
  while not kernel.covers_cost(p_cost, v_high, p_decimals) loop
    v_low := v_high;
    v_high := v_high * 2;
    if v_high > c_most then
      return null;
    end if;
  end loop;
  while v_high - v_low > v_unit and v_high <= c_most loop
    v_middle := round((v_low + v_high) / 2, p_decimals);
    if kernel.covers_cost(p_cost, v_middle, p_decimals) then
      v_high := v_middle;
    else
      v_low := v_middle;
    end if;
  end loop;
  return round(v_high, p_decimals);
end;
$$;
comment on function rehearsal.find_least_price(kernel.cost_terms, numeric, integer) is
  'The least price, from this one up, that covers what a lead costs with its margin; null: no price does.';
