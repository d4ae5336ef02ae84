-- Leads that a network's post only names: stored with the post, fetched by a worker.
--
-- A row is there until its lead is one: it is deleted in the transaction that submits the lead. A claim is an attempt
-- and moves next_fetch_at on, so a worker that dies leaves nothing to clean up. What was tried in vain is in quarantine
-- as well, and is tried again all the same.

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
  quarantine_id bigint references leadgen.intake_quarantine (id) on delete cascade,
  sealed bytea,
  seal_due boolean,
  digests bytea[]
);
comment on table leadgen.lead_fetches is
  'Leads that a network has posted by name. A worker fetches the answers and submits the lead; then the row is gone.';
comment on column leadgen.lead_fetches.fetch_id is
  'By what the network is asked for it. Null: the post has its answers, and had too many leads to submit them at once.';
comment on column leadgen.lead_fetches.lead is 'What the post says of it.';
comment on column leadgen.lead_fetches.next_fetch_at is
  'When it is tried next. Null: it was tried often enough, and waits for leadgen.resubmit_quarantined or new secrets.';
comment on column leadgen.lead_fetches.sealed is 'The same, sealed: then lead says nothing. Null: it is clear.';
comment on column leadgen.lead_fetches.seal_due is 'A worker is to seal it.';
comment on column leadgen.lead_fetches.digests is
  'Hashes of the digests that leads of the same e-mail or phone have, for what is sealed. Null: it is clear, or was '
  'sealed before they were kept, and a worker makes them.';
comment on column leadgen.lead_fetches.error_code is 'The code of the network''s latest error (Meta: 190, 100, …).';
comment on column leadgen.lead_fetches.quarantine_id is 'Where an operator finds it, once it was tried in vain.';
create unique index lead_fetches_fetch_id_unique on leadgen.lead_fetches (source_id, fetch_id);
create index idx_lead_fetches_undigested on leadgen.lead_fetches (id) where digests is null;
create index idx_lead_fetches_seal_due on leadgen.lead_fetches (id) where seal_due;
create index idx_lead_fetches_due on leadgen.lead_fetches (source_id, next_fetch_at) where next_fetch_at is not null;
create index idx_lead_fetches_failed on leadgen.lead_fetches (source_id, tried_at) where error is not null;
create index idx_lead_fetches_quarantine_id on leadgen.lead_fetches (quarantine_id) where quarantine_id is not null;
