create or replace function leadgen.settle_assignments(p_assignment_ids bigint[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- A sale is delivered when one of its channels got through, and failed (or unknown) only when all have ended.
-- Lock order: assignments by id, then leads by id.
begin
  with ended as materialized (
    select
      a.id, a.market_id, a.lead_id,
      case
        when bool_or(d.status = 'delivered') then 'delivered'
        when bool_or(d.status in ('pending', 'sending')) then null
        when bool_or(d.status = 'unknown') then 'unknown'
        else 'failed'
      end::leadgen.assignment_outcome as outcome
    from (
      select l.id, l.market_id, l.lead_id
      from leadgen.lead_assignments l
      where l.id = any (p_assignment_ids) and l.outcome in ('pending', 'unknown', 'failed')
      order by l.id
      for no key update
    ) a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    group by a.id, a.market_id, a.lead_id
  ),
  settled as (
    update leadgen.lead_assignments a
    set outcome = e.outcome, updated_at = p_now, delivered_at = case when e.outcome = 'delivered' then p_now end
    from ended e
    where a.id = e.id and a.market_id = e.market_id and a.outcome <> e.outcome
    returning a.lead_id, a.market_id, a.outcome
  ),
  reached as materialized (
    select l.id, l.market_id
    from leadgen.leads l
    where l.id in (select s.lead_id from settled s where s.outcome = 'delivered') and l.status = 'validated'
    order by l.id
    for no key update
  )
  update leadgen.leads l
  set status = 'delivered', delivered_at = p_now, updated_at = p_now
  from reached r
  where l.id = r.id and l.market_id = r.market_id;
end;
$$;
comment on function leadgen.settle_assignments(bigint[], timestamptz) is
  'Brings sales and their leads up to date with their deliveries.';
