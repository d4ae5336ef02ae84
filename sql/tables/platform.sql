-- Platform: what every other domain stands on.
--
-- Four things live here: the handful of defaults that hold for the whole installation, which database is the real one,
-- its backups, and the allowed moves of every state machine. A state machine is rows, so that a reader can list it, and
-- one trigger (enforce_transition) holds every table to its rows.

create table leadgen.settings (
  id boolean primary key default true,
  default_source_key text,
  default_duplicate_window_hours numeric not null default 24,
  default_invoice_threshold numeric(10,2) not null default 500.00,
  updated_at timestamptz,
  warn_at_percent integer not null default 80,
  allows_local_webhooks boolean not null default false,
  slow_retry_seconds numeric[] not null default '{60,300,1800,7200}',
  disable_endpoint_after integer not null default 20,
  seals boolean not null default false,
  invitations_per_day integer not null default 20,
  policies_need_approval boolean not null default false,

  constraint settings_one_row check (id),
  constraint settings_duplicate_window_bounded check (default_duplicate_window_hours between 0 and 8784),
  constraint settings_threshold_not_negative check (default_invoice_threshold >= 0),
  constraint settings_warn_at_percent_bounded check (warn_at_percent between 50 and 100),
  constraint settings_slow_retry_seconds_bounded
    check (cardinality(slow_retry_seconds) <= 50 and 0 < all(slow_retry_seconds) and 604800 >= all(slow_retry_seconds)),
  constraint settings_disable_endpoint_after_positive check (disable_endpoint_after >= 1),
  constraint settings_invitations_bounded check (invitations_per_day between 0 and 1000)
);
comment on table leadgen.settings is
  'Platform-wide defaults, one row. A policy or an offer that says something else wins.';
comment on column leadgen.settings.default_source_key is
  'source_key of the source that takes a lead which names no other; null: such a lead is quarantined.';
comment on column leadgen.settings.default_duplicate_window_hours is
  'Hours within which the same contact is a duplicate where the policy does not say; 0 turns it off.';
comment on column leadgen.settings.warn_at_percent is
  'A warning event is written when this share of a cap or budget is used; for a cap at the latest when one sale is left.';

comment on column leadgen.settings.allows_local_webhooks is
  'Webhook addresses may be http and on this machine; written by `leadgen migrate`: true with ENVIRONMENT=development.';
comment on column leadgen.settings.slow_retry_seconds is
  'Pauses before the retries that follow the worker''s quick ones; after the last one a delivery is a dead letter.';
comment on column leadgen.settings.disable_endpoint_after is
  'An endpoint is disabled when so many attempts in a row failed; attempts that were under way together count as one.';
comment on column leadgen.settings.invitations_per_day is
  'How many users the owners of a buyer may invite within 24 hours; admins invite without a limit.';
comment on column leadgen.settings.policies_need_approval is
  'On the console a policy is published only when a second person has approved it.';
comment on column leadgen.settings.seals is
  'Personal data is sealed at rest; written when the first program with PII_KEYS starts.';

insert into leadgen.settings default values;

create or replace trigger touch_updated_at before update on leadgen.settings
  for each row execute function kernel.touch_updated_at();
create or replace trigger write_settings before insert or update of slow_retry_seconds on leadgen.settings
  for each row execute function catalog.write_settings();

create table leadgen.adoption (
  id boolean primary key default true,
  adopted_at timestamptz not null default current_timestamp,
  adopted_by text not null default session_user,
  system_identifier bigint not null,
  database_oid bigint,
  table_oid bigint not null,

  constraint adoption_one_row check (id)
);
comment on table leadgen.adoption is
  'Which database is the real one: a row written by its first `leadgen migrate`, then by `leadgen adopt`. A database '
  'with other numbers is a copy, and so is one without the row: workers send nothing from it.';
comment on column leadgen.adoption.adopted_by is 'The login that did it.';
comment on column leadgen.adoption.system_identifier is 'Of its server: pg_control_system().';
comment on column leadgen.adoption.database_oid is
  'Its number on that server: pg_database.oid; 0: none, it was disowned. Null: every database of that server is real, as '
  'the clones of tests are.';
comment on column leadgen.adoption.table_oid is
  'Of this table, which a dump makes anew, also where it is restored in the place of the original.';

create table leadgen.backups (
  id bigint generated always as identity primary key,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  tool text not null,
  label text not null,
  bytes bigint,
  is_verified boolean not null,
  recorded_by text not null default session_user,

  constraint backups_tool_known check (tool in ('pg_basebackup', 'pgbackrest', 'pg_dump', 'snapshot', 'other')),
  constraint backups_label_bounded check (length(label) between 1 and 200),
  constraint backups_bytes_not_negative check (bytes >= 0),
  constraint backups_ends_after_it_begins check (started_at <= finished_at)
);
comment on table leadgen.backups is
  'Backups that succeeded, written afterwards by who made them (leadgen.record_backup). A restored backup knows those before it.';
comment on column leadgen.backups.label is 'Where it is, or what its tool calls it.';
comment on column leadgen.backups.is_verified is 'Its files were read again and are what was written.';
create index idx_backups_finished_at on leadgen.backups (finished_at desc);

create or replace trigger keep_record before update or delete or truncate on leadgen.backups
  for each statement execute function kernel.refuse_change();

create table leadgen.state_transitions (
  entity text not null,
  from_state text not null,
  to_state text not null,

  primary key (entity, from_state, to_state)
);
comment on table leadgen.state_transitions is
  'The allowed moves of leads, assignments, deliveries and invoices; anything else is refused by trigger.';

create table leadgen.candidate_checks (
  code text primary key,
  position integer not null,
  condition text not null,
  reason text,
  words text,
  clears_at text,
  description text not null,
  can_pass text,
  remedy text,

  constraint candidate_checks_code_shape check (code ~ '^[a-z][a-z0-9_]{1,49}$'),
  constraint candidate_checks_position_unique unique (position) deferrable initially deferred
);
comment on table leadgen.candidate_checks is
  'The registry of checks: why a candidate may lose a lead, in the order in which it is judged. Each deploy compiles it into kernel.judge_candidates, find_lasting_reason, describe_reasons, find_clear_time and rank_reason.';
comment on column leadgen.candidate_checks.condition is 'SQL over one candidate c: true: it loses. See kernel.snapshot and catalog.compile_checks for the names.';
comment on column leadgen.candidate_checks.reason is 'SQL for the reason, where it is not the code itself: the code of a limit.';
comment on column leadgen.candidate_checks.words is 'SQL for the numbers behind the reason; null: the reason says it all.';
comment on column leadgen.candidate_checks.clears_at is 'SQL for the time at which it clears by itself; null: somebody has to change something.';
comment on column leadgen.candidate_checks.can_pass is
  'SQL over one candidate c that loses by it; true: it may pass while a lead is held, so that an exclusive buyer is worth the wait; '
  'null: it does not pass (kernel.find_lasting_reason).';
comment on column leadgen.candidate_checks.remedy is 'What would have sold the lead, in words; null: nobody said so.';

create table leadgen.strategies (
  name text primary key,
  position integer not null,
  key text not null,
  description text not null,

  constraint strategies_name_shape check (name ~ '^[a-z][a-z0-9_]{1,49}$')
);
comment on table leadgen.strategies is
  'The registry of routing strategies. Each deploy compiles it into kernel.rank_candidates.';
comment on column leadgen.strategies.key is 'SQL over one candidate c for its place, a double precision, the smallest first.';
