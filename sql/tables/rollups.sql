-- Reports: the measures, and what the views of schema report add up, kept by day (sql/functions/rollups).
--
-- A day that is over is added up once, in the zone of its market. What happens to its leads later marks it: until it
-- is added up anew, views read its leads themselves. So a view says at every moment what the rows say.

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
comment on table leadgen.measures is
  'The registry of measures: what a number of a report means, and by which times it is counted. Each deploy writes it.';
comment on column leadgen.measures.bases is
  'By which time: came (of the lead), sold, returned (given back), booked. A column of a view is base_name: came_sold.';
comment on column leadgen.measures.source is 'The columns of the rows that it is the sum of.';

create table leadgen.report_zones (
  market_id bigint not null references leadgen.markets (id) on delete cascade,
  zone text not null,
  rolled_to date not null,
  rolled_until timestamptz,
  hours_from date not null default '-infinity',

  primary key (market_id, zone)
);
comment on table leadgen.report_zones is
  'The zones in which the days of a market are kept: its own, and those that leadgen.keep_report_zone was told of. A '
  'row that is deleted is made anew, and its days with it.';
comment on column leadgen.report_zones.rolled_to is 'The days before this one are kept.';
comment on column leadgen.report_zones.rolled_until is 'What happened on that day before this is kept, too; null: nothing of it.';
comment on column leadgen.report_zones.hours_from is
  'Hours are kept of no day before this: those days were kept before there were hours. -infinity: of all that are kept.';

create table leadgen.report_closing (
  id boolean primary key default true,
  closed_until timestamptz not null,
  closing_until timestamptz,
  closing_xid xid8,

  constraint report_closing_one_row check (id),
  constraint report_closing_is_whole check ((closing_until is null) = (closing_xid is null))
);
comment on table leadgen.report_closing is
  'Up to when nothing that happened can still be committed unmarked, one row (rollups.close_hours).';
comment on column leadgen.report_closing.closing_until is
  'What closes next, once every transaction below closing_xid has ended.';

create table leadgen.report_marks (
  id bigint generated always as identity primary key,
  offer_id bigint,
  happened_at timestamptz not null,
  due_at timestamptz not null default '-infinity'
);
comment on table leadgen.report_marks is
  'Times of an offer whose leads or sales changed after their hour: the day of each is added up anew.';
comment on column leadgen.report_marks.offer_id is 'Null: a booking that belongs to no offer.';
comment on column leadgen.report_marks.due_at is
  'Not before hours are closed up to then (report_closing): it may change again unmarked.';

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
comment on table leadgen.report_lead_days is
  'Leads by the day on which they came: by offer, source and policy versions, and once more by campaign (by_campaign).';
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
comment on table leadgen.report_sale_days is 'Sales by the day on which they were made: by offer, source and buyer.';
comment on column leadgen.report_sale_days.returned_in_7 is 'Of them, those that were returned within 7 days.';
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

  constraint report_reason_days_kind_known check (kind in ('rejected', 'unsold'))
);
comment on table leadgen.report_reason_days is
  'Why leads were rejected or not sold, by the day on which leads came; buyer_id: who came nearest to buying.';
create unique index report_reason_days_once
  on leadgen.report_reason_days (market_id, zone, kind, came_day, offer_id, source_id, reason, buyer_id) nulls not distinct;

create table leadgen.report_judged_days (
  market_id bigint not null,
  zone text not null,
  came_day date not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  reason text not null,
  leads integer not null
);
comment on table leadgen.report_judged_days is
  'How buyers were judged as candidates for the leads of a day: for how many they won, or by which check they lost.';
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
comment on table leadgen.report_booking_days is
  'What was booked of an offer on a day: revenue, and what was given back. Bookings that belong to no offer are not in it.';
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
comment on table leadgen.report_speed_days is
  'How fast and how surely the sales of a day reached a buyer by a channel. It has no offer, since percentiles cannot be '
  'added up: of a day that is marked for any offer of the market, all of it is added up anew.';
create unique index report_speed_days_once
  on leadgen.report_speed_days (market_id, zone, sold_day, buyer_id, channel);

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
comment on table leadgen.report_sale_periods is
  'Sales of weeks and months that are over, by offer, source and buyer: what their days in report_sale_days come to.';
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
comment on table leadgen.report_unsold_months is
  'Places that nobody took in months that are over, by offer, reason and the buyer that came nearest: what their days in '
  'report_reason_days come to.';
create unique index report_unsold_months_once
  on leadgen.report_unsold_months (market_id, zone, came_month, offer_id, reason, buyer_id) nulls not distinct;

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
comment on table leadgen.report_lead_hours is
  'Leads by the hour in which they came, offer and source, of the last fourteen days that are kept.';
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
comment on table leadgen.report_sale_hours is
  'Sales by the hour in which they were made and offer, of the last fourteen days that are kept.';
create unique index report_sale_hours_once on leadgen.report_sale_hours (market_id, zone, sold_day, sold_hour, offer_id);

-- They have no primary key: by these a publication for all tables tells rows apart.
alter table leadgen.report_lead_days replica identity full;
alter table leadgen.report_reason_days replica identity full;
alter table leadgen.report_sale_days replica identity full;
alter table leadgen.report_judged_days replica identity full;
alter table leadgen.report_booking_days replica identity full;
alter table leadgen.report_speed_days replica identity full;
alter table leadgen.report_sale_periods replica identity full;
alter table leadgen.report_unsold_months replica identity full;
alter table leadgen.report_lead_hours replica identity full;
alter table leadgen.report_sale_hours replica identity full;

-- What changes a day after its hour. On the road of a lead the conditions are all that runs: the row is minutes old.
create or replace trigger mark_late_lead after insert on leadgen.leads
  for each row when (new.created_at < clock_timestamp() - interval '50 minutes') execute function rollups.mark_row();
create or replace trigger mark_changed_lead after update on leadgen.leads
  for each row when (
    old.created_at < clock_timestamp() - interval '50 minutes'
    and (old.validation_reason, old.unsold_reason, old.hold_until, old.delivered_at, old.utm_source, old.utm_campaign, old.tracking,
      old.routing_policy_version, old.pricing_policy_version, old.routing_policy_id, old.pricing_policy_id, old.answer)
    is distinct from (new.validation_reason, new.unsold_reason, new.hold_until, new.delivered_at, new.utm_source, new.utm_campaign,
      new.tracking, new.routing_policy_version, new.pricing_policy_version, new.routing_policy_id, new.pricing_policy_id, new.answer))
  execute function rollups.mark_row();
create or replace trigger mark_late_sale after insert on leadgen.lead_assignments
  for each row when (new.created_at < clock_timestamp() - interval '50 minutes') execute function rollups.mark_sale();
create or replace trigger mark_changed_sale after update on leadgen.lead_assignments
  for each row when (
    old.created_at < clock_timestamp() - interval '50 minutes'
    and (old.outcome, old.delivered_at, old.accepted_at, old.released_at)
    is distinct from (new.outcome, new.delivered_at, new.accepted_at, new.released_at))
  execute function rollups.mark_sale();
create or replace trigger mark_next_attempt after insert on leadgen.lead_decisions
  for each row when (new.attempt > 1) execute function rollups.mark_attempt();
create or replace trigger mark_late_booking after insert on leadgen.ledger_transactions
  for each row when (new.booked_at < clock_timestamp() - interval '50 minutes' and new.offer_id is not null)
  execute function rollups.mark_late_booking();
create or replace trigger mark_late_delivery after update of status on leadgen.deliveries
  for each row when (
    old.created_at < clock_timestamp() - interval '50 minutes'
    and new.assignment_id is not null and old.status is distinct from new.status
    and (old.status in ('delivered', 'unknown', 'dead', 'cancelled')
      or new.status in ('delivered', 'unknown', 'dead', 'cancelled')))
  execute function rollups.mark_delivery();
create or replace trigger mark_given_back after insert on leadgen.ledger_transactions
  for each row when (new.kind in ('refund', 'cost_reversal')) execute function rollups.mark_booking();

create index idx_ledger_transactions_refunds on leadgen.ledger_transactions (assignment_id) where kind = 'refund';
create index idx_ledger_transactions_no_offer on leadgen.ledger_transactions (booked_at) where offer_id is null;
