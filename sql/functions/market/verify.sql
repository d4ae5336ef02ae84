-- What must hold of limits, counters and decisions at every moment. Each query looks for the contrary.

create or replace function market.list_broken_limits()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select
    case
      when l.owner = 0 and l.is_money then 'offer_budget_never_exceeded'
      when l.owner = 0 then 'offer_cap_never_exceeded'
      when l.is_money then 'budget_never_exceeded'
      else 'cap_never_exceeded'
    end,
    format('lead %s, %s: %s %s and %s of %s', d.lead_id,
      case l.owner when 0 then 'offer ' || d.offer_id else 'enrollment ' || (s.snapshot).enrollments[l.owner] end,
      l.code, coalesce(l.used::text, 'uncounted'), taken.amount, l.cap)
  from leadgen.lead_decisions d
  cross join lateral (select market.recall_snapshot(d, market.recall_policy(d)) as snapshot offset 0) s
  cross join lateral unnest((s.snapshot).limit_owners, (s.snapshot).limit_codes, (s.snapshot).limit_is_money,
    (s.snapshot).limit_caps, (s.snapshot).limit_uses) as l (owner, code, is_money, cap, used)
  cross join lateral (
    select case when l.is_money then sum((s.snapshot).prices[w]) else count(*) end as amount
    from unnest(d.winners) w
    where l.owner in (0, w)
  ) taken
  where d.winners <> '{}' and (l.owner = 0 or l.owner = any (d.winners))
    and (l.used is null or l.used + taken.amount > l.cap);

  return query
  select 'decision_has_lead', format('decision %s of lead %s', d.id, d.lead_id)
  from leadgen.lead_decisions d
  where not exists (select from leadgen.leads l where l.id = d.lead_id and l.market_id = d.market_id);
end;
$$;
comment on function market.list_broken_limits() is
  'Decisions by which a limit was exceeded, or was not counted, or without a '
  'lead; no rows: all is well. Reads every decision.';

create or replace function market.list_broken_recorded_counts()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- Within a window each sale counts one more than the sale before, and the first counts none, less what was released
-- meanwhile; a release at the very time of a decision may lie on either side of it. Where the enrollment's zone was
-- changed, the count went on from a window of the other zone. The record has the counts of limits only.
begin
  return query
  with sale as materialized (
    select
      a.id, a.lead_id, a.buyer_offer_id, a.price, a.released_at, d.decided_at, w.span as unit, w.zone,
      min(w.zone) over enrollment = max(w.zone) over enrollment as zone_is_constant,
      date_trunc(w.span, d.decided_at, w.zone) as since,
      w.used, w.spent
    from leadgen.lead_assignments a
    join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
    cross join lateral (select market.recall_snapshot(d, market.recall_policy(d)) as snapshot offset 0) s
    cross join lateral (
      select n.span, coalesce((s.snapshot).zones[p.place], (s.snapshot).timezone) as zone,
        max(l.used) filter (where not l.is_money) as used, max(l.used) filter (where l.is_money) as spent
      from (select array_position((s.snapshot).enrollments, a.buyer_offer_id) as place) p
      cross join unnest(kernel.list_windows()) as n (span)
      left join unnest((s.snapshot).limit_owners, (s.snapshot).limit_windows, (s.snapshot).limit_is_money,
        (s.snapshot).limit_uses) as l (owner, span, is_money, used) on l.owner = p.place and l.span = n.span
      group by n.span, p.place
    ) w
    window enrollment as (partition by a.buyer_offer_id)
  ),
  move as (
    select s.*, s.decided_at as at, true as is_sale from sale s
    union all
    select s.*, s.released_at, false from sale s where s.released_at is not null
  ),
  counted as (
    select
      m.*,
      count(*) filter (where m.is_sale) over before as sold,
      coalesce(sum(m.price) filter (where m.is_sale) over before, 0) as paid,
      count(*) filter (where not m.is_sale) over until_then as released,
      coalesce(sum(m.price) filter (where not m.is_sale) over until_then, 0) as repaid,
      count(*) filter (where not m.is_sale) over just_then as perhaps_released,
      coalesce(sum(m.price) filter (where not m.is_sale) over just_then, 0) as perhaps_repaid
    from move m
    window
      before as (
        partition by m.buyer_offer_id, m.unit, m.since
        order by m.id, m.is_sale desc rows between unbounded preceding and 1 preceding),
      until_then as (partition by m.buyer_offer_id, m.unit, m.since order by m.at),
      just_then as (partition by m.buyer_offer_id, m.unit, m.since, m.at)
  )
  select 'usage_counts_sales', format('lead %s, enrollment %s: %s says %s sold before for %s, the sales say %s for %s',
    c.lead_id, c.buyer_offer_id, c.unit, c.used, c.spent, c.sold - c.released, c.paid - c.repaid)
  from counted c
  where c.is_sale and (
    c.used < c.sold - c.released
    or c.spent < c.paid - c.repaid
    or (c.zone_is_constant and (
      c.used > c.sold - c.released + c.perhaps_released or c.spent > c.paid - c.repaid + c.perhaps_repaid)));
end;
$$;
comment on function market.list_broken_recorded_counts() is
  'Decisions whose recorded counts are not what the sales before them make; no rows: all is well. Reads every sale.';

create or replace function market.list_broken_counts()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'usage_row_is_true', format('%s: %s count is %s for %s, the sales since %s are %s for %s',
    u.subject, u.unit, u.used, u.spent, u.since, sold.n, sold.paid)
  from (
    select 'enrollment ' || e.buyer_offer_id as subject, e.offer_id, e.buyer_offer_id,
      coalesce(bo.timezone, m.timezone) as zone, w.*
    from leadgen.enrollment_usage e
    join leadgen.buyer_offers bo on bo.id = e.buyer_offer_id
    join leadgen.markets m on m.id = e.market_id
    cross join lateral unnest(kernel.list_windows(), e.sales, e.money, e.starts) as w (unit, used, spent, since)
    union all
    select 'offer ' || o.offer_id, o.offer_id, null, m.timezone, w.*
    from leadgen.offer_usage o
    join leadgen.markets m on m.id = o.market_id
    cross join lateral unnest(kernel.list_windows(), o.sales, o.money, o.starts) as w (unit, used, spent, since)
  ) u
  cross join lateral (
    select count(*) as n, coalesce(sum(a.price), 0) as paid
    from leadgen.lead_assignments a
    where a.offer_id = u.offer_id and a.buyer_offer_id = coalesce(u.buyer_offer_id, a.buyer_offer_id)
      and a.created_at >= u.since - interval '1 hour' and date_trunc(u.unit, a.created_at, u.zone) >= u.since
      and a.released_at is null
  ) sold
  where u.used <> sold.n or u.spent <> sold.paid;
end;
$$;
comment on function market.list_broken_counts() is
  'Counters that do not say what the sales in their windows say; no rows: all is well. Reads those sales.';
