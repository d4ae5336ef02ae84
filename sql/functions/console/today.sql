-- Console: what the pages of those who run the market show. This module reads, and writes nothing.
--
-- A page is one call of a road: it admits the visitor, who needs the right of the page, and answers with one document:
-- the visitor under "me", and what a function of this module says (roads/operator_opens_page.sql). Lists are paged by
-- key, and what a list looks at is bounded. What is done on a page is a road's, too: roads/operator_acts.sql.
--
-- This file: how the day goes, and what needs a hand.

create or replace function console.describe_today(p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'now', p_now, 'days', console.list_days(p_now), 'hours', console.list_hours(p_now),
    'needs', console.count_needs(p_now),
    'kinds', (select jsonb_agg(k.kind order by k.kind) from leadgen.feed_kinds k),
    'events', console.list_events(null, null, 8) -> 'rows');
end;
$$;
comment on function console.describe_today(timestamptz) is
  'The day so far beside a week ago, what needs a hand, and the latest events.';

create or replace function console.list_spans(p_now timestamptz)
returns table (
  market_id bigint,
  currency text,
  timezone text,
  since timestamptz,
  then_since timestamptz,
  until timestamptz
)
language sql
stable
as $$
-- A day of the market's zone, and the same day a week ago up to the same time of its clock.
  select
    m.id, m.currency::text, m.timezone::text,
    date_trunc('day', n.here) at time zone m.timezone,
    (date_trunc('day', n.here) - interval '7 days') at time zone m.timezone,
    (n.here - interval '7 days') at time zone m.timezone
  from leadgen.markets m
  cross join lateral (select p_now at time zone m.timezone as here) n;
$$;
comment on function console.list_spans(timestamptz) is
  'Each market''s day so far: when it began, when the same day of the week before began, and its moment a week ago.';

create or replace function console.list_days(p_now timestamptz)
returns jsonb
language sql
stable
as $$
-- Not valid is the measure received less valid: the status rejected has leads that buyers turned down, too.
-- Revenue is the measure net of the sales of that time, and margin the measure margin, as report.margin has them: what
-- was given back since is taken off, all of a sale that ended, and a part. One row a currency.
  with span as (
    select s.market_id, s.currency, d.is_now, d.since, d.until
    from console.list_spans(p_now) s
    cross join lateral (
      values (true, s.since, p_now), (false, s.then_since, s.until)
    ) as d (is_now, since, until)
  ),
  counted as (
    select s.currency, s.is_now, coalesce(sum(h.leads), 0) as leads, coalesce(sum(h.leads - h.valid), 0) as invalid,
      coalesce(sum(h.sales), 0) as sales, coalesce(sum(h.revenue), 0) as revenue, coalesce(sum(h.cost), 0) as cost
    from span s
    left join lateral rollups.list_hours(s.market_id, s.since, s.until) h on true
    group by s.currency, s.is_now
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'currency', n.currency, 'leads', n.leads, 'invalid', n.invalid, 'sales', n.sales, 'revenue', n.revenue,
    'margin', n.revenue - n.cost, 'then', jsonb_build_object(
      'leads', t.leads, 'invalid', t.invalid, 'sales', t.sales, 'revenue', t.revenue, 'margin', t.revenue - t.cost)
  ) order by n.leads desc, n.currency), '[]')
  from counted n
  join counted t on t.currency = n.currency and not t.is_now
  where n.is_now;
$$;
comment on function console.list_days(timestamptz) is
  'Leads, those that are not valid (measures received, valid), sales that stand, what is left of revenue after what '
  'was given back (measure net), and of that after what sources are owed (measure margin): today so far and a week ago '
  'up to the same time, in each currency.';

create or replace function console.list_hours(p_now timestamptz)
returns jsonb
language sql
stable
as $$
  with counted as (
    select extract(hour from h.hour at time zone s.timezone)::integer as hour, d.is_now, sum(h.leads) as leads
    from console.list_spans(p_now) s
    cross join lateral (
      values (true, s.since, p_now), (false, s.then_since, s.then_since + interval '1 day')
    ) as d (is_now, since, until)
    cross join lateral rollups.list_hours(s.market_id, d.since, d.until) h
    group by 1, 2
  )
  select jsonb_agg(jsonb_build_object('hour', h.hour, 'leads', h.leads, 'then', h.before) order by h.hour)
  from (
    select g as hour, coalesce(sum(c.leads) filter (where c.is_now), 0) as leads,
      coalesce(sum(c.leads) filter (where not c.is_now), 0) as before
    from generate_series(0, 23) g
    left join counted c on c.hour = g
    group by g
  ) h;
$$;
comment on function console.list_hours(timestamptz) is
  'Leads of each hour of the day, in the zone of their market: today, and on the same day of the week before.';

create or replace function console.count_needs(p_now timestamptz)
returns jsonb
language sql
stable
as $$
-- Each is a few probes, however much there is: what waits is indexed as such.
  select jsonb_build_object(
    'endpoints', (
      select count(*) from leadgen.endpoints e
      where outbox.describe_health(e, p_now) in ('disabled', 'resting')
        and (e.hook_id is null or e.hook_id in (select h.id from leadgen.operator_hooks h where h.is_active))),
    'returns', (select count(*) from leadgen.sale_returns r where r.status = 'requested'),
    'dead', (
      select count(*) from leadgen.deliveries d
      where d.status in ('dead', 'unknown') and d.created_at > p_now - interval '7 days'),
    'parked', (select count(*) from leadgen.deliveries d where d.status = 'parked'),
    'quarantine', (select count(*) from leadgen.intake_quarantine q where q.resubmitted_at is null),
    'held', (select count(*) from leadgen.leads l where l.hold_until is not null),
    'lapsing', (
      select count(*) from leadgen.leads l
      where l.hold_until is not null and l.hold_until < p_now + interval '2 hours'),
    'limits', (
      select count(distinct e.subject) from leadgen.events e
      where e.created_at > p_now - interval '1 day' and e.kind in ('cap_low', 'budget_low')),
    'proposals', (select count(*) from leadgen.policy_proposals p where p.status = 'waiting'),
    'sign_ups', console.count_sign_ups(),
    'balances', (select count(*) from leadgen.buyers b where b.low_since is not null and b.is_active));
$$;
comment on function console.count_needs(timestamptz) is
  'What needs a hand: endpoints that are disabled or rest, returns to decide, deliveries that ended dead or unknown in '
  'seven days, parked ones, submissions in quarantine, held leads and those that lapse within two hours, limits that '
  'nearly ran out today, sign-ups to approve, and buyers whose money is low.';
