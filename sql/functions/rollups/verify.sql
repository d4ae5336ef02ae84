-- Verify: what is kept is what the rows say.

create or replace function rollups.list_broken_days()
returns table (rule text, detail text)
language plpgsql
volatile
as $$
-- Marked days are left out: views do not read them. Both sides of a difference are shown. A row without an offer is of
-- all offers of its market.
declare
  v_zone constant text := coalesce(current_setting('leadgen.report_zone', true), '');
  v_kept leadgen.report_zones;
begin
  for v_kept in select z.* from leadgen.report_zones z order by z.market_id, z.zone loop
    perform set_config('leadgen.report_zone', v_kept.zone, true);
    return query
    with marked as materialized (
      select k.offer_id, k.day from report.marked_days k where k.market_id = v_kept.market_id
    ),
    counted as materialized (
      select c.name, c.content
      from rollups.list_counted_days(
        v_kept.market_id, v_kept.zone, v_kept.rolled_to, coalesce(v_kept.rolled_until, '-infinity')) c
      where not exists (
        select from marked k where k.day = c.day and (k.offer_id = c.offer_id or c.offer_id is null))
    ),
    kept as materialized (
      select d.name, d.content
      from rollups.list_kept_days(
        v_kept.market_id, v_kept.zone, v_kept.rolled_to,
        v_kept.rolled_to + (v_kept.rolled_until is not null)::integer) d
      where not exists (
        select from marked k where k.day = d.day and (k.offer_id = d.offer_id or d.offer_id is null))
    )
    (select x.name, format('kept: %s', x.content)
    from (select * from kept except all select * from counted) x
    limit 100)
    union all
    (select x.name, format('counted: %s', x.content)
    from (select * from counted except all select * from kept) x
    limit 100);
  end loop;
  perform set_config('leadgen.report_zone', v_zone, true);
end;
$$;
comment on function rollups.list_broken_days() is
  'Days that are kept for reports and differ from what their rows say: what is kept, and what is counted.';

create or replace function rollups.list_counted_days(
  p_market_id bigint,
  p_zone text,
  p_rolled_to date,
  p_until timestamptz
)
returns table (name text, day date, offer_id bigint, content jsonb)
language plpgsql
stable
as $$
-- Of whole days, and then of the part that is kept of the open one; the speed of deliveries is kept of whole days.
begin
  return query
  select x.*
  from (
    values ('-infinity'::date, p_rolled_to, 'infinity'::timestamptz), (p_rolled_to, p_rolled_to + 1, p_until)
  ) as k (starts, ends, until)
  cross join lateral (
    select 'report_lead_days', d.came_day, d.offer_id, to_jsonb(d)
    from unnest(array[false, true]) as c (by_campaign)
    cross join lateral
      rollups.count_leads(p_market_id, p_zone, k.starts, k.ends, k.until, null, c.by_campaign) d
    union all
    select 'report_sale_days', d.sold_day, d.offer_id, to_jsonb(d)
    from rollups.count_sales(p_market_id, p_zone, k.starts, k.ends, k.until, null) d
    union all
    select 'report_reason_days', d.came_day, d.offer_id, to_jsonb(d)
    from rollups.count_reasons(p_market_id, p_zone, k.starts, k.ends, k.until, null) d
    union all
    select 'report_judged_days', d.came_day, d.offer_id, to_jsonb(d)
    from rollups.count_judged(p_market_id, p_zone, k.starts, k.ends, k.until, null) d
    union all
    select 'report_booking_days', d.booked_day, d.offer_id, to_jsonb(d)
    from rollups.count_bookings(p_market_id, p_zone, k.starts, k.ends, k.until, null) d
  ) x
  union all
  select x.*
  from leadgen.report_zones z
  cross join lateral
    generate_series(greatest(p_rolled_to - 12, z.hours_from), p_rolled_to, interval '1 day') as g (day)
  cross join lateral (
    select g.day::date as day, case when g.day < p_rolled_to then 'infinity' else p_until end as until) k
  cross join lateral (
    select 'report_lead_hours', d.came_day, d.offer_id, to_jsonb(d)
    from rollups.count_lead_hours(p_market_id, p_zone, k.day, k.until, null) d
    union all
    select 'report_sale_hours', d.sold_day, d.offer_id, to_jsonb(d)
    from rollups.count_sale_hours(p_market_id, p_zone, k.day, k.until, null) d
  ) x
  where isfinite(p_rolled_to) and z.market_id = p_market_id and z.zone = p_zone
  union all
  select 'report_speed_days', d.sold_day, null, to_jsonb(d)
  from rollups.count_speed(p_market_id, p_zone, '-infinity', p_rolled_to) d
  union all
  select 'report_sale_periods', d.starts_on, null, to_jsonb(d)
  from (
    select distinct p.period, date_trunc(p.period, s.sold_day::timestamp)::date as starts_on
    from leadgen.report_sale_days s
    cross join (values ('week'), ('month')) as p (period)
    where s.market_id = p_market_id and s.zone = p_zone
  ) p
  cross join lateral rollups.sum_sales(p_market_id, p_zone, p.period, p.starts_on, null) d
  where p.starts_on + ('1 ' || p.period)::interval <= p_rolled_to
  union all
  select 'report_unsold_months', d.came_month, null, to_jsonb(d)
  from (
    select distinct date_trunc('month', s.came_day::timestamp)::date as came_month
    from leadgen.report_reason_days s
    where s.market_id = p_market_id and s.zone = p_zone
  ) p
  cross join lateral rollups.sum_unsold(p_market_id, p_zone, p.came_month, null) d
  where p.came_month + interval '1 month' <= p_rolled_to;
end;
$$;
comment on function rollups.list_counted_days(bigint, text, date, timestamptz) is
  'What the whole days of a market before one, and that one up to a time, come to by their rows: a row of which table, '
  'and of which day and offer. Periods: by the days that are kept.';

create or replace function rollups.list_kept_days(p_market_id bigint, p_zone text, p_rolled_to date, p_part_to date)
returns table (name text, day date, offer_id bigint, content jsonb)
language plpgsql
stable
as $$
begin
  return query
  select 'report_lead_days', d.came_day, d.offer_id, to_jsonb(d)
  from leadgen.report_lead_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day < p_part_to
  union all
  select 'report_sale_days', d.sold_day, d.offer_id, to_jsonb(d)
  from leadgen.report_sale_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.sold_day < p_part_to
  union all
  select 'report_reason_days', d.came_day, d.offer_id, to_jsonb(d)
  from leadgen.report_reason_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day < p_part_to
  union all
  select 'report_judged_days', d.came_day, d.offer_id, to_jsonb(d)
  from leadgen.report_judged_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day < p_part_to
  union all
  select 'report_booking_days', d.booked_day, d.offer_id, to_jsonb(d)
  from leadgen.report_booking_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.booked_day < p_part_to
  union all
  select 'report_speed_days', d.sold_day, null, to_jsonb(d)
  from leadgen.report_speed_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.sold_day < p_rolled_to
  union all
  select 'report_lead_hours', d.came_day, d.offer_id, to_jsonb(d)
  from leadgen.report_lead_hours d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day > p_rolled_to - 13 and d.came_day < p_part_to
  union all
  select 'report_sale_hours', d.sold_day, d.offer_id, to_jsonb(d)
  from leadgen.report_sale_hours d
  where d.market_id = p_market_id and d.zone = p_zone and d.sold_day > p_rolled_to - 13 and d.sold_day < p_part_to
  union all
  select 'report_sale_periods', d.starts_on, null, to_jsonb(d)
  from leadgen.report_sale_periods d
  where d.market_id = p_market_id and d.zone = p_zone
    and d.starts_on + ('1 ' || d.period)::interval <= p_rolled_to
  union all
  select 'report_unsold_months', d.came_month, null, to_jsonb(d)
  from leadgen.report_unsold_months d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_month + interval '1 month' <= p_rolled_to;
end;
$$;
comment on function rollups.list_kept_days(bigint, text, date, date) is
  'What is kept of the days of a market before one, in the shape of list_counted_days.';
