-- Outbox: deliveries that are owed, and every attempt at them.
--
-- A delivery is written in the lead's transaction, so it exists exactly when the sale does. A
-- worker leases it (a token and a time), does the network call outside any transaction, and
-- records the outcome under its token; a token that is no longer the row's is refused. Nothing is
-- claimed by a watermark over ids: a lower id may commit later than a higher one.

create type leadgen.delivery_channel as enum ('webhook', 'email', 'sms');
create type leadgen.delivery_status as enum
  ('pending', 'sending', 'delivered', 'unknown', 'dead', 'cancelled', 'parked', 'sent');

create table leadgen.endpoints (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  channel leadgen.delivery_channel not null,
  target text not null,
  max_in_flight integer not null default 32,
  disable_after integer,
  disabled_at timestamptz,
  disabled_reason text,
  announced_at timestamptz,
  failures_in_a_row integer not null default 0,
  failing_since timestamptz,
  last_failure_at timestamptz,
  retry_at timestamptz,
  checked_at timestamptz,

  constraint endpoints_unique unique (buyer_id, channel, target),
  constraint endpoints_max_in_flight_bounded check (max_in_flight between 1 and 1000),
  constraint endpoints_disable_after_positive check (disable_after >= 1),
  constraint endpoints_disabled_has_reason check ((disabled_at is null) = (disabled_reason is null)),
  constraint endpoints_failures_not_negative check (failures_in_a_row >= 0)
) with (fillfactor = 70);
comment on table leadgen.endpoints is
  'Where a buyer can be reached: made by trigger from its addresses and those of its enrollments. Its health is kept here, over all workers.';
comment on column leadgen.endpoints.target is 'URL, e-mail address or phone number.';
comment on column leadgen.endpoints.max_in_flight is 'Deliveries leased at once, over all workers.';
comment on column leadgen.endpoints.disable_after is 'Failed attempts in a row after which it is disabled; null: settings.disable_endpoint_after.';
comment on column leadgen.endpoints.disabled_at is 'Nothing is sent from then on, what is due waits; null: in use. leadgen.enable_endpoint ends it.';
comment on column leadgen.endpoints.announced_at is 'When what follows of disabled_at was done: an event, a notice, no new leads by this way alone.';
comment on column leadgen.endpoints.failures_in_a_row is 'Since the last delivery; attempts that were under way together count as one.';
comment on column leadgen.endpoints.retry_at is 'The circuit is open until then; afterwards one delivery at a time tries it, until one gets through.';
comment on column leadgen.endpoints.checked_at is 'When a worker looked up the name in the URL; null: not yet.';
create index idx_endpoints_unannounced on leadgen.endpoints (disabled_at) where disabled_at is not null and announced_at is null;
create index idx_endpoints_unchecked on leadgen.endpoints (id) where checked_at is null and channel = 'webhook';

create or replace trigger touch_updated_at before update of max_in_flight, disable_after on leadgen.endpoints
  for each row execute function kernel.touch_updated_at();

create table leadgen.notices (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  kind text not null,
  facts jsonb not null default '{}',

  constraint notices_kind_shape check (kind ~ '^[a-z]+\.[a-z]+$'),
  constraint notices_facts_is_object check (jsonb_typeof(facts) = 'object')
);
comment on table leadgen.notices is
  'What a buyer is told that is not a lead: webhook.test, endpoint.disabled. No personal data of leads.';
comment on column leadgen.notices.market_id is 'Of the buyer''s first enrollment, else the first there is: a delivery travels in some market.';

create table leadgen.replays (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,
  request_key text,
  buyer_id bigint,
  created_from timestamptz,
  created_to timestamptz,
  statuses leadgen.delivery_status[] not null,
  per_minute integer not null,
  last_id bigint not null,
  cursor_id bigint not null default 0,
  status text not null default 'running',
  next_step_at timestamptz not null default current_timestamp,
  replayed integer not null default 0,
  skipped integer not null default 0,
  skipped_for jsonb not null default '{}',
  finished_at timestamptz,
  cancelled_by text,

  constraint replays_request_key_unique unique (request_key),
  constraint replays_status_valid check (status in ('running', 'done', 'cancelled')),
  constraint replays_per_minute_bounded check (per_minute between 1 and 60000),
  constraint replays_finished_has_time check ((status = 'running') = (finished_at is null)),
  constraint replays_statuses_valid check (statuses <@ '{dead,unknown,delivered}' and statuses <> '{}')
);
comment on table leadgen.replays is
  'Deliveries sent again by an operator: which, how fast, how far it is. A worker takes the steps; each row is also the audit of it.';
comment on column leadgen.replays.request_key is 'Names the wish: asked for twice, it is one replay.';
comment on column leadgen.replays.last_id is 'The last delivery there was when it was asked for.';
comment on column leadgen.replays.cursor_id is 'Deliveries up to this id were looked at.';
comment on column leadgen.replays.skipped is 'Deliveries that cannot be sent again: returned, erased, or the endpoint is disabled.';
comment on column leadgen.replays.skipped_for is 'How many for which reason: {"its lead was erased": 2}.';
create unique index replays_one_running
  on leadgen.replays (coalesce(buyer_id, 0), statuses, coalesce(created_from, '-infinity'), coalesce(created_to, 'infinity'))
  where status = 'running';
create index idx_replays_due on leadgen.replays (next_step_at) where status = 'running';

create table leadgen.deliveries (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  lead_id bigint,
  assignment_id bigint references leadgen.lead_assignments (id) on delete restrict,
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
  endpoint_id bigint not null,
  notice_id bigint references leadgen.notices (id) on delete restrict,
  replay_id bigint references leadgen.replays (id) on delete restrict,
  attempts_before integer not null default 0,
  provider_id text,

  constraint deliveries_of_lead_or_notice
    check (num_nonnulls(assignment_id, notice_id) = 1 and (assignment_id is null) = (lead_id is null)),
  constraint deliveries_channel_unique unique (assignment_id, channel),
  constraint deliveries_open_has_time
    check ((status in ('pending', 'sending')) = (next_attempt_at is not null)),
  constraint deliveries_lease_is_sending check ((status = 'sending') = (lease_token is not null))
) with (fillfactor = 70);
comment on table leadgen.deliveries is 'The outbox: one row for each channel of each sale, and for each notice.';
comment on column leadgen.deliveries.target is 'URL or address it goes to, as it was when the lead was sold.';
comment on column leadgen.deliveries.message_id is 'Sent as webhook-id and Message-ID; the same for every attempt.';
comment on column leadgen.deliveries.next_attempt_at is
  'When it may be claimed: the retry time, or while sending the end of the lease; null: finished.';
comment on column leadgen.deliveries.lease_token is 'Fencing token of the current claim.';
comment on column leadgen.deliveries.timeout_seconds is 'In total, by the routing policy; null: the worker''s setting.';
comment on column leadgen.deliveries.retry_seconds is
  'Pauses before each retry, by the routing policy; null: the worker''s settings.';
comment on column leadgen.deliveries.endpoint_id is
  'Of leadgen.endpoints. No foreign key: it would lock the endpoint''s row for every lead, and endpoints of buyers with sales stay.';
comment on column leadgen.deliveries.replay_id is 'The replay that sent it again last; null: none.';
comment on column leadgen.deliveries.attempts_before is 'Attempts before it was sent again by an operator: its schedule began anew after them.';
comment on column leadgen.deliveries.provider_id is 'Name of the message at the provider (Twilio''s Message SID).';
create index idx_deliveries_due on leadgen.deliveries (endpoint_id, next_attempt_at) where next_attempt_at is not null;
create index idx_deliveries_lead on leadgen.deliveries (lead_id);
create index idx_deliveries_in_flight on leadgen.deliveries (endpoint_id, next_attempt_at) where lease_token is not null;
create index idx_deliveries_troubled on leadgen.deliveries (id) where status in ('dead', 'unknown', 'parked');
create index idx_deliveries_sent on leadgen.deliveries (id) where status = 'sent';
create index idx_deliveries_notice on leadgen.deliveries (notice_id) where notice_id is not null;
create index idx_deliveries_message on leadgen.deliveries (message_id) where channel = 'sms';

create or replace trigger enforce_transition before update of status on leadgen.deliveries
  for each row when (
    old.status is distinct from new.status
    and not (old.status = 'pending' and new.status = 'sending')
    and not (old.status = 'sending' and new.status = 'delivered'))
  execute function catalog.enforce_transition('status');
create or replace trigger keep_deliveries before delete or truncate on leadgen.deliveries
  for each statement execute function kernel.refuse_change();
create or replace trigger withdraw_delivery after update of status on leadgen.deliveries
  for each row when (old.status = 'sending' and new.status = 'cancelled') execute function outbox.withdraw_delivery();

create table leadgen.delivery_attempts (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  delivery_id bigint not null,
  attempt integer not null,
  worker text,
  started_at timestamptz not null,
  latency_ms numeric(10,2) not null,
  outcome text not null,
  status_code integer,
  error text,
  reply text,
  error_class text,

  constraint delivery_attempts_outcome_valid check (outcome in ('delivered', 'sent', 'failed', 'refused', 'unknown'))
);
comment on table leadgen.delivery_attempts is 'Append-only log: one row for each recorded attempt.';
comment on column leadgen.delivery_attempts.delivery_id is
  'Of leadgen.deliveries. No foreign key: whoever writes an attempt holds its delivery''s row, and deliveries are never deleted.';
comment on column leadgen.delivery_attempts.outcome is
  'delivered; sent: the provider has it and reports later; failed: a clean failure, retried; refused: cannot succeed; unknown: sent, but no answer.';
comment on column leadgen.delivery_attempts.reply is 'First bytes of the receiver''s answer, what looks personal or secret struck out.';
comment on column leadgen.delivery_attempts.error_class is
  'What kind of trouble: dns, connect, tls, timeout, lost, protocol, redirect, http_4xx, http_5xx, gone, egress, message, smtp_4xx, smtp_5xx, provider, setup; null: none.';
create index idx_delivery_attempts_delivery on leadgen.delivery_attempts (delivery_id);

create or replace trigger keep_record before delete or truncate on leadgen.delivery_attempts
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_record_as_written before update on leadgen.delivery_attempts
  for each statement when (current_setting('leadgen.is_erasing', true) is distinct from 'on')
  execute function kernel.refuse_change();
create or replace trigger keep_all_but_erased before update on leadgen.delivery_attempts
  for each row execute function privacy.allow_erasure();

create unlogged table leadgen.worker_naps (
  worker text primary key,
  until timestamptz not null
);
comment on table leadgen.worker_naps is
  'Workers that sleep and want to be woken. NOTIFY takes an instance-wide lock at commit, so it is sent only while somebody naps.';
