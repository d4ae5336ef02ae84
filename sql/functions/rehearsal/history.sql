-- What happened: the events and outcomes of a period.

create or replace function rehearsal.list_events(
  p_offer_id bigint,
  p_market_id bigint,
  p_from timestamptz,
  p_to timestamptz
)
returns table (happened_at timestamptz, lead_id bigint, decision_id bigint, attempt integer, assignment_id bigint)
language sql
stable
as $$
  select coalesce(d.decided_at, l.created_at), l.id, d.id, d.attempt, null::bigint
  from leadgen.leads l
  left join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
  where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to
  union all
  select a.released_at, l.id, null, null, a.id
  from leadgen.leads l
  join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = p_market_id and a.released_at is not null
  where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to
  order by 1, 3 nulls first, 2, 5;
$$;
comment on function rehearsal.list_events(bigint, bigint, timestamptz, timestamptz) is
  'What happened to an offer''s leads of a period, in order: routing attempts (decision_id), leads that failed validation (neither), sales given back (assignment_id).';

create or replace function rehearsal.recall_decision(
  p_rehearsal rehearsal.rehearsal,
  p_lead leadgen.leads,
  p_decision_id bigint,
  p_at timestamptz
)
returns kernel.decision
language plpgsql
stable
as $$
-- A lead that history turned down has no decision: it is gathered from the tables as they are.
declare
  v_recorded leadgen.lead_decisions;
  v_route catalog.route;
  v_facts kernel.lead_facts;
  v_decision kernel.decision;
begin
  v_decision.decided_at := p_at;
  if p_decision_id is not null then
    select d.* into v_recorded from leadgen.lead_decisions d where d.id = p_decision_id;
    v_decision.settings := v_recorded.settings;
    v_decision.exclusivity := v_recorded.exclusivity;
    v_decision.candidates := v_recorded.candidates;
    v_decision.offer_load := v_recorded.offer_load;
    v_decision.adjustments := v_recorded.adjustments;
    return v_decision;
  end if;
  v_route := catalog.load_route(p_lead.source_id, p_rehearsal.offer_id);
  v_facts := intake.recall_facts(p_lead, p_rehearsal.country_code);
  v_facts.decided_at := p_at;
  v_facts.buyers_with_contact := intake.find_buyers_with_contact(v_facts, v_route, p_lead.id);
  v_decision.settings := v_route.routing_settings;
  v_decision.exclusivity := market.gather_exclusivity(v_facts, v_route, v_decision.settings);
  v_decision.adjustments := kernel.find_adjustments(v_route.pricing_rules, kernel.describe_lead(v_facts), v_facts.local_minute);
  v_decision.candidates := market.gather_candidates(
    v_facts, v_route, kernel.describe_lead(v_facts), (v_decision.exclusivity).buyer_id, v_decision.adjustments, '{}');
  return v_decision;
end;
$$;
comment on function rehearsal.recall_decision(rehearsal.rehearsal, leadgen.leads, bigint, timestamptz) is
  'What a lead is decided from at a time at which history did not decide about it.';

create or replace function rehearsal.recall_outcome(p_lead leadgen.leads)
returns rehearsal.outcome
language plpgsql
stable
as $$
-- A sale that was given back does not count.
declare
  v_outcome rehearsal.outcome;
begin
  if p_lead.validation_reason is not null then
    return ('rejected', p_lead.answer -> 'errors' -> 0 ->> 'code', '{}', '{}')::rehearsal.outcome;
  end if;
  select array_agg(a.buyer_offer_id order by a.id), array_agg(a.price order by a.id) into v_outcome.seats, v_outcome.prices
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null;
  if v_outcome.seats is not null then
    v_outcome.category := 'sold';
    return v_outcome;
  end if;
  return (
    case when p_lead.hold_until is not null then 'held' else 'unsold' end,
    (select (kernel.find_cause(d.candidates, d.reasons)).cause
      from leadgen.lead_decisions d
      where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
      order by d.attempt desc limit 1),
    '{}', '{}')::rehearsal.outcome;
end;
$$;
comment on function rehearsal.recall_outcome(leadgen.leads) is 'What became of a stored lead.';

create or replace function rehearsal.read_outcome(p_decision kernel.decision)
returns rehearsal.outcome
language plpgsql
immutable
as $$
begin
  if p_decision.winners = '{}' then
    return (
      case when p_decision.is_held then 'held' else 'unsold' end,
      (kernel.find_cause(p_decision.candidates, (p_decision.verdict).reasons)).cause, '{}', '{}')::rehearsal.outcome;
  end if;
  return (
    'sold', null,
    array(select (p_decision.candidates[w.place]).buyer_offer_id from unnest(p_decision.winners) with ordinality as w (place, n) order by w.n),
    array(select (p_decision.candidates[w.place]).price from unnest(p_decision.winners) with ordinality as w (place, n) order by w.n)
  )::rehearsal.outcome;
end;
$$;
comment on function rehearsal.read_outcome(kernel.decision) is 'What becomes of a lead by one decision of a rehearsal.';

create or replace function rehearsal.summarize_history(p_rehearsal rehearsal.rehearsal, p_from timestamptz, p_to timestamptz)
returns rehearsal.tally
language plpgsql
stable
as $$
declare
  v_tally rehearsal.tally;
begin
  with outcome as materialized (
    select
      to_char(l.created_at at time zone p_rehearsal.timezone, 'YYYY-MM-DD') as day,
      sale.n as sales,
      sale.revenue,
      case when sale.n > 0 then ('sold', null, null, null)::rehearsal.outcome else rehearsal.recall_outcome(l) end as o
    from leadgen.leads l
    cross join lateral (
      select count(*) as n, coalesce(sum(a.price), 0) as revenue
      from leadgen.lead_assignments a
      where a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
    ) sale
    where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
  )
  select
    (select count(*) from outcome),
    jsonb_build_object('sales', (select coalesce(sum(sales), 0) from outcome), 'revenue', (select coalesce(sum(revenue), 0) from outcome))
      || (select coalesce(jsonb_object_agg(c, n), '{}') from (select (o).category as c, count(*) as n from outcome group by 1) x),
    (select coalesce(jsonb_object_agg(c, n), '{}') from (
      select (o).cause as c, count(*) as n from outcome where (o).category in ('unsold', 'held') group by 1) x),
    (select coalesce(jsonb_object_agg(c, n), '{}') from (select (o).cause as c, count(*) as n from outcome where (o).category = 'rejected' group by 1) x),
    '{}',
    (select coalesce(jsonb_object_agg(d.key, d.value), '{}') from (
      select day || ' sold' as key, count(*) as value from outcome where sales > 0 group by day
      union all
      select day || ' revenue', sum(revenue) from outcome where sales > 0 group by day) d),
    '[]',
    array(
      select jsonb_populate_record(s, jsonb_build_object('sales', coalesce(sold.n, 0), 'revenue', coalesce(sold.revenue, 0)))
      from unnest(p_rehearsal.seats) s
      left join (
        select a.buyer_offer_id, count(*) as n, sum(a.price) as revenue
        from leadgen.leads l
        join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
        where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
        group by 1
      ) sold on sold.buyer_offer_id = s.buyer_offer_id
      order by s.buyer_offer_id)
  into v_tally;
  return v_tally;
end;
$$;
comment on function rehearsal.summarize_history(rehearsal.rehearsal, timestamptz, timestamptz) is
  'What became of an offer''s leads of a period.';

create or replace function rehearsal.has_more_to_come(p_decision leadgen.lead_decisions)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
      select from leadgen.lead_decisions d
      where d.lead_id = p_decision.lead_id and d.market_id = p_decision.market_id and d.attempt > p_decision.attempt)
    or exists (
      select from leadgen.lead_assignments a
      where a.lead_id = p_decision.lead_id and a.market_id = p_decision.market_id and a.released_at is not null);
end;
$$;
comment on function rehearsal.has_more_to_come(leadgen.lead_decisions) is
  'Whether a lead was routed again, or a sale of it given back, after a decision.';

create or replace function rehearsal.waits_as_before(p_recorded leadgen.lead_decisions, p_again kernel.decision)
returns boolean
language plpgsql
immutable
as $$
begin
  return (p_recorded.is_held is true) = p_again.is_held
    and (not p_again.is_held or (p_recorded.settings).hold_hours = (p_again.settings).hold_hours
      and (p_recorded.reasons = (p_again.verdict).reasons or p_recorded.next_route_at = kernel.plan_hold(
        p_again.candidates, (p_again.verdict).reasons, p_again.offer_load, p_again.decided_at)));
end;
$$;
comment on function rehearsal.waits_as_before(leadgen.lead_decisions, kernel.decision) is
  'Whether a lead that stays unsold in a rehearsal is offered again exactly when it was in history, or not at all as there.';

create or replace function rehearsal.start_history(p_rehearsal rehearsal.rehearsal, p_from timestamptz)
returns rehearsal.seat
language plpgsql
stable
as $$
declare
  v_seat rehearsal.seat := rehearsal.make_seat(0, null, p_rehearsal.timezone);
begin
  select s.hour_start, s.hour_count, s.day_start, s.day_count, s.day_spent, s.week_start, s.week_count, s.month_start, s.month_count, s.month_spent
  into
    v_seat.hour_start, v_seat.hour_count, v_seat.day_start, v_seat.day_count, v_seat.day_spent, v_seat.week_start, v_seat.week_count,
    v_seat.month_start, v_seat.month_count, v_seat.month_spent
  from market.count_standing_sales(p_rehearsal.offer_id, null, p_from, p_rehearsal.timezone, p_from) s;
  return v_seat;
end;
$$;
comment on function rehearsal.start_history(rehearsal.rehearsal, timestamptz) is
  'What an offer as a whole had sold in the windows of a time, when a rehearsal starts there.';

create or replace function rehearsal.shift_history(p_history rehearsal.seat, p_at timestamptz, p_prices numeric[])
returns rehearsal.seat
language plpgsql
immutable
as $$
begin
  if p_prices = '{}' then
    return p_history;
  end if;
  return rehearsal.shift_seat(p_history, p_at, cardinality(p_prices), (select sum(p) from unnest(p_prices) p));
end;
$$;
comment on function rehearsal.shift_history(rehearsal.seat, timestamptz, numeric[]) is
  'What an offer as a whole had sold, with a lead''s recorded sales counted.';

create or replace function rehearsal.name_day(p_lead leadgen.leads, p_timezone text)
returns text
language plpgsql
stable
as $$
begin
  return to_char(p_lead.created_at at time zone p_timezone, 'YYYY-MM-DD');
end;
$$;
comment on function rehearsal.name_day(leadgen.leads, text) is 'The day, in a zone, on which a lead came in.';
