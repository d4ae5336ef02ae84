-- The audit: its registry, its entries, and the chain in which they are sealed. A chore may be a function of module auditing.
-- squawk-ignore-file constraint-missing-not-valid

create table leadgen.audit_tables (
  table_name text primary key,
  why_not text,
  hidden text[] not null default '{}',
  left_out text[] not null default '{}',
  by_row boolean not null default false,

  constraint audit_tables_why_not_says_something check (why_not ~ '\S'),
  constraint audit_tables_columns_are_of_audited check (why_not is null or (hidden = '{}' and left_out = '{}' and not by_row))
);

create table leadgen.audit_entries (
  id bigint generated always as identity primary key,
  changed_at timestamptz not null default clock_timestamp(),
  table_name text not null,
  action text not null,
  row_key jsonb,
  before jsonb,
  after jsonb,
  login text not null default session_user,
  actor text default left(coalesce(
    nullif(current_setting('leadgen.actor', true), ''),
    substring(current_setting('application_name') from '^leadgen .*')), 200),
  reason text default left(nullif(current_setting('leadgen.reason', true), ''), 500),
  application_name text default nullif(current_setting('application_name'), ''),
  address inet default inet_client_addr(),
  transaction_id bigint not null default pg_current_xact_id()::text::bigint,

  constraint audit_entries_action_valid check (action in ('insert', 'update', 'delete', 'truncate'))
);
create index idx_audit_entries_table on leadgen.audit_entries (table_name, id);
create index idx_audit_entries_changed_at on leadgen.audit_entries using brin (changed_at);

create table leadgen.audit_waiting (
  entry_id bigint primary key
);

create table leadgen.audit_chain (
  position bigint primary key,
  entry_id bigint not null,
  digest bytea not null,
  sealed_at timestamptz not null default clock_timestamp(),

  constraint audit_chain_entry_unique unique (entry_id),
  constraint audit_chain_position_positive check (position > 0),
  constraint audit_chain_digest_is_sha256 check (length(digest) = 32)
);

create table leadgen.audit_heads (
  day date primary key,
  position bigint not null,
  digest bytea not null
);

-- squawk-ignore ban-drop-constraint
alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores add constraint chores_runs_shape
  check (runs ~ '^(auditing|billing|identity|intake|market|outbox|roads)\.[a-z][a-z0-9_]{1,62}$') not valid;
alter table leadgen.chores validate constraint chores_runs_shape;
