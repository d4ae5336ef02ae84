-- Outbox: what buyers are owed, and every attempt to bring it to them.
--
-- It owns the ways to a buyer (channels, endpoints, enrollment_endpoints), what goes out (deliveries, notices), the
-- record of what happened (delivery_attempts), what operators have sent again (resends), and the list of what workers
-- do beside delivering (chores). It knows nothing of money, caps or policies: a road queues deliveries with a sale, and
-- a road tells the sale what became of them.
--
-- What always holds:
-- 1. A delivery is written in its sale's transaction: it exists exactly when the sale does.
-- 2. Nobody sends without a lease: a token and an end. What is recorded under a token that is no longer the row's is
--    refused (fenced). A lease that ran out makes the row due again, under a new token.
-- 3. Every attempt is logged once, also the one of a delivery that was cancelled while it was sent.
-- 4. What may have arrived never ends dead: a dead delivery's lead is sold to somebody else (outbox.may_have_arrived).
-- 5. What is due is found by its state and time, never by a watermark over ids: a lower id may commit later.
-- 6. The network is called outside of any transaction.
--
--            ┌────────── retry, given back, 410 ──────────┐
--            ▼                                            │
--   ─────► pending ─────────────── claim ─────────────► sending ──┬─► delivered   it got through
--          │ ▲ │                                          │  ▲ │   ├─► dead        it did not; no more tries
--     park │ │ │                                          └──┘ │   ├─► unknown     it may have; no more tries
--          ▼ │ │                                lease ran out: │   └─► sent ─────► delivered, unknown, dead
--       parked │                                   a new token │        the provider has it and reports later
--          │   └──────────────────────┬────────────────────────┘
--          └────────────────────► cancelled     its sale ended, or its lead was erased
--
--   parked, dead, unknown, delivered ─► pending     an operator has it sent again
--   unknown ─► delivered, dead                      a report that came late
--
-- Read on in sql/functions/outbox: queue.sql (what is owed), claims.sql (leases), results.sql and answers.sql (what an
-- attempt meant), retries.sql, health.sql (endpoints), reports.sql (providers that report later), resends.sql and
-- resend_runs.sql (operators). The whole way from a result to the sale is roads/outcome_is_reported.sql. Why these indexes
-- and no foreign keys: docs/decisions/2026-11-29-indexes-and-keys-of-the-outbox.md.

create type leadgen.delivery_channel as enum ('webhook', 'email', 'sms');
create type leadgen.delivery_status as enum
  ('pending', 'sending', 'delivered', 'unknown', 'dead', 'cancelled', 'parked', 'sent');

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
comment on table leadgen.channels is
  'The registry of ways to reach a buyer: sql/seeds/channels.sql. A new one is a row, its functions, a word of the '
  'enum and a sender in the worker.';
comment on column leadgen.channels.target_function is
  'Function in schema outbox (leadgen.buyers, leadgen.buyer_offers) returns text: where an enrollment is told of its '
  'leads by this channel; null: not at all. For a buyer without enrollments the second is null.';
comment on column leadgen.channels.details_function is
  'Function in schema outbox (leadgen.deliveries, leadgen.lead_assignments, buyer_name text) returns jsonb: what the '
  'message says beside its body; null: nothing.';
comment on column leadgen.channels.is_url is
  'The target is a URL: its name is looked up, messages are signed and carry the buyer''s headers, and the timeout of '
  'the routing policy is for them.';
comment on column leadgen.channels.resends_lost is
  'A message that may have gone out without an answer is sent once more: its receiver knows a repetition.';
comment on column leadgen.channels.endpoint_faults is
  'Classes of trouble, and HTTP status codes, that count as failures of the endpoint.';

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
  'Where a buyer can be reached: made by trigger from its addresses and those of its enrollments. Its health is kept '
  'here, over all workers.';
comment on column leadgen.endpoints.target is 'URL, e-mail address or phone number.';
comment on column leadgen.endpoints.max_in_flight is 'Deliveries leased at once, over all workers.';
comment on column leadgen.endpoints.disable_after is
  'Failed attempts in a row after which it is disabled; null: settings.disable_endpoint_after.';
comment on column leadgen.endpoints.disabled_at is
  'Nothing is sent from then on, what is due waits; null: in use. leadgen.enable_endpoint ends it.';
comment on column leadgen.endpoints.announced_at is
  'When what follows of disabled_at was done: an event, a notice, no new leads by this way alone.';
comment on column leadgen.endpoints.failures_in_a_row is
  'Since the last delivery; attempts that were under way together count as one.';
comment on column leadgen.endpoints.retry_at is
  'The circuit is open until then; afterwards one delivery at a time tries it, until one gets through.';
comment on column leadgen.endpoints.checked_at is 'When a worker looked up the name in the URL; null: not yet.';
create index idx_endpoints_unannounced on leadgen.endpoints (disabled_at)
  where disabled_at is not null and announced_at is null;
create index idx_endpoints_unchecked on leadgen.endpoints (channel, id) where checked_at is null;

create or replace trigger touch_updated_at before update of max_in_flight, disable_after on leadgen.endpoints
  for each row execute function kernel.touch_updated_at();

create table leadgen.enrollment_endpoints (
  buyer_offer_id bigint not null references leadgen.buyer_offers (id) on delete cascade,
  channel leadgen.delivery_channel not null,
  endpoint_id bigint not null references leadgen.endpoints (id) on delete cascade,

  primary key (buyer_offer_id, channel)
);
comment on table leadgen.enrollment_endpoints is
  'By which endpoints an enrollment is told of its leads today: what the channels'' target_function says, kept by '
  'trigger and deploy, so that a sale need not work it out. Written under the enrollment''s row lock.';

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
  'What a buyer is told that is not a lead: webhook.test, endpoint.disabled, lead.undelivered, balance.low, credit.low, '
  'invoice.sent, invoice.credited, invoice.reminder, recharge.failed, payment.disputed. No personal data of leads.';
comment on column leadgen.notices.market_id is
  'Of the buyer''s first enrollment, else the first there is: a delivery travels in some market.';

create or replace trigger keep_record before delete or truncate on leadgen.notices
  for each statement execute function kernel.refuse_change();

create table leadgen.resends (
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
  cursor_at timestamptz,
  cursor_id bigint not null default 0,
  status text not null default 'running',
  next_step_at timestamptz not null default current_timestamp,
  resent integer not null default 0,
  skipped integer not null default 0,
  skipped_for jsonb not null default '{}',
  finished_at timestamptz,
  cancelled_by text,

  constraint resends_request_key_unique unique (request_key),
  constraint resends_status_valid check (status in ('running', 'done', 'cancelled')),
  constraint resends_per_minute_bounded check (per_minute between 1 and 60000),
  constraint resends_finished_has_time check ((status = 'running') = (finished_at is null)),
  constraint resends_statuses_valid check (statuses <@ '{dead,unknown,delivered}' and statuses <> '{}')
);
comment on table leadgen.resends is
  'Deliveries sent again by an operator: which, how fast, how far it is. A worker takes the steps; each row is also '
  'the audit of it.';
comment on column leadgen.resends.request_key is 'Names the wish: asked for twice, it is one resend run.';
comment on column leadgen.resends.last_id is 'The last delivery there was when it was asked for.';
comment on column leadgen.resends.cursor_at is
  'When the delivery of cursor_id was made: deliveries are looked at in the order of created_at, then id. Null: none '
  'yet.';
comment on column leadgen.resends.cursor_id is 'The delivery that was looked at last.';
comment on column leadgen.resends.skipped is
  'Deliveries that cannot be sent again: returned, erased, or the endpoint is disabled.';
comment on column leadgen.resends.skipped_for is 'How many for which reason: {"its lead was erased": 2}.';
create unique index resends_one_running
  on leadgen.resends (
    coalesce(buyer_id, 0), statuses, coalesce(created_from, '-infinity'), coalesce(created_to, 'infinity'))
  where status = 'running';
create index idx_resends_due on leadgen.resends (next_step_at) where status = 'running';

create or replace trigger keep_record before delete or truncate on leadgen.resends
  for each statement execute function kernel.refuse_change();

create table leadgen.deliveries (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  lead_id bigint,
  assignment_id bigint,
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
  notice_id bigint,
  resend_id bigint,
  attempts_before integer not null default 0,
  provider_id text,

  constraint deliveries_channel_unique unique (assignment_id, channel)
) with (fillfactor = 70);
comment on table leadgen.deliveries is
  'The outbox: one row for each channel of each sale, and for each notice. Every lead that is sold writes here, so '
  'what foreign keys and checks would say is said by two functions (queue_deliveries, queue_notice), by triggers on '
  'what is changed afterwards, and looked over by outbox.list_broken_deliveries.';
comment on column leadgen.deliveries.assignment_id is
  'Of leadgen.lead_assignments, with lead_id; null: it brings a notice.';
comment on column leadgen.deliveries.notice_id is 'Of leadgen.notices; null: it brings a lead.';
comment on column leadgen.deliveries.target is 'URL or address it goes to, as it was when the lead was sold.';
comment on column leadgen.deliveries.message_id is 'Sent as webhook-id and Message-ID; the same for every attempt.';
comment on column leadgen.deliveries.next_attempt_at is
  'When it may be claimed: the retry time, or while sending the end of the lease; null: finished.';
comment on column leadgen.deliveries.lease_token is 'Fencing token of the current claim.';
comment on column leadgen.deliveries.timeout_seconds is 'In total, by the routing policy; null: the worker''s setting.';
comment on column leadgen.deliveries.retry_seconds is
  'Pauses before each retry, by the routing policy; null: the worker''s settings.';
comment on column leadgen.deliveries.endpoint_id is
  'Of leadgen.endpoints. Endpoints of buyers with sales or notices stay.';
comment on column leadgen.deliveries.resend_id is 'The resend run that sent it again last; null: none.';
comment on column leadgen.deliveries.attempts_before is
  'Attempts before it was sent again by an operator: its schedule began anew after them.';
comment on column leadgen.deliveries.provider_id is 'Name of the message at the provider (Twilio''s Message SID).';
create index idx_deliveries_due on leadgen.deliveries (endpoint_id, status, next_attempt_at)
  where next_attempt_at is not null;
create index idx_deliveries_lead on leadgen.deliveries (lead_id);
create index idx_deliveries_watched on leadgen.deliveries (status, created_at, id)
  where status in ('sent', 'unknown', 'dead', 'parked');
create index idx_deliveries_message on leadgen.deliveries (message_id) where channel = 'sms';

create or replace trigger enforce_transition before update of status on leadgen.deliveries
  for each row when (
    old.status is distinct from new.status
    and not (old.status = 'pending' and new.status = 'sending')
    and not (old.status = 'sending' and new.status = 'delivered'))
  execute function catalog.enforce_transition('status');
create or replace trigger keep_deliveries before delete or truncate on leadgen.deliveries
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_origin before update on leadgen.deliveries
  for each row when (
    (old.id, old.created_at, old.market_id, old.lead_id, old.assignment_id, old.notice_id, old.message_id)
    is distinct from
    (new.id, new.created_at, new.market_id, new.lead_id, new.assignment_id, new.notice_id, new.message_id)
  )
  execute function kernel.refuse_change();
-- Open exactly while it has a time, leased exactly while it is sent.
create or replace trigger keep_state_whole before update on leadgen.deliveries
  for each row when (
    (new.status in ('pending', 'sending')) <> (new.next_attempt_at is not null)
    or (new.status = 'sending') <> (new.lease_token is not null)
  )
  execute function outbox.refuse_half_state();
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
  'Of leadgen.deliveries. No foreign key: whoever writes an attempt holds its delivery''s row, and deliveries are '
  'never deleted.';
comment on column leadgen.delivery_attempts.outcome is
  'delivered; sent: the provider has it and reports later; failed: a clean failure, retried; refused: cannot succeed; '
  'unknown: sent, but no answer.';
comment on column leadgen.delivery_attempts.reply is
  'First bytes of the receiver''s answer, what looks personal or secret struck out.';
comment on column leadgen.delivery_attempts.error_class is
  'What kind of trouble: dns, connect, tls, timeout, lost, protocol, redirect, http_4xx, http_5xx, gone, egress, '
  'message, smtp_4xx, smtp_5xx, provider, setup; null: none.';
create index idx_delivery_attempts_delivery on leadgen.delivery_attempts (delivery_id);

create or replace trigger keep_record before delete or truncate on leadgen.delivery_attempts
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_record_as_written before update on leadgen.delivery_attempts
  for each statement when (current_setting('leadgen.is_erasing', true) is distinct from 'on')
  execute function kernel.refuse_change();
create or replace trigger keep_all_but_erased before update on leadgen.delivery_attempts
  for each row execute function privacy.allow_erasure();

create type outbox.target as (
  buyer_id bigint,
  buyer_offer_id bigint,
  channel leadgen.delivery_channel,
  target text
);
comment on type outbox.target is
  'Where an enrollment is told of a lead by a channel; buyer_offer_id null: a buyer without any.';

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
  endpoint_id bigint,
  sealed bytea,
  contact_digests text[]
);
comment on type outbox.claim is 'A leased delivery, as its worker gets it: see leadgen.claim_deliveries.';

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
  disables boolean,
  personal text[]
);
comment on type outbox.result is
  'What a worker reports of an attempt, within the bounds of the columns that will keep it. personal: who a sealed lead is, for the reply not to be kept with it.';

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
  disables boolean,
  personal text[]
);
comment on type outbox.verdict is
  'What became of an attempt, by whoever it was reported: the state its delivery goes to (null: fenced or locked, '
  'nothing follows), its outcome (delivered, accepted, rejected, sent, failed, refused, gone, unknown, locked), and what '
  'is logged of it.';

create unlogged table leadgen.worker_naps (
  worker text primary key,
  until timestamptz not null
);
comment on table leadgen.worker_naps is
  'Workers that sleep and want to be woken. NOTIFY takes an instance-wide lock at commit, so it is sent only while '
  'somebody naps.';

create table leadgen.chores (
  name text primary key,
  position integer not null,
  runs text not null,
  description text not null,
  counts boolean not null default false,
  pause interval not null default '0',
  is_active boolean not null default true,

  constraint chores_name_shape check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint chores_runs_shape check (
    runs ~ '^(auditing|billing|identity|intake|market|outbox|privacy|roads|rollups)\.[a-z][a-z0-9_]{1,62}$'),
  constraint chores_position_unique unique (position) deferrable initially deferred,
  constraint chores_pause_not_negative check (pause >= '0')
);
comment on table leadgen.chores is
  'The registry of what workers do beside delivering, turn by turn in this order: sql/seeds/chores.sql. A new one is '
  'a row and a function.';
comment on column leadgen.chores.name is 'What list_chores and run_chore call it.';
comment on column leadgen.chores.runs is
  'The function that does one piece of it, in a transaction of its own: market.settle_answers.';
comment on column leadgen.chores.counts is
  'Its function returns how many it did, 0: nothing; otherwise it returns what it did it to, null: nothing.';
comment on column leadgen.chores.pause is
  'At least so long between two turns of one worker; 0: each turn. Yours to change.';
comment on column leadgen.chores.is_active is 'Whether workers do it. Yours to change; deploys leave it as it is.';
