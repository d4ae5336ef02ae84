-- Road: a held lead is due.

create or replace function roads.route_held_lead()
returns bigint
language plpgsql
volatile
as $$
-- One lead a call, so that it is one transaction. The lead is locked after its offer, as everywhere.
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
  perform roads.try_held_lead(v_lead, v_now, p_has_statement => true, p_waits => true);
  return v_lead.id;
end;
$$;
comment on function roads.route_held_lead() is 'The work of leadgen.route_held_lead.';

create or replace function roads.try_held_lead(
  p_lead leadgen.leads,
  p_now timestamptz,
  p_has_statement boolean,
  p_waits boolean
)
returns void
language plpgsql
volatile
as $$
-- A lead over which anything raises (a policy, data) is set aside for a while, so that the others flow; one that needs
-- a row which somebody holds (an open edit of a buyer), for seconds. The time of a statement counts against a lead only
-- if the statement is its own: a new lead may have spent it waiting for the offer.
begin
  perform roads.settle_held_lead(p_lead, p_now, p_waits);
exception
  when query_canceled or others then -- `others` does not include query_canceled
    if (sqlstate = '57014' and not p_has_statement)
      or (sqlstate <> '55P03' and not kernel.is_fault_of_row(sqlstate)) then
      raise;
    end if;
    raise warning 'held lead % was not routed: %', p_lead.id, sqlstate;
    perform market.put_off_lead(
      p_lead, p_now + case sqlstate when '55P03' then interval '10 seconds' else interval '5 minutes' end, p_now);
end;
$$;
comment on function roads.try_held_lead(leadgen.leads, timestamptz, boolean, boolean) is
  'Settles a held lead that is due, or puts it off when that raises; when the statement runs out of time, only if it '
  'has the statement to itself. With p_waits it waits for its buyers'' rows. The caller holds the offer''s lock and '
  'the lead''s row.';

create or replace function roads.let_held_leads_go_first(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_document jsonb
)
returns kernel.snapshot
language plpgsql
volatile
as $$
-- In the new lead's transaction, for a held lead that is due must not lose its place to it. What was bought of the
-- contact is read again, for one of the held leads may be of the same person.
declare
  v_now constant timestamptz := p_facts.decided_at;
  v_facts kernel.lead_facts := p_facts;
  v_snapshot kernel.snapshot;
  v_went_first bigint[];
  v_behind_lead_id bigint;
begin
  if catalog.has_changes_of(p_route.offer_id) and market.wake_free_leads(p_route.offer_id, v_now) then
    perform catalog.forget_changes(p_route.offer_id);
  end if;
  select r.went_first, r.behind_lead_id into v_went_first, v_behind_lead_id
  from roads.route_due_leads(p_route.offer_id, v_now) r;
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, p_route);
  v_snapshot := market.gather_snapshot(v_facts, p_route, p_document, '{}');
  v_snapshot.went_first := v_went_first;
  v_snapshot.behind_lead_id := v_behind_lead_id;
  return v_snapshot;
end;
$$;
comment on function roads.let_held_leads_go_first(kernel.lead_facts, catalog.route, jsonb) is
  'Routes the held leads of an offer that are due, at most ten; then the snapshot of the new lead before which they '
  'went, with the one that is still due. The caller holds the offer''s lock.';

create or replace function roads.route_due_leads(
  p_offer_id bigint,
  p_now timestamptz,
  out went_first bigint[],
  out behind_lead_id bigint
)
language plpgsql
volatile
set lock_timeout = '250ms'
as $$
-- Number and time are bounds of what a new lead may cost: if more are due, it waits behind them, and is routed in its
-- turn by a worker or by the next new lead. No lead is begun after a quarter of a second, and none waits longer than
-- that for a row that somebody holds: it is put off.
declare
  c_most constant integer := 10;
  v_end constant timestamptz := clock_timestamp() + interval '250 milliseconds';
  v_lead leadgen.leads;
begin
  loop
    v_lead := market.lock_due_lead(p_offer_id, p_now);
    exit when v_lead.id is null or cardinality(went_first) = c_most or clock_timestamp() > v_end;
    perform roads.try_held_lead(v_lead, p_now, p_has_statement => false, p_waits => went_first is null);
    went_first := went_first || v_lead.id;
  end loop;
  behind_lead_id := v_lead.id;
end;
$$;
comment on function roads.route_due_leads(bigint, timestamptz) is
  'Routes the held leads of an offer that are due, at most ten and for at most a quarter of a second, and tells which '
  '(null: none) and the one that is still due. The caller holds the offer''s lock.';

create or replace function roads.settle_held_lead(p_lead leadgen.leads, p_now timestamptz, p_waits boolean)
returns void
language plpgsql
volatile
as $$
-- The lead keeps its validation and is routed by today's policy, also when its source was switched off meanwhile, but
-- not while its offer or market is. Who asked meanwhile not to be contacted is offered to nobody any more.
declare
  v_route catalog.route;
begin
  if (intake.find_suppressions(p_lead.phone, p_lead.email, p_lead.vertical_id, p_now)).is_suppressed then
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
    perform roads.route_lead_again(p_lead, v_route, p_now, p_waits);
  end if;
end;
$$;
comment on function roads.settle_held_lead(leadgen.leads, timestamptz, boolean) is
  'What becomes of a held lead that is due: its hold ends, it waits while its offer is switched off, or it is routed '
  'once more, waiting for its buyers'' rows with p_waits. The caller holds the offer''s lock and the lead''s row.';

create or replace function roads.end_suppressed_holds(p_contacts jsonb)
returns integer
language plpgsql
volatile
as $$
-- The contact of a sealed lead is not to be compared here, so a worker opens it and asks. Offers come before rows.
declare
  v_now constant timestamptz := leadgen.clock();
  v_ids constant bigint[] := array(
    select l.id
    from jsonb_to_recordset(p_contacts) as c (lead_id bigint, phone text, email text)
    join leadgen.leads l on l.id = c.lead_id
    where (intake.find_suppressions(c.phone, c.email, l.vertical_id, v_now)).is_suppressed);
  v_lead leadgen.leads;
  v_count integer := 0;
begin
  perform market.lock_offers(array(select l.offer_id from leadgen.leads l where l.id = any (v_ids)));
  for v_lead in
    select l.* from leadgen.leads l
    where l.id = any (v_ids) and l.hold_until is not null
    order by l.id
    for no key update
  loop
    perform market.end_hold(v_lead, v_now, 'suppressed');
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function roads.end_suppressed_holds(jsonb) is 'The work of leadgen.end_suppressed_holds.';

create or replace function roads.route_lead_again(
  p_lead leadgen.leads,
  p_route catalog.route,
  p_now timestamptz,
  p_waits boolean,
  p_choice kernel.choice default null
)
returns void
language plpgsql
volatile
as $$
-- After a return only the places that came free are sold again. The contact of a sealed lead is not known here: whose
-- suppression lists have it is what was known when it came.
declare
  v_route catalog.route := p_route;
  v_live_sales constant integer := market.count_live_sales(p_lead);
  v_facts kernel.lead_facts := intake.read_city_anew(intake.recall_facts(p_lead, p_route.country_code));
  v_had_lead constant bigint[] := array(
    select a.buyer_id from leadgen.lead_assignments a where a.lead_id = p_lead.id and a.market_id = p_lead.market_id);
  v_snapshot kernel.snapshot;
  v_decision kernel.decision;
  v_funds record;
  v_held bigint[];
begin
  if v_live_sales >= (p_route.routing_settings).max_buyers then
    perform market.end_hold(p_lead, p_now);
    return;
  end if;
  v_facts.decided_at := p_now;
  v_facts.local_minute := kernel.minute_of_week(p_now, p_route.timezone);
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, p_route, p_lead.id);
  if p_lead.sealed is null then
    v_facts.suppressing_buyers :=
      (intake.find_suppressions(v_facts.phone, v_facts.email, p_route.vertical_id, p_now)).suppressing_buyers;
  end if;
  v_route.routing_settings.max_buyers := case
    when p_choice is null then (p_route.routing_settings).max_buyers - v_live_sales else 1 end;
  v_snapshot := roads.gather_held_lead(v_facts, v_route, v_had_lead, v_live_sales, p_choice);
  loop
    v_decision := kernel.decide(v_snapshot, v_route.routing_settings);
    perform market.check_choice(v_snapshot, v_decision, v_live_sales);
    v_funds := billing.take_funds(v_snapshot, v_decision, p_waits);
    exit when v_funds.outcome = 'enough';
    if v_funds.outcome = 'busy' then
      raise lock_not_available using message = 'somebody holds the row of a buyer';
    end if;
    v_held := v_held || v_funds.held;
    v_snapshot := billing.mark_held(
      roads.gather_held_lead(v_facts, v_route, v_had_lead, v_live_sales, p_choice), v_held);
  end loop;
  v_snapshot.balances := v_funds.balances;
  v_snapshot.credits := v_funds.credits;
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
  if v_decision.winners <> '{}' then
    perform billing.settle_leads(array[p_lead.id], p_now);
  end if;
  if v_decision.is_held is false then
    perform market.end_hold(p_lead, p_now);
  end if;
end;
$$;
comment on function roads.route_lead_again(leadgen.leads, catalog.route, timestamptz, boolean, kernel.choice) is
  'One more routing attempt for a stored lead, recorded like its first. Raises 55P03 when somebody holds a buyer''s '
  'row and p_waits is false; with a choice, LG409 when the chosen buyer does not get it. The caller holds the '
  'offer''s lock and the lead''s row.';

create or replace function roads.gather_held_lead(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_had_lead bigint[],
  p_live_sales integer,
  p_choice kernel.choice
)
returns kernel.snapshot
language plpgsql
stable
as $$
-- It is the held lead that is due: it waits behind no other.
declare
  v_snapshot kernel.snapshot := market.gather_snapshot(
    p_facts, p_route, kernel.describe_lead(p_facts), p_had_lead);
begin
  v_snapshot.behind_lead_id := null;
  v_snapshot.choice := p_choice;
  if (v_snapshot.cost).is_per_sale is not null then
    v_snapshot.cost.is_paid := p_live_sales > 0;
  end if;
  return v_snapshot;
end;
$$;
comment on function roads.gather_held_lead(kernel.lead_facts, catalog.route, bigint[], integer, kernel.choice) is
  'The snapshot of a held lead, or of one that is sold by hand, which so many buyers have already and these have had.';
