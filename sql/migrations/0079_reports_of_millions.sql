-- Reports of millions: what was booked, judged and delivered is kept by day, too. All days are added up anew, by the chore.
-- squawk-ignore-file ban-drop-view, ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation, require-concurrent-index-deletion
drop view if exists report.buyer_scorecard;
drop view if exists report.unsold;
drop view if exists report.rejection_reasons;
drop view if exists report.duplicates;
drop view if exists report.lost;
drop view if exists report.reason_rows;
drop view if exists report.judgements;
drop view if exists report.revenue_by_day;
drop view if exists report.delivery_speed;
drop view if exists report.limits;

create table leadgen.report_judged_days (
  market_id bigint not null,
  zone text not null,
  came_day date not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  reason text not null,
  leads integer not null
);

create unique index report_judged_days_once
  on leadgen.report_judged_days (market_id, zone, came_day, offer_id, buyer_id, reason);

create table leadgen.report_booking_days (
  market_id bigint not null,
  zone text not null,
  booked_day date not null,
  offer_id bigint not null,
  currency char(3) not null,
  sales integer not null,
  revenue numeric not null,
  refunds numeric not null
);

create unique index report_booking_days_once
  on leadgen.report_booking_days (market_id, zone, booked_day, offer_id, currency);

create table leadgen.report_speed_days (
  market_id bigint not null,
  zone text not null,
  sold_day date not null,
  buyer_id bigint not null,
  channel leadgen.delivery_channel not null,
  deliveries integer not null,
  delivered integer not null,
  open integer not null,
  failed integer not null,
  attempts_each numeric,
  median_seconds double precision,
  p90_seconds double precision,
  p99_seconds double precision
);

create unique index report_speed_days_once
  on leadgen.report_speed_days (market_id, zone, sold_day, buyer_id, channel);

alter table leadgen.report_judged_days replica identity full;
alter table leadgen.report_booking_days replica identity full;
alter table leadgen.report_speed_days replica identity full;
alter table leadgen.report_judged_days enable row level security;
create policy staff on leadgen.report_judged_days to leadgen_dba using (true);
alter table leadgen.report_booking_days enable row level security;
create policy staff on leadgen.report_booking_days to leadgen_dba using (true);
alter table leadgen.report_speed_days enable row level security;
create policy staff on leadgen.report_speed_days to leadgen_dba using (true);

truncate leadgen.report_lead_days, leadgen.report_sale_days, leadgen.report_reason_days;
update leadgen.report_zones set rolled_to = '-infinity' where true;
drop index leadgen.report_reason_days_once;
create unique index report_reason_days_once
  on leadgen.report_reason_days (market_id, zone, kind, came_day, offer_id, source_id, reason, buyer_id) nulls not distinct;
alter table leadgen.report_reason_days drop constraint report_reason_days_kind_known;
alter table leadgen.report_reason_days
  add constraint report_reason_days_kind_known check (kind in ('rejected', 'unsold')) not valid;
alter table leadgen.report_reason_days validate constraint report_reason_days_kind_known;

create index idx_ledger_transactions_no_offer on leadgen.ledger_transactions (booked_at) where offer_id is null;

alter table leadgen.candidate_checks add column remedy text;
