-- What would have to change, in words: one entry a check that a candidate fails.

create or replace function rehearsal.describe_needed(
  p_snapshot kernel.snapshot,
  p_reasons text[],
  p_place integer,
  p_lead leadgen.leads
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_reason constant text := p_reasons[p_place];
  v_words constant text := (kernel.describe_reasons(p_snapshot, p_reasons))[p_place];
  v_limit constant integer := rehearsal.find_limit(p_snapshot, p_place, v_reason);
  v_clears_at timestamptz;
begin
  v_clears_at := case
    when v_limit is not null then kernel.find_limit_end(p_snapshot, p_snapshot.limit_owners[v_limit], v_reason)
    when v_reason = 'paused' then nullif(upper(p_snapshot.pauses[p_place]), 'infinity')
    when v_reason = 'outside_schedule' then p_snapshot.openings[p_place]
    when v_reason = 'outside_calling_hours' then (p_snapshot.calling).opens_at
    when v_reason = 'buyer_held' then p_snapshot.decided_at + interval '10 seconds' end;
  return jsonb_build_object(
    'code', v_reason,
    'found', coalesce(nullif(substr(v_words, length(v_reason) + 3), ''), (
      select k.description from leadgen.candidate_checks k where k.code = v_reason)),
    'change', case when v_limit is not null then rehearsal.describe_cap(p_snapshot, p_place, v_limit)
      else rehearsal.describe_remedy(p_snapshot, p_place, v_reason, p_lead) end,
    'clears_at', v_clears_at,
    'is_possible', case v_reason
      when 'margin' then rehearsal.find_least_price(
        p_snapshot.cost, p_snapshot.prices[p_place], p_snapshot.decimals) is not null
      else v_reason <> all ('{already_had_lead,no_calling_consent,suppressed_for_buyer}') end);
end;
$$;
comment on function rehearsal.describe_needed(kernel.snapshot, text[], integer, leadgen.leads) is
  'A check that a candidate fails: its code, what was found, what would have to change, when it clears by itself (null:'
  ' it does not), and whether anybody can change it.';

create or replace function rehearsal.describe_cap(p_snapshot kernel.snapshot, p_place integer, p_limit integer)
returns text
language plpgsql
immutable
as $$
begin
  return format('%s of at least %s, or wait until it begins anew.',
    case when p_snapshot.limit_owners[p_limit] = 0 then 'For the offer, a ' else 'A ' end
      || regexp_replace(p_snapshot.limit_codes[p_limit], '^offer_', ''),
    trim_scale(rehearsal.find_least_cap(p_snapshot, p_limit, p_snapshot.prices[p_place])));
end;
$$;
comment on function rehearsal.describe_cap(kernel.snapshot, integer, integer) is
  'How large a full limit would have to be, in words.';

create or replace function rehearsal.describe_remedy(
  p_snapshot kernel.snapshot,
  p_place integer,
  p_reason text,
  p_lead leadgen.leads
)
returns text
language plpgsql
stable
as $$
declare
  v_price constant numeric := p_snapshot.prices[p_place];
begin
  return case p_reason
    when 'enrollment_inactive' then 'Switch the enrollment on.'
    when 'buyer_inactive' then 'Switch the buyer on.'
    when 'no_channel' then 'Give it an endpoint that is in use.'
    when 'paused' then 'End its pause.'
    when 'outside_schedule' then 'Open its schedule at that time.'
    when 'outside_calling_hours' then 'Wait until people there may be called.'
    when 'no_calling_consent' then 'Nothing: the person did not agree to be called.'
    when 'outside_service_area' then
      format('Add the postal code %s%s to its areas.', p_lead.postal_code, coalesce(' or the city ' || p_lead.city, ''))
    when 'filters' then 'Change its filters.'
    when 'already_had_lead' then 'Nothing: a buyer gets a lead once.'
    when 'bought_contact_before' then 'A shorter contact_window_days in the routing policy.'
    when 'suppressed_for_buyer' then 'Nothing: its suppression list has the contact.'
    when 'buyer_held' then 'Commit the edit of the buyer that is open.'
    when 'minimum_balance' then format('A balance of at least %s.', p_snapshot.min_balances[p_place])
    when 'funds' then format('A balance of at least %s.', v_price)
    when 'credit' then
      format('%s more credit, or a payment of as much.', v_price - p_snapshot.credits[p_place])
    when 'margin' then coalesce(
      'A price of at least ' || rehearsal.find_least_price(p_snapshot.cost, v_price, p_snapshot.decimals)
        || format('; it is %s.', v_price),
      'Nothing: no price covers what the lead costs.')
    when 'exclusive_to_other' then format('End the exclusivity of %s over %s %s.',
      coalesce((select b.name from leadgen.buyers b where b.id = (p_snapshot.exclusivity).buyer_id), 'its owner'),
      replace((p_snapshot.exclusivity).scope_type, '_', ' '), (p_snapshot.exclusivity).scope_value)
    when 'not_chosen' then 'Nobody else chosen by hand.'
    when 'held_lead_first' then 'Wait: held leads go first.'
  end;
end;
$$;
comment on function rehearsal.describe_remedy(kernel.snapshot, integer, text, leadgen.leads) is
  'What would have to be otherwise for a check to pass, in a sentence; null: the check is not known here.';

create or replace function rehearsal.describe_rank(
  p_policy kernel.routing_settings,
  p_place integer,
  p_decision kernel.decision
)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object('code', 'rank', 'found', format('ranked %s of %s by %s, for %s',
    array_position(p_decision.ranking, p_place), cardinality(p_decision.ranking),
    array_to_string(p_policy.strategy, ', then '), kernel.count_of(p_policy.max_buyers, 'buyer')),
    'clears_at', null, 'is_possible', true);
end;
$$;
comment on function rehearsal.describe_rank(kernel.routing_settings, integer, kernel.decision) is
  'That a candidate passed and was ranked too low.';
