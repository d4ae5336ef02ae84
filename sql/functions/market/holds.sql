-- Held leads: woken, picked, put off and ended.

create or replace function market.pick_held_lead(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- An offer that somebody holds (a long change of configuration, a busy hour) holds up its own leads and no others': the
-- first due lead whose offer is free; only when none is, wait for the first one's.
declare
  v_lead_id bigint;
  v_offer_id bigint;
  v_first_lead_id bigint;
  v_busy bigint[] := '{}';
begin
  for v_lead_id, v_offer_id in
    select l.id, l.offer_id
    from leadgen.leads l
    where l.hold_until is not null and l.next_route_at <= p_now
    order by l.next_route_at, l.id
    limit 1000
  loop
    continue when v_offer_id = any (v_busy);
    if pg_try_advisory_xact_lock(2, market.offer_lock_key(v_offer_id)) then
      return v_lead_id;
    end if;
    v_busy := v_busy || v_offer_id;
    v_first_lead_id := coalesce(v_first_lead_id, v_lead_id);
  end loop;
  if v_first_lead_id is not null then
    perform pg_advisory_xact_lock(2, market.offer_lock_key(v_busy[1]));
  end if;
  return v_first_lead_id;
end;
$$;
comment on function market.pick_held_lead(timestamptz) is
  'The held lead that has waited longest past its time, of an offer whose turn is free if there is one; its offer is locked. Null: none is due.';

create or replace function market.put_off_lead(p_lead leadgen.leads, p_until timestamptz, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.leads l
  set next_route_at = least(p_until, l.hold_until), updated_at = p_now
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function market.put_off_lead(leadgen.leads, timestamptz, timestamptz) is 'Sets when a held lead is offered next.';

create or replace function market.end_hold(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- SPEC 3: returned and nobody else took it is rejected; what was never delivered stays unsold.
declare
  v_is_sold constant boolean := market.count_live_sales(p_lead) > 0;
  v_is_returned constant boolean := not v_is_sold and exists (
    select from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.outcome = 'returned');
begin
  update leadgen.leads l
  set
    hold_until = null,
    next_route_at = null,
    updated_at = p_now,
    unsold_reason = case when not v_is_sold then 'hold ended: ' || l.unsold_reason end,
    status = case when v_is_returned then 'rejected' else l.status end,
    rejected_at = case when v_is_returned then p_now else l.rejected_at end,
    rejection_reason = case when v_is_returned then left('returned, and nobody else took it: ' || l.unsold_reason, 500) end
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function market.end_hold(leadgen.leads, timestamptz) is
  'Ends the time in which a lead is offered again: it stays sold to who has it, unsold, or rejected when it was returned and nobody has it.';

create or replace function market.pass_lead_on(
  p_lead leadgen.leads,
  p_outcome leadgen.assignment_outcome,
  p_reason text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- By today's policy, as a held lead is; never when it was erased. The next attempt is route_held_lead's. What the buyer
-- wrote stays with the sale: reports show a lead's reason.
declare
  v_settings kernel.routing_settings;
  v_is_live boolean;
  v_was_returned boolean;
  v_released integer;
  v_is_offered boolean;
begin
  select (p.compiled_config).* into v_settings
  from leadgen.offers o
  join leadgen.routing_policies p on p.id = o.routing_policy_id
  where o.id = p_lead.offer_id;
  select coalesce(bool_or(a.released_at is null), false), bool_or(a.outcome = 'returned'), count(a.released_at)
  into v_is_live, v_was_returned, v_released
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id;
  v_is_offered := p_lead.erased_at is null and v_released <= v_settings.max_reroutes
    and case p_outcome when 'returned' then v_settings.reroutes_on_return else v_settings.reroutes_on_failure end;

  update leadgen.leads l
  set
    updated_at = p_now,
    hold_until = case when v_is_offered then p_now + v_settings.hold_hours * interval '1 hour' else l.hold_until end,
    next_route_at = case when v_is_offered then p_now else l.next_route_at end,
    unsold_reason = case when v_is_live then l.unsold_reason else p_reason end,
    status = case
      when v_is_live then l.status
      when v_is_offered or l.hold_until is not null or not v_was_returned then 'validated'
      else 'rejected'
    end::leadgen.lead_status
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
  update leadgen.leads l
  set rejected_at = p_now, rejection_reason = p_reason
  where l.id = p_lead.id and l.market_id = p_lead.market_id and l.status = 'rejected';
end;
$$;
comment on function market.pass_lead_on(leadgen.leads, leadgen.assignment_outcome, text, timestamptz) is
  'What becomes of a lead when a sale of it ended: offered to the next buyer, kept by those who still have it, rejected when it was returned, or left unsold.';
