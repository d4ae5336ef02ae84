-- Road: a held lead is due.

create or replace function roads.route_held_lead()
returns bigint
language plpgsql
volatile
as $$
-- One lead a call, so that it is one transaction. The lead is locked after its offer, as everywhere. A lead over which
-- anything raises (a policy, data, a statement that runs out of time) is set aside for a while, so that the others
-- flow; one that needs a row which somebody holds (an open edit of a buyer), for seconds.
declare
  v_now timestamptz := leadgen.clock();
  v_lead_id bigint;
  v_lead leadgen.leads;
begin
  v_lead_id := market.pick_held_lead(v_now);
  if v_lead_id is null then
    return null;
  end if;

  v_now := leadgen.clock();
  select l.* into v_lead from leadgen.leads l where l.id = v_lead_id for no key update;
  if v_lead.next_route_at <= v_now is not true then
    return v_lead.id; -- another worker was first
  end if;
  begin
    perform roads.settle_held_lead(v_lead, v_now);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) and sqlstate <> '55P03' then
        raise;
      end if;
      raise warning 'held lead % was not routed: %', v_lead.id, sqlstate;
      perform market.put_off_lead(
        v_lead, v_now + case sqlstate when '55P03' then interval '10 seconds' else interval '5 minutes' end, v_now);
  end;
  return v_lead.id;
end;
$$;
comment on function roads.route_held_lead() is 'The work of leadgen.route_held_lead.';

create or replace function roads.settle_held_lead(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The lead keeps its validation and is routed by today's policy, also when its source was switched off meanwhile, but
-- not while its offer or market is. Who asked meanwhile not to be contacted is offered to nobody any more.
declare
  v_route catalog.route;
begin
  if privacy.is_suppressed(p_lead.phone, p_lead.email, p_now) then
    perform market.end_hold(p_lead, p_now, 'suppressed');
    return;
  elsif p_lead.hold_until <= p_now then
    perform market.end_hold(p_lead, p_now);
    return;
  end if;
  v_route := catalog.load_route(p_lead.source_id, p_lead.offer_id);
  if v_route.failed_step <> 'source' then
    perform market.put_off_lead(p_lead, p_now + interval '1 minute', p_now);
  else
    perform roads.route_lead_again(p_lead, v_route, p_now);
  end if;
end;
$$;
comment on function roads.settle_held_lead(leadgen.leads, timestamptz) is
  'What becomes of a held lead that is due: its hold ends, it waits while its offer is switched off, or it is routed '
  'once more. The caller holds the offer''s lock and the lead''s row.';

create or replace function roads.route_lead_again(p_lead leadgen.leads, p_route catalog.route, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- After a return only the places that came free are sold again.
declare
  v_route catalog.route := p_route;
  v_live_sales constant integer := market.count_live_sales(p_lead);
  v_facts kernel.lead_facts := intake.recall_facts(p_lead, p_route.country_code);
  v_snapshot kernel.snapshot;
  v_decision kernel.decision;
begin
  if v_live_sales >= (p_route.routing_settings).max_buyers then
    perform market.end_hold(p_lead, p_now);
    return;
  end if;
  v_facts.decided_at := p_now;
  v_facts.local_minute := kernel.minute_of_week(p_now, p_route.timezone);
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, p_route, p_lead.id);
  v_route.routing_settings.max_buyers := (p_route.routing_settings).max_buyers - v_live_sales;
  v_snapshot := market.gather_snapshot(v_facts, v_route, kernel.describe_lead(v_facts), array(
    select a.buyer_id from leadgen.lead_assignments a where a.lead_id = p_lead.id and a.market_id = p_lead.market_id));
  v_decision := kernel.decide(v_snapshot, v_route.routing_settings);
  perform market.reserve(v_snapshot, v_decision, v_route);
  perform roads.record_sales(
    p_lead.id,
    (
      select max(d.attempt) + 1 from leadgen.lead_decisions d
      where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
    ),
    v_route, v_snapshot, v_decision);
  update leadgen.leads l
  set
    updated_at = p_now,
    buyer_id = coalesce(l.buyer_id, v_decision.buyers[1]),
    price = coalesce(l.price, (v_decision.prices[1]).amount),
    unsold_reason = case when v_live_sales = 0 then v_decision.unsold_reason end,
    hold_until = case when v_decision.is_held then l.hold_until end,
    next_route_at = case when v_decision.is_held then least(l.hold_until, v_decision.next_route_at) end,
    routing_policy_id = p_route.routing_policy_id,
    routing_policy_version = p_route.routing_policy_version,
    pricing_policy_id = p_route.pricing_policy_id,
    pricing_policy_version = p_route.pricing_policy_version
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
  if v_decision.is_held is false then
    perform market.end_hold(p_lead, p_now);
  end if;
end;
$$;
comment on function roads.route_lead_again(leadgen.leads, catalog.route, timestamptz) is
  'One more routing attempt for a stored lead, recorded like its first. The caller holds the offer''s lock and the '
  'lead''s row.';
