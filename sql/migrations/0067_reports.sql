-- Reports: measures, and the days that views add up. The views whose columns change are declared anew by the reload.
-- squawk-ignore-file ban-drop-view, ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation
drop view if exists report.rejections;
drop view if exists report.funnel;
drop view if exists report.leads;
drop view if exists report.sales;
drop view if exists report.margin;
drop view if exists report.returns;
drop view if exists report.revenue_by_day;

create table leadgen.measures (
  name text primary key,
  position integer not null,
  bases text[] not null,
  unit text not null,
  definition text not null,
  source text not null,

  constraint measures_position_unique unique (position),
  constraint measures_name_shape check (name ~ '^[a-z][a-z_]{0,39}$'),
  constraint measures_bases_known check (
    bases <@ array['came', 'sold', 'returned', 'booked'] and cardinality(bases) between 1 and 4),
  constraint measures_unit_known check (unit in ('leads', 'sales', 'money', 'percent', 'seconds'))
);

create table leadgen.report_zones (
  market_id bigint not null references leadgen.markets (id) on delete cascade,
  zone text not null,
  rolled_to date not null,

  primary key (market_id, zone)
);

create table leadgen.report_closing (
  id boolean primary key default true,
  closed_until timestamptz not null,
  closing_until timestamptz,
  closing_xid xid8,

  constraint report_closing_one_row check (id),
  constraint report_closing_is_whole check ((closing_until is null) = (closing_xid is null))
);

create table leadgen.report_marks (
  id bigint generated always as identity primary key,
  offer_id bigint,
  happened_at timestamptz not null,
  due_at timestamptz not null default '-infinity'
);

create table leadgen.report_lead_days (
  market_id bigint not null,
  zone text not null,
  came_day date not null,
  offer_id bigint not null,
  source_id bigint not null,
  by_campaign boolean not null,
  utm_source text,
  utm_campaign text,
  sub_id text,
  validation_policy_id bigint,
  validation_version integer,
  routing_policy_id bigint,
  routing_version integer,
  pricing_policy_id bigint,
  pricing_version integer,
  received integer not null,
  valid integer not null,
  sold integer not null,
  held integer not null,
  delivered integer not null,
  accepted integer not null,
  returned integer not null,
  sales integer not null,
  revenue numeric not null,
  refunds numeric not null,
  cost numeric not null,
  response_seconds numeric not null
);

create unique index report_lead_days_once on leadgen.report_lead_days (
  market_id, zone, by_campaign, came_day, offer_id, source_id, utm_source, utm_campaign, sub_id, validation_policy_id, validation_version,
  routing_policy_id, routing_version, pricing_policy_id, pricing_version) nulls not distinct;

create table leadgen.report_sale_days (
  market_id bigint not null,
  zone text not null,
  sold_day date not null,
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
  response_seconds numeric not null
);

create unique index report_sale_days_once
  on leadgen.report_sale_days (market_id, zone, sold_day, offer_id, source_id, buyer_id);

create table leadgen.report_reason_days (
  market_id bigint not null,
  zone text not null,
  came_day date not null,
  offer_id bigint not null,
  source_id bigint not null,
  kind text not null,
  reason text not null,
  buyer_id bigint,
  leads integer not null,
  places integer not null,
  money numeric not null,

  constraint report_reason_days_kind_known check (kind in ('rejected', 'unsold', 'judged'))
);

create unique index report_reason_days_once
  on leadgen.report_reason_days (market_id, zone, came_day, offer_id, source_id, kind, reason, buyer_id) nulls not distinct;

create index idx_ledger_transactions_refunds on leadgen.ledger_transactions (assignment_id) where kind = 'refund';

insert into leadgen.report_closing (closed_until) values ('-infinity');

alter table leadgen.report_lead_days replica identity full;
alter table leadgen.report_reason_days replica identity full;
alter table leadgen.report_sale_days replica identity full;
alter table leadgen.report_lead_days enable row level security;
create policy staff on leadgen.report_lead_days to leadgen_dba using (true);
alter table leadgen.report_reason_days enable row level security;
create policy staff on leadgen.report_reason_days to leadgen_dba using (true);
alter table leadgen.report_sale_days enable row level security;
create policy staff on leadgen.report_sale_days to leadgen_dba using (true);

alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores
  add constraint chores_runs_shape
  check (runs ~ '^(auditing|billing|identity|intake|market|outbox|privacy|roads|rollups)\.[a-z][a-z0-9_]{1,62}$') not valid;
alter table leadgen.chores validate constraint chores_runs_shape;
