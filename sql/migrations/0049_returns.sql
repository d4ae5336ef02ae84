-- Returns: leads say how far they are billed, a return may be replaced by a lead, and has evidence; line types of phones.
-- The tables whose constraints are validated are small: buyers, and returns.
-- squawk-ignore-file constraint-missing-not-valid
create table leadgen.billing_changes (
  id bigint generated always as identity primary key,
  lead_id bigint,
  invoice_id bigint,

  constraint billing_changes_one_subject check (num_nonnulls(lead_id, invoice_id) = 1)
);

create table leadgen.replacements (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  return_id bigint not null,
  assignment_id bigint not null,
  amount numeric(10,2) not null,
  currency char(3) not null,
  status text not null default 'owed',
  used_by bigint,
  ended_at timestamptz,
  ended_by text,
  reason text,

  constraint replacements_return_unique unique (return_id),
  constraint replacements_used_by_unique unique (used_by),
  constraint replacements_amount_positive check (amount > 0),
  constraint replacements_status_valid check (status in ('owed', 'used', 'ended')),
  constraint replacements_used_has_sale check ((status = 'used') = (used_by is not null)),
  constraint replacements_ended_has_time check ((status <> 'owed') = (ended_at is not null)),
  constraint replacements_reason_bounded check (length(reason) <= 500)
);
create index idx_replacements_owed on leadgen.replacements (buyer_id, offer_id, id) where status = 'owed';
create index idx_replacements_sale on leadgen.replacements (assignment_id);

create table leadgen.return_evidence (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  return_id bigint not null references leadgen.sale_returns (id) on delete restrict,
  reference text,
  sha256 text not null,
  bytes bigint not null,
  media_type text not null,

  constraint return_evidence_reference_bounded check (length(reference) between 1 and 2000),
  constraint return_evidence_sha256_shape check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint return_evidence_bytes_bounded check (bytes between 1 and 104857600),
  constraint return_evidence_media_type_shape check (
    media_type ~ '^(image|audio|video|text|application|message)/[a-z0-9][a-z0-9.+-]{0,99}$')
);
create unique index return_evidence_file_unique on leadgen.return_evidence (return_id, sha256);

create table leadgen.phone_line_types (
  country_code text not null,
  calling_code text not null,
  line_type text not null,
  pattern text not null,

  constraint phone_line_types_pkey primary key (country_code, calling_code, line_type)
);

alter table leadgen.buyers add column replacements integer not null default 0;
alter table leadgen.buyers add constraint buyers_replacements_not_negative check (replacements >= 0) not valid;
alter table leadgen.buyers validate constraint buyers_replacements_not_negative;

alter table leadgen.sale_returns
  add column gives text,
  add constraint sale_returns_gives_valid check (gives in ('money', 'replacement')) not valid;
alter table leadgen.sale_returns validate constraint sale_returns_gives_valid;

alter type kernel.routing_settings
  add attribute returns_give text,
  add attribute return_line_types text[];

-- Every lead that was charged for: workers bring its billing_status up to date.
insert into leadgen.billing_changes (lead_id)
select distinct a.lead_id from leadgen.lead_assignments a where a.billing_mode in ('prepaid', 'invoiced') and a.price > 0;
