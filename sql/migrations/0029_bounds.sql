-- How much strangers may send, and how long quarantine keeps it.
-- A unique constraint makes its columns key columns: whoever edits one locks the row against the foreign keys of leads.
-- A unique index with a condition does not, so an open edit of a name holds no lead.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-constraint, constraint-missing-not-valid
alter table leadgen.markets drop constraint markets_slug_unique;
create unique index markets_slug_unique on leadgen.markets (slug) where slug is not null;
alter table leadgen.verticals drop constraint verticals_slug_unique;
create unique index verticals_slug_unique on leadgen.verticals (slug) where slug is not null;
alter table leadgen.offers drop constraint offers_slug_unique;
create unique index offers_slug_unique on leadgen.offers (slug) where slug is not null;
alter table leadgen.offers drop constraint offers_unique_market_vertical_name;
create unique index offers_unique_market_vertical_name
  on leadgen.offers (market_id, vertical_id, name) where name is not null;
alter table leadgen.sources drop constraint sources_source_key_unique;
create unique index sources_source_key_unique on leadgen.sources (source_key) where source_key is not null;
alter table leadgen.buyers drop constraint buyers_email_unique;
create unique index buyers_email_unique on leadgen.buyers (email) where email is not null;

create table leadgen.rate_limits (
  name text not null,
  subject text not null default '*',
  amount integer not null,
  per_seconds integer not null,
  is_active boolean not null default true,
  updated_at timestamptz,

  primary key (name, subject),
  constraint rate_limits_name_valid check (
    name in ('address', 'source', 'key', 'quarantine_address', 'quarantine_source', 'quarantine')),
  constraint rate_limits_subject_length check (length(subject) between 1 and 200),
  constraint rate_limits_amount_bounded check (amount between 0 and 1000000000),
  constraint rate_limits_per_seconds_bounded check (per_seconds between 1 and 604800)
);

create unlogged table leadgen.rate_buckets (
  name text not null,
  subject text not null,
  tokens double precision not null,
  filled_at timestamptz not null,
  refused bigint not null default 0,

  primary key (name, subject)
);

alter table leadgen.settings add column quarantine_days integer not null default 90;
alter table leadgen.settings
  add constraint settings_quarantine_days_bounded check (quarantine_days between 1 and 3660);

alter table leadgen.intake_quarantine add column traces bytea[];
create index idx_intake_quarantine_traces on leadgen.intake_quarantine using gin (traces);
create index idx_intake_quarantine_untraced on leadgen.intake_quarantine (id) where traces is null;
create index idx_intake_quarantine_lead on leadgen.intake_quarantine (lead_id) where lead_id is not null;
create index idx_intake_quarantine_last_seen_at on leadgen.intake_quarantine (last_seen_at);

alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores
  add constraint chores_runs_shape check (runs ~ '^(intake|market|outbox|roads)\.[a-z][a-z0-9_]{1,62}$');
