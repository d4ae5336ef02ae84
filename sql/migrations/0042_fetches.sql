-- Leads that a post only names are stored first and fetched by workers; what is refused is kept with its error.

create table leadgen.lead_fetches (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  source_id bigint not null references leadgen.sources (id) on delete restrict,
  fetch_id text,
  lead jsonb not null,
  attempts integer not null default 0,
  tried_at timestamptz,
  next_fetch_at timestamptz,
  error_code integer,
  error text,
  quarantine_id bigint references leadgen.intake_quarantine (id) on delete cascade
);
create unique index lead_fetches_fetch_id_unique on leadgen.lead_fetches (source_id, fetch_id);
create index idx_lead_fetches_due on leadgen.lead_fetches (source_id, next_fetch_at) where next_fetch_at is not null;
create index idx_lead_fetches_failed on leadgen.lead_fetches (source_id, tried_at) where error is not null;
create index idx_lead_fetches_quarantine_id on leadgen.lead_fetches (quarantine_id) where quarantine_id is not null;

alter table leadgen.intake_quarantine add column answered jsonb;
alter table leadgen.intake_quarantine add column cut_bytes bigint;
