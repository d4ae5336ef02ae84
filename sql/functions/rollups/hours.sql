-- Hours: of the last fourteen days that are kept, for those who compare this hour with that of a week ago.

create or replace function rollups.count_lead_hours(
  p_market_id bigint,
  p_zone text,
  p_day date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_lead_hours
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, l.came_day, date_trunc('hour', l.created_at, p_zone), l.offer_id, l.source_id,
    count(*)::integer, count(*) filter (where l.is_valid)::integer, count(*) filter (where l.is_sold)::integer,
    count(*) filter (where l.is_held)::integer, count(*) filter (where l.is_delivered)::integer,
    count(*) filter (where l.is_accepted)::integer, count(*) filter (where l.is_returned)::integer,
    sum(l.sales)::integer, sum(l.revenue), sum(l.refunds), sum(l.cost)
  from report.leads l
  where l.market_id = p_market_id and l.came_day = p_day
    and l.created_at >= p_day::timestamp at time zone p_zone - interval '2 hours'
    and l.created_at < (p_day + 1)::timestamp at time zone p_zone + interval '2 hours' and l.created_at < p_until
    and (p_offer_ids is null or l.offer_id = any (p_offer_ids))
  group by 3, 4, 5, 6;
end;
$$;
comment on function rollups.count_lead_hours(bigint, text, date, timestamptz, bigint[]) is
  'The rows of leads by hour of a day of a market, as the leads say. The session''s zone of reports is p_zone.';

create or replace function rollups.count_sale_hours(
  p_market_id bigint,
  p_zone text,
  p_day date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_sale_hours
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, s.sold_day, date_trunc('hour', s.created_at, p_zone), s.offer_id,
    count(*)::integer, count(*) filter (where s.stands)::integer, sum(s.price), sum(s.refunds), sum(s.cost)
  from report.sales s
  where s.market_id = p_market_id and s.sold_day = p_day
    and s.created_at >= p_day::timestamp at time zone p_zone - interval '2 hours'
    and s.created_at < (p_day + 1)::timestamp at time zone p_zone + interval '2 hours' and s.created_at < p_until
    and s.offer_id in (
      select o.id from leadgen.offers o
      where o.market_id = p_market_id and (p_offer_ids is null or o.id = any (p_offer_ids)))
  group by 3, 4, 5;
end;
$$;
comment on function rollups.count_sale_hours(bigint, text, date, timestamptz, bigint[]) is
  'The rows of sales by hour of a day of a market, as the sales say.';

create or replace function rollups.keep_hours(
  p_market_id bigint,
  p_zone text,
  p_day date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns void
language plpgsql
volatile
as $$
declare
  v_first constant date := (
    select greatest(z.rolled_to - 13, z.hours_from)
    from leadgen.report_zones z
    where z.market_id = p_market_id and z.zone = p_zone);
begin
  delete from leadgen.report_lead_hours d
  where d.market_id = p_market_id and d.zone = p_zone and (d.came_day < v_first
    or d.came_day = p_day and (p_offer_ids is null or d.offer_id = any (p_offer_ids)));
  delete from leadgen.report_sale_hours d
  where d.market_id = p_market_id and d.zone = p_zone and (d.sold_day < v_first
    or d.sold_day = p_day and (p_offer_ids is null or d.offer_id = any (p_offer_ids)));
  insert into leadgen.report_lead_hours
  select d.* from rollups.count_lead_hours(p_market_id, p_zone, p_day, p_until, p_offer_ids) d
  where p_day >= v_first;
  insert into leadgen.report_sale_hours
  select d.* from rollups.count_sale_hours(p_market_id, p_zone, p_day, p_until, p_offer_ids) d
  where p_day >= v_first;
end;
$$;
comment on function rollups.keep_hours(bigint, text, date, timestamptz, bigint[]) is
  'Adds up the hours of a day, as keep_day does the day, unless they are of a day before hours_from, and drops those '
  'that are older than fourteen days.';

create or replace function rollups.list_hours(p_market_id bigint, p_since timestamptz, p_until timestamptz)
returns table (hour timestamptz, leads bigint, valid bigint, sales bigint, revenue numeric, cost numeric)
language plpgsql
stable
as $$
-- Kept are the whole hours before v_kept of offers without a mark; what came since, and of marked offers all, is read.
declare
  v_zone constant text := (select m.timezone from leadgen.markets m where m.id = p_market_id);
  v_day constant date := (p_since at time zone v_zone)::date;
  v_rolled constant leadgen.report_zones := (
    select z from leadgen.report_zones z where z.market_id = p_market_id and z.zone = v_zone);
  v_kept constant timestamptz := coalesce(
    case
      when v_day = v_rolled.rolled_to
        then date_trunc('hour', least(p_until, greatest(v_rolled.rolled_until, p_since)), v_zone)
      when v_day < v_rolled.rolled_to and v_day > v_rolled.rolled_to - 13 and v_day >= v_rolled.hours_from
        then date_trunc('hour', p_until, v_zone)
    end, p_since);
  v_all constant bigint[] := array(select o.id from leadgen.offers o where o.market_id = p_market_id);
  v_marked constant bigint[] := array(
    select distinct k.offer_id from leadgen.report_marks k
    where k.offer_id = any (v_all) and (k.happened_at at time zone v_zone)::date = v_day);
begin
  return query
  select x.hour, sum(x.leads)::bigint, sum(x.valid)::bigint, sum(x.sales)::bigint, sum(x.revenue), sum(x.cost)
  from (
    select d.came_hour as hour, d.received as leads, d.valid, 0 as sales, 0.00 as revenue, 0.00 as cost
    from leadgen.report_lead_hours d
    where d.market_id = p_market_id and d.zone = v_zone and d.came_day = v_day and d.came_hour < v_kept
      and d.offer_id <> all (v_marked)
    union all
    select d.sold_hour, 0, 0, d.standing, d.revenue - d.refunds, d.cost
    from leadgen.report_sale_hours d
    where d.market_id = p_market_id and d.zone = v_zone and d.sold_day = v_day and d.sold_hour < v_kept
      and d.offer_id <> all (v_marked)
    union all
    select date_trunc('hour', l.created_at, v_zone), 1, (l.validation_reason is null)::integer, 0, 0, 0
    from leadgen.leads l
    where l.market_id = p_market_id and l.created_at >= v_kept and l.created_at <= p_until
    union all
    select date_trunc('hour', l.created_at, v_zone), 1, (l.validation_reason is null)::integer, 0, 0, 0
    from leadgen.leads l
    where cardinality(v_marked) > 0 and l.market_id = p_market_id and l.offer_id = any (v_marked)
      and l.created_at >= p_since and l.created_at < v_kept
    union all
    select date_trunc('hour', a.created_at, v_zone), 0, 0, (a.released_at is null)::integer,
      y.revenue - y.refunds, y.cost
    from leadgen.lead_assignments a
    join report.sale_money y on y.assignment_id = a.id
    where a.offer_id = any (v_all) and a.created_at >= v_kept and a.created_at <= p_until
    union all
    select date_trunc('hour', a.created_at, v_zone), 0, 0, (a.released_at is null)::integer,
      y.revenue - y.refunds, y.cost
    from leadgen.lead_assignments a
    join report.sale_money y on y.assignment_id = a.id
    where a.offer_id = any (v_marked) and a.created_at >= p_since and a.created_at < v_kept
  ) x
  group by x.hour;
end;
$$;
comment on function rollups.list_hours(bigint, timestamptz, timestamptz) is
  'What came and was sold in each hour of a day of a market, from its midnight up to a time, as the rows say now: '
  'leads, valid ones, sales that stand, what is left of their revenue, and cost. Whole hours of the last thirteen days '
  'are kept.';
