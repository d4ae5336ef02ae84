-- Periods: weeks and months that are over, added up from the days that are kept.

create or replace function rollups.keep_periods(p_market_id bigint, p_zone text, p_day date, p_offer_ids bigint[])
returns void
language plpgsql
volatile
as $$
-- After keep_day and in its transaction: a kept period is at every moment what its kept days come to.
declare
  v_rolled_to constant date := (
    select z.rolled_to from leadgen.report_zones z where z.market_id = p_market_id and z.zone = p_zone);
  v_month constant date := date_trunc('month', p_day::timestamp)::date;
begin
  delete from leadgen.report_sale_periods d
  where d.market_id = p_market_id and d.zone = p_zone
    and d.starts_on = date_trunc(d.period, p_day::timestamp)::date
    and d.starts_on >= p_day - 31 and d.period in ('week', 'month')
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  insert into leadgen.report_sale_periods
  select d.*
  from (values ('week'), ('month')) as p (period)
  cross join lateral rollups.sum_sales(p_market_id, p_zone, p.period, p_day, p_offer_ids) d
  where date_trunc(p.period, p_day::timestamp) + ('1 ' || p.period)::interval <= v_rolled_to;
  delete from leadgen.report_unsold_months d
  where d.market_id = p_market_id and d.zone = p_zone and d.came_month = v_month
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids));
  insert into leadgen.report_unsold_months
  select d.*
  from rollups.sum_unsold(p_market_id, p_zone, p_day, p_offer_ids) d
  where v_month + interval '1 month' <= v_rolled_to;
end;
$$;
comment on function rollups.keep_periods(bigint, text, date, bigint[]) is
  'Adds up the week and the month of a day that was kept, where they are over, of some offers or of all (null).';

create or replace function rollups.sum_sales(
  p_market_id bigint,
  p_zone text,
  p_period text,
  p_day date,
  p_offer_ids bigint[]
)
returns setof leadgen.report_sale_periods
language plpgsql
stable
as $$
declare
  v_starts_on constant date := date_trunc(p_period, p_day::timestamp)::date;
begin
  return query
  select
    d.market_id, d.zone, p_period, v_starts_on, d.offer_id, d.source_id, d.buyer_id,
    sum(d.sales)::integer, sum(d.standing)::integer, sum(d.delivered)::integer, sum(d.accepted)::integer,
    sum(d.returned)::integer, sum(d.returned_in_1)::integer, sum(d.returned_in_3)::integer,
    sum(d.returned_in_7)::integer, sum(d.returned_in_14)::integer, sum(d.returned_in_30)::integer, sum(d.revenue),
    sum(d.refunds), sum(d.cost), sum(d.response_seconds)
  from leadgen.report_sale_days d
  where d.market_id = p_market_id and d.zone = p_zone
    and d.sold_day >= v_starts_on and d.sold_day < v_starts_on + ('1 ' || p_period)::interval
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids))
  group by d.market_id, d.zone, d.offer_id, d.source_id, d.buyer_id;
end;
$$;
comment on function rollups.sum_sales(bigint, text, text, date, bigint[]) is
  'What the kept days of the week or of the month of a day come to.';

create or replace function rollups.sum_unsold(p_market_id bigint, p_zone text, p_day date, p_offer_ids bigint[])
returns setof leadgen.report_unsold_months
language plpgsql
stable
as $$
declare
  v_month constant date := date_trunc('month', p_day::timestamp)::date;
begin
  return query
  select
    d.market_id, d.zone, v_month, d.offer_id, d.reason, d.buyer_id, sum(d.places)::integer, sum(d.money)
  from leadgen.report_reason_days d
  where d.market_id = p_market_id and d.zone = p_zone and d.kind = 'unsold'
    and d.came_day >= v_month and d.came_day < v_month + interval '1 month'
    and (p_offer_ids is null or d.offer_id = any (p_offer_ids))
  group by d.market_id, d.zone, d.offer_id, d.reason, d.buyer_id;
end;
$$;
comment on function rollups.sum_unsold(bigint, text, date, bigint[]) is
  'What the kept days of the month of a day come to, of places that nobody took.';
