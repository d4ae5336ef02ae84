-- Cold sales: nothing has reached the buyer in the time that the policy gives it (reroute.deliver_within_seconds).
--
-- pass_on_at is written with the sale, as its other times are, and moves when the sale is looked at
-- (roads.pass_on_cold_sale). Whether it may pass on at all, today's policy says, as for any sale that failed.

create or replace function market.is_cold(p_sale leadgen.lead_assignments, p_now timestamptz)
returns boolean
language plpgsql
immutable
as $$
begin
  return p_sale.outcome = 'pending' and p_sale.pass_on_at <= p_now;
end;
$$;
comment on function market.is_cold(leadgen.lead_assignments, timestamptz) is
  'Whether the time in which a sale was to be delivered is over; null: it has none.';

create or replace function market.pick_cold_sale(p_now timestamptz)
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := market.lock_free_offer(market.list_offers_with_cold_sales(p_now));
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.offer_id = v_offer_id and a.outcome = 'pending' and a.pass_on_at <= p_now
  order by a.pass_on_at, a.id
  limit 1;
  return v_sale;
end;
$$;
comment on function market.pick_cold_sale(timestamptz) is
  'The sale that should have been delivered longest ago, of an offer whose turn is free if there is one; its offer is '
  'locked. Its id is null when none is due.';

create or replace function market.list_offers_with_cold_sales(p_now timestamptz)
returns bigint[]
language plpgsql
stable
as $$
-- Leaps from offer to offer in the index, as list_offers_to_release does.
begin
  return array(
    with recursive first (offer_id, due_at) as (
      (
        select a.offer_id, a.pass_on_at
        from leadgen.lead_assignments a
        where a.outcome = 'pending' and a.pass_on_at is not null
        order by a.offer_id, a.pass_on_at
        limit 1
      )
      union all
      select next.offer_id, next.pass_on_at
      from first f
      cross join lateral (
        select a.offer_id, a.pass_on_at
        from leadgen.lead_assignments a
        where a.outcome = 'pending' and a.pass_on_at is not null and a.offer_id > f.offer_id
        order by a.offer_id, a.pass_on_at
        limit 1
      ) next
    )
    select f.offer_id from first f where f.due_at <= p_now order by f.due_at, f.offer_id);
end;
$$;
comment on function market.list_offers_with_cold_sales(timestamptz) is
  'Offers with sales whose time to be delivered is over, the one that waits longest first.';

create or replace function market.may_pass_on(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
stable
as $$
begin
  return (
    select
      (p.compiled_config).deliver_within_seconds is not null and l.erased_at is null
      and (p.compiled_config).max_reroutes > (
        select count(*)
        from leadgen.lead_assignments a
        where a.lead_id = l.id and a.market_id = l.market_id and a.released_at is not null)
    from leadgen.leads l
    join leadgen.offers o on o.id = l.offer_id
    join leadgen.routing_policies p on p.id = o.routing_policy_id
    where l.id = p_sale.lead_id and l.market_id = p_sale.market_id
  );
end;
$$;
comment on function market.may_pass_on(leadgen.lead_assignments) is
  'Whether today''s policy gives the lead of an undelivered sale to the next buyer once more.';

create or replace function market.look_again(
  p_sale leadgen.lead_assignments,
  p_at timestamptz,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.lead_assignments a
  set pass_on_at = p_at, updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
end;
$$;
comment on function market.look_again(leadgen.lead_assignments, timestamptz, timestamptz) is
  'Sets when a sale that is not delivered is looked at next; null: never.';

create or replace function market.keep_pending_sales(p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  with pending as materialized (
    select a.id, a.market_id
    from leadgen.lead_assignments a
    where a.outcome = 'pending' and a.pass_on_at is not null
    order by a.id
    for no key update
  )
  update leadgen.lead_assignments a
  set pass_on_at = null, updated_at = p_now
  from pending p
  where a.id = p.id and a.market_id = p.market_id;
end;
$$;
comment on function market.keep_pending_sales(timestamptz) is
  'Sales that are not delivered yet stay with their buyers: what became of them in the database that this one is a '
  'copy of, nobody here knows.';

create or replace function market.end_undelivered(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The seconds are those of the policy that sold it.
begin
  update leadgen.lead_assignments a
  set
    outcome = 'failed', pass_on_at = null, updated_at = p_now,
    undelivered_seconds = (market.recall_policy(d)).deliver_within_seconds
  from leadgen.lead_decisions d
  where a.id = p_sale.id and a.market_id = p_sale.market_id and d.id = a.decision_id and d.market_id = a.market_id;
end;
$$;
comment on function market.end_undelivered(leadgen.lead_assignments, timestamptz) is
  'A sale fails because nothing reached its buyer in time. The caller releases it.';
