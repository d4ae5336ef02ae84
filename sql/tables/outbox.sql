-- Outbox: deliveries that are owed, and every attempt at them.
--
-- A delivery is written in the lead's transaction, so it exists exactly when the sale does. A
-- worker leases it (a token and a time), does the network call outside any transaction, and
-- records the outcome under its token; a token that is no longer the row's is refused. Nothing is
-- claimed by a watermark over ids: a lower id may commit later than a higher one.

create type leadgen.delivery_channel as enum ('webhook', 'email', 'sms');
create type leadgen.delivery_status as enum
  ('pending', 'sending', 'delivered', 'unknown', 'dead', 'cancelled');

create table leadgen.deliveries (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  lead_id bigint not null,
  assignment_id bigint not null references leadgen.lead_assignments (id) on delete restrict,
  buyer_id bigint not null,
  channel leadgen.delivery_channel not null,
  target text not null,
  message_id uuid not null default gen_random_uuid(),
  status leadgen.delivery_status not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  lease_token uuid,
  worker text,
  finished_at timestamptz,
  last_error text,
  timeout_seconds numeric,
  retry_seconds numeric[],

  constraint deliveries_channel_unique unique (assignment_id, channel),
  constraint deliveries_open_has_time
    check ((status in ('pending', 'sending')) = (next_attempt_at is not null)),
  constraint deliveries_lease_is_sending check ((status = 'sending') = (lease_token is not null))
) with (fillfactor = 70);
comment on table leadgen.deliveries is 'The outbox: one row for each channel of each sale.';
comment on column leadgen.deliveries.target is 'URL or address it goes to, as it was when the lead was sold.';
comment on column leadgen.deliveries.message_id is 'Sent as webhook-id and Message-ID; the same for every attempt.';
comment on column leadgen.deliveries.next_attempt_at is
  'When it may be claimed: the retry time, or while sending the end of the lease; null: finished.';
comment on column leadgen.deliveries.lease_token is 'Fencing token of the current claim.';
comment on column leadgen.deliveries.timeout_seconds is 'In total, by the routing policy; null: the worker''s setting.';
comment on column leadgen.deliveries.retry_seconds is
  'Pauses before each retry, by the routing policy; null: the worker''s settings.';
create index idx_deliveries_due on leadgen.deliveries (next_attempt_at) where next_attempt_at is not null;
create index idx_deliveries_lead on leadgen.deliveries (lead_id);
create index idx_deliveries_lease on leadgen.deliveries (lease_token) where lease_token is not null;

create table leadgen.delivery_attempts (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  delivery_id bigint not null references leadgen.deliveries (id) on delete restrict,
  attempt integer not null,
  worker text,
  started_at timestamptz not null,
  latency_ms numeric(10,2) not null,
  outcome text not null,
  status_code integer,
  error text,
  reply text,

  constraint delivery_attempts_outcome_valid check (outcome in ('delivered', 'failed', 'refused', 'unknown'))
);
comment on table leadgen.delivery_attempts is 'Append-only log: one row for each recorded attempt.';
comment on column leadgen.delivery_attempts.outcome is
  'delivered; failed: a clean failure, retried; refused: cannot succeed; unknown: sent, but no answer.';
comment on column leadgen.delivery_attempts.reply is 'First bytes of the receiver''s answer.';
create index idx_delivery_attempts_delivery on leadgen.delivery_attempts (delivery_id);

create unlogged table leadgen.worker_naps (
  worker text primary key,
  until timestamptz not null
);
comment on table leadgen.worker_naps is
  'Workers that sleep and want to be woken. NOTIFY takes an instance-wide lock at commit, so it is sent only while somebody naps.';
