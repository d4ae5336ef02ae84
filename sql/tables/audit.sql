-- Audit: who changed which row of the catalogue, the policies, the keys and the settings, from what to what, and why.
--
-- Triggers write an entry with the change, in its transaction, and put its id beside it (audit_waiting). Once it is
-- committed a chore takes it from there into the chain, where each digest covers the one before: no change waits for
-- another. What is audited is a registry, audit_tables; sql/functions/auditing/watch.sql makes the triggers of it. Why it is so:
-- docs/decisions/2026-11-30-the-audit.md.

create table leadgen.audit_tables (
  table_name text primary key,
  why_not text,
  hidden text[] not null default '{}',
  left_out text[] not null default '{}',
  by_row boolean not null default false,

  constraint audit_tables_why_not_says_something check (why_not ~ '\S'),
  constraint audit_tables_columns_are_of_audited check (why_not is null or (hidden = '{}' and left_out = '{}' and not by_row))
);
comment on table leadgen.audit_tables is
  'The registry of the audit: a row for each table of schema leadgen. Deploys write it, and make the triggers of it.';
comment on column leadgen.audit_tables.why_not is 'Why changes of the table are not audited; null: they are.';
comment on column leadgen.audit_tables.hidden is
  'Columns with secrets, contacts and addresses: an entry says that they changed, and no value.';
comment on column leadgen.audit_tables.left_out is 'Columns that triggers and the engine write: a change of nothing else is no entry.';
comment on column leadgen.audit_tables.by_row is
  'The road of a lead or a delivery updates the table, too: a trigger for each row, which only an update of audited columns fires.';

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
comment on table leadgen.audit_entries is
  'Append-only, for every role, and written by triggers alone: one row for each row that was changed. No secrets and no contacts.';
comment on column leadgen.audit_entries.changed_at is 'By the real clock, whatever leadgen.clock() says.';
comment on column leadgen.audit_entries.row_key is 'The primary key of the row; null: the table was emptied (truncate).';
comment on column leadgen.audit_entries.before is
  'Update: the columns that changed, as they were; delete: the row. "(hidden)" for a value that is not kept.';
comment on column leadgen.audit_entries.after is 'Update: the same columns as they are now; insert: the row.';
comment on column leadgen.audit_entries.login is 'The login of the session: a fact. actor and reason are what the client said.';
comment on column leadgen.audit_entries.actor is
  'Setting leadgen.actor: buyer key 3; else the command that did it: leadgen buyers pause. Null: neither was said.';
comment on column leadgen.audit_entries.reason is 'Setting leadgen.reason: begin; set local leadgen.reason = ''…''; update …; commit.';
comment on column leadgen.audit_entries.address is 'Where the client connected from; null: by a socket on the server.';
comment on column leadgen.audit_entries.transaction_id is 'What was changed together has one number, within one cluster.';
create index idx_audit_entries_table on leadgen.audit_entries (table_name, id);
create index idx_audit_entries_changed_at on leadgen.audit_entries using brin (changed_at);

create or replace trigger keep_record before update or delete or truncate on leadgen.audit_entries
  for each statement execute function kernel.refuse_change();
create or replace trigger check_writer before insert on leadgen.audit_entries
  for each statement execute function auditing.check_writer();
create or replace trigger await_seal after insert on leadgen.audit_entries
  referencing new table as written
  for each statement execute function auditing.await_seal();

create table leadgen.audit_waiting (
  entry_id bigint primary key
);
comment on table leadgen.audit_waiting is
  'Entries that are not in the chain yet. Rows and no watermark: a lower id may be committed after a higher one.';

create table leadgen.audit_chain (
  position bigint primary key,
  entry_id bigint not null,
  digest bytea not null,
  chained_at timestamptz not null default clock_timestamp(),

  constraint audit_chain_entry_unique unique (entry_id),
  constraint audit_chain_position_positive check (position > 0),
  constraint audit_chain_digest_is_sha256 check (length(digest) = 32)
);
comment on table leadgen.audit_chain is
  'Append-only, for every role: the entries in the order in which the chore chain_audit found them, from position 1 without a gap.';
comment on column leadgen.audit_chain.digest is
  'sha256 of the digest before it (position 1: of nothing) and the text of the entry (auditing.write_text), in UTF-8.';

create or replace trigger keep_record before update or delete or truncate on leadgen.audit_chain
  for each statement execute function kernel.refuse_change();

create table leadgen.audit_heads (
  day date primary key,
  position bigint not null,
  digest bytea not null
);
comment on table leadgen.audit_heads is
  'Append-only, for every role: the end of the chain after each day, in UTC, on which something was chained.';

create or replace trigger keep_record before update or delete or truncate on leadgen.audit_heads
  for each statement execute function kernel.refuse_change();
