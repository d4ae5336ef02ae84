-- Costs: what sources are paid for leads, in history and in a rehearsal. Sales that were given back cost nothing.

create or replace function rehearsal.recall_cost(p_lead_id bigint, p_market_id bigint)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select coalesce(sum(a.cost), 0) + coalesce((array_agg(kernel.cost_lead(d.cost, d.decimals) order by a.id))[1], 0)
    from leadgen.lead_assignments a
    join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
    where a.lead_id = p_lead_id and a.market_id = p_market_id and a.released_at is null and a.cost is not null
  );
end;
$$;
comment on function rehearsal.recall_cost(bigint, bigint) is
  'What a stored lead cost: its sales that stand, and what was paid once for it.';

create or replace function rehearsal.cost_outcome(p_play rehearsal.play)
returns numeric
language plpgsql
immutable
as $$
declare
  v_snapshot constant kernel.snapshot := p_play.snapshot;
begin
  if (p_play.outcome).category <> 'sold' or (v_snapshot.cost).is_per_sale is null then
    return 0;
  end if;
  return kernel.cost_lead(v_snapshot.cost, v_snapshot.decimals) + (
    select coalesce(sum(c), 0) from unnest((p_play.decision).costs) c);
end;
$$;
comment on function rehearsal.cost_outcome(rehearsal.play) is
  'What the lead at hand costs as it comes out in a rehearsal.';

create or replace function rehearsal.compare_cost(p_event rehearsal.event, p_snapshot kernel.snapshot)
returns numeric
language plpgsql
stable
as $$
-- The sales are those of history, at its prices. What is paid once is compared where the first that stands was sold.
declare
  v_decision constant leadgen.lead_decisions := p_event.decision;
  v_first bigint;
  v_change numeric;
begin
  select min(a.id) filter (where not exists (
      select from leadgen.lead_assignments x
      where x.lead_id = a.lead_id and x.market_id = a.market_id and x.released_at is null and x.id < a.id)),
    sum(kernel.cost_sale(p_snapshot.cost, a.price, p_snapshot.decimals) - coalesce(a.cost, 0))
  into v_first, v_change
  from leadgen.lead_assignments a
  where a.lead_id = v_decision.lead_id and a.decision_id = v_decision.id and a.market_id = v_decision.market_id
    and a.released_at is null;
  return coalesce(v_change, 0) + case when v_first is null then 0 else
    kernel.cost_lead(p_snapshot.cost, p_snapshot.decimals)
    - coalesce(kernel.cost_lead(v_decision.cost, v_decision.decimals), 0) end;
end;
$$;
comment on function rehearsal.compare_cost(rehearsal.event, kernel.snapshot) is
  'How much more a lead costs that comes out as it did, under a changed payout policy.';
