-- Endpoints with their health, notices, replays, returns with their reasons, keys and links of buyers.
-- Deployed before there is history to speak of: checks and indexes are made in one go.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-required-field
-- squawk-ignore-file adding-not-nullable-field, ban-drop-function, ban-drop-not-null, require-concurrent-index-deletion
-- squawk-ignore-file adding-foreign-key-constraint, ban-drop-constraint

-- Another result or other parameters: declared anew by the deploy.
drop function if exists leadgen.claim_deliveries(text, integer, interval);
drop function if exists leadgen.record_attempts(jsonb, integer, interval);
drop function if exists leadgen.release_deliveries(uuid[]);
drop function if exists leadgen.settle_assignments(bigint[], timestamptz);
drop function if exists leadgen.return_sale(bigint, text);

alter table leadgen.settings
  add column allows_local_webhooks boolean not null default false,
  add column slow_retry_seconds numeric[] not null default '{60,300,1800,7200}',
  add column disable_endpoint_after integer not null default 20,
  add constraint settings_slow_retry_seconds_bounded
    check (cardinality(slow_retry_seconds) <= 50 and 0 < all(slow_retry_seconds) and 604800 >= all(slow_retry_seconds)),
  add constraint settings_disable_endpoint_after_positive check (disable_endpoint_after >= 1);
comment on column leadgen.settings.allows_local_webhooks is
  'Webhook addresses may be http and on this machine; written by `leadgen migrate`: true with ENVIRONMENT=development.';
comment on column leadgen.settings.slow_retry_seconds is
  'Pauses before the retries that follow the worker''s quick ones; after the last one a delivery is a dead letter.';
comment on column leadgen.settings.disable_endpoint_after is
  'An endpoint is disabled when so many attempts in a row failed; attempts that were under way together count as one.';

alter type leadgen.routing_settings
  add attribute returns_hours numeric,
  add attribute return_quota_count integer,
  add attribute return_quota_percent numeric,
  add attribute return_cycle text,
  add attribute auto_approves_returns boolean;

create type leadgen.response_rule as (
  tests leadgen.field_test[],
  outcome text,
  reason text
);
comment on type leadgen.response_rule is
  'What an answer to a webhook means where all tests hold, over {"status": 200, "text": "...", "body": {...}}; see buyers.response_rules.';

alter table leadgen.buyers
  add column response_rules jsonb,
  add column compiled_response_rules leadgen.response_rule[],
  add column webhook_headers jsonb not null default '{}',
  add column previous_webhook_secret varchar(200),
  add column previous_secret_until timestamptz,
  add column notice_emails boolean not null default true,
  add constraint buyers_previous_secret_ends check ((previous_webhook_secret is null) = (previous_secret_until is null));
comment on column leadgen.buyers.response_rules is
  'What the buyer''s answers to a webhook mean, first match first: [{"when": {"status": {"enum": [200]}, "body.result": {"enum": ["error"]}}, '
  '"outcome": "failed", "reason": "says error"}]. Outcomes: delivered, accepted, rejected, failed, refused. Null: by the status alone.';
comment on column leadgen.buyers.compiled_response_rules is 'response_rules compiled, written by trigger.';
comment on column leadgen.buyers.webhook_headers is
  'Headers sent with every webhook, {"X-Api-Key": "..."}: Authorization or a name that begins with X-.';
comment on column leadgen.buyers.previous_webhook_secret is
  'Signs beside the new one until previous_secret_until; written by leadgen.rotate_webhook_secret.';
comment on column leadgen.buyers.notice_emails is 'Whether it is told by e-mail of its own endpoints; leads are not notices.';

alter table leadgen.buyer_offers add column is_reachable boolean not null default true;
comment on column leadgen.buyer_offers.is_reachable is
  'Whether any of its endpoints is in use; written by trigger. A buyer whom nothing reaches gets no lead.';

alter table leadgen.leads add column erased_at timestamptz;

alter table leadgen.lead_assignments add column return_by timestamptz;
update leadgen.lead_assignments
set return_by = case acceptance when 'auto_after' then answer_by else created_at + interval '168 hours' end;
-- A sale that failed and is kept by its buyer lapses, too.
drop index leadgen.idx_lead_assignments_answer_due;
create index idx_lead_assignments_answer_due on leadgen.lead_assignments (answer_by)
  where answer_by is not null and released_at is null and outcome in ('pending', 'delivered', 'unknown', 'failed');
comment on column leadgen.lead_assignments.return_by is 'Until then the buyer may return it: the policy''s hours from the sale, and once it is delivered from then.';

create table leadgen.return_reasons (
  code text primary key,
  position integer not null default 100,
  description text not null,
  is_active boolean not null default true,

  constraint return_reasons_code_shape check (code ~ '^[a-z][a-z0-9_]{1,49}$')
);
comment on table leadgen.return_reasons is 'Why a buyer may return a lead. Rows of your own are welcome; deploys only add what is missing.';
comment on column leadgen.return_reasons.position is 'The order in which a person is shown them.';

create table leadgen.sale_returns (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  buyer_offer_id bigint not null,
  assignment_id bigint not null references leadgen.lead_assignments (id) on delete restrict,
  reason_code text not null references leadgen.return_reasons (code) on delete restrict,
  note text,
  via text not null,
  status text not null,
  decided_at timestamptz,
  decided_by text,
  decision_note text,

  constraint sale_returns_via_valid check (via in ('api', 'link', 'reply', 'operator')),
  constraint sale_returns_status_valid check (status in ('received', 'requested', 'approved', 'refused')),
  constraint sale_returns_decided_has_time check ((status in ('approved', 'refused')) = (decided_at is not null)),
  constraint sale_returns_note_bounded check (length(note) <= 500)
);
comment on table leadgen.sale_returns is 'What buyers asked to return, and what was decided; the quota counts them.';
comment on column leadgen.sale_returns.status is
  'received: by a webhook''s reply, not yet looked at; requested: waits for an operator; approved: the sale is returned; refused: it stands.';
comment on column leadgen.sale_returns.decided_by is 'auto, or the operator''s login.';
create unique index sale_returns_one_open on leadgen.sale_returns (assignment_id) where status <> 'refused';
create index idx_sale_returns_open on leadgen.sale_returns (created_at) where status in ('received', 'requested');
create index idx_sale_returns_enrollment on leadgen.sale_returns (buyer_offer_id, assignment_id);

create table leadgen.buyer_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  name varchar(200) not null,
  key_hash varchar(64) not null,
  revoked_at timestamptz,

  constraint buyer_keys_key_hash_unique unique (key_hash),
  constraint buyer_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.buyer_keys is 'Keys with which a buyer answers for its own sales; made by `leadgen key`.';
comment on column leadgen.buyer_keys.key_hash is 'SHA-256 of the key, in hex; the key itself is stored nowhere.';
create index idx_buyer_keys_buyer on leadgen.buyer_keys (buyer_id);

create table leadgen.link_secrets (
  id boolean primary key default true,
  secret bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),

  constraint link_secrets_one_row check (id)
);
comment on table leadgen.link_secrets is 'Signs the links in e-mails by which buyers answer; nobody but the owner''s functions reads it.';
insert into leadgen.link_secrets default values;

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

create table leadgen.notices (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
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

-- Those of the addresses that buyers have today come with the deploy.
insert into leadgen.endpoints (buyer_id, channel, target)
select distinct d.buyer_id, d.channel, d.target from leadgen.deliveries d;

alter table leadgen.deliveries
  alter column lead_id drop not null,
  alter column assignment_id drop not null,
  add column endpoint_id bigint,
  add column notice_id bigint references leadgen.notices (id) on delete restrict,
  add column replay_id bigint references leadgen.replays (id) on delete restrict,
  add column attempts_before integer not null default 0,
  add column provider_id text,
  add constraint deliveries_of_lead_or_notice
    check (num_nonnulls(assignment_id, notice_id) = 1 and (assignment_id is null) = (lead_id is null));
update leadgen.deliveries d
set endpoint_id = e.id
from leadgen.endpoints e
where (e.buyer_id, e.channel, e.target) = (d.buyer_id, d.channel, d.target);
alter table leadgen.deliveries alter column endpoint_id set not null;

comment on table leadgen.deliveries is 'The outbox: one row for each channel of each sale, and for each notice.';
drop index leadgen.idx_deliveries_due;
drop index leadgen.idx_deliveries_lease;
comment on column leadgen.deliveries.endpoint_id is
  'Of leadgen.endpoints. No foreign key: it would lock the endpoint''s row for every lead, and endpoints of buyers with sales stay.';
comment on column leadgen.deliveries.replay_id is 'The replay that sent it again last; null: none.';
comment on column leadgen.deliveries.attempts_before is 'Attempts before it was sent again by an operator: its schedule began anew after them.';
comment on column leadgen.deliveries.provider_id is 'Name of the message at the provider (Twilio''s Message SID).';
create index idx_deliveries_due on leadgen.deliveries (endpoint_id, next_attempt_at) where next_attempt_at is not null;
create index idx_deliveries_in_flight on leadgen.deliveries (endpoint_id, next_attempt_at) where lease_token is not null;
create index idx_deliveries_troubled on leadgen.deliveries (id) where status in ('dead', 'unknown', 'parked');
create index idx_deliveries_sent on leadgen.deliveries (id) where status = 'sent';
create index idx_deliveries_notice on leadgen.deliveries (notice_id) where notice_id is not null;
create index idx_deliveries_message on leadgen.deliveries (message_id) where channel = 'sms';

alter table leadgen.delivery_attempts
  add column error_class text,
  drop constraint delivery_attempts_delivery_id_fkey,
  drop constraint delivery_attempts_outcome_valid,
  add constraint delivery_attempts_outcome_valid check (outcome in ('delivered', 'sent', 'failed', 'refused', 'unknown'));
comment on column leadgen.delivery_attempts.delivery_id is
  'Of leadgen.deliveries. No foreign key: whoever writes an attempt holds its delivery''s row, and deliveries are never deleted.';
comment on column leadgen.delivery_attempts.outcome is
  'delivered; sent: the provider has it and reports later; failed: a clean failure, retried; refused: cannot succeed; unknown: sent, but no answer.';
comment on column leadgen.delivery_attempts.reply is 'First bytes of the receiver''s answer, what looks personal or secret struck out.';
comment on column leadgen.delivery_attempts.error_class is
  'What kind of trouble: dns, connect, tls, timeout, lost, protocol, redirect, http_4xx, http_5xx, gone, egress, message, smtp_4xx, smtp_5xx, provider, setup; null: none.';

comment on table leadgen.events is
  'Operator events: what is about to run out or was disabled, and what operators did about deliveries. No personal data of leads.';
comment on column leadgen.events.kind is
  'cap_low, budget_low, balance_low, endpoint_disabled, return_requested, return_refused, lead_erased; what operators did: endpoint_enabled, delivery_retried, delivery_parked, secret_rotated.';
