-- Sales: what becomes of them.
--
-- A sale is a row of lead_assignments. Its outcome moves only as leadgen.state_transitions allows:
--
--   pending ──► delivered ──► accepted      it reached its buyer; its buyer has it
--      └──────► unknown ◄───► failed        nobody knows whether it did; it did not: either may still become
--                                           delivered or accepted
--   all these ──► returned, lapsed, erased  final
--
--   outcome    when                                                          from
--   returned   its buyer gave it back (roads.approve_return)                 all but lapsed and erased
--   lapsed     acceptance is explicit, and nobody accepted it by answer_by   pending, delivered, unknown, failed
--   erased     its lead was erased before it reached its buyer               pending, failed
--
-- returned, lapsed and erased end a sale. failed ends it where the policy says reroute.on_failure, unknown where it
-- says delivery.resell_on_unknown; else the sale stays its buyer's. Two times say how far an end is; a sale that
-- has ended has one of them:
--
--   release_due_at   it has ended, and its place in the caps and budgets is due to go back (roads.release_due_sale).
--                    A delivery that gets through after all clears it: a failed or unknown sale then stands.
--   released_at      its place went back. Nothing of it moves after that.
--
-- A sale with neither stands. It counts until released_at. Its other times: delivered_at, accepted_at. A pending sale
-- whose time to be delivered is over ends as failed, and is released at once (cold_sales.sql).

create or replace function market.has_ended(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(p_sale.release_due_at, p_sale.released_at) is not null;
end;
$$;
comment on function market.has_ended(leadgen.lead_assignments) is
  'Whether a sale has ended. One that failed and is not given to the next buyer has not.';

create or replace function market.describe_outcome(p_outcome leadgen.assignment_outcome)
returns text
language plpgsql
immutable
as $$
begin
  return case p_outcome
    when 'returned' then 'returned'
    when 'lapsed' then 'not accepted in time'
    when 'failed' then 'delivery failed'
    when 'unknown' then 'no answer'
    when 'erased' then 'lead erased'
  end;
end;
$$;
comment on function market.describe_outcome(leadgen.assignment_outcome) is 'The end of a sale in words; null: none.';

create or replace function market.describe_ending(p_sale leadgen.lead_assignments)
returns text
language plpgsql
immutable
as $$
begin
  return coalesce(
    'not delivered within ' || trim_scale(p_sale.undelivered_seconds) || ' s', market.describe_outcome(p_sale.outcome));
end;
$$;
comment on function market.describe_ending(leadgen.lead_assignments) is 'Why a sale ended, in words; null: it stands.';

create or replace function market.count_live_sales(p_lead leadgen.leads)
returns integer
language plpgsql
stable
as $$
begin
  return (
    select count(*) from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null
  );
end;
$$;
comment on function market.count_live_sales(leadgen.leads) is 'How many of a lead''s sales hold a place.';

create or replace function market.find_own_sale(p_buyer_id bigint, p_assignment_id bigint)
returns leadgen.lead_assignments
language plpgsql
stable
as $$
-- Another buyer's sale is as good as none, in the same words.
declare
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id and a.buyer_id = p_buyer_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function market.find_own_sale(bigint, bigint) is
  'A sale to this buyer; LG404 when there is none, or it is another''s.';

create or replace function market.settle_assignments(
  p_assignment_ids bigint[],
  p_accepted bigint[],
  p_rejected bigint[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- What failed, where the policy offers it to the next buyer, becomes due for leadgen.release_due_sale: giving a place
-- back needs the offer's lock, and who holds rows never waits for an offer. Where it does not, the sale keeps its place
-- and its dead letter can be sent again. The time to return begins with the delivery.
-- Lock order: deliveries (the caller), assignments by id (judge_outcomes), then leads by id.
declare
  v_ids bigint[];
  v_markets bigint[];
  v_outcomes leadgen.assignment_outcome[];
  v_leads bigint[];
  v_statuses leadgen.lead_status[];
begin
  select array_agg(j.id), array_agg(j.market_id), array_agg(j.outcome) into v_ids, v_markets, v_outcomes
  from market.judge_outcomes(p_assignment_ids, p_accepted, p_rejected, p_now) j;
  with settled as (
    update leadgen.lead_assignments a
    set
      outcome = e.outcome,
      updated_at = p_now,
      delivered_at = case when e.outcome in ('delivered', 'accepted') then coalesce(a.delivered_at, p_now) end,
      accepted_at = case when e.outcome = 'accepted' then p_now end,
      return_by = case
        when e.outcome in ('delivered', 'accepted') and a.delivered_at is null
          and a.acceptance is distinct from 'auto_after'
          then p_now + (a.return_by - a.created_at)
        else a.return_by
      end,
      release_due_at = case
        when e.outcome in ('failed', 'unknown') then case when market.gives_on(a.offer_id, e.outcome) then p_now end
      end
    from unnest(v_ids, v_markets, v_outcomes) as e (id, market_id, outcome)
    where a.id = e.id and a.market_id = e.market_id and a.outcome <> e.outcome
    returning a.lead_id, a.outcome
  )
  select array_agg(s.lead_id), array_agg(s.outcome::text::leadgen.lead_status) into v_leads, v_statuses
  from settled s
  where s.outcome in ('delivered', 'accepted');
  perform market.advance_leads(v_leads, v_statuses, p_now);
end;
$$;
comment on function market.settle_assignments(bigint[], bigint[], bigint[], timestamptz) is
  'Brings sales and their leads up to date with their deliveries; the buyers'' replies accepted some of these sales '
  'and rejected some.';

create or replace function market.judge_outcomes(
  p_assignment_ids bigint[],
  p_accepted bigint[],
  p_rejected bigint[],
  p_now timestamptz
)
returns table (id bigint, market_id bigint, outcome leadgen.assignment_outcome)
language plpgsql
volatile
as $$
-- A sale is delivered (and so accepted, unless its buyer has to answer) when one of its channels got through, and
-- failed or unknown only when all have ended. A buyer that accepts by its reply has the lead, unless its time to answer
-- is over; one that rejects it has it delivered, until leadgen.settle_return decides.
begin
  perform from leadgen.lead_assignments a
  where a.id = any (p_assignment_ids) and a.outcome in ('pending', 'delivered', 'unknown', 'failed')
  order by a.id
  for no key update;
  return query
  select
    a.id, a.market_id,
    case
      when bool_or(d.status = 'delivered') then case
        when a.id = any (p_accepted) and (a.acceptance <> 'explicit' or a.answer_by > p_now) then 'accepted'
        when a.id = any (p_rejected) or a.acceptance in ('explicit', 'auto_after') then 'delivered'
        else 'accepted'
      end
      when bool_or(d.status in ('pending', 'sending', 'parked', 'sent')) then null
      when bool_or(d.status = 'unknown') then 'unknown'
      else 'failed'
    end::leadgen.assignment_outcome
  from leadgen.lead_assignments a
  join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
  where a.id = any (p_assignment_ids)
    and (a.outcome in ('pending', 'unknown', 'failed') or (a.outcome = 'delivered' and a.id = any (p_accepted)))
    and a.released_at is null
  group by a.id;
end;
$$;
comment on function market.judge_outcomes(bigint[], bigint[], bigint[], timestamptz) is
  'Locks these sales, and says what those that deliveries can move are by their deliveries; null: still under way.';

create or replace function market.gives_on(p_offer_id bigint, p_outcome leadgen.assignment_outcome)
returns boolean
language plpgsql
stable
as $$
begin
  return (
    select case p_outcome
      when 'failed' then (p.compiled_config).reroutes_on_failure
      when 'unknown' then (p.compiled_config).resells_on_unknown
    end
    from leadgen.offers o
    join leadgen.routing_policies p on p.id = o.routing_policy_id
    where o.id = p_offer_id
  );
end;
$$;
comment on function market.gives_on(bigint, leadgen.assignment_outcome) is
  'Whether an offer''s policy of today gives a lead to the next buyer when its sale failed, or when nobody knows '
  'whether it arrived.';

create or replace function market.advance_leads(
  p_lead_ids bigint[],
  p_statuses leadgen.lead_status[],
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Leads by id. With several buyers a lead goes as far as the first of them. "is true" keeps the planner from the index
-- on status, which holds every unsold lead.
begin
  with reached as materialized (
    select l.id, l.market_id, s.status
    from (
      select u.lead_id, max(u.status) as status
      from unnest(p_lead_ids, p_statuses) as u (lead_id, status)
      group by u.lead_id
    ) s
    join leadgen.leads l on l.id = s.lead_id
    where (l.status in ('validated', 'delivered')) is true and l.status < s.status
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
comment on function market.advance_leads(bigint[], leadgen.lead_status[], timestamptz) is
  'Leads whose sales were delivered or accepted are so, too; never back. The caller holds the sales.';

create or replace function market.mark_accepted(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.lead_assignments a
  set outcome = 'accepted', accepted_at = p_now, delivered_at = coalesce(a.delivered_at, p_now), updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
  perform market.advance_leads(array[p_sale.lead_id], '{accepted}', p_now);
end;
$$;
comment on function market.mark_accepted(leadgen.lead_assignments, timestamptz) is
  'A sale, and its lead, is accepted from now on; whatever the outbox knows of it. The caller holds its row.';

create or replace function market.pick_due_sale(p_now timestamptz)
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
declare
  v_offer_id constant bigint := market.lock_free_offer(market.list_offers_to_release(p_now));
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.offer_id = v_offer_id and a.release_due_at <= p_now
  order by a.release_due_at, a.id
  limit 1;
  return v_sale;
end;
$$;
comment on function market.pick_due_sale(timestamptz) is
  'The sale that ended longest ago and is not released, of an offer whose turn is free if there is one; its offer is '
  'locked. Its id is null when none is due.';

create or replace function market.list_offers_to_release(p_now timestamptz)
returns bigint[]
language plpgsql
stable
as $$
-- Leaps from offer to offer in the index, so that a thousand sales of one cost the others nothing.
begin
  return array(
    with recursive first (offer_id, due_at) as (
      (
        select a.offer_id, a.release_due_at
        from leadgen.lead_assignments a
        where a.release_due_at is not null
        order by a.offer_id, a.release_due_at
        limit 1
      )
      union all
      select next.offer_id, next.release_due_at
      from first f
      cross join lateral (
        select a.offer_id, a.release_due_at
        from leadgen.lead_assignments a
        where a.release_due_at is not null and a.offer_id > f.offer_id
        order by a.offer_id, a.release_due_at
        limit 1
      ) next
    )
    select f.offer_id from first f where f.due_at <= p_now order by f.due_at, f.offer_id);
end;
$$;
comment on function market.list_offers_to_release(timestamptz) is
  'Offers with sales whose release is due, the one that waits longest first.';
