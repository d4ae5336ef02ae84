-- Catalogue: everything that makes a new niche or a new city configuration and not code.
--
-- A market, a vertical, two policies, an offer, buyers with service areas, a source: seven kinds
-- of rows, and leads flow. DBAs edit these tables directly; triggers check what they write, fill
-- what they leave out (slugs, source keys, normalised keys) and archive every policy body. What
-- follows from an edit, when and by what: docs/decisions/2026-11-29-what-follows-an-edit.md.

create table leadgen.catalog_changes (
  id bigint generated always as identity primary key,
  changed_at timestamptz not null,
  table_name text not null,
  row_id bigint not null,
  offer_id bigint,
  before jsonb,
  after jsonb
);
comment on table leadgen.catalog_changes is
  'Changes of the catalogue from which something is still to follow (roads.follow_change); written by the triggers '
  'note_change.';
comment on column leadgen.catalog_changes.offer_id is
  'The offer it concerns; null: several or none, which a worker finds out and deals it out to.';
comment on column leadgen.catalog_changes.before is
  'The columns that the trigger watches, as they were; null: the row is new, or the change was dealt out.';
comment on column leadgen.catalog_changes.after is
  'The same as they are now; null: the row is gone, or the change was dealt out.';
create index idx_catalog_changes_offer on leadgen.catalog_changes (offer_id, id);

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

  constraint markets_country_code_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint markets_currency_shape check (currency ~ '^[A-Z]{3}$'),
  constraint markets_currency_two_decimals
    check (currency not in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'))
);
comment on table leadgen.markets is 'A place in which leads are sold, with its zone and its currency.';
comment on column leadgen.markets.slug is 'Unique public name; derived from name when not given.';
comment on column leadgen.markets.timezone is
  'IANA zone, e.g. America/Chicago; its calendar is the market''s calendar.';
comment on column leadgen.markets.currency is
  'ISO 4217; stays once the market has offers. Currencies with three decimals are refused: money is numeric(10,2).';
-- With a condition, so that the column is no key column: an open edit of it holds no lead's foreign key.
create unique index markets_slug_unique on leadgen.markets (slug) where slug is not null;

create or replace trigger touch_updated_at before update on leadgen.markets
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.markets
  for each row execute function catalog.keep_used();
create or replace trigger fill_market before insert or update of timezone, country_code, currency, slug on leadgen.markets
  for each row execute function catalog.fill_market();
create or replace trigger note_change after update of is_active, timezone on leadgen.markets
  for each row execute function catalog.note_change('is_active', 'timezone');
-- Once a statement, so that it takes the offers by id. Transition tables admit no list of columns.
create or replace trigger move_windows after update on leadgen.markets
  referencing old table as replaced new table as written
  for each statement execute function market.move_windows();

create table leadgen.verticals (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  slug varchar(64) not null,
  name varchar(200) not null,
  is_active boolean not null default true
);
comment on table leadgen.verticals is 'A trade: plumbing, roofing, HVAC.';
create unique index verticals_slug_unique on leadgen.verticals (slug) where slug is not null;

create or replace trigger touch_updated_at before update on leadgen.verticals
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.verticals
  for each row execute function catalog.keep_used();

create table leadgen.policy_keys (
  kind text not null,
  key text not null,
  position integer not null,
  value_schema jsonb not null,
  description text not null,
  rule_function text,
  is_always_on boolean not null default false,
  compile_function text,
  required_language text,

  primary key (kind, key),
  constraint policy_keys_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout')),
  constraint policy_keys_position_unique unique (kind, position) deferrable initially deferred
);
comment on table leadgen.policy_keys is
  'The registry: every key a policy may have, its order, the schema of its value, what it means and, for a validation '
  'rule, the function that judges it.';
comment on column leadgen.policy_keys.value_schema is
  'JSON Schema words understood by catalog.check_schema; {}: the key takes no value and is not written in a policy.';
comment on column leadgen.policy_keys.rule_function is
  'Function in schema rules (lead_facts, value jsonb, rules jsonb) returns kernel.failure[]; null: a parameter of '
  'another key.';
comment on column leadgen.policy_keys.is_always_on is 'Runs for every policy, whether it names the key or not.';
comment on column leadgen.policy_keys.compile_function is
  'Function in schema catalog (jsonb) returns jsonb that turns the value as written into the value its rule is handed; '
  'null: as written.';
comment on column leadgen.policy_keys.required_language is
  'Procedural language that the rule is written in; where it is not installed a policy with the key is refused. Null: '
  'PL/pgSQL.';

create table leadgen.validation_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  compiled_rules jsonb not null default '{}',
  is_active boolean not null default true,

  constraint validation_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);
comment on table leadgen.validation_policies is 'What a lead must be: rules by key (see leadgen.policy_keys).';
comment on column leadgen.validation_policies.version is 'Raised by trigger each time rules change.';
comment on column leadgen.validation_policies.compiled_rules is
  'The value of each rule as its function is handed it, written by trigger; never edit it.';

create or replace trigger touch_updated_at before update on leadgen.validation_policies
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.validation_policies
  for each row execute function catalog.keep_used();
create or replace trigger write_policy before insert or update of rules, compiled_rules, version
  on leadgen.validation_policies
  for each row execute function catalog.write_policy();
create or replace trigger archive_policy after insert or update of rules on leadgen.validation_policies
  for each row execute function catalog.archive_policy();

create table leadgen.routing_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  config jsonb not null,
  compiled_config kernel.routing_settings,
  is_active boolean not null default true,

  constraint routing_policies_config_is_object check (jsonb_typeof(config) = 'object')
);
comment on table leadgen.routing_policies is 'Who gets a lead: strategy, exclusivity, holds (see leadgen.policy_keys).';
comment on column leadgen.routing_policies.compiled_config is
  'config with every default filled in, written by trigger; never edit it.';

create or replace trigger touch_updated_at before update on leadgen.routing_policies
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.routing_policies
  for each row execute function catalog.keep_used();
create or replace trigger write_policy before insert or update of config, compiled_config, version
  on leadgen.routing_policies
  for each row execute function catalog.write_policy();
create or replace trigger archive_policy after insert or update of config, compiled_config, version
  on leadgen.routing_policies
  for each row execute function catalog.archive_policy();
create or replace trigger note_change after update of config, is_active on leadgen.routing_policies
  for each row execute function catalog.note_change('config', 'is_active');

create table leadgen.pricing_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  is_active boolean not null default true,
  compiled_rules kernel.price_rule[],

  constraint pricing_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);
comment on table leadgen.pricing_policies is 'What is added to the base price (see leadgen.policy_keys).';
comment on column leadgen.pricing_policies.compiled_rules is
  'The rules as steps in order, written by trigger; never edit it.';

create or replace trigger touch_updated_at before update on leadgen.pricing_policies
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.pricing_policies
  for each row execute function catalog.keep_used();
create or replace trigger write_policy before insert or update of rules, compiled_rules, version
  on leadgen.pricing_policies
  for each row execute function catalog.write_policy();
create or replace trigger archive_policy after insert or update of rules on leadgen.pricing_policies
  for each row execute function catalog.archive_policy();
create or replace trigger note_change after update of rules, is_active on leadgen.pricing_policies
  for each row execute function catalog.note_change('rules', 'is_active');

create table leadgen.payout_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  is_active boolean not null default true,
  compiled_rules kernel.payout_settings,

  constraint payout_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);
comment on table leadgen.payout_policies is 'What a source is paid for its leads (see leadgen.policy_keys).';
comment on column leadgen.payout_policies.compiled_rules is
  'The rules in order, written by trigger; never edit it.';

create or replace trigger touch_updated_at before update on leadgen.payout_policies
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.payout_policies
  for each row execute function catalog.keep_used();
create or replace trigger write_policy before insert or update of rules, compiled_rules, version
  on leadgen.payout_policies
  for each row execute function catalog.write_policy();
create or replace trigger archive_policy after insert or update of rules on leadgen.payout_policies
  for each row execute function catalog.archive_policy();
create or replace trigger note_change after update of rules, is_active on leadgen.payout_policies
  for each row execute function catalog.note_change('rules', 'is_active');

create table leadgen.policy_versions (
  kind text not null,
  policy_id bigint not null,
  version integer not null,
  body jsonb not null,
  changed_by text not null default session_user,
  changed_at timestamptz not null default current_timestamp,
  settings jsonb,

  primary key (kind, policy_id, version),
  constraint policy_versions_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout'))
);
comment on table leadgen.policy_versions is
  'Append-only: every body a policy ever had, who wrote it and when. Leads record the versions they were judged by. '
  'Routing: a deploy that compiles a body otherwise archives it once more, with its new settings.';
comment on column leadgen.policy_versions.settings is
  'Kind routing: the body as it was compiled, defaults filled in; null: compile the body.';

create or replace trigger keep_record before update or delete or truncate on leadgen.policy_versions
  for each statement execute function kernel.refuse_change();

create table leadgen.policy_proposals (
  id bigint generated always as identity primary key,
  kind text not null,
  policy_id bigint not null,
  body jsonb not null,
  base_version integer not null,
  reason text not null,
  publish_at timestamptz,
  proposed_at timestamptz not null,
  proposed_by text not null,
  approved_at timestamptz,
  approved_by text,
  status text not null default 'waiting',
  settled_at timestamptz,
  settled_by text,
  version integer,
  fault text,

  constraint policy_proposals_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout')),
  constraint policy_proposals_status_known check (status in ('waiting', 'approved', 'published', 'withdrawn', 'failed')),
  constraint policy_proposals_reason_is_short check (length(reason) between 1 and 500),
  constraint policy_proposals_approved_by_another check (approved_by <> proposed_by)
);
create index policy_proposals_open_index on leadgen.policy_proposals (kind, policy_id)
where status in ('waiting', 'approved');
create index policy_proposals_due_index on leadgen.policy_proposals (publish_at) where status = 'approved';

comment on table leadgen.policy_proposals is
  'What policies are to become: a body that waits for its time (publish_at; null: as soon as it is approved), or for a '
  'second person where settings.policies_need_approval says so. waiting -> approved -> published, withdrawn, failed.';
comment on column leadgen.policy_proposals.base_version is
  'The version that was edited: when another is live by then, nothing is published.';
comment on column leadgen.policy_proposals.approved_by is 'A second person; null: none was needed, or none has yet.';
comment on column leadgen.policy_proposals.fault is 'Why it could not be published at its time.';

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

  constraint offers_price_positive check (default_price_per_lead > 0 and default_price_per_lead <= 1000000),
  constraint offers_threshold_non_negative check (invoice_threshold >= 0)
);
comment on table leadgen.offers is 'The unit of sale: a vertical in a market, with its policies and its price.';
comment on column leadgen.offers.slug is 'Unique public name; derived from name when not given.';
comment on column leadgen.offers.default_price_per_lead is 'In the market''s currency.';
create unique index offers_slug_unique on leadgen.offers (slug) where slug is not null;
create unique index offers_unique_market_vertical_name
  on leadgen.offers (market_id, vertical_id, name) where name is not null;

create or replace trigger touch_updated_at before update on leadgen.offers
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.offers
  for each row execute function catalog.keep_used();
create or replace trigger fill_offer before insert or update of slug on leadgen.offers
  for each row execute function catalog.fill_offer();
-- Leads, sales and usage carry them.
create or replace trigger keep_market_and_vertical before update of market_id, vertical_id on leadgen.offers
  for each row execute function kernel.immutable_columns('market_id', 'vertical_id');
create or replace trigger note_change
  after update of is_active, default_price_per_lead, routing_policy_id, pricing_policy_id on leadgen.offers
  for each row execute function
    catalog.note_change('is_active', 'default_price_per_lead', 'routing_policy_id', 'pricing_policy_id');
create or replace trigger start_offer_usage after insert on leadgen.offers
  for each row execute function market.start_offer_usage();
create or replace trigger archive_offer after insert or update of
    is_active, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id on leadgen.offers
  for each row execute function catalog.archive_offer();

create table leadgen.offer_versions (
  offer_id bigint not null,
  version integer not null,
  changed_at timestamptz not null default current_timestamp,
  changed_by text not null default session_user,
  is_active boolean not null,
  default_price_per_lead numeric(10,2) not null,
  validation_policy_id bigint not null,
  routing_policy_id bigint not null,
  pricing_policy_id bigint,

  primary key (offer_id, version)
);
comment on table leadgen.offer_versions is
  'Append-only: the price and the policies that an offer ever had, who wrote them and when. A decision records the '
  'price that it was made with (lead_decisions.default_price).';

create or replace trigger keep_record before update or delete or truncate on leadgen.offer_versions
  for each statement execute function kernel.refuse_change();

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
  disclose_buyer boolean,
  is_active boolean not null default true,
  account varchar(100),
  success_url varchar(2000),
  error_url varchar(2000),
  payout_policy_id bigint references leadgen.payout_policies (id) on delete restrict,

  constraint sources_kind_valid check (kind in ('landing_page', 'partner_api', 'embed_form')),
  constraint sources_path_prefix_shape check (path_prefix is null or path_prefix ~ '^/'),
  constraint sources_path_needs_hostname check (path_prefix is null or hostname is not null),
  constraint sources_api_key_hash_shape check (api_key_hash is null or api_key_hash ~ '^[0-9a-f]{64}$'),
  constraint sources_account_shape check (account is null or account ~ '^[^\s[:cntrl:]]+$'),
  constraint sources_success_url_shape
    check (success_url is null or success_url ~ '^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][!-~]*)?$'),
  constraint sources_error_url_shape
    check (error_url is null or error_url ~ '^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][!-~]*)?$')
);
comment on table leadgen.sources is 'Where leads come from; each source sells into one offer.';
comment on column leadgen.sources.source_key is
  'Unique public name that a payload may carry, e.g. austin-plumbing-v1; derived from name when not given.';
comment on column leadgen.sources.hostname is
  'With path_prefix: the landing pages of this source; stored in lower case.';
comment on column leadgen.sources.api_key_hash is 'SHA-256 of the API key, in hex; the key itself is stored nowhere.';
comment on column leadgen.sources.account is
  'Whose source it is, in a word of the operator''s own. A post is handed to the source of its campaign only within '
  'one account; null: the source is an account by itself.';
comment on column leadgen.sources.disclose_buyer is
  'Whether the answer to this source names buyer and price. Null: only if kind is partner_api, for the answer to a page '
  'is read by its visitor.';
comment on column leadgen.sources.success_url is
  'Where a visitor goes whose HTML form was taken. Null: to a plain page of the API.';
comment on column leadgen.sources.error_url is
  'Where a visitor goes whose HTML form was not taken; its query gets error and field. Null: to a plain page of the '
  'API, which says what is wrong.';
comment on column leadgen.sources.payout_policy_id is
  'By which policy it is paid for its leads; null: it costs nothing.';
create unique index sources_source_key_unique on leadgen.sources (source_key) where source_key is not null;
create unique index sources_api_key_hash_unique on leadgen.sources (api_key_hash) where api_key_hash is not null;
create unique index sources_hostname_path_unique
  on leadgen.sources (hostname, coalesce(path_prefix, '/')) where hostname is not null and is_active;

create or replace trigger check_words before insert or update of kind on leadgen.sources
  for each row when (new.kind not in ('landing_page', 'partner_api', 'embed_form'))
  execute function catalog.check_words();
create or replace trigger touch_updated_at before update on leadgen.sources
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_used before delete on leadgen.sources
  for each row execute function catalog.keep_used();
create or replace trigger fill_source
  before insert or update of source_key, hostname, success_url, error_url on leadgen.sources
  for each row execute function catalog.fill_source();
create or replace trigger note_change after update of payout_policy_id on leadgen.sources
  for each row execute function catalog.note_change('payout_policy_id');

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

create or replace trigger fill_campaign before insert or update of utm_source, utm_campaign on leadgen.source_campaigns
  for each row execute function catalog.fill_campaign();

create table leadgen.buyers (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  email varchar(200) not null,
  phone varchar(20) not null,
  company varchar(200),
  webhook_url varchar(500),
  email_notifications boolean not null default true,
  sms_notifications boolean not null default false,
  is_active boolean not null default true,
  balance numeric(10,2) not null default 0.00,
  credit_limit numeric(10,2),
  billing_cycle varchar(20) not null default 'weekly',
  payment_method varchar(50),
  payment_method_id varchar(200),
  response_rules jsonb,
  compiled_response_rules kernel.response_rule[],
  notice_emails boolean not null default true,
  currency char(3),
  billing_mode text not null default 'invoiced',
  receivable numeric(12,2) not null default 0,
  low_balance_at numeric(10,2) not null default 100.00,
  low_since timestamptz,
  invoices_by text not null default 'offer',
  payment_terms_days integer,
  tax_id text,
  tax_address text,
  tax_country char(2),
  tax_region text,
  is_tax_exempt boolean not null default false,
  replacements integer not null default 0,

  constraint buyers_email_shape check (email ~ '^[^\s[:cntrl:]@]+@[^\s[:cntrl:]@]+$'),
  constraint check_non_negative_balance check (balance >= 0 and balance < 100000000),
  constraint buyers_webhook_url_shape check (webhook_url is null or webhook_url ~* '^https?://[^\s]+$'),
  constraint buyers_billing_mode_valid check (billing_mode in ('none', 'prepaid', 'invoiced')),
  constraint buyers_credit_limit_not_negative check (credit_limit >= 0 and credit_limit < 100000000),
  constraint buyers_low_balance_not_negative check (low_balance_at >= 0 and low_balance_at < 100000000),
  constraint buyers_currency_shape check (currency ~ '^[A-Z]{3}$'),
  constraint buyers_billing_cycle_valid check (billing_cycle in ('daily', 'weekly', 'biweekly', 'monthly')),
  constraint buyers_invoices_by_valid check (invoices_by in ('offer', 'buyer')),
  constraint buyers_replacements_not_negative check (replacements >= 0),
  constraint buyers_payment_terms_bounded check (payment_terms_days between 0 and 365),
  constraint buyers_tax_country_shape check (tax_country ~ '^[A-Z]{2}$'),
  constraint buyers_tax_region_of_country check (tax_region ~ '^[A-Z]{2}-[A-Z0-9]{1,3}$' and left(tax_region, 2) = tax_country),
  constraint buyers_tax_text_bounded check (length(tax_id) <= 50 and length(tax_address) <= 500)
) with (fillfactor = 70);
comment on table leadgen.buyers is
  'Who buys leads. What a buyer buys is in buyer_offers, where in buyer_service_areas.';
create unique index buyers_email_unique on leadgen.buyers (email) where email is not null;
comment on column leadgen.buyers.response_rules is
  'What the buyer''s answers to a webhook mean, first match first: [{"when": {"status": {"enum": [200]}, '
  '"body.result": {"enum": ["error"]}}, "outcome": "failed", "reason": "says error"}]. Outcomes: delivered, accepted, '
  'rejected, failed, refused. Null: by the status alone.';
comment on column leadgen.buyers.compiled_response_rules is 'response_rules compiled, written by trigger.';
comment on column leadgen.buyers.notice_emails is
  'Whether it is told by e-mail of its own endpoints; leads are not notices.';
comment on column leadgen.buyers.billing_mode is
  'prepaid: each sale is taken from balance; invoiced: it adds to receivable, up to credit_limit; none: its sales are not booked.';
comment on column leadgen.buyers.currency is
  'Of its money: the currency of the market of its first enrollment, if none was given. Null: it has neither yet.';
comment on column leadgen.buyers.balance is
  'What it paid in advance and has left: minus the sum of its entries in account buyer_prepaid. Written by the ledger alone.';
comment on column leadgen.buyers.receivable is
  'What it owes, billed or not: the sum of its entries in account buyer_receivable. Written by the ledger alone.';
comment on column leadgen.buyers.replacements is
  'How many replacements it is owed (leadgen.replacements): where there is none, a sale looks for none.';
comment on column leadgen.buyers.low_balance_at is
  'It is told when what it can still spend falls below this, or below a quarter more than the minimum of an enrollment; 0: by the minimum only.';
comment on column leadgen.buyers.low_since is 'Since when that is so and it was told; null: it is not.';
comment on column leadgen.buyers.billing_cycle is
  'How long a period of its invoices is: daily, weekly (from Monday), biweekly or monthly, in the zone of the market of its first enrollment.';
comment on column leadgen.buyers.invoices_by is 'offer: one invoice for each offer; buyer: one for all of them.';
comment on column leadgen.buyers.payment_terms_days is
  'Days from the date of an invoice to its due date; null: as billing_settings say.';
comment on column leadgen.buyers.tax_id is 'Its number for tax (EIN, VAT ID), printed on invoices; with one, reverse charge applies where a tax_rate has it.';
comment on column leadgen.buyers.tax_address is 'The address that is printed on its invoices, line by line.';
comment on column leadgen.buyers.tax_country is 'Where it is taxed (ISO 3166-1); null: nowhere.';
comment on column leadgen.buyers.tax_region is 'The state or province in which it is taxed (ISO 3166-2): US-TX.';
comment on column leadgen.buyers.is_tax_exempt is 'No tax is charged.';
comment on column leadgen.buyers.credit_limit is 'Invoiced: receivable never goes over it by a sale; null: no limit.';

create or replace trigger check_words before insert or update of billing_mode on leadgen.buyers
  for each row when (new.billing_mode not in ('none', 'prepaid', 'invoiced'))
  execute function catalog.check_words();
create or replace trigger check_cycle before insert or update of billing_cycle on leadgen.buyers
  for each row when (new.billing_cycle not in ('daily', 'weekly', 'biweekly', 'monthly'))
  execute function catalog.check_words();
create or replace trigger check_invoices_by before insert or update of invoices_by on leadgen.buyers
  for each row when (new.invoices_by not in ('offer', 'buyer'))
  execute function catalog.check_words();
-- Every update but the ledger's, which writes balance and receivable.
create or replace trigger touch_updated_at before update of
    name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active, credit_limit, billing_cycle,
    payment_method, payment_method_id, response_rules, notice_emails, currency, billing_mode, low_balance_at,
    invoices_by, payment_terms_days, tax_id, tax_address, tax_country, tax_region, is_tax_exempt
  on leadgen.buyers
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_balance before update of balance, receivable on leadgen.buyers
  for each row
  when (current_setting('leadgen.is_booking', true) is distinct from 'on'
    and (old.balance, old.receivable) is distinct from (new.balance, new.receivable))
  execute function billing.keep_balance();
create or replace trigger keep_used before delete on leadgen.buyers
  for each row execute function catalog.keep_used();
create or replace trigger fill_buyer before insert or update of
    email, phone, sms_notifications, webhook_url, response_rules, compiled_response_rules
  on leadgen.buyers
  for each row execute function catalog.fill_buyer();
create or replace trigger make_secret after insert on leadgen.buyers
  for each row execute function catalog.make_secret();
-- A signed webhook_url; and a person's address and number.
create or replace trigger keep_secrets before insert or update of
    name, email, phone, company, webhook_url, email_notifications, sms_notifications, is_active, credit_limit, billing_cycle,
    payment_method, payment_method_id, response_rules, notice_emails, currency, billing_mode, low_balance_at,
    invoices_by, payment_terms_days, tax_id, tax_address, tax_country, tax_region, is_tax_exempt
  on leadgen.buyers
  for each row execute function kernel.keep_secrets();
create or replace trigger check_currency before update of currency, billing_mode on leadgen.buyers
  for each row
  when ((old.currency, old.billing_mode) is distinct from (new.currency, new.billing_mode))
  execute function catalog.check_currency();
-- What lets it buy more wakes held leads; what it spends does not.
create or replace trigger note_change after update of balance, receivable, credit_limit, billing_mode, is_active on leadgen.buyers
  for each row
  when (new.balance > old.balance or new.receivable < old.receivable or new.is_active <> old.is_active
    or (new.billing_mode, new.credit_limit) is distinct from (old.billing_mode, old.credit_limit))
  execute function catalog.note_change('balance', 'receivable', 'credit_limit', 'billing_mode', 'is_active');
-- With the change and not after it: a lead sold a moment later goes to the new address (outbox.queue_deliveries).
create or replace trigger keep_endpoints
  after insert or update of webhook_url, email, email_notifications, phone, sms_notifications
  on leadgen.buyers
  for each row execute function outbox.keep_endpoints();

create or replace trigger note_addresses after update of webhook_url, email, phone on leadgen.buyers
  for each row execute function catalog.note_addresses('webhook_url', 'email', 'phone');

create table leadgen.webhook_secrets (
  buyer_id bigint primary key references leadgen.buyers (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  secret varchar(200) not null,
  previous_secret varchar(200),
  previous_secret_until timestamptz,
  headers jsonb not null default '{}',

  constraint webhook_secrets_secret_shape check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  constraint webhook_secrets_previous_secret_ends check ((previous_secret is null) = (previous_secret_until is null)),
  constraint webhook_secrets_headers_are_object check (jsonb_typeof(headers) = 'object')
);
comment on table leadgen.webhook_secrets is
  'What proves to a buyer that a webhook is ours: the secret that signs it, and headers. Every buyer has a row. The '
  'functions of the owner read it, and nobody else; DBAs write it by leadgen.rotate_webhook_secret, set_webhook_secret '
  'and set_webhook_header.';
comment on column leadgen.webhook_secrets.secret is
  'Standard Webhooks secret, whsec_ and base64; made by trigger with the buyer.';
comment on column leadgen.webhook_secrets.previous_secret is
  'Signs beside the new one until previous_secret_until.';
comment on column leadgen.webhook_secrets.headers is
  'Headers sent with every webhook, {"X-Api-Key": "..."}: Authorization or a name that begins with X-. Here, since '
  'their values are tokens as a rule.';

create or replace trigger touch_updated_at before update on leadgen.webhook_secrets
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_secrets before insert or update on leadgen.webhook_secrets
  for each row execute function kernel.keep_secrets();

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
  budget_per_day numeric(10,2),
  budget_per_month numeric(10,2),
  schedule jsonb,
  compiled_schedule int4multirange,
  filters jsonb,
  compiled_filters kernel.field_test[],
  is_reachable boolean not null default true,
  version integer not null default 1,
  limit_codes text[],
  limit_windows text[],
  limit_is_money boolean[],
  limit_caps numeric[],
  compiled_filter jsonpath,
  pause_from timestamptz,
  buyer_may_set text[] not null default '{}',

  constraint buyer_offers_unique unique (buyer_id, offer_id),
  constraint buyer_offers_priority_positive check (routing_priority >= 1),
  constraint buyer_offers_weight_positive check (weight between 0.001 and 1000000),
  constraint buyer_offers_capacity_positive check (capacity_per_day is null or capacity_per_day >= 0),
  constraint buyer_offers_capacity_hour_positive check (capacity_per_hour is null or capacity_per_hour >= 0),
  constraint buyer_offers_capacity_week_positive check (capacity_per_week is null or capacity_per_week >= 0),
  constraint buyer_offers_capacity_month_positive check (capacity_per_month is null or capacity_per_month >= 0),
  constraint buyer_offers_price_positive
    check (price_per_lead is null or (price_per_lead > 0 and price_per_lead <= 1000000)),
  constraint buyer_offers_min_balance_is_number
    check (min_balance_required is null or min_balance_required < 100000000),
  constraint buyer_offers_email_shape
    check (email_override is null or email_override ~ '^[^\s[:cntrl:]@]+@[^\s[:cntrl:]@]+$'),
  constraint buyer_offers_budget_day_positive check (budget_per_day between 0 and 99999999.99),
  constraint buyer_offers_budget_month_positive check (budget_per_month between 0 and 99999999.99),
  constraint buyer_offers_webhook_url_shape
    check (webhook_url_override is null or webhook_url_override ~* '^https?://[^\s]+$'),
  constraint buyer_offers_pause_begins_before_it_ends
    check (pause_from is null or (pause_until is not null and pause_from < pause_until)),
  constraint buyer_offers_buyer_may_set_known check (buyer_may_set <@ '{limits,hours}')
);
comment on table leadgen.buyer_offers is
  'An enrollment: a buyer takes part in an offer, at this price, up to these caps.';
comment on column leadgen.buyer_offers.routing_priority is 'Strategy priority: the higher number is served first.';
comment on column leadgen.buyer_offers.weight is 'Strategy weighted: the share of leads is weight / sum of weights.';
comment on column leadgen.buyer_offers.capacity_per_hour is 'Leads a calendar hour; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.capacity_per_day is 'Leads a calendar day; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.capacity_per_week is 'Leads a week from Monday; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.capacity_per_month is 'Leads a calendar month; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.timezone is 'Whose calendar the caps follow; null: the market''s.';
comment on column leadgen.buyer_offers.price_per_lead is 'Null: offers.default_price_per_lead.';
comment on column leadgen.buyer_offers.min_balance_required is
  'The buyer gets no lead while buyers.balance is below this; null: no minimum.';
comment on column leadgen.buyer_offers.pause_until is
  'It gets no lead until then; infinity: until somebody resumes it. Null: not paused. A time written without a zone is read in the TimeZone of the session.';
comment on column leadgen.buyer_offers.pause_from is
  'When a planned pause begins; null: it has begun. Never without pause_until. A time written without a zone is read in the TimeZone of the session.';
comment on column leadgen.buyer_offers.budget_per_day is
  'Money a calendar day, in the market''s currency; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.budget_per_month is
  'Money a calendar month, in the market''s currency; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.schedule is
  'When it takes leads, in its zone: {"mon": [["08:00", "18:00"]], ...}; a range may pass midnight, a day left out is '
  'closed. Null: always.';
comment on column leadgen.buyer_offers.compiled_schedule is
  'schedule as minutes of the week from Monday 00:00, written by trigger.';
comment on column leadgen.buyer_offers.filters is
  'Which leads it takes: {"attributes.roof_age": {"minimum": 10}, "attributes.job_type": {"not": {"enum": '
  '["repair"]}}}; all must hold. Null: all.';
comment on column leadgen.buyer_offers.compiled_filters is 'filters compiled, written by trigger.';
comment on column leadgen.buyer_offers.is_reachable is
  'Whether any of its endpoints is in use; written by trigger. A buyer whom nothing reaches gets no lead.';
comment on column leadgen.buyer_offers.version is
  'Raised by trigger each time its terms change; the terms are archived in leadgen.enrollment_versions.';
comment on column leadgen.buyer_offers.limit_codes is
  'Its caps and budgets as a list (kernel.snapshot), written by trigger; limit_windows, limit_is_money and limit_caps are aligned.';
comment on column leadgen.buyer_offers.compiled_filter is 'All of filters as one predicate, written by trigger.';
comment on column leadgen.buyer_offers.buyer_may_set is
  'What an owner of its buyer sets on the portal: limits (caps and budgets), hours. A pause is always the buyer''s own.';
create index idx_buyer_offers_offer_active_priority
  on leadgen.buyer_offers (offer_id, is_active, routing_priority desc);

-- A signed webhook_url_override: the others have no secret, and are many.
create or replace trigger keep_secrets before insert or update on leadgen.buyer_offers
  for each row when (new.webhook_url_override is not null) execute function kernel.keep_secrets();
-- Its terms, and what is compiled of them: what an enrollment is reached by is none of them. Both triggers have one list.
create or replace trigger version_enrollment before insert or update of
    version, is_active, routing_priority, weight, price_per_lead, min_balance_required, timezone, pause_from, pause_until,
    schedule, compiled_schedule, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month, budget_per_day,
    budget_per_month, limit_codes, limit_windows, limit_is_money, limit_caps, filters, compiled_filters, compiled_filter
  on leadgen.buyer_offers
  for each row execute function catalog.version_enrollment();
create or replace trigger archive_enrollment after insert or update of
    version, is_active, routing_priority, weight, price_per_lead, min_balance_required, timezone, pause_from, pause_until,
    schedule, compiled_schedule, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month, budget_per_day,
    budget_per_month, limit_codes, limit_windows, limit_is_money, limit_caps, filters, compiled_filters, compiled_filter
  on leadgen.buyer_offers
  for each row execute function catalog.archive_enrollment();
create or replace trigger touch_updated_at before update on leadgen.buyer_offers
  for each row execute function kernel.touch_updated_at();
create or replace trigger fill_enrollment before insert or update of
    timezone, schedule, compiled_schedule, filters, compiled_filters, webhook_url_override, email_override, sms_override
  on leadgen.buyer_offers
  for each row execute function catalog.fill_enrollment();
-- Its usage counts for them.
create or replace trigger keep_buyer_and_offer before update of buyer_id, offer_id on leadgen.buyer_offers
  for each row execute function kernel.immutable_columns('buyer_id', 'offer_id');
create or replace trigger keep_enrollment before delete on leadgen.buyer_offers
  for each row execute function market.keep_enrollment();
create or replace trigger note_change after insert or update of
    is_active, capacity_per_hour, capacity_per_day, capacity_per_week, capacity_per_month, budget_per_day,
    budget_per_month, price_per_lead, pause_from, pause_until, schedule, filters, timezone, min_balance_required,
    is_reachable
  on leadgen.buyer_offers
  for each row execute function catalog.note_change(
    'is_active', 'capacity_per_hour', 'capacity_per_day', 'capacity_per_week', 'capacity_per_month', 'budget_per_day',
    'budget_per_month', 'price_per_lead', 'pause_from', 'pause_until', 'schedule', 'filters', 'timezone',
    'min_balance_required', 'is_reachable');
create or replace trigger start_usage after insert on leadgen.buyer_offers
  for each row execute function market.start_usage();
create or replace trigger move_windows after update on leadgen.buyer_offers
  referencing old table as replaced new table as written
  for each statement execute function market.move_windows();
create or replace trigger keep_shares after update on leadgen.buyer_offers
  referencing old table as replaced new table as written
  for each statement execute function market.keep_shares();
create or replace trigger keep_currency before insert or update of buyer_id, offer_id on leadgen.buyer_offers
  for each row execute function catalog.keep_currency();
create or replace trigger keep_endpoints after insert or update of webhook_url_override, email_override, sms_override
  on leadgen.buyer_offers
  for each row execute function outbox.keep_endpoints();
create or replace trigger note_addresses after insert or update of webhook_url_override, email_override, sms_override
  on leadgen.buyer_offers
  for each row execute function catalog.note_addresses('webhook_url_override', 'email_override', 'sms_override');

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

create or replace trigger check_words before insert or update of scope_type on leadgen.buyer_service_areas
  for each row when (new.scope_type not in ('postal_code', 'city'))
  execute function catalog.check_words();
create or replace trigger touch_updated_at before update on leadgen.buyer_service_areas
  for each row execute function kernel.touch_updated_at();
create or replace trigger fill_scope before insert or update of market_id, scope_type, scope_value, scope_key
  on leadgen.buyer_service_areas
  for each row execute function catalog.fill_scope();
create or replace trigger note_change after insert or update of buyer_id, market_id, scope_type, scope_value, is_active
  on leadgen.buyer_service_areas
  for each row execute function catalog.note_change('buyer_id', 'market_id', 'scope_type', 'scope_value', 'is_active');

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

create or replace trigger check_words before insert or update of scope_type on leadgen.offer_exclusivities
  for each row when (new.scope_type not in ('postal_code', 'city'))
  execute function catalog.check_words();
create or replace trigger touch_updated_at before update on leadgen.offer_exclusivities
  for each row execute function kernel.touch_updated_at();
create or replace trigger fill_scope before insert or update of offer_id, scope_type, scope_value, scope_key
  on leadgen.offer_exclusivities
  for each row execute function catalog.fill_scope();
create or replace trigger check_owner after insert or update of offer_id, buyer_id, is_active on leadgen.offer_exclusivities
  for each row when (new.is_active) execute function catalog.check_owner();
create or replace trigger note_change
  after insert or delete or update of offer_id, scope_type, scope_value, buyer_id, is_active
  on leadgen.offer_exclusivities
  for each row execute function catalog.note_change('offer_id', 'scope_type', 'scope_value', 'buyer_id', 'is_active');
