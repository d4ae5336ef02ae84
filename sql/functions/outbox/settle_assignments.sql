create or replace function leadgen.settle_assignments(p_assignment_ids bigint[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- A sale is delivered (and so accepted, unless its buyer has to answer) when one of its channels got through, and failed
-- or unknown only when all have ended. What failed is marked for leadgen.release_due_sale: giving a place back needs the
-- offer's lock, and who holds rows never waits for an offer.
-- Lock order: deliveries (the caller), assignments by id, then leads by id.
begin
  with ended as materialized (
    select
      a.id, a.market_id, a.offer_id,
      case
        when bool_or(d.status = 'delivered') then case when a.acceptance in ('explicit', 'auto_after') then 'delivered' else 'accepted' end
        when bool_or(d.status in ('pending', 'sending')) then null
        when bool_or(d.status = 'unknown') then 'unknown'
        else 'failed'
      end::leadgen.assignment_outcome as outcome
    from (
      select l.id, l.market_id, l.offer_id, l.acceptance
      from leadgen.lead_assignments l
      where l.id = any (p_assignment_ids) and l.outcome in ('pending', 'unknown', 'failed') and l.released_at is null
      order by l.id
      for no key update
    ) a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    group by a.id, a.market_id, a.offer_id, a.acceptance
  ),
  settled as (
    update leadgen.lead_assignments a
    set
      outcome = e.outcome,
      updated_at = p_now,
      delivered_at = case when e.outcome in ('delivered', 'accepted') then p_now end,
      accepted_at = case when e.outcome = 'accepted' then p_now end,
      release_reason = case e.outcome
        when 'failed' then 'delivery failed'
        when 'unknown' then (
          select 'no answer'
          from leadgen.offers o
          join leadgen.routing_policies p on p.id = o.routing_policy_id
          where o.id = e.offer_id and (p.compiled_config).resells_on_unknown)
      end
    from ended e
    where a.id = e.id and a.market_id = e.market_id and a.outcome <> e.outcome
    returning a.lead_id, a.outcome
  ),
  reached as materialized (
    select l.id, l.market_id, s.status
    from leadgen.leads l
    join (
      select s.lead_id, max(s.outcome::text::leadgen.lead_status) as status
      from settled s
      where s.outcome in ('delivered', 'accepted')
      group by s.lead_id
    ) s on s.lead_id = l.id
    where l.status in ('validated', 'delivered') and l.status < s.status
    order by l.id
    for no key update of l
  )
  update leadgen.leads l
  set
    status = r.status,
    delivered_at = coalesce(l.delivered_at, p_now),
    accepted_at = case when r.status = 'accepted' then p_now end,
    updated_at = p_now
  from reached r
  where l.id = r.id and l.market_id = r.market_id;
end;
$$;
comment on function leadgen.settle_assignments(bigint[], timestamptz) is
  'Brings sales and their leads up to date with their deliveries.';
