-- Reports keep weeks and months, and the part of the open day that is closed. Periods follow from the days that are kept.
-- squawk-ignore-file require-concurrent-index-creation
alter table leadgen.report_zones add column rolled_until timestamptz;

create table leadgen.report_sale_periods (
  market_id bigint not null,
  zone text not null,
  period text not null,
  starts_on date not null,
  offer_id bigint not null,
  source_id bigint not null,
  buyer_id bigint not null,
  sales integer not null,
  standing integer not null,
  delivered integer not null,
  accepted integer not null,
  returned integer not null,
  returned_in_1 integer not null,
  returned_in_3 integer not null,
  returned_in_7 integer not null,
  returned_in_14 integer not null,
  returned_in_30 integer not null,
  revenue numeric not null,
  refunds numeric not null,
  cost numeric not null,
  response_seconds numeric not null,

  constraint report_sale_periods_period_known check (period in ('week', 'month'))
);

create unique index report_sale_periods_once
  on leadgen.report_sale_periods (market_id, zone, period, starts_on, offer_id, source_id, buyer_id);

create table leadgen.report_unsold_months (
  market_id bigint not null,
  zone text not null,
  came_month date not null,
  offer_id bigint not null,
  reason text not null,
  buyer_id bigint,
  places integer not null,
  money numeric not null
);

create unique index report_unsold_months_once
  on leadgen.report_unsold_months (market_id, zone, came_month, offer_id, reason, buyer_id) nulls not distinct;

alter table leadgen.report_sale_periods replica identity full;
alter table leadgen.report_unsold_months replica identity full;
alter table leadgen.report_sale_periods enable row level security;
create policy staff on leadgen.report_sale_periods to leadgen_dba using (true);
alter table leadgen.report_unsold_months enable row level security;
create policy staff on leadgen.report_unsold_months to leadgen_dba using (true);

insert into leadgen.report_sale_periods
select
  d.market_id, d.zone, p.period, p.starts_on, d.offer_id, d.source_id, d.buyer_id,
  sum(d.sales)::integer as sales,
  sum(d.standing)::integer as standing,
  sum(d.delivered)::integer as delivered,
  sum(d.accepted)::integer as accepted,
  sum(d.returned)::integer as returned,
  sum(d.returned_in_1)::integer as returned_in_1,
  sum(d.returned_in_3)::integer as returned_in_3,
  sum(d.returned_in_7)::integer as returned_in_7,
  sum(d.returned_in_14)::integer as returned_in_14,
  sum(d.returned_in_30)::integer as returned_in_30,
  sum(d.revenue) as revenue,
  sum(d.refunds) as refunds,
  sum(d.cost) as cost,
  sum(d.response_seconds) as response_seconds
from leadgen.report_sale_days d
join leadgen.report_zones z on z.market_id = d.market_id and z.zone = d.zone and d.sold_day < z.rolled_to
cross join lateral (
  select k.period, date_trunc(k.period, d.sold_day::timestamp)::date as starts_on from (values ('week'), ('month')) as k (period)
) p
where p.starts_on + ('1 ' || p.period)::interval <= z.rolled_to
group by d.market_id, d.zone, p.period, p.starts_on, d.offer_id, d.source_id, d.buyer_id;

insert into leadgen.report_unsold_months
select
  d.market_id, d.zone, m.came_month, d.offer_id, d.reason, d.buyer_id, sum(d.places)::integer as places, sum(d.money) as money
from leadgen.report_reason_days d
join leadgen.report_zones z on z.market_id = d.market_id and z.zone = d.zone and d.came_day < z.rolled_to
cross join lateral (values (date_trunc('month', d.came_day::timestamp)::date)) as m (came_month)
where d.kind = 'unsold' and m.came_month + interval '1 month' <= z.rolled_to
group by d.market_id, d.zone, m.came_month, d.offer_id, d.reason, d.buyer_id;
