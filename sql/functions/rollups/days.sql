-- Days: what leads, sales, bookings and deliveries of a day come to, counted and kept.

create or replace function rollups.count_leads(
  p_market_id bigint,
  p_zone text,
  p_from date,
  p_to date,
  p_until timestamptz,
  p_offer_ids bigint[],
  p_by_campaign boolean
)
returns setof leadgen.report_lead_days
language plpgsql
stable
as $$
-- A clock that is set back at midnight has an hour twice: by time the range is wider, and the day decides.
begin
  return query
  select
    p_market_id, p_zone, l.came_day, l.offer_id, l.source_id, p_by_campaign,
    case when p_by_campaign then l.utm_source end::text, case when p_by_campaign then l.utm_campaign end::text,
    case when p_by_campaign then l.sub_id end,
    case when not p_by_campaign then l.validation_policy_id end,
    case when not p_by_campaign then l.validation_version end,
    case when not p_by_campaign then l.routing_policy_id end, case when not p_by_campaign then l.routing_version end,
    case when not p_by_campaign then l.pricing_policy_id end, case when not p_by_campaign then l.pricing_version end,
    count(*)::integer, count(*) filter (where l.is_valid)::integer, count(*) filter (where l.is_sold)::integer,
    count(*) filter (where l.is_held)::integer, count(*) filter (where l.is_delivered)::integer,
    count(*) filter (where l.is_accepted)::integer, count(*) filter (where l.is_returned)::integer,
    sum(l.sales)::integer, sum(l.revenue), sum(l.refunds), sum(l.cost), coalesce(sum(l.response_seconds), 0)
  from report.leads l
  where l.market_id = p_market_id and l.came_day >= p_from and l.came_day < p_to
    and l.created_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and l.created_at < p_to::timestamp at time zone p_zone + interval '2 hours' and l.created_at < p_until
    and (p_offer_ids is null or l.offer_id = any (p_offer_ids))
  group by 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15;
end;
$$;
comment on function rollups.count_leads(bigint, text, date, date, timestamptz, bigint[], boolean) is
  'The rows of leads by day, as the leads say: of a market, from one day to before another, of some or all offers. The '
  'session''s zone of reports is p_zone. What happened from p_until on is left out.';

create or replace function rollups.count_sales(
  p_market_id bigint,
  p_zone text,
  p_from date,
  p_to date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_sale_days
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, s.sold_day, s.offer_id, s.source_id, s.buyer_id,
    count(*)::integer, count(*) filter (where s.stands)::integer, count(s.delivered_at)::integer,
    count(*) filter (where s.is_accepted)::integer, count(s.days_to_return)::integer,
    count(*) filter (where s.days_to_return <= 1)::integer, count(*) filter (where s.days_to_return <= 3)::integer,
    count(*) filter (where s.days_to_return <= 7)::integer, count(*) filter (where s.days_to_return <= 14)::integer,
    count(*) filter (where s.days_to_return <= 30)::integer,
    sum(s.price), sum(s.refunds), sum(s.cost), coalesce(sum(extract(epoch from s.time_to_delivery)), 0)
  from report.sales s
  where s.market_id = p_market_id and s.sold_day >= p_from and s.sold_day < p_to
    and s.created_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and s.created_at < p_to::timestamp at time zone p_zone + interval '2 hours' and s.created_at < p_until
    and s.offer_id in (
      select o.id from leadgen.offers o
      where o.market_id = p_market_id and (p_offer_ids is null or o.id = any (p_offer_ids)))
  group by s.sold_day, s.offer_id, s.source_id, s.buyer_id;
end;
$$;
comment on function rollups.count_sales(bigint, text, date, date, timestamptz, bigint[]) is
  'The rows of sales by day, as the sales say.';

create or replace function rollups.count_reasons(
  p_market_id bigint,
  p_zone text,
  p_from date,
  p_to date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_reason_days
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, r.came_day, r.offer_id, r.source_id, r.kind, r.reason, r.buyer_id,
    count(distinct r.lead_id)::integer, count(*)::integer, coalesce(sum(r.price), 0)::numeric
  from report.lost_places r
  where r.market_id = p_market_id and r.came_day >= p_from and r.came_day < p_to
    and r.created_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and r.created_at < p_to::timestamp at time zone p_zone + interval '2 hours' and r.created_at < p_until
    and (p_offer_ids is null or r.offer_id = any (p_offer_ids))
  group by r.came_day, r.offer_id, r.source_id, r.kind, r.reason, r.buyer_id;
end;
$$;
comment on function rollups.count_reasons(bigint, text, date, date, timestamptz, bigint[]) is
  'The rows of reasons by day, as the leads and their decisions say.';

create or replace function rollups.count_judged(
  p_market_id bigint,
  p_zone text,
  p_from date,
  p_to date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_judged_days
language plpgsql
stable
as $$
begin
  return query
  select p_market_id, p_zone, j.came_day, j.offer_id, j.buyer_id, j.reason, count(distinct j.lead_id)::integer
  from report.judgements j
  where j.market_id = p_market_id and j.came_day >= p_from and j.came_day < p_to
    and j.created_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and j.created_at < p_to::timestamp at time zone p_zone + interval '2 hours' and j.created_at < p_until
    and (p_offer_ids is null or j.offer_id = any (p_offer_ids))
  group by j.came_day, j.offer_id, j.buyer_id, j.reason;
end;
$$;
comment on function rollups.count_judged(bigint, text, date, date, timestamptz, bigint[]) is
  'The rows of judgements by day, as the latest decisions say.';

create or replace function rollups.count_bookings(
  p_market_id bigint,
  p_zone text,
  p_from date,
  p_to date,
  p_until timestamptz,
  p_offer_ids bigint[]
)
returns setof leadgen.report_booking_days
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, b.booked_day, b.offer_id, b.currency,
    count(*) filter (where b.account = 'revenue')::integer,
    coalesce(-sum(b.amount) filter (where b.account = 'revenue'), 0.00),
    coalesce(sum(b.amount) filter (where b.account = 'returns'), 0.00)
  from report.bookings b
  where b.market_id = p_market_id and b.booked_day >= p_from and b.booked_day < p_to
    and b.booked_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and b.booked_at < p_to::timestamp at time zone p_zone + interval '2 hours' and b.booked_at < p_until
    and (p_offer_ids is null or b.offer_id = any (p_offer_ids))
  group by b.booked_day, b.offer_id, b.currency;
end;
$$;
comment on function rollups.count_bookings(bigint, text, date, date, timestamptz, bigint[]) is
  'The rows of bookings by day, as the ledger says.';

create or replace function rollups.count_speed(p_market_id bigint, p_zone text, p_from date, p_to date)
returns setof leadgen.report_speed_days
language plpgsql
stable
as $$
begin
  return query
  select
    p_market_id, p_zone, d.sold_day, d.buyer_id, d.channel,
    count(*)::integer, count(d.seconds)::integer, count(*) filter (where d.is_open)::integer,
    count(*) filter (where d.has_failed)::integer,
    round(avg(d.attempts) filter (where d.seconds is not null), 2),
    percentile_cont(0.5) within group (order by d.seconds),
    percentile_cont(0.9) within group (order by d.seconds),
    percentile_cont(0.99) within group (order by d.seconds)
  from leadgen.offers o
  join report.sale_deliveries d on d.offer_id = o.id
  where o.market_id = p_market_id and d.sold_day >= p_from and d.sold_day < p_to
    and d.created_at >= p_from::timestamp at time zone p_zone - interval '2 hours'
    and d.created_at < p_to::timestamp at time zone p_zone + interval '2 hours'
  group by d.sold_day, d.buyer_id, d.channel;
end;
$$;
comment on function rollups.count_speed(bigint, text, date, date) is
  'The rows of deliveries by day, as the deliveries say: of all offers of the market.';

create or replace function rollups.keep_day(
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
-- The caller holds report_closing. What is committed after a statement here began is marked, and read from its rows.
declare
  v_zone constant text := coalesce(current_setting('leadgen.report_zone', true), '');
begin
  perform set_config('leadgen.report_zone', p_zone, true);
  delete from leadgen.report_lead_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day = p_day
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  delete from leadgen.report_sale_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.sold_day = p_day
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  delete from leadgen.report_reason_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day = p_day
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  delete from leadgen.report_judged_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_day = p_day
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  delete from leadgen.report_booking_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.booked_day = p_day
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  delete from leadgen.report_speed_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.sold_day = p_day;
  insert into leadgen.report_lead_days
  select d.*
  from unnest(array[false, true]) as c (by_campaign)
  cross join lateral rollups.count_leads(p_market_id, p_zone, p_day, p_day + 1, p_until, p_offer_ids, c.by_campaign) d;
  insert into leadgen.report_sale_days
  select d.* from rollups.count_sales(p_market_id, p_zone, p_day, p_day + 1, p_until, p_offer_ids) d;
  insert into leadgen.report_reason_days
  select d.* from rollups.count_reasons(p_market_id, p_zone, p_day, p_day + 1, p_until, p_offer_ids) d;
  insert into leadgen.report_judged_days
  select d.* from rollups.count_judged(p_market_id, p_zone, p_day, p_day + 1, p_until, p_offer_ids) d;
  insert into leadgen.report_booking_days
  select d.* from rollups.count_bookings(p_market_id, p_zone, p_day, p_day + 1, p_until, p_offer_ids) d;
  insert into leadgen.report_speed_days
  select d.* from rollups.count_speed(p_market_id, p_zone, p_day, p_day + 1) d
  where p_until = 'infinity';
  perform rollups.keep_hours(p_market_id, p_zone, p_day, p_until, p_offer_ids);
  perform set_config('leadgen.report_zone', v_zone, true);
end;
$$;
comment on function rollups.keep_day(bigint, text, date, timestamptz, bigint[]) is
  'Adds up a day of a market in a zone, up to a time (infinity: all of it), of some offers or of all (null), in place '
  'of what was kept of it. The speed of deliveries is always of all offers, and of a whole day.';
