-- Personal data is sealed at rest: the keys, what is sealed, and what waits for it. Functions that make rows of the types
-- that grow are dropped: until those of this deploy are loaded no lead is taken.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-function, constraint-missing-not-valid

create table leadgen.data_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  purpose text not null,
  wrapped bytea not null,
  wrapped_by text not null,
  retired_at timestamptz,

  constraint data_keys_purpose_valid check (purpose in ('data', 'digest')),
  constraint data_keys_wrapped_not_empty check (length(wrapped) between 16 and 8192),
  constraint data_keys_wrapped_by_shape check (wrapped_by ~ '^[A-Za-z0-9_.-]{1,64}$'),
  constraint data_keys_digest_never_retires check (purpose = 'data' or retired_at is null)
);
create unique index data_keys_one_digest on leadgen.data_keys (purpose) where purpose = 'digest';

create table leadgen.sealing_walks (
  kind text primary key,
  started_at timestamptz not null default current_timestamp,
  started_in xid8 not null default pg_current_xact_id(),
  next_id bigint not null default 1,
  last_id bigint,

  constraint sealing_walks_kind_valid check (kind in ('seal', 'reseal'))
);

alter table leadgen.settings add column seals boolean not null default false;
alter table leadgen.leads
  add column sealed bytea,
  add column seal_due boolean;
create index idx_leads_seal_due on leadgen.leads (id) where seal_due;
alter table leadgen.intake_quarantine
  add column sealed bytea,
  add column seal_due boolean;
create index idx_intake_quarantine_seal_due on leadgen.intake_quarantine (id) where seal_due;
alter table leadgen.lead_fetches
  add column sealed bytea,
  add column seal_due boolean;
create index idx_lead_fetches_seal_due on leadgen.lead_fetches (id) where seal_due;

drop function if exists intake.read_request(jsonb, jsonb);
drop function if exists intake.normalize_request(intake.lead_request, catalog.route);
drop function if exists intake.recall_facts(leadgen.leads, text);
alter type intake.lead_request
  add attribute hash_key bytea,
  add attribute blobs jsonb,
  add attribute sealed bytea;
alter type kernel.lead_facts
  add attribute sealed_phone text,
  add attribute sealed_email text,
  add attribute seals boolean,
  add attribute line_types text[];
alter type kernel.lead_signals add attribute line_types text[];
drop function if exists outbox.lease_deliveries(bigint[], text, interval, timestamptz);
alter type outbox.claim add attribute sealed bytea;
drop function if exists outbox.read_results(jsonb, timestamptz);
drop function if exists outbox.judge_results(outbox.result[], integer, interval, timestamptz);
alter type outbox.result add attribute personal text[];
alter type outbox.verdict add attribute personal text[];
drop function if exists leadgen.claim_fetches(integer);
drop function if exists intake.claim_fetches(integer);
drop function if exists leadgen.record_fetch(bigint, integer, jsonb, jsonb, boolean);
drop function if exists leadgen.claim_deliveries(text, jsonb, interval, bigint[]);
drop function if exists rehearsal.list_events(rehearsal.plan, timestamptz, timestamptz);
alter type rehearsal.event add attribute contact jsonb;
