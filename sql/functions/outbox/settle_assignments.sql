create or replace function leadgen.settle_assignments(
  p_assignment_ids bigint[],
  p_accepted bigint[],
  p_rejected bigint[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- A sale is delivered (and so accepted, unless its buyer has to answer) when one of its channels got through, and failed
-- or unknown only when all have ended. A buyer that accepts by its reply has the lead, unless its time to answer is over;
-- one that rejects it has it delivered, until leadgen.settle_return decides. What failed, where the policy offers
-- it to the next buyer, is marked for leadgen.release_due_sale: giving a place back needs the offer's lock, and who holds
-- rows never waits for an offer. Where it does not, the sale keeps its place and its dead letter can be sent again.
-- The time to return begins with the delivery.
-- Lock order: deliveries (the caller), assignments by id, then leads by id.
begin
  with ended as materialized (
    select
      a.id, a.market_id, a.offer_id,
      case
        when bool_or(d.status = 'delivered') then case
          when a.id = any (p_accepted) and (a.acceptance <> 'explicit' or a.answer_by > p_now) then 'accepted'
          when a.id = any (p_rejected) or a.acceptance in ('explicit', 'auto_after') then 'delivered'
          else 'accepted'
        end
        when bool_or(d.status in ('pending', 'sending', 'parked', 'sent')) then null
        when bool_or(d.status = 'unknown') then 'unknown'
        else 'failed'
      end::leadgen.assignment_outcome as outcome
    from (
      select l.id, l.market_id, l.offer_id, l.acceptance, l.answer_by
      from leadgen.lead_assignments l
      where l.id = any (p_assignment_ids)
        and (l.outcome in ('pending', 'unknown', 'failed') or (l.outcome = 'delivered' and l.id = any (p_accepted)))
        and l.released_at is null
      order by l.id
      for no key update
    ) a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    group by a.id, a.market_id, a.offer_id, a.acceptance, a.answer_by
  ),
  settled as (
    update leadgen.lead_assignments a
    set
      outcome = e.outcome,
      updated_at = p_now,
      delivered_at = case when e.outcome in ('delivered', 'accepted') then coalesce(a.delivered_at, p_now) end,
      accepted_at = case when e.outcome = 'accepted' then p_now end,
      return_by = case
        when e.outcome in ('delivered', 'accepted') and a.delivered_at is null and a.acceptance is distinct from 'auto_after'
          then p_now + (a.return_by - a.created_at)
        else a.return_by
      end,
      release_reason = case when e.outcome in ('failed', 'unknown') then (
        select case when e.outcome = 'failed' then 'delivery failed' else 'no answer' end
        from leadgen.offers o
        join leadgen.routing_policies p on p.id = o.routing_policy_id
        where o.id = e.offer_id
          and case when e.outcome = 'failed' then (p.compiled_config).reroutes_on_failure else (p.compiled_config).resells_on_unknown end)
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
comment on function leadgen.settle_assignments(bigint[], bigint[], bigint[], timestamptz) is
  'Brings sales and their leads up to date with their deliveries; of these sales the buyers'' replies accepted some and rejected some.';
