-- Held leads: woken, picked, put off and ended.

create or replace function market.pick_held_lead(p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
-- One probe while the offer of the first lead is free; only when somebody holds it, the others are looked at.
declare
  v_offer_id bigint := (
    select l.offer_id from leadgen.leads l
    where l.hold_until is not null and l.next_route_at <= p_now
    order by l.next_route_at
    limit 1);
begin
  if v_offer_id is null then
    return null;
  end if;
  v_offer_id := coalesce(
    market.try_lock_offer(array[v_offer_id]), market.lock_free_offer(market.list_offers_with_due_leads(p_now)));
  return (
    select l.id
    from leadgen.leads l
    where l.offer_id = v_offer_id and l.hold_until is not null and l.next_route_at <= p_now
    order by l.next_route_at, l.id
    limit 1
  );
end;
$$;
comment on function market.pick_held_lead(timestamptz) is
  'The held lead that has waited longest past its time, of an offer whose turn is free if there is one; its offer is '
  'locked. Null: none is due.';

create or replace function market.lock_due_lead(p_offer_id bigint, p_now timestamptz)
returns leadgen.leads
language plpgsql
volatile
as $$
-- The caller holds the offer's lock. A lead that somebody has locked is passed over: a new lead does not wait for it.
declare
  v_lead leadgen.leads;
begin
  select l.* into v_lead
  from leadgen.leads l
  where l.offer_id = p_offer_id and l.hold_until is not null and l.next_route_at <= p_now
  order by l.next_route_at, l.id
  limit 1
  for no key update skip locked;
  return v_lead;
end;
$$;
comment on function market.lock_due_lead(bigint, timestamptz) is
  'The held lead of an offer that has waited longest past its time, its row locked; null: none is due.';

create or replace function market.list_offers_with_due_leads(p_now timestamptz)
returns bigint[]
language plpgsql
stable
as $$
-- Leaps from offer to offer in the index, as list_offers_to_release does.
begin
  return array(
    with recursive first (offer_id, due_at) as (
      (
        select l.offer_id, l.next_route_at
        from leadgen.leads l
        where l.hold_until is not null
        order by l.offer_id, l.next_route_at
        limit 1
      )
      union all
      select next.offer_id, next.next_route_at
      from first f
      cross join lateral (
        select l.offer_id, l.next_route_at
        from leadgen.leads l
        where l.hold_until is not null and l.offer_id > f.offer_id
        order by l.offer_id, l.next_route_at
        limit 1
      ) next
    )
    select f.offer_id from first f where f.due_at <= p_now order by f.due_at, f.offer_id);
end;
$$;
comment on function market.list_offers_with_due_leads(timestamptz) is
  'Offers with held leads that are due, the one whose lead waits longest first.';

create or replace function market.put_off_lead(p_lead leadgen.leads, p_until timestamptz, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Not beyond the end of its hold; one whose hold has ended, and could not be ended, waits all the same.
begin
  update leadgen.leads l
  set next_route_at = least(p_until, case when l.hold_until > p_now then l.hold_until end), updated_at = p_now
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function market.put_off_lead(leadgen.leads, timestamptz, timestamptz) is
  'Sets when a held lead is offered next.';

create or replace function market.wake_lead(p_lead_id bigint, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- What is due already keeps its place in the queue.
declare
  v_next timestamptz;
  v_is_held boolean;
begin
  select l.next_route_at, l.hold_until is not null into v_next, v_is_held
  from leadgen.leads l where l.id = p_lead_id for no key update;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  elsif not v_is_held then
    perform kernel.refuse('LG409', format('Lead %s is not held', p_lead_id), 'lead_id', 'a lead that is not held',
      'a held lead');
  elsif v_next <= p_now then
    return false;
  end if;
  update leadgen.leads l set next_route_at = p_now, updated_at = p_now where l.id = p_lead_id;
  return true;
end;
$$;
comment on function market.wake_lead(bigint, timestamptz) is
  'Has a held lead offered again now; false: it is due already. LG404 for no such lead, LG409 for one that is not '
  'held.';

create or replace function market.end_hold(
  p_lead leadgen.leads,
  p_now timestamptz,
  p_reason text default null
)
returns void
language plpgsql
volatile
as $$
-- Turned down by a buyer and taken by nobody else, it is rejected; what was never delivered stays unsold.
declare
  v_is_sold constant boolean := market.count_live_sales(p_lead) > 0;
  v_refusal constant text := case when not v_is_sold then market.find_refusal(p_lead) end;
begin
  update leadgen.leads l
  set
    hold_until = null,
    next_route_at = null,
    updated_at = p_now,
    unsold_reason = case when not v_is_sold then 'hold ended: ' || coalesce(p_reason, l.unsold_reason) end,
    status = case when v_refusal is not null then 'rejected' else l.status end,
    rejected_at = case when v_refusal is not null then p_now else l.rejected_at end,
    rejection_reason = left(v_refusal || ', and nobody else took it: ' || coalesce(p_reason, l.unsold_reason), 500)
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function market.end_hold(leadgen.leads, timestamptz, text) is
  'Ends the time in which a lead is offered again: it stays sold to who has it, unsold, or rejected when a buyer '
  'turned it down and nobody has it. The reason is that of its last attempt, if none is given.';

create or replace function market.find_refusal(p_lead leadgen.leads)
returns text
language plpgsql
stable
as $$
begin
  return (
    select market.describe_outcome(min(a.outcome))
    from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.outcome in ('returned', 'lapsed')
  );
end;
$$;
comment on function market.find_refusal(leadgen.leads) is
  'How buyers turned a lead down, in words: returned, or not accepted in time; null: none did.';

create or replace function market.pass_lead_on(
  p_lead leadgen.leads,
  p_sale leadgen.lead_assignments,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- By today's policy, as a held lead is; never when it was erased. The next attempt is route_held_lead's. What the buyer
-- wrote stays with its return: reports show a lead's reason.
declare
  v_reason constant text := market.describe_ending(p_sale);
  v_settings kernel.routing_settings;
  v_is_live boolean;
  v_released integer;
  v_is_offered boolean;
begin
  select (p.compiled_config).* into v_settings
  from leadgen.offers o
  join leadgen.routing_policies p on p.id = o.routing_policy_id
  where o.id = p_lead.offer_id;
  select coalesce(bool_or(a.released_at is null), false), count(a.released_at)
  into v_is_live, v_released
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id;
  v_is_offered := p_lead.erased_at is null and v_released <= v_settings.max_reroutes and case
    when p_sale.outcome in ('returned', 'lapsed') then v_settings.reroutes_on_return
    else v_settings.reroutes_on_failure
  end;

  update leadgen.leads l
  set
    updated_at = p_now,
    hold_until = case when v_is_offered then p_now + v_settings.hold_hours * interval '1 hour' else l.hold_until end,
    next_route_at = case when v_is_offered then p_now else l.next_route_at end,
    unsold_reason = case when v_is_live then l.unsold_reason else v_reason end,
    status = case
      when v_is_live then l.status
      when v_is_offered or l.hold_until is not null or market.find_refusal(p_lead) is null then 'validated'
      else 'rejected'
    end::leadgen.lead_status
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
  update leadgen.leads l
  set rejected_at = p_now, rejection_reason = v_reason
  where l.id = p_lead.id and l.market_id = p_lead.market_id and l.status = 'rejected';
end;
$$;
comment on function market.pass_lead_on(leadgen.leads, leadgen.lead_assignments, timestamptz) is
  'What becomes of a lead when a sale of it ended: offered to the next buyer, kept by those who still have it, '
  'rejected when a buyer turned it down, or left unsold.';
