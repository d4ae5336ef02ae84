-- History: the events of a period, and what became of its leads.

create or replace function rehearsal.list_events(
  p_plan rehearsal.plan,
  p_from timestamptz,
  p_to timestamptz,
  p_opened jsonb default '{}'
)
returns setof rehearsal.event
language sql
stable
as $$
-- Narrow rows are sorted; their records are looked up one by one.
  select e.kind, e.happened_at, e.lead_id, e.lead_created_at, e.has_more, d, a, l, null::kernel.snapshot,
    p_opened -> e.lead_id::text
  from (
    select
      case when d.id is null then 'rejected' else 'routed' end as kind,
      coalesce(d.decided_at, l.created_at) as happened_at, l.id as lead_id, l.created_at as lead_created_at,
      d.id as decision_id, null::bigint as assignment_id,
      exists (
        select from leadgen.lead_decisions x
        where x.lead_id = l.id and x.market_id = l.market_id and x.attempt > d.attempt)
      or exists (
        select from leadgen.lead_assignments x
        where x.lead_id = l.id and x.market_id = l.market_id and x.released_at is not null) as has_more
    from leadgen.leads l
    left join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
    where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to
    union all
    select 'returned', a.released_at, l.id, l.created_at, null, a.id, true
    from leadgen.leads l
    join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = l.market_id and a.released_at is not null
    where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to
    union all
    select e.kind, e.happened_at, l.id, l.created_at, null, a.id, true
    from leadgen.lead_assignments a
    join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id and l.created_at < p_from
    cross join lateral (values ('sold', a.created_at), ('returned', a.released_at)) as e (kind, happened_at)
    where a.offer_id = p_plan.offer_id and a.created_at >= p_from - interval '32 days' and e.happened_at >= p_from
    order by happened_at, decision_id nulls first, lead_id, assignment_id
  ) e
  left join leadgen.leads l on p_plan.reads_leads and l.id = e.lead_id and l.market_id = p_plan.market_id
  left join leadgen.lead_decisions d on d.id = e.decision_id and d.market_id = p_plan.market_id
  left join leadgen.lead_assignments a on a.id = e.assignment_id and a.market_id = p_plan.market_id
  order by e.happened_at, e.decision_id nulls first, e.lead_id, e.assignment_id;
$$;
comment on function rehearsal.list_events(rehearsal.plan, timestamptz, timestamptz, jsonb) is
  'What happened to an offer''s leads of a period, in order: routing attempts, leads that failed validation, sales '
  'given back; and the sales of earlier leads in it, as far as windows may count them.';

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
  select array_agg(a.buyer_offer_id order by a.id), array_agg(a.price order by a.id)
  into v_outcome.seats, v_outcome.prices
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null;
  if v_outcome.seats is not null then
    v_outcome.category := 'sold';
    return v_outcome;
  end if;
  return (
    case when p_lead.hold_until is not null then 'held' else 'unsold' end,
    (select rehearsal.recall_cause(d)
      from leadgen.lead_decisions d
      where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
      order by d.attempt desc limit 1),
    '{}', '{}')::rehearsal.outcome;
end;
$$;
comment on function rehearsal.recall_outcome(leadgen.leads) is 'What became of a stored lead.';

create or replace function rehearsal.recall_cause(p_decision leadgen.lead_decisions)
returns text
language plpgsql
immutable
as $$
-- Of a snapshot a cause needs the prices alone.
declare
  v_snapshot kernel.snapshot;
begin
  v_snapshot.prices := coalesce(p_decision.prices, array(select c.price from unnest(p_decision.candidates) c));
  return (kernel.find_cause(v_snapshot, p_decision.reasons)).cause;
end;
$$;
comment on function rehearsal.recall_cause(leadgen.lead_decisions) is
  'Why a recorded decision left its lead unsold, in one word.';

create or replace function rehearsal.name_day(p_at timestamptz, p_timezone text)
returns text
language sql
stable
as $$
  select to_char(p_at at time zone p_timezone, 'YYYY-MM-DD');
$$;
comment on function rehearsal.name_day(timestamptz, text) is 'The day, in a zone, of a time.';

create or replace function rehearsal.summarize_history(p_plan rehearsal.plan, p_from timestamptz, p_to timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    with lead as (
      select rehearsal.name_day(l.created_at, p_plan.timezone) as day, sale.revenue,
        case when sale.revenue is null then rehearsal.recall_outcome(l)
          else ('sold', null, null, null)::rehearsal.outcome end as outcome
      from leadgen.leads l
      cross join lateral (
        select sum(a.price) as revenue
        from leadgen.lead_assignments a
        where a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
      ) sale
      where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to
      offset 0
    ),
    kind as (
      select l.day, (l.outcome).category, (l.outcome).cause, count(*) as leads, sum(l.revenue) as revenue
      from lead l
      group by l.day, (l.outcome).category, (l.outcome).cause
    ),
    counted as (
      select c.part, c.name, sum(c.n) as n
      from kind k
      cross join lateral (
        values
          ('counts', k.category, k.leads),
          (case k.category when 'rejected' then 'codes' else 'causes' end, k.cause, k.leads),
          ('days', case k.category when 'sold' then k.day || ' sold' end, k.leads),
          ('days', case k.category when 'sold' then k.day || ' revenue' end, k.revenue)
      ) as c (part, name, n)
      where c.name is not null
      group by c.part, c.name
      union all
      select e.part, s.id, e.n
      from (
        select a.buyer_offer_id::text as id, count(*) as sales, sum(a.price) as revenue
        from leadgen.leads l
        join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
        where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to
        group by a.buyer_offer_id
      ) s
      cross join lateral (values ('sales', s.sales), ('revenue', s.revenue)) as e (part, n)
      union all
      select 'cost', 'all', sum(rehearsal.recall_cost(l.id, l.market_id))
      from leadgen.leads l
      where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to
        and exists (
          select from leadgen.lead_assignments a
          where a.lead_id = l.id and a.market_id = l.market_id and a.cost is not null)
      having count(*) > 0
    )
    select rehearsal.add_parts('{}', coalesce(jsonb_object_agg(p.part, p.counts), '{}'))
    from (select c.part, jsonb_object_agg(c.name, c.n) as counts from counted c group by c.part) p
  );
end;
$$;
comment on function rehearsal.summarize_history(rehearsal.plan, timestamptz, timestamptz) is
  'What became of an offer''s leads of a period: the parts of a tally.';
