-- platform.sql
-- Platform: what every other domain stands on.
--
-- Two things live here: the handful of defaults that hold for the whole installation, and the
-- allowed moves of every state machine. A state machine is rows, so that a reader can list it, and
-- one trigger (enforce_transition) holds every table to its rows.

create table leadgen.settings (
  id boolean primary key default true,
  default_source_key text,
  default_duplicate_window_hours numeric not null default 24,
  default_invoice_threshold numeric(10,2) not null default 500.00,
  updated_at timestamptz,

  constraint settings_one_row check (id),
  constraint settings_duplicate_window_bounded check (default_duplicate_window_hours between 0 and 8784),
  constraint settings_threshold_not_negative check (default_invoice_threshold >= 0)
);
comment on table leadgen.settings is
  'Platform-wide defaults, one row. A policy or an offer that says something else wins.';
comment on column leadgen.settings.default_source_key is
  'source_key of the source that takes a lead which names no other; null: such a lead is quarantined.';
comment on column leadgen.settings.default_duplicate_window_hours is
  'Hours within which the same contact is a duplicate where the policy does not say; 0 turns it off.';

insert into leadgen.settings default values;

create table leadgen.state_transitions (
  entity text not null,
  from_state text not null,
  to_state text not null,

  primary key (entity, from_state, to_state)
);
comment on table leadgen.state_transitions is
  'The allowed moves of leads, assignments, deliveries and invoices; anything else is refused by trigger.';

-- reference.sql
-- Reference: facts about the world, loaded from well-kept packages by `leadgen load reference`.
--
-- They are tables and not library calls because a rule must be SQL: the same lead gives the same
-- verdict inside the transaction, in a dry run and in a replay.

create table leadgen.phone_regions (
  country_code text primary key,
  calling_code text not null,
  international_prefix text,
  national_prefix text,
  national_pattern text not null
);
comment on table leadgen.phone_regions is
  'How a country writes its telephone numbers. Source: the package phonenumbers (Google libphonenumber).';
comment on column leadgen.phone_regions.international_prefix is
  'Regular expression of the digits dialled before a foreign number (US: 011).';
comment on column leadgen.phone_regions.national_prefix is
  'Digits dialled before a national number and dropped from it (GB: 0).';
comment on column leadgen.phone_regions.national_pattern is
  'Regular expression that a valid national number matches whole.';
create index phone_regions_calling_code on leadgen.phone_regions (calling_code);

create table leadgen.phone_areas (
  prefix text primary key,
  country_code text not null,
  region_code text not null
);
comment on table leadgen.phone_areas is
  'Which part of a country a number belongs to: E.164 digits without the plus, e.g. 1512 is US-TX.';

create table leadgen.postal_places (
  country_code text not null,
  postal_code text not null,
  city text,
  city_key text,
  region_code text,
  timezone text,
  latitude double precision,
  longitude double precision,

  primary key (country_code, postal_code)
);
comment on table leadgen.postal_places is
  'Where a postal code is: city, ISO 3166-2 region, zone and position. Source: the package zipcodes.';

create table leadgen.disposable_domains (
  domain text primary key
);
comment on table leadgen.disposable_domains is
  'Domains that hand out throw-away mailboxes. Source: the package disposable-email-domains.';

create table leadgen.reference_loads (
  name text primary key,
  fingerprint text not null,
  rows integer not null,
  loaded_at timestamptz not null
);
comment on table leadgen.reference_loads is
  'Which version of which reference data is loaded; a load with the same fingerprint is skipped.';

-- catalog.sql
-- Catalogue: everything that makes a new niche or a new city configuration and not code.
--
-- A market, a vertical, two policies, an offer, buyers with service areas, a source: seven kinds
-- of rows, and leads flow. DBAs edit these tables directly; triggers check what they write, fill
-- what they leave out (slugs, source keys, normalised keys) and archive every policy body.

create table leadgen.markets (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  slug varchar(100) not null,
  country_code char(2) not null default 'US',
  region_code varchar(20),
  timezone varchar(64) not null,
  currency char(3) not null default 'USD',
  is_active boolean not null default true,

  constraint markets_slug_unique unique (slug),
  constraint markets_country_code_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint markets_currency_shape check (currency ~ '^[A-Z]{3}$'),
  constraint markets_currency_two_decimals
    check (currency not in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'))
);
comment on table leadgen.markets is 'A place in which leads are sold, with its zone and its currency.';
comment on column leadgen.markets.slug is 'Unique public name; derived from name when not given.';
comment on column leadgen.markets.timezone is 'IANA zone, e.g. America/Chicago; its calendar is the market''s calendar.';
comment on column leadgen.markets.currency is
  'ISO 4217. Currencies with three decimals are refused: money is numeric(10,2).';

create table leadgen.verticals (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  slug varchar(64) not null,
  name varchar(200) not null,
  is_active boolean not null default true,

  constraint verticals_slug_unique unique (slug)
);
comment on table leadgen.verticals is 'A trade: plumbing, roofing, HVAC.';

create table leadgen.policy_keys (
  kind text not null,
  key text not null,
  position integer not null,
  value_schema jsonb not null,
  description text not null,
  rule_function text,
  is_always_on boolean not null default false,

  primary key (kind, key),
  constraint policy_keys_kind_valid check (kind in ('validation', 'routing', 'pricing')),
  constraint policy_keys_position_unique unique (kind, position) deferrable initially deferred
);
comment on table leadgen.policy_keys is
  'The registry: every key a policy may have, its order, the schema of its value, what it means and, for a validation rule, the function that judges it.';
comment on column leadgen.policy_keys.value_schema is
  'JSON Schema words understood by leadgen.check_schema; {}: the key takes no value and is not written in a policy.';
comment on column leadgen.policy_keys.rule_function is
  'Function in schema leadgen (lead_facts, value jsonb, rules jsonb) returns leadgen.failure[]; null: a parameter of another key.';
comment on column leadgen.policy_keys.is_always_on is 'Runs for every policy, whether it names the key or not.';

create table leadgen.validation_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  compiled_rules text not null default '',
  is_active boolean not null default true,

  constraint validation_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);
comment on table leadgen.validation_policies is 'What a lead must be: rules by key (see leadgen.policy_keys).';
comment on column leadgen.validation_policies.version is 'Raised by trigger each time rules change.';
comment on column leadgen.validation_policies.compiled_rules is
  'The rules as one SQL expression over a leadgen.lead_facts ($1), written by trigger; never edit it.';

create type leadgen.routing_settings as (
  strategy text[],
  max_buyers integer,
  exclusivity_scopes text[],
  when_unavailable text,
  on_no_buyer text,
  hold_hours numeric
);
comment on type leadgen.routing_settings is
  'A routing policy''s config, defaults filled in. strategy: the strategy, then its tie-breakers.';

create table leadgen.routing_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  config jsonb not null,
  compiled_config leadgen.routing_settings,
  is_active boolean not null default true,

  constraint routing_policies_config_is_object check (jsonb_typeof(config) = 'object')
);
comment on table leadgen.routing_policies is 'Who gets a lead: strategy, exclusivity, holds (see leadgen.policy_keys).';
comment on column leadgen.routing_policies.compiled_config is
  'config with every default filled in, written by trigger; never edit it.';

create table leadgen.pricing_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  is_active boolean not null default true,

  constraint pricing_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);
comment on table leadgen.pricing_policies is 'What is added to the base price (see leadgen.policy_keys).';

create table leadgen.policy_versions (
  kind text not null,
  policy_id bigint not null,
  version integer not null,
  body jsonb not null,
  changed_by text not null default session_user,
  changed_at timestamptz not null default current_timestamp,

  primary key (kind, policy_id, version),
  constraint policy_versions_kind_valid check (kind in ('validation', 'routing', 'pricing'))
);
comment on table leadgen.policy_versions is
  'Append-only: every body a policy ever had, who wrote it and when. Leads record the versions they were judged by.';

create table leadgen.offers (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  market_id bigint not null references leadgen.markets (id) on delete restrict,
  vertical_id bigint not null references leadgen.verticals (id) on delete restrict,
  name varchar(200) not null,
  slug varchar(100) not null,
  is_active boolean not null default true,
  default_price_per_lead numeric(10,2) not null,
  invoice_threshold numeric(10,2) not null default 500.00,
  validation_policy_id bigint not null references leadgen.validation_policies (id) on delete restrict,
  routing_policy_id bigint not null references leadgen.routing_policies (id) on delete restrict,
  pricing_policy_id bigint references leadgen.pricing_policies (id) on delete restrict,

  constraint offers_slug_unique unique (slug),
  constraint offers_unique_market_vertical_name unique (market_id, vertical_id, name),
  constraint offers_price_positive check (default_price_per_lead > 0 and default_price_per_lead <= 1000000),
  constraint offers_threshold_non_negative check (invoice_threshold >= 0)
);
comment on table leadgen.offers is 'The unit of sale: a vertical in a market, with its policies and its price.';
comment on column leadgen.offers.slug is 'Unique public name; derived from name when not given.';
comment on column leadgen.offers.default_price_per_lead is 'In the market''s currency.';

create table leadgen.sources (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  offer_id bigint not null references leadgen.offers (id) on delete restrict,
  kind varchar(32) not null,
  name varchar(200) not null,
  source_key varchar(100) not null,
  hostname varchar(255),
  path_prefix varchar(255),
  api_key_hash varchar(255),
  disclose_buyer boolean not null default true,
  is_active boolean not null default true,

  constraint sources_source_key_unique unique (source_key),
  constraint sources_kind_valid check (kind in ('landing_page', 'partner_api', 'embed_form')),
  constraint sources_path_prefix_shape check (path_prefix is null or path_prefix ~ '^/'),
  constraint sources_path_needs_hostname check (path_prefix is null or hostname is not null),
  constraint sources_api_key_hash_shape check (api_key_hash is null or api_key_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.sources is 'Where leads come from; each source sells into one offer.';
comment on column leadgen.sources.source_key is
  'Unique public name that a payload may carry, e.g. austin-plumbing-v1; derived from name when not given.';
comment on column leadgen.sources.hostname is 'With path_prefix: the landing pages of this source; stored in lower case.';
comment on column leadgen.sources.api_key_hash is 'SHA-256 of the API key, in hex; the key itself is stored nowhere.';
comment on column leadgen.sources.disclose_buyer is 'False: the answer to this source hides buyer and price.';
create unique index sources_api_key_hash_unique on leadgen.sources (api_key_hash) where api_key_hash is not null;
create unique index sources_hostname_path_unique
  on leadgen.sources (hostname, coalesce(path_prefix, '/')) where hostname is not null and is_active;

create table leadgen.source_campaigns (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  source_id bigint not null references leadgen.sources (id) on delete cascade,
  utm_source varchar(100) not null,
  utm_campaign varchar(100) not null,

  constraint source_campaigns_unique unique (utm_source, utm_campaign)
);
comment on table leadgen.source_campaigns is
  'Which source a campaign belongs to, for leads that name neither source nor landing page. Stored in lower case.';

create table leadgen.buyers (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  email varchar(200) not null,
  phone varchar(20) not null,
  company varchar(200),
  webhook_url varchar(500),
  webhook_secret varchar(200),
  email_notifications boolean not null default true,
  sms_notifications boolean not null default false,
  is_active boolean not null default true,
  balance numeric(10,2) not null default 0.00,
  credit_limit numeric(10,2),
  billing_cycle varchar(20) not null default 'weekly',
  payment_method varchar(50),
  payment_method_id varchar(200),

  constraint buyers_email_unique unique (email),
  constraint buyers_email_shape check (email ~ '^[^\s[:cntrl:]@]+@[^\s[:cntrl:]@]+$'),
  constraint check_non_negative_balance check (balance >= 0 and balance < 100000000),
  constraint buyers_webhook_url_shape check (webhook_url is null or webhook_url ~* '^https?://[^\s]+$'),
  constraint buyers_webhook_secret_shape check (webhook_secret is null or webhook_secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$')
);
comment on table leadgen.buyers is 'Who buys leads. What a buyer buys is in buyer_offers, where in buyer_service_areas.';
comment on column leadgen.buyers.webhook_secret is
  'Standard Webhooks secret, whsec_ and base64; made by trigger when none is given.';

create table leadgen.buyer_offers (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  offer_id bigint not null references leadgen.offers (id) on delete cascade,
  is_active boolean not null default true,
  routing_priority integer not null default 1,
  weight numeric not null default 1,
  capacity_per_hour integer,
  capacity_per_day integer,
  capacity_per_week integer,
  capacity_per_month integer,
  timezone varchar(64),
  price_per_lead numeric(10,2),
  webhook_url_override varchar(500),
  email_override varchar(200),
  sms_override varchar(20),
  min_balance_required numeric(10,2),
  pause_until timestamptz,

  constraint buyer_offers_unique unique (buyer_id, offer_id),
  constraint buyer_offers_priority_positive check (routing_priority >= 1),
  constraint buyer_offers_weight_positive check (weight between 0.001 and 1000000),
  constraint buyer_offers_capacity_positive check (capacity_per_day is null or capacity_per_day >= 0),
  constraint buyer_offers_capacity_hour_positive check (capacity_per_hour is null or capacity_per_hour >= 0),
  constraint buyer_offers_capacity_week_positive check (capacity_per_week is null or capacity_per_week >= 0),
  constraint buyer_offers_capacity_month_positive check (capacity_per_month is null or capacity_per_month >= 0),
  constraint buyer_offers_price_positive check (price_per_lead is null or (price_per_lead > 0 and price_per_lead <= 1000000)),
  constraint buyer_offers_min_balance_is_number check (min_balance_required is null or min_balance_required < 100000000),
  constraint buyer_offers_email_shape check (email_override is null or email_override ~ '^[^\s[:cntrl:]@]+@[^\s[:cntrl:]@]+$'),
  constraint buyer_offers_webhook_url_shape
    check (webhook_url_override is null or webhook_url_override ~* '^https?://[^\s]+$')
);
comment on table leadgen.buyer_offers is 'An enrollment: a buyer takes part in an offer, at this price, up to these caps.';
comment on column leadgen.buyer_offers.routing_priority is 'Strategy priority: the higher number is served first.';
comment on column leadgen.buyer_offers.weight is 'Strategy weighted: the share of leads is weight / sum of weights.';
comment on column leadgen.buyer_offers.capacity_per_day is 'Leads a calendar day; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.timezone is 'Whose calendar the caps follow; null: the market''s.';
comment on column leadgen.buyer_offers.price_per_lead is 'Null: offers.default_price_per_lead.';
comment on column leadgen.buyer_offers.min_balance_required is 'The buyer gets no lead while buyers.balance is below this; null: no minimum.';
create index idx_buyer_offers_offer_active_priority
  on leadgen.buyer_offers (offer_id, is_active, routing_priority desc);

create table leadgen.buyer_service_areas (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  market_id bigint not null references leadgen.markets (id) on delete cascade,
  scope_type varchar(16) not null,
  scope_value varchar(64) not null,
  scope_key varchar(128) not null,
  is_active boolean not null default true,

  constraint buyer_service_areas_scope_type_valid check (scope_type in ('postal_code', 'city')),
  constraint buyer_service_areas_unique unique (buyer_id, market_id, scope_type, scope_value)
);
comment on table leadgen.buyer_service_areas is
  'Where a buyer works. No row in a market: no lead from it.';
comment on column leadgen.buyer_service_areas.scope_value is
  'A postal code (78701), a prefix (787*), the whole market (*), or a city.';
comment on column leadgen.buyer_service_areas.scope_key is 'scope_value as it is compared; written by trigger.';
create index idx_buyer_service_areas_market_scope
  on leadgen.buyer_service_areas (market_id, scope_type, scope_value) where is_active = true;
create index idx_buyer_service_areas_market_key
  on leadgen.buyer_service_areas (market_id, scope_type, scope_key) include (buyer_id) where is_active = true;

create table leadgen.offer_exclusivities (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  offer_id bigint not null references leadgen.offers (id) on delete cascade,
  scope_type varchar(16) not null,
  scope_value varchar(64) not null,
  scope_key varchar(128) not null,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  is_active boolean not null default true,

  constraint offer_exclusivities_scope_type_valid check (scope_type in ('postal_code', 'city')),
  constraint offer_exclusivities_unique unique (offer_id, scope_type, scope_value)
);
comment on table leadgen.offer_exclusivities is
  'One buyer owns a postal code (or a prefix of them) or a city of an offer; the longest match wins.';
comment on column leadgen.offer_exclusivities.scope_key is 'scope_value as it is compared; written by trigger.';
create index idx_offer_exclusivities_offer_scope
  on leadgen.offer_exclusivities (offer_id, scope_type, scope_value) where is_active = true;
create unique index offer_exclusivities_key_unique
  on leadgen.offer_exclusivities (offer_id, scope_type, scope_key) where is_active = true;

-- leads.sql
-- Leads: what came in, what it was judged to be, and the answer its sender got.
--
-- A lead is decided first and inserted once, in the transaction that judged it: there is no row in
-- a half-way state for anybody to see. What the client sent stays beside what was made of it.

create type leadgen.lead_status as enum ('received', 'validated', 'delivered', 'accepted', 'rejected');
create type leadgen.billing_status as enum ('pending', 'billed', 'paid', 'disputed', 'refunded');

create type leadgen.failure as (
  code text,
  field text,
  reason text
);
comment on type leadgen.failure is 'Why a lead failed one rule: stable code, field at fault, words for a person.';

create type leadgen.lead_request as (
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
  user_agent text
);
comment on type leadgen.lead_request is
  'One submission, parsed: the payload''s fields and what the transport knew. Trimmed, not yet normalised.';

create type leadgen.phone_number as (
  e164 text,
  country_code text,
  region_code text
);
comment on type leadgen.phone_number is
  'A valid number in E.164, the country it belongs to, and the ISO 3166-2 region where its area code is known. e164 null: not valid.';

create type leadgen.route as (
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
  compiled_rules text,
  routing_policy_id bigint,
  routing_policy_version integer,
  routing_settings leadgen.routing_settings,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  pricing_rules jsonb
);
comment on type leadgen.route is
  'Where a submission goes: source, offer, market and the policies in force. failed_step names the step that found nothing.';

create type leadgen.lead_facts as (
  name text,
  email text,
  email_domain text,
  phone text,
  phone_country text,
  phone_region text,
  country_code text,
  region_code text,
  postal_code text,
  postal_patterns text[],
  city text,
  city_key text,
  message text,
  attributes jsonb,
  consent boolean,
  gdpr_consent boolean,
  consent_at timestamptz,
  consent_certificate_url text,
  email_is_disposable boolean,
  duplicate_lead_id bigint,
  duplicate_created_at timestamptz,
  duplicate_field text,
  existing_lead_id bigint,
  decided_at timestamptz
);
comment on type leadgen.lead_facts is
  'All that the rules judge: the normalised lead and what the tables knew of it. A rule reads nothing else.';

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
  routing_policy_version integer,
  pricing_policy_version integer,

  buyer_id bigint references leadgen.buyers (id) on delete set null,
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

  constraint leads_idempotency_unique_per_source unique (source_id, idempotency_key),
  constraint leads_attributes_is_object check (jsonb_typeof(attributes) = 'object')
);
comment on table leadgen.leads is
  'Every lead that a source was found for. Contact fields are normalised; submitted keeps what was sent.';
comment on column leadgen.leads.idempotency_key is
  'The client''s key, or auto:<sha-256> derived from source, contact, postal code, message, attributes and local date.';
comment on column leadgen.leads.request_hash is 'SHA-256 of the submission: the same key with another hash is refused.';
comment on column leadgen.leads.phone is 'E.164, or the text as sent when it is no valid number.';
comment on column leadgen.leads.validation_reason is 'The first failure in registry order; null: passed.';
comment on column leadgen.leads.unsold_reason is 'Why a valid lead has no buyer; null: sold or not valid.';
comment on column leadgen.leads.hold_until is 'Until when an unsold lead is offered again; null: not held.';
comment on column leadgen.leads.next_route_at is 'When a held lead is routed next.';
comment on column leadgen.leads.buyer_id is 'Buyer of the first sale (in an exclusive sale the only one).';
comment on column leadgen.leads.price is 'Price of the first sale, in the market''s currency; never changes once set.';
comment on column leadgen.leads.submitted is 'The payload as it came, personal data included.';
comment on column leadgen.leads.answer is 'What the sender was told first; a replay is told the same.';

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
create index idx_leads_held on leadgen.leads (next_route_at) where hold_until is not null;

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
  replayed_at timestamptz,
  lead_id bigint references leadgen.leads (id) on delete restrict
);
comment on table leadgen.intake_quarantine is
  'Submissions that no active source claimed, whole. Fix the mapping, then select leadgen.replay_quarantined(id).';
comment on column leadgen.intake_quarantine.failed_step is
  'source, api_key, offer, market, vertical, validation_policy, routing_policy or pricing_policy.';
comment on column leadgen.intake_quarantine.context is 'What the transport knew; of a key its hash.';
create unique index intake_quarantine_open_request
  on leadgen.intake_quarantine (request_hash) where replayed_at is null;

-- sales.sql
-- Sales: who got a lead, for what price, and the record from which that can be recomputed.
--
-- A decision keeps the numbers that were judged (an array of leadgen.candidate), one reason or
-- null for each, and the order of those that passed. Judge, rank and price are pure functions of
-- it, so explain reads it and replay recomputes it. A sale's price never changes, for anybody.

create type leadgen.assignment_outcome as enum
  ('pending', 'delivered', 'accepted', 'returned', 'failed', 'unknown');

create type leadgen.candidate as (
  buyer_offer_id bigint,
  buyer_id bigint,
  enrollment_is_active boolean,
  buyer_is_active boolean,
  has_channel boolean,
  pause_until timestamptz,
  in_service_area boolean,
  has_lead boolean,
  timezone text,
  cap_hour integer,
  used_hour integer,
  cap_day integer,
  used_day integer,
  cap_week integer,
  used_week integer,
  cap_month integer,
  used_month integer,
  min_balance numeric,
  balance numeric,
  priority integer,
  weight numeric,
  last_turn bigint,
  finish_tag double precision,
  virtual_time double precision,
  base_price numeric
);
comment on type leadgen.candidate is
  'One enrollment as the decision saw it: every number that a check or a strategy may read.';

create type leadgen.exclusivity as (
  buyer_id bigint,
  scope_type text,
  scope_value text
);
comment on type leadgen.exclusivity is 'Who owns the lead''s postal code or city in an offer; buyer_id null: nobody.';

create type leadgen.verdict as (
  reasons text[],
  ranking integer[],
  exclusive_buyer_id bigint
);
comment on type leadgen.verdict is
  'Judge and rank: for each candidate a reason (null: passed), the passing positions in order, the exclusive buyer if it binds.';

create type leadgen.price as (
  amount numeric,
  steps jsonb
);
comment on type leadgen.price is 'A price in the market''s currency and the steps that made it.';

create type leadgen.decision as (
  decided_at timestamptz,
  settings leadgen.routing_settings,
  exclusivity leadgen.exclusivity,
  candidates leadgen.candidate[],
  verdict leadgen.verdict,
  winners integer[],
  prices leadgen.price[],
  unsold_reason text,
  is_held boolean
);
comment on type leadgen.decision is
  'One routing attempt, whole: what was gathered, judged, ranked, reserved and priced. winners and prices are aligned.';

create table leadgen.enrollment_usage (
  buyer_offer_id bigint primary key references leadgen.buyer_offers (id) on delete cascade,
  market_id bigint not null,
  offer_id bigint not null,
  hour_start timestamptz not null default '-infinity',
  hour_count integer not null default 0,
  day_start timestamptz not null default '-infinity',
  day_count integer not null default 0,
  week_start timestamptz not null default '-infinity',
  week_count integer not null default 0,
  month_start timestamptz not null default '-infinity',
  month_count integer not null default 0,
  last_turn bigint,
  finish_tag double precision not null default 0,
  virtual_time double precision not null default 0,

  constraint enrollment_usage_not_negative check (least(hour_count, day_count, week_count, month_count) >= 0)
) with (fillfactor = 40);
comment on table leadgen.enrollment_usage is
  'One row an enrollment: leads taken in the current hour, day, week and month of its zone, and its place in the turn. Written only under the offer''s lock.';
create index idx_enrollment_usage_offer on leadgen.enrollment_usage (offer_id, buyer_offer_id);
comment on column leadgen.enrollment_usage.hour_start is
  'The window that hour_count counts; a count of an earlier window reads as 0.';
comment on column leadgen.enrollment_usage.last_turn is 'Number of its latest sale in the offer''s sequence; null: never served.';
comment on column leadgen.enrollment_usage.finish_tag is
  'Strategy weighted: virtual time at which its latest lead is paid off (1 / weight a lead).';
comment on column leadgen.enrollment_usage.virtual_time is
  'Strategy weighted: the offer''s virtual time after its latest lead; the offer''s is the largest of them.';

create table leadgen.lead_decisions (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  lead_id bigint not null references leadgen.leads (id) on delete restrict,
  offer_id bigint not null,
  attempt integer not null,
  decided_at timestamptz not null,
  routing_policy_id bigint not null,
  routing_policy_version integer not null,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  settings leadgen.routing_settings not null,
  exclusivity leadgen.exclusivity,
  candidates leadgen.candidate[] not null,
  reasons text[] not null,
  ranking integer[] not null,
  exclusive_buyer_id bigint,
  winners integer[] not null,
  unsold_reason text,

  constraint lead_decisions_attempt_unique unique (lead_id, attempt)
);
comment on table leadgen.lead_decisions is
  'Append-only trace of each routing attempt; select * from leadgen.explain_candidates(lead_id) reads it.';
comment on column leadgen.lead_decisions.decided_at is 'The decision''s clock: every window was computed from it.';
comment on column leadgen.lead_decisions.reasons is 'Aligned with candidates: why each lost; null: passed.';
comment on column leadgen.lead_decisions.ranking is 'Positions in candidates, best first.';
comment on column leadgen.lead_decisions.winners is 'Positions in candidates, in the order they were sold to.';

create table leadgen.lead_assignments (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  market_id bigint not null,
  lead_id bigint not null references leadgen.leads (id) on delete restrict,
  decision_id bigint not null references leadgen.lead_decisions (id) on delete restrict,
  offer_id bigint not null,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  buyer_offer_id bigint not null,
  is_exclusive boolean not null,
  price numeric(10,2) not null,
  currency char(3) not null,
  price_steps jsonb not null,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  outcome leadgen.assignment_outcome not null default 'pending',
  delivered_at timestamptz,

  constraint lead_assignments_lead_buyer_unique unique (lead_id, buyer_id),
  constraint lead_assignments_price_not_negative check (price >= 0 and price < 100000000)
);
comment on table leadgen.lead_assignments is
  'One row for each sale of a lead to a buyer. Everything but outcome and its times is frozen by trigger.';
comment on column leadgen.lead_assignments.is_exclusive is 'The buyer owned the lead''s postal code or city.';
comment on column leadgen.lead_assignments.price_steps is 'Base, premiums and rounding, each with the amount after it.';
create index idx_lead_assignments_buyer_created_at on leadgen.lead_assignments (buyer_id, created_at desc);
create index idx_lead_assignments_offer_created_at on leadgen.lead_assignments (offer_id, created_at desc);

-- outbox.sql
-- Outbox: deliveries that are owed, and every attempt at them.
--
-- A delivery is written in the lead's transaction, so it exists exactly when the sale does. A
-- worker leases it (a token and a time), does the network call outside any transaction, and
-- records the outcome under its token; a token that is no longer the row's is refused. Nothing is
-- claimed by a watermark over ids: a lower id may commit later than a higher one.

create type leadgen.delivery_channel as enum ('webhook', 'email', 'sms');
create type leadgen.delivery_status as enum
  ('pending', 'sending', 'delivered', 'unknown', 'dead', 'cancelled');

create table leadgen.deliveries (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  lead_id bigint not null,
  assignment_id bigint not null references leadgen.lead_assignments (id) on delete restrict,
  buyer_id bigint not null,
  channel leadgen.delivery_channel not null,
  target text not null,
  message_id uuid not null default gen_random_uuid(),
  status leadgen.delivery_status not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  lease_token uuid,
  worker text,
  finished_at timestamptz,
  last_error text,

  constraint deliveries_channel_unique unique (assignment_id, channel),
  constraint deliveries_open_has_time
    check ((status in ('pending', 'sending')) = (next_attempt_at is not null)),
  constraint deliveries_lease_is_sending check ((status = 'sending') = (lease_token is not null))
) with (fillfactor = 70);
comment on table leadgen.deliveries is 'The outbox: one row for each channel of each sale.';
comment on column leadgen.deliveries.target is 'URL or address it goes to, as it was when the lead was sold.';
comment on column leadgen.deliveries.message_id is 'Sent as webhook-id and Message-ID; the same for every attempt.';
comment on column leadgen.deliveries.next_attempt_at is
  'When it may be claimed: the retry time, or while sending the end of the lease; null: finished.';
comment on column leadgen.deliveries.lease_token is 'Fencing token of the current claim.';
create index idx_deliveries_due on leadgen.deliveries (next_attempt_at) where next_attempt_at is not null;
create index idx_deliveries_lead on leadgen.deliveries (lead_id);
create index idx_deliveries_lease on leadgen.deliveries (lease_token) where lease_token is not null;

create table leadgen.delivery_attempts (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  delivery_id bigint not null references leadgen.deliveries (id) on delete restrict,
  attempt integer not null,
  worker text,
  started_at timestamptz not null,
  latency_ms numeric(10,2) not null,
  outcome text not null,
  status_code integer,
  error text,
  reply text,

  constraint delivery_attempts_outcome_valid check (outcome in ('delivered', 'failed', 'refused', 'unknown'))
);
comment on table leadgen.delivery_attempts is 'Append-only log: one row for each recorded attempt.';
comment on column leadgen.delivery_attempts.outcome is
  'delivered; failed: a clean failure, retried; refused: cannot succeed; unknown: sent, but no answer.';
comment on column leadgen.delivery_attempts.reply is 'First bytes of the receiver''s answer.';
create index idx_delivery_attempts_delivery on leadgen.delivery_attempts (delivery_id);

create unlogged table leadgen.worker_naps (
  worker text primary key,
  until timestamptz not null
);
comment on table leadgen.worker_naps is
  'Workers that sleep and want to be woken. NOTIFY takes an instance-wide lock at commit, so it is sent only while somebody naps.';

-- money.sql
-- Money: what buyers are billed for.

create type leadgen.invoice_status as enum ('draft', 'sent', 'paid', 'overdue', 'cancelled', 'disputed');
create type leadgen.payment_method as enum ('stripe', 'manual', 'bank_transfer', 'check');

create table leadgen.invoices (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  offer_id bigint not null references leadgen.offers (id) on delete restrict,
  period_start timestamptz not null,
  period_end timestamptz not null,
  due_date timestamptz not null,
  invoice_number varchar(50) not null,
  status leadgen.invoice_status not null default 'draft',
  total_leads integer not null default 0,
  amount_due numeric(10,2) not null default 0.00,
  tax_amount numeric(10,2) not null default 0.00,
  total_amount numeric(10,2) not null default 0.00,
  payment_method leadgen.payment_method,
  paid_at timestamptz,
  transaction_id varchar(200),
  disputed_at timestamptz,
  dispute_reason text,
  resolved_at timestamptz,
  resolution_notes text,

  constraint invoices_invoice_number_unique unique (invoice_number),
  constraint check_valid_period check (period_start < period_end),
  constraint check_non_negative_leads check (total_leads >= 0),
  constraint check_non_negative_amount check (amount_due >= 0)
);
comment on table leadgen.invoices is 'A buyer''s bill for one offer and one period, in the market''s currency.';
create index idx_invoices_buyer_offer_period
  on leadgen.invoices (buyer_id, offer_id, period_start, period_end);
create index idx_invoices_status_due on leadgen.invoices (status, due_date);
create index idx_invoices_paid_at on leadgen.invoices (paid_at) where paid_at is not null;

-- access.sql
-- Access: keys of people who operate the system. Sources' keys are on sources.

create table leadgen.operator_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  name varchar(200) not null,
  key_hash varchar(64) not null,
  revoked_at timestamptz,

  constraint operator_keys_key_hash_unique unique (key_hash),
  constraint operator_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.operator_keys is 'Keys that may read decisions; made by `leadgen key`.';
comment on column leadgen.operator_keys.key_hash is 'SHA-256 of the key, in hex; the key itself is stored nowhere.';
