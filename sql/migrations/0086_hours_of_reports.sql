-- Reports keep hours of the last fourteen days: these days are added up anew, by the chore. Until then they are read.
-- squawk-ignore-file require-concurrent-index-creation
create table leadgen.report_lead_hours (
  market_id bigint not null,
  zone text not null,
  came_day date not null,
  came_hour timestamptz not null,
  offer_id bigint not null,
  source_id bigint not null,
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
  cost numeric not null
);

create unique index report_lead_hours_once
  on leadgen.report_lead_hours (market_id, zone, came_day, came_hour, offer_id, source_id);

create table leadgen.report_sale_hours (
  market_id bigint not null,
  zone text not null,
  sold_day date not null,
  sold_hour timestamptz not null,
  offer_id bigint not null,
  sales integer not null,
  standing integer not null,
  revenue numeric not null,
  refunds numeric not null,
  cost numeric not null
);

create unique index report_sale_hours_once on leadgen.report_sale_hours (market_id, zone, sold_day, sold_hour, offer_id);

alter table leadgen.report_lead_hours replica identity full;
alter table leadgen.report_sale_hours replica identity full;
alter table leadgen.report_lead_hours enable row level security;
create policy staff on leadgen.report_lead_hours to leadgen_dba using (true);
alter table leadgen.report_sale_hours enable row level security;
create policy staff on leadgen.report_sale_hours to leadgen_dba using (true);

update leadgen.report_zones set rolled_to = rolled_to - 14, rolled_until = null where isfinite(rolled_to);
