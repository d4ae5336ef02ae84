-- Roll up: the chore, one piece at a time.

create or replace function rollups.roll_up()
returns integer
language plpgsql
volatile
as $$
-- One piece at a time, each a transaction: a rebuild that is stopped goes on where it was. Another worker leaves it.
declare
  v_done integer;
begin
  perform from leadgen.report_closing c for no key update skip locked;
  if not found then
    return 0;
  end if;
  perform rollups.close_hours();
  perform rollups.start_zones();
  v_done := rollups.keep_marked_days();
  if v_done > 0 then
    return v_done;
  end if;
  v_done := rollups.keep_next_day();
  if v_done > 0 then
    return v_done;
  end if;
  return rollups.keep_open_day();
end;
$$;
comment on function rollups.roll_up() is
  'The chore: closes hours, adds up anew what was marked, and else the next day of a market, and else what is closed '
  'of the day that is open. Returns how many days.';

create or replace function rollups.keep_marked_days()
returns integer
language plpgsql
volatile
as $$
-- The marks go first: what a later statement sees includes all that these were written for. A mark of a new sale is due
-- when its hour is closed, as any hour is: by the clock alone, a slow transaction of the sale would be lost.
declare
  v_closed constant timestamptz := (select c.closed_until from leadgen.report_closing c);
  v_day record;
  v_count integer := 0;
  v_offers bigint[];
  v_times timestamptz[];
begin
  with chosen as materialized (
    select k.offer_id, date_trunc('day', k.happened_at, 'UTC') as day
    from (
      select m.* from leadgen.report_marks m where m.due_at <= v_closed order by m.id limit 5000
    ) k
    group by k.offer_id, 2
    order by min(k.id)
    limit 20
  ),
  taken as (
    delete from leadgen.report_marks m
    using chosen c
    where m.offer_id is not distinct from c.offer_id and date_trunc('day', m.happened_at, 'UTC') = c.day
      and m.due_at <= v_closed
    returning m.offer_id, m.happened_at
  )
  select array_agg(t.offer_id), array_agg(t.happened_at) into v_offers, v_times from taken t;
  for v_day in
    select z.market_id, z.zone, d.day, d.until, array_agg(distinct t.offer_id) as offers
    from unnest(v_offers, v_times) as t (offer_id, happened_at)
    join leadgen.offers o on o.id = t.offer_id
    join leadgen.report_zones z on z.market_id = o.market_id
    cross join lateral (
      select k.day,
        case when k.day < z.rolled_to then 'infinity' when k.day = z.rolled_to then z.rolled_until end as until
      from (values ((t.happened_at at time zone z.zone)::date)) as k (day)
    ) d
    where t.happened_at < d.until
    group by z.market_id, z.zone, d.day, d.until
  loop
    perform rollups.keep_day(v_day.market_id, v_day.zone, v_day.day, v_day.until, v_day.offers);
    perform rollups.keep_periods(v_day.market_id, v_day.zone, v_day.day, v_day.offers);
    v_count := v_count + 1;
  end loop;
  return greatest(v_count, coalesce(cardinality(v_times), 0));
end;
$$;
comment on function rollups.keep_marked_days() is
  'Adds up anew the days of some marks, and takes the marks away. Returns above zero while there were any.';

create or replace function rollups.keep_next_day()
returns integer
language plpgsql
volatile
as $$
-- A day is over when it is so by any clock that is set back on it.
declare
  v_next leadgen.report_zones;
begin
  select z.* into v_next
  from leadgen.report_zones z
  cross join leadgen.report_closing c
  where isfinite(c.closed_until)
    and (z.rolled_to + 1)::timestamp at time zone z.zone + interval '2 hours' <= c.closed_until
  order by z.rolled_to, z.market_id, z.zone
  limit 1;
  if not found then
    return 0;
  end if;
  perform rollups.keep_day(v_next.market_id, v_next.zone, v_next.rolled_to, 'infinity', null);
  update leadgen.report_zones z
  set rolled_to = v_next.rolled_to + 1, rolled_until = null
  where z.market_id = v_next.market_id and z.zone = v_next.zone;
  perform rollups.keep_periods(v_next.market_id, v_next.zone, v_next.rolled_to, null);
  return 1;
end;
$$;
comment on function rollups.keep_next_day() is
  'Adds up the next day that is over and closed, of the market that is furthest behind.';

create or replace function rollups.keep_open_day()
returns integer
language plpgsql
volatile
as $$
-- All of it anew each time, not what has come since: late changes of an earlier hour are in it, without a mark.
declare
  v_open leadgen.report_zones;
  v_closed constant timestamptz := (select c.closed_until from leadgen.report_closing c);
begin
  select z.* into v_open
  from leadgen.report_zones z
  where isfinite(v_closed) and isfinite(z.rolled_to)
    and coalesce(z.rolled_until, z.rolled_to::timestamp at time zone z.zone) <= v_closed - interval '30 minutes'
  order by z.rolled_until nulls first, z.market_id, z.zone
  limit 1;
  if not found then
    return 0;
  end if;
  perform rollups.keep_day(v_open.market_id, v_open.zone, v_open.rolled_to, v_closed, null);
  update leadgen.report_zones z
  set rolled_until = v_closed
  where z.market_id = v_open.market_id and z.zone = v_open.zone;
  return 1;
end;
$$;
comment on function rollups.keep_open_day() is
  'Adds up what is closed of the day that is open, half an hour or more at a time, of the market that is furthest '
  'behind.';
