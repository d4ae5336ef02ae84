-- Road: the whole database is looked over.

create or replace function roads.check_invariants()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- What must hold over the whole database at every moment. Each part looks for the contrary.
begin
  return query
  select * from roads.check_usage() -- caps, budgets and the counters behind them
  union all select * from roads.check_replays() -- what was decided follows from what was known
  union all select * from market.check_decisions() -- winners and sales
  union all select * from market.check_leads() -- sold, or says why not
  union all select * from market.check_sales() -- states and times
  union all select * from market.check_returns()
  union all select * from outbox.check_deliveries()
  union all select * from outbox.check_attempts()
  union all select * from privacy.check_erasures();
end;
$$;
comment on function roads.check_invariants() is 'The work of leadgen.check_invariants.';

create or replace function roads.check_replays()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'decision_replays', format('lead %s, attempt %s: %s', d.lead_id, d.attempt, replay.faults)
  from leadgen.lead_decisions d
  cross join lateral rehearsal.replay_decision(d) replay (faults)
  where replay.faults <> '[]';
end;
$$;
comment on function roads.check_replays() is 'Decisions that do not come out the same when they are replayed.';

create or replace function roads.check_usage()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- Caps, budgets and the counters behind them. A released sale counts until it was released.
begin
  return query
  select 'cap_never_exceeded', format('lead %s, enrollment %s: %s %s of %s', d.lead_id, c.buyer_offer_id, w.unit, w.used, w.cap)
  from leadgen.lead_decisions d
  cross join lateral unnest(d.candidates) with ordinality as c
  cross join lateral (values
    ('hour', c.used_hour, c.cap_hour), ('day', c.used_day, c.cap_day),
    ('week', c.used_week, c.cap_week), ('month', c.used_month, c.cap_month)) as w (unit, used, cap)
  where c.ordinality = any (d.winners) and w.used >= w.cap;

  return query
  select 'budget_never_exceeded', format('lead %s, enrollment %s: %s %s and %s of %s',
    d.lead_id, c.buyer_offer_id, w.unit, w.spent, c.price, w.budget)
  from leadgen.lead_decisions d
  cross join lateral unnest(d.candidates) with ordinality as c
  cross join lateral (values ('day', c.spent_day, c.budget_day), ('month', c.spent_month, c.budget_month)) as w (unit, spent, budget)
  where c.ordinality = any (d.winners) and w.spent + c.price > w.budget;

  return query
  select 'offer_cap_never_exceeded', format('lead %s, offer %s: %s %s and %s of %s', d.lead_id, d.offer_id, w.unit, w.used, w.taken, w.cap)
  from leadgen.lead_decisions d
  cross join lateral (select (d.offer_load).*) o
  cross join lateral (
    select count(*) as n, sum(c.price) as paid
    from unnest(d.candidates) with ordinality as c
    where c.ordinality = any (d.winners)
  ) sold
  cross join lateral (values
    ('hour', o.used_hour, sold.n, o.cap_hour), ('day', o.used_day, sold.n, o.cap_day),
    ('week', o.used_week, sold.n, o.cap_week), ('month', o.used_month, sold.n, o.cap_month),
    ('budget of the day', o.spent_day, sold.paid, o.budget_day), ('budget of the month', o.spent_month, sold.paid, o.budget_month)
  ) as w (unit, used, taken, cap)
  where d.winners <> '{}' and w.used + w.taken > w.cap;

  -- Within a window each sale counts one more than the sale before, and the first counts none, less what was released
  -- meanwhile; a release at the very time of a decision may lie on either side of it. Where the enrollment's zone was
  -- changed, the count went on from a window of the other zone.
  return query
  with sale as materialized (
    select
      a.id, a.lead_id, a.buyer_offer_id, a.price, a.released_at, d.decided_at,
      min(c.timezone) over enrollment = max(c.timezone) over enrollment as zone_is_constant,
      w.*
    from leadgen.lead_assignments a
    join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
    cross join lateral unnest(d.candidates) c
    cross join lateral (values
      ('hour', c.used_hour, null, date_trunc('hour', d.decided_at, c.timezone)),
      ('day', c.used_day, c.spent_day, date_trunc('day', d.decided_at, c.timezone)),
      ('week', c.used_week, null, date_trunc('week', d.decided_at, c.timezone)),
      ('month', c.used_month, c.spent_month, date_trunc('month', d.decided_at, c.timezone))) as w (unit, used, spent, since)
    where c.buyer_offer_id = a.buyer_offer_id
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
      before as (partition by m.buyer_offer_id, m.unit, m.since order by m.id, m.is_sale desc rows between unbounded preceding and 1 preceding),
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

  return query
  select 'usage_row_is_true', format('%s: %s count is %s for %s, the sales since %s are %s for %s',
    u.subject, u.unit, u.used, u.spent, u.since, sold.n, sold.paid)
  from (
    select 'enrollment ' || e.buyer_offer_id as subject, e.offer_id, e.buyer_offer_id, coalesce(bo.timezone, m.timezone) as zone, w.*
    from leadgen.enrollment_usage e
    join leadgen.buyer_offers bo on bo.id = e.buyer_offer_id
    join leadgen.markets m on m.id = e.market_id
    cross join lateral (values
      ('hour', e.hour_count, null, e.hour_start), ('day', e.day_count, e.day_spent, e.day_start),
      ('week', e.week_count, null, e.week_start), ('month', e.month_count, e.month_spent, e.month_start)) as w (unit, used, spent, since)
    union all
    select 'offer ' || o.offer_id, o.offer_id, null, m.timezone, w.*
    from leadgen.offer_usage o
    join leadgen.markets m on m.id = o.market_id
    cross join lateral (values
      ('hour', o.hour_count, null, o.hour_start), ('day', o.day_count, o.day_spent, o.day_start),
      ('week', o.week_count, null, o.week_start), ('month', o.month_count, o.month_spent, o.month_start)) as w (unit, used, spent, since)
  ) u
  cross join lateral (
    select count(*) as n, coalesce(sum(a.price), 0) as paid
    from leadgen.lead_assignments a
    where a.offer_id = u.offer_id and a.buyer_offer_id = coalesce(u.buyer_offer_id, a.buyer_offer_id)
      and a.created_at >= u.since - interval '1 hour' and date_trunc(u.unit, a.created_at, u.zone) >= u.since and a.released_at is null
  ) sold
  where u.used <> sold.n or u.spent <> sold.paid;
end;
$$;
comment on function roads.check_usage() is
  'The part of check_invariants about caps, budgets and their counters; no rows: all is well. Reads every sale.';

create or replace function roads.verify_leads(
  p_after_id bigint,
  p_limit integer,
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
  v_faults jsonb;
begin
  checked := 0;
  faults := '[]';
  for v_lead in select l.* from leadgen.leads l where l.id > p_after_id order by l.id limit p_limit loop
    last_id := v_lead.id;
    checked := checked + 1;
    v_faults := rehearsal.find_replay_faults(v_lead);
    if v_faults <> '[]' then
      faults := faults || jsonb_build_object('lead_id', v_lead.id, 'differences', v_faults);
    end if;
  end loop;
end;
$$;
comment on function roads.verify_leads(bigint, integer) is 'The work of leadgen.verify_leads.';
