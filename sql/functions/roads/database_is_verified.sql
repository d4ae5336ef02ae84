-- Road: the whole database is looked over.

create or replace function roads.check_invariants()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- What must hold over the whole database at every moment. Each query looks for the contrary.
begin
  return query select u.rule, u.detail from roads.check_usage() u;

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales, at most %s', d.lead_id, count(a.id), (d.settings).max_buyers)
  from leadgen.lead_decisions d
  join leadgen.lead_assignments a on a.decision_id = d.id and a.market_id = d.market_id
  group by d.id, d.lead_id, d.settings
  having count(a.id) > (d.settings).max_buyers;

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales stand, at most %s', a.lead_id, count(*), most.buyers)
  from leadgen.lead_assignments a
  cross join lateral (
    select max(coalesce((p.body ->> 'max_buyers')::integer, 1)) as buyers
    from leadgen.lead_decisions d
    join leadgen.policy_versions p on p.kind = 'routing' and p.policy_id = d.routing_policy_id and p.version = d.routing_policy_version
    where d.lead_id = a.lead_id and d.market_id = a.market_id
  ) most
  where a.released_at is null
  group by a.lead_id, most.buyers
  having count(*) > most.buyers;

  return query
  select 'decision_replays', format('lead %s, attempt %s: %s', d.lead_id, d.attempt, replay.faults)
  from leadgen.lead_decisions d
  cross join lateral rehearsal.replay_decision(d) replay (faults)
  where replay.faults <> '[]';

  return query
  select 'winners_are_sales', format('lead %s, attempt %s', d.lead_id, d.attempt)
  from leadgen.lead_decisions d
  where array(select (d.candidates[w]).buyer_offer_id from unnest(d.winners) w order by 1)
    <> array(select a.buyer_offer_id from leadgen.lead_assignments a where a.decision_id = d.id and a.market_id = d.market_id order by 1);

  return query
  select 'sale_has_deliveries', format('assignment %s of lead %s', a.id, a.lead_id)
  from leadgen.lead_assignments a
  where not exists (select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id);

  return query
  select 'lead_shows_first_sale', format('lead %s: buyer %s at %s, first sale to %s at %s', l.id, l.buyer_id, l.price, a.buyer_id, a.price)
  from leadgen.leads l
  left join lateral (
    select s.buyer_id, s.price from leadgen.lead_assignments s where s.lead_id = l.id and s.market_id = l.market_id order by s.id limit 1
  ) a on true
  where (l.buyer_id, l.price) is distinct from (a.buyer_id, a.price);

  -- A sale that was released leaves its mark on the lead: buyer and price. Whether the lead is sold, its other sales say.
  return query
  select 'valid_lead_is_sold_or_explained', format('lead %s', l.id)
  from leadgen.leads l
  cross join lateral (
    select coalesce(bool_or(a.released_at is null), false) as stands, coalesce(bool_or(a.released_at is not null), false) as was_released
    from leadgen.lead_assignments a
    where a.lead_id = l.id and a.market_id = l.market_id
  ) sale
  where l.status <> 'received'
    and ((l.validation_reason is not null) <> (l.status = 'rejected' and l.rejection_reason is null)
      or (l.validation_reason is null and case
        when l.status = 'rejected' then sale.stands or not sale.was_released
        when sale.was_released then not sale.stands and l.unsold_reason is null
        else (l.buyer_id is null) <> (l.unsold_reason is not null)
      end)
      or (l.validation_reason is null) <> exists (
        select from leadgen.lead_decisions d where d.lead_id = l.id and d.market_id = l.market_id));

  return query
  select 'released_sale_has_ended', format('assignment %s of lead %s: %s, %s', a.id, a.lead_id, a.outcome,
    coalesce(a.release_reason, 'no reason'))
  from leadgen.lead_assignments a
  where (a.outcome = 'returned' and a.release_reason is null)
    or (a.outcome = 'accepted' and a.accepted_at is null)
    or (a.released_at is not null and (
      a.release_reason is null
      or a.outcome not in ('returned', 'failed', 'unknown')
      or exists (
        select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id and d.next_attempt_at is not null)));

  return query
  select 'returns_are_settled', format('return %s of assignment %s: %s, the sale is %s', r.id, a.id, r.status, a.outcome)
  from leadgen.sale_returns r
  join leadgen.lead_assignments a on a.id = r.assignment_id and a.market_id = r.market_id
  where (r.status = 'approved') > (a.outcome = 'returned' and a.released_at is not null)
    or (r.status in ('received', 'requested') and a.released_at is not null);

  return query
  select 'nothing_of_an_erased_lead_is_sent', format('lead %s, delivery %s: %s', l.id, d.id, d.status)
  from leadgen.leads l
  left join leadgen.deliveries d on d.lead_id = l.id and d.market_id = l.market_id and d.next_attempt_at is not null
  where l.erased_at is not null and (d.id is not null or l.hold_until is not null or concat(l.name, l.email, l.phone, l.submitted) <> '');

  -- A text message that its provider took counts: the report of it may be all that comes later. An attempt that nobody
  -- reported, or that had no answer, may have reached the buyer: such a delivery is never dead.
  return query
  select 'attempts_are_logged', format('delivery %s, %s: %s of %s attempts logged', d.id, d.status, log.attempts, d.attempts)
  from leadgen.deliveries d
  cross join lateral (
    select
      count(*) as attempts,
      coalesce(bool_or(t.outcome = 'delivered'), false) as got_through,
      coalesce(bool_or(t.outcome = 'delivered' and t.attempt > d.attempts_before), false) as got_through_again,
      coalesce(bool_or(t.outcome in ('sent', 'unknown')), false) as is_uncertain
    from (
      select distinct on (a.attempt) a.attempt, a.outcome
      from leadgen.delivery_attempts a
      where a.delivery_id = d.id and a.market_id = d.market_id
      order by a.attempt, a.id desc
    ) t
  ) log
  where log.attempts > d.attempts
    or (d.status = 'delivered' and not log.got_through)
    or (d.status = 'sent' and not log.is_uncertain)
    or (d.status in ('unknown', 'dead') and (log.attempts = 0 or log.got_through_again))
    or (d.status = 'dead' and (log.is_uncertain or log.attempts < d.attempts));

  return query
  select 'delivery_has_endpoint', format('delivery %s: %s of buyer %s, endpoint %s', d.id, d.channel, d.buyer_id, d.endpoint_id)
  from leadgen.deliveries d
  left join leadgen.endpoints e on e.id = d.endpoint_id
  where (e.buyer_id, e.channel, e.target) is distinct from (d.buyer_id, d.channel, d.target);

  return query
  select 'delivery_has_one_state', format('delivery %s: %s', d.id, d.status)
  from leadgen.deliveries d
  where (d.status in ('delivered', 'unknown', 'dead', 'cancelled')) <> (d.finished_at is not null)
    or d.attempts_before > d.attempts
    or d.attempts < 0;
end;
$$;
comment on function roads.check_invariants() is 'The work of leadgen.check_invariants.';

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
