-- Retention: how long what is kept, a row for each kind of thing.
--
-- What is in no row is kept for ever: the ledger, invoices, sales, decisions, and the audit. The audit's chain proves
-- itself from its first link on, so nothing is taken off its beginning.

create table leadgen.retention_rules (
  name text primary key,
  position integer not null,
  table_name text not null,
  row_time text not null,
  condition text,
  strikes text[],
  runs text,
  keep interval not null,
  is_active boolean not null default true,
  description text not null,
  done_to bigint not null default 0,

  constraint retention_rules_name_shape check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint retention_rules_position_unique unique (position) deferrable initially deferred,
  constraint retention_rules_keep_an_hour check (keep >= '1 hour'),
  constraint retention_rules_runs_shape check (runs ~ '^(intake|privacy|roads)\.[a-z][a-z0-9_]{1,62}$')
);
comment on table leadgen.retention_rules is
  'The registry of what is not kept for ever: sql/seeds/retention.sql. keep and is_active are an installation''s own.';
comment on column leadgen.retention_rules.row_time is 'When the time of a row x begins; declared, never typed by people.';
comment on column leadgen.retention_rules.condition is 'Which rows x it is about; null: all.';
comment on column leadgen.retention_rules.strikes is
  'The columns that become null, going through the table by id from done_to on; null: the row is deleted.';
comment on column leadgen.retention_rules.runs is
  'The function that does a portion, where more follows than that; it returns how much it did.';
comment on column leadgen.retention_rules.keep is 'How long after row_time it goes.';
comment on column leadgen.retention_rules.done_to is 'Up to which id it was done, where it goes by id.';
