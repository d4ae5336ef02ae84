-- The outbox: channels and chores are rows, an enrollment's endpoints are worked out once and not for every lead, and what
-- a lead writes is lighter. Which keys, checks and indexes went, and why that costs no promise:
-- docs/decisions/2026-11-29-indexes-and-keys-of-the-outbox.md.
-- Indexes are made in one go: the table of what is open is small, and a deploy makes workers wait for a moment.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint, ban-drop-function

-- Another result: declared anew by the deploy.
drop function if exists outbox.claim_deliveries(text, jsonb, interval);

create table leadgen.channels (
  code leadgen.delivery_channel primary key,
  position integer not null,
  description text not null,
  target_function text not null,
  details_function text,
  is_url boolean not null default false,
  resends_lost boolean not null default true,
  endpoint_faults text[] not null default '{}',

  constraint channels_position_unique unique (position) deferrable initially deferred
);

create table leadgen.enrollment_endpoints (
  buyer_offer_id bigint not null references leadgen.buyer_offers (id) on delete cascade,
  channel leadgen.delivery_channel not null,
  endpoint_id bigint not null references leadgen.endpoints (id) on delete cascade,

  primary key (buyer_offer_id, channel)
);

create table leadgen.chores (
  name text primary key,
  position integer not null,
  runs text not null,
  description text not null,
  counts boolean not null default false,
  pause interval not null default '0',
  is_active boolean not null default true,

  constraint chores_name_shape check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint chores_runs_shape check (runs ~ '^(market|outbox|roads)\.[a-z][a-z0-9_]{1,62}$'),
  constraint chores_position_unique unique (position) deferrable initially deferred,
  constraint chores_pause_not_negative check (pause >= '0')
);

create type outbox.target as (
  buyer_id bigint,
  buyer_offer_id bigint,
  channel leadgen.delivery_channel,
  target text
);

create type outbox.claim as (
  delivery_id bigint,
  lease_token uuid,
  attempt integer,
  channel text,
  kind text,
  target text,
  message_id text,
  secrets text[],
  headers jsonb,
  body text,
  details jsonb,
  timeout_seconds double precision,
  buyer_id bigint,
  endpoint_id bigint
);

create type outbox.result as (
  delivery_id bigint,
  lease_token uuid,
  started_at timestamptz,
  outcome text,
  status_code integer,
  latency_ms numeric,
  error text,
  error_class text,
  reply text,
  retry_after_seconds numeric,
  provider_id text,
  disables boolean
);

create type outbox.verdict as (
  delivery_id bigint,
  status leadgen.delivery_status,
  retry_at timestamptz,
  outcome text,
  reason text,
  error_class text,
  market_id bigint,
  lead_id bigint,
  assignment_id bigint,
  endpoint_id bigint,
  channel leadgen.delivery_channel,
  attempt integer,
  worker text,
  started_at timestamptz,
  latency_ms numeric,
  status_code integer,
  reply text,
  provider_id text,
  disables boolean
);

-- No row of sales, notices or replays is ever deleted (their triggers refuse it), so none of these could be violated; the
-- first cost each lead a look-up and a lock on the sale's row.
alter table leadgen.deliveries
  drop constraint deliveries_assignment_id_fkey,
  drop constraint deliveries_notice_id_fkey,
  drop constraint deliveries_replay_id_fkey,
  drop constraint deliveries_of_lead_or_notice,
  drop constraint deliveries_open_has_time,
  drop constraint deliveries_lease_is_sending;
-- A buyer who was told something stays, as one who bought something.
alter table leadgen.notices
  drop constraint notices_buyer_id_fkey,
  add constraint notices_buyer_id_fkey foreign key (buyer_id) references leadgen.buyers (id) on delete restrict;

-- One index for what is due and what is in flight; one for what somebody has to look after.
drop index leadgen.idx_deliveries_due;
drop index leadgen.idx_deliveries_in_flight;
drop index leadgen.idx_deliveries_troubled;
drop index leadgen.idx_deliveries_sent;
drop index leadgen.idx_deliveries_notice;
drop index leadgen.idx_endpoints_unchecked;
create index idx_deliveries_due on leadgen.deliveries (endpoint_id, status, next_attempt_at)
  where next_attempt_at is not null;
create index idx_deliveries_watched on leadgen.deliveries (status, created_at, id)
  where status in ('sent', 'unknown', 'dead', 'parked');
create index idx_endpoints_unchecked on leadgen.endpoints (channel, id) where checked_at is null;

-- A replay goes by the time deliveries were made, which an index of sales knows, and no longer by their ids alone.
alter table leadgen.replays add column cursor_at timestamptz;
update leadgen.replays r
set cursor_at = (select d.created_at from leadgen.deliveries d where d.id = r.cursor_id)
where r.status = 'running' and r.cursor_id > 0;
