-- Leads: what came in, what it was judged to be, and the answer its sender got.
--
-- A lead is decided first and inserted once, in the transaction that judged it: there is no row in
-- a half-way state for anybody to see. What the client sent stays beside what was made of it.

create type leadgen.lead_status as enum ('received', 'validated', 'delivered', 'accepted', 'rejected');
create type leadgen.billing_status as enum ('pending', 'billed', 'paid', 'disputed', 'refunded');

create type intake.lead_request as (
  source_key text,
  idempotency_key text,
  source text,
  name text,
  email text,
  phone text,
  country_code text,
  region_code text,
  postal_code text,
  city text,
  message text,
  attributes jsonb,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  landing_url text,
  consent boolean,
  gdpr_consent boolean,
  consent_at timestamptz,
  consent_certificate_url text,
  api_key_hash text,
  page_url text,
  ip_address inet,
  user_agent text,
  tracking jsonb,
  notes text[],
  hash_key bytea,
  blobs jsonb,
  sealed bytea
);
comment on type intake.lead_request is
  'One submission, parsed: the payload''s fields and what the transport knew. Trimmed and mended, not yet normalised; notes: what was mended; hash_key and blobs: the digest key and the sealed texts that the call brings; sealed: that of this lead.';

create type ref.phone_number as (
  e164 text,
  country_code text,
  region_code text,
  extension text
);
comment on type ref.phone_number is
  'A valid number in E.164, the country it belongs to (001: none), the ISO 3166-2 region where its area code is known, and its extension. '
  'e164 null: not valid.';

create type catalog.route as (
  failed_step text,
  failed_reason text,
  source_id bigint,
  disclose_buyer boolean,
  offer_id bigint,
  market_id bigint,
  vertical_id bigint,
  country_code text,
  timezone text,
  currency text,
  default_price numeric,
  validation_policy_id bigint,
  validation_policy_version integer,
  validation_rules jsonb,
  compiled_rules jsonb,
  routing_policy_id bigint,
  routing_policy_version integer,
  routing_settings kernel.routing_settings,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  pricing_rules kernel.price_rule[],
  payout_policy_id bigint,
  payout_policy_version integer,
  payout kernel.payout_settings
);
comment on type catalog.route is
  'Where a submission goes: source, offer, market and the policies in force. failed_step names the step that found nothing.';

create table leadgen.leads (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,

  market_id bigint not null references leadgen.markets (id) on delete restrict,
  vertical_id bigint not null references leadgen.verticals (id) on delete restrict,
  offer_id bigint not null references leadgen.offers (id) on delete restrict,
  source_id bigint not null references leadgen.sources (id) on delete restrict,

  idempotency_key varchar(128),
  request_hash bytea,

  source varchar(100) not null default 'landing_page',
  name varchar(200) not null,
  email varchar(200) not null,
  phone varchar(20) not null,

  country_code char(2) not null default 'US',
  postal_code varchar(16) not null,
  city varchar(128),
  region_code varchar(20),
  message text,
  attributes jsonb not null default '{}',

  consent boolean,
  gdpr_consent boolean,
  consent_at timestamptz,
  consent_certificate_url text,

  status leadgen.lead_status not null default 'received',
  validation_reason varchar(500),
  unsold_reason text,
  hold_until timestamptz,
  next_route_at timestamptz,

  validation_policy_id bigint,
  validation_policy_version integer,
  routing_policy_id bigint,
  routing_policy_version integer,
  pricing_policy_id bigint,
  pricing_policy_version integer,

  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  delivered_at timestamptz,
  accepted_at timestamptz,
  rejected_at timestamptz,
  rejection_reason varchar(500),

  billing_status leadgen.billing_status not null default 'pending',
  price numeric(10,2),
  billed_at timestamptz,
  paid_at timestamptz,

  utm_source varchar(100),
  utm_medium varchar(100),
  utm_campaign varchar(100),
  landing_url text,
  ip_address inet,
  user_agent text,

  submitted jsonb,
  answer jsonb,
  signals kernel.lead_signals,
  erased_at timestamptz,
  phone_extension varchar(20),
  tracking jsonb,
  intake_notes text[],
  sealed bytea,
  seal_due boolean,

  constraint leads_idempotency_unique_per_source unique (source_id, idempotency_key),
  constraint leads_attributes_is_object check (jsonb_typeof(attributes) = 'object')
);
comment on table leadgen.leads is
  'Every lead that a source was found for. Contact fields are normalised; submitted keeps what was sent.';
comment on column leadgen.leads.idempotency_key is
  'The client''s key, or auto:<sha-256> derived from source, name, e-mail, phone, country, region, city, postal code, '
  'message, attributes, consent and local date (intake.derive_idempotency_key).';
comment on column leadgen.leads.request_hash is 'SHA-256 of the submission: the same key with another hash is refused.';
comment on column leadgen.leads.phone is 'E.164, or the text as sent when it is no valid number.';
comment on column leadgen.leads.phone_extension is
  'The digits to dial once the call is connected; null: none; of a sealed lead *. Leads are compared by phone alone.';
comment on column leadgen.leads.sealed is
  'Name, e-mail, phone, message and what was sent, sealed with AES-256-GCM: then name is a mask, email and phone are digests with a '
  'mask (ref.seal_email, ref.seal_phone), and the rest is null. Null: the lead is clear.';
comment on column leadgen.leads.seal_due is 'A worker is to seal it; null: it is sealed, or this database does not seal.';
comment on column leadgen.leads.validation_reason is 'The first failure in registry order; null: passed.';
comment on column leadgen.leads.unsold_reason is 'Why a valid lead has no buyer; null: sold or not valid.';
comment on column leadgen.leads.hold_until is 'Until when an unsold lead is offered again; null: not held.';
comment on column leadgen.leads.next_route_at is 'When a held lead is routed next.';
comment on column leadgen.leads.routing_policy_id is
  'Of its latest routing attempt, as are the version and the pricing policy; null: never routed.';
comment on column leadgen.leads.buyer_id is 'Buyer of the first sale (in an exclusive sale the only one).';
comment on column leadgen.leads.billing_status is
  'How far its booked sales are billed and paid: sql/functions/billing/lead_status.sql has the rule.';
comment on column leadgen.leads.billed_at is 'When it was first billed, or paid without a bill.';
comment on column leadgen.leads.paid_at is 'Since when it is paid; null: it is not.';
comment on column leadgen.leads.price is 'Price of the first sale, in the market''s currency; never changes once set.';
comment on column leadgen.leads.submitted is
  'The payload as it came, personal data included. Its attributes are in attributes and not stored twice, unless something of the submission was mended.';
comment on column leadgen.leads.answer is 'What the sender was told first; a replay is told the same.';
comment on column leadgen.leads.signals is 'What the rules knew beside the lead''s own fields; replay_lead judges it again from this.';

comment on column leadgen.leads.tracking is
  'Where it came from, as its sender says: external_id (the sender''s own id of it), utm_term, utm_content, referrer, '
  'gclid, fbclid, click_id, session_id, sub_id, sub_id1 to sub_id5; consent_certificate_id and consent_text_version. '
  'Nothing judges it; null: nothing was said.';
comment on column leadgen.leads.intake_notes is
  'What was mended of the submission before it was judged, in words that repeat nothing of it; null: nothing.';

create index idx_leads_offer_created_at on leadgen.leads (offer_id, created_at desc);
create index idx_leads_market_created_at on leadgen.leads (market_id, created_at desc);
create index idx_leads_vertical_created_at on leadgen.leads (vertical_id, created_at desc);
create index idx_leads_source_created_at on leadgen.leads (source_id, created_at desc);
create index idx_leads_email on leadgen.leads (email);
create index idx_leads_phone on leadgen.leads (phone);
create index idx_leads_status on leadgen.leads (status);
create index idx_leads_billing_status on leadgen.leads (billing_status);
create index idx_leads_buyer_created_at on leadgen.leads (buyer_id, created_at desc);
create index idx_leads_offer_phone_created on leadgen.leads (offer_id, phone, created_at desc);
create index idx_leads_offer_email_created on leadgen.leads (offer_id, email, created_at desc);
create index idx_leads_offer_ip_created on leadgen.leads (offer_id, ip_address, created_at desc) where ip_address is not null;
create index idx_leads_held on leadgen.leads (next_route_at) where hold_until is not null;
create index idx_leads_held_by_offer on leadgen.leads (offer_id, next_route_at, id) where hold_until is not null;
create index idx_leads_seal_due on leadgen.leads (id) where seal_due;
create index idx_leads_external_id on leadgen.leads ((tracking ->> 'external_id')) where tracking ? 'external_id';

-- The moves that every sale makes are let through by the triggers' own conditions, which cost a hundredth of a look-up;
-- pgtap/catalog/transitions.sql holds them to the declared rows.
create or replace trigger enforce_transition before update of status on leadgen.leads
  for each row when (old.status is distinct from new.status and not (old.status = 'validated' and new.status = 'accepted'))
  execute function catalog.enforce_transition('status');
create or replace trigger enforce_billing before update of billing_status on leadgen.leads
  for each row when (old.billing_status is distinct from new.billing_status
    and not (old.billing_status = 'pending' and new.billing_status = 'billed')
    and not (old.billing_status = 'billed' and new.billing_status = 'paid'))
  execute function catalog.enforce_transition('billing_status', 'lead_billing');
create or replace trigger keep_price before update of price, buyer_id on leadgen.leads
  for each row when (old.price is not null) execute function kernel.immutable_columns('price', 'buyer_id');
create or replace trigger keep_price_of_sold before delete or truncate on leadgen.leads
  for each statement execute function kernel.refuse_change();

create table leadgen.intake_quarantine (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  last_seen_at timestamptz not null default current_timestamp,
  times_seen integer not null default 1,
  failed_step text not null,
  reason text not null,
  payload jsonb not null,
  context jsonb not null,
  request_hash bytea not null,
  resubmitted_at timestamptz,
  lead_id bigint references leadgen.leads (id) on delete restrict,
  traces bytea[],
  answered jsonb,
  cut_bytes bigint,
  sealed bytea,
  seal_due boolean,
  digests bytea[]
);
comment on table leadgen.intake_quarantine is
  'Submissions that are no lead, whole: no active source claims them, they cannot be read, or their network does not '
  'give them out. Mend the cause, then select leadgen.resubmit_quarantined(id).';
comment on column leadgen.intake_quarantine.failed_step is
  'source, api_key, field_map, campaign, offer, market, vertical, validation_policy, routing_policy or pricing_policy; '
  'malformed: it was refused with 400 or 413; fetch: its network does not give it out.';
comment on column leadgen.intake_quarantine.answered is
  'The error with which it was refused, as its sender got it. Null: its sender was told that it is kept.';
comment on column leadgen.intake_quarantine.cut_bytes is
  'How many bytes of a body that is too large are not kept. Null: all of it is kept, in payload.body where it is no JSON.';
comment on column leadgen.intake_quarantine.sealed is
  'What was sent, sealed: then payload says only whose it is, and traces are under the digest key. Null: it is clear.';
comment on column leadgen.intake_quarantine.digests is
  'Hashes of the digests that leads of the same e-mail or phone have, for what is sealed (intake.digest_payload). Null: '
  'it is clear, or was sealed before they were kept, and a worker makes them.';
comment on column leadgen.intake_quarantine.seal_due is 'A worker is to seal it.';
comment on column leadgen.intake_quarantine.context is 'What the transport knew; of a key its hash.';
create unique index intake_quarantine_open_request
  on leadgen.intake_quarantine (request_hash) where resubmitted_at is null;
comment on column leadgen.intake_quarantine.traces is
  'Hashes of what may say whose it is: e-mails, phone numbers, the whole (intake.trace_payload). An erasure finds it by '
  'them. Null: written before they were kept.';
create index idx_intake_quarantine_traces on leadgen.intake_quarantine using gin (traces);
create index idx_intake_quarantine_untraced on leadgen.intake_quarantine (id) where traces is null;
create index idx_intake_quarantine_digests on leadgen.intake_quarantine using gin (digests);
create index idx_intake_quarantine_undigested on leadgen.intake_quarantine (id) where digests is null;
create index idx_intake_quarantine_lead on leadgen.intake_quarantine (lead_id) where lead_id is not null;
create index idx_intake_quarantine_seal_due on leadgen.intake_quarantine (id) where seal_due;
create index idx_intake_quarantine_last_seen_at on leadgen.intake_quarantine (last_seen_at);
