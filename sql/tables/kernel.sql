-- Kernel: the values that decisions are made of. No table is the kernel's.
--
-- A snapshot goes in, a decision comes out (kernel.decide). Both are records in memory: what is stored of them is in
-- leadgen.lead_decisions, column by column, so that either may change.

create type kernel.failure as (
  code text,
  field text,
  reason text
);
comment on type kernel.failure is 'Why a lead failed one rule: stable code, field at fault, words for a person.';

create type kernel.field_test as (
  field text,
  path jsonpath,
  wanted text
);
comment on type kernel.field_test is
  'A condition on one field, compiled: a predicate over a lead''s document (kernel.describe_lead), and what it wants in words.';

create type kernel.price_rule as (
  step text,
  amount numeric,
  percent numeric,
  hours int4multirange,
  tests kernel.field_test[]
);
comment on type kernel.price_rule is
  'One step of a pricing policy, compiled. hours: minutes of the market''s week, from Monday 00:00; null: always. tests: all must hold.';

create type kernel.payout_settings as (
  is_per_sale boolean,
  rules kernel.price_rule[],
  min_margin numeric,
  min_margin_percent numeric
);
comment on type kernel.payout_settings is
  'A payout policy, compiled. rules: the first that holds says what is paid, an amount (once a lead, or for each sale) and a percentage of the price of each sale.';

create type kernel.cost_terms as (
  price numeric,
  percent numeric,
  is_per_sale boolean,
  is_paid boolean,
  min_margin numeric,
  min_margin_percent numeric
);
comment on type kernel.cost_terms is
  'What one lead costs: its source is paid price once a lead, or for each sale (is_per_sale), and percent of the price of each sale. is_paid: another buyer has the lead, so that a price once a lead is paid for. The margins are what a sale must leave at least; null: not asked for.';

create type kernel.response_rule as (
  tests kernel.field_test[],
  outcome text,
  reason text
);
comment on type kernel.response_rule is
  'What an answer to a webhook means where all tests hold, over {"status": 200, "text": "...", "body": {...}}; see buyers.response_rules.';

create type kernel.routing_settings as (
  strategy text[],
  max_buyers integer,
  exclusivity_scopes text[],
  when_unavailable text,
  on_no_buyer text,
  hold_hours numeric,
  cap_hour integer,
  cap_day integer,
  cap_week integer,
  cap_month integer,
  budget_day numeric,
  budget_month numeric,
  contact_window_days numeric,
  reroutes_on_return boolean,
  reroutes_on_failure boolean,
  max_reroutes integer,
  acceptance text,
  acceptance_hours numeric,
  delivery_timeout_seconds numeric,
  delivery_retry_seconds numeric[],
  resells_on_unknown boolean,
  returns_hours numeric,
  return_quota_count integer,
  return_quota_percent numeric,
  return_cycle text,
  auto_approves_returns boolean,
  deliver_within_seconds numeric,
  disclosed text[],
  returns_give text,
  return_line_types text[],
  follows_calling_rules boolean
);
comment on type kernel.routing_settings is
  'A routing policy''s config, defaults filled in. strategy: the strategy, then its tie-breakers; '
  'deliver_within_seconds: null: a sale never passes on for being late.';

create type kernel.lead_facts as (
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
  decided_at timestamptz,
  latitude double precision,
  longitude double precision,
  local_minute integer,
  is_suppressed boolean,
  mail_status text,
  ip_count integer,
  phone_count integer,
  buyers_with_contact bigint[],
  phone_extension text,
  reading integer,
  postal_city text,
  suppressing_buyers bigint[],
  suppressed_by text[],
  form_token text,
  form_status text,
  form_issued_at timestamptz,
  local_timezone text,
  sealed_phone text,
  sealed_email text,
  seals boolean,
  line_types text[]
);
comment on type kernel.lead_facts is
  'All that the rules judge: the normalised lead and what the tables knew of it. A rule reads nothing else. reading: '
  '3: an e-mail address that has a character that no address has is none; 2: the postal code decides the city, and city '
  'names are read by leadgen.city_words; 1: a number or a yes that comes as text counts; null: judged before that, by '
  'types alone. postal_city: the postal code''s city, if the lead''s city is another place; else null. '
  'suppressing_buyers: whose suppression lists have the contact; suppressed_by: the names of all lists that have it. '
  'form_status: of the token of the page''s form: valid, invalid, keyed (the lead came with an API key, so from no form); null: there is none. '
  'form_issued_at: when a valid one was issued. local_timezone: the zone of the postal code, where the policy follows calling rules. '
  'sealed_phone and sealed_email: what a sealed lead of this contact has in their place; null: nobody knows. seals: the database seals. '
  'line_types: of the phone, once the contact is hidden.';

create type kernel.lead_signals as (
  phone_country text,
  phone_region text,
  email_is_disposable boolean,
  duplicate_lead_id bigint,
  duplicate_created_at timestamptz,
  duplicate_field text,
  latitude double precision,
  longitude double precision,
  local_minute integer,
  is_suppressed boolean,
  mail_status text,
  ip_count integer,
  phone_count integer,
  reading integer,
  city_key text,
  suppressing_buyers bigint[],
  suppressed_by text[],
  form_status text,
  form_issued_at timestamptz,
  local_timezone text,
  line_types text[]
);
comment on type kernel.lead_signals is
  'What the tables and the clock knew when a lead was judged: with the lead''s own fields, all that its rules read. '
  'suppressing_buyers, suppressed_by, form_status, form_issued_at and local_timezone: see kernel.lead_facts; null: none. '
  'line_types: of the phone of a sealed lead, for returns.';

create type kernel.exclusivity as (
  buyer_id bigint,
  scope_type text,
  scope_value text
);
comment on type kernel.exclusivity is 'Who owns the lead''s postal code or city in an offer; buyer_id null: nobody.';

create type kernel.adjustment as (
  step text,
  amount numeric,
  percent numeric
);
comment on type kernel.adjustment is
  'A step of the pricing policy that holds for this lead, in the policy''s order; exclusivity_premium only for who owns the place.';

create type kernel.price as (
  amount numeric,
  steps jsonb
);
comment on type kernel.price is 'A price in the market''s currency and the steps that made it.';

create type kernel.calling as (
  rules text,
  zone text,
  opens_at timestamptz,
  lacks_consent boolean
);
comment on type kernel.calling is
  'What the calling rules of the lead''s place say at the moment of a decision, where the policy follows them. rules: whose, by country and region; zone: whose wall clock counts; opens_at: when people there may be called next, null: now; lacks_consent: they may not be, for the lead has no consent.';

create type kernel.choice as (
  buyer_id bigint,
  chosen_by text,
  reason text
);
comment on type kernel.choice is 'A buyer to whom somebody sells a lead by hand: who does, and why; buyer_id null: nobody does.';

create type kernel.snapshot as (
  decided_at timestamptz,
  timezone text,
  decimals integer,
  exclusivity kernel.exclusivity,
  adjustments kernel.adjustment[],
  enrollments bigint[],
  versions integer[],
  buyers bigint[],
  flags integer[],
  zones text[],
  pauses tstzrange[],
  openings timestamptz[],
  filter_faults text[],
  priorities integer[],
  weights numeric[],
  base_prices numeric[],
  prices numeric[],
  min_balances numeric[],
  balances numeric[],
  last_turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  limit_owners integer[],
  limit_codes text[],
  limit_windows text[],
  limit_is_money boolean[],
  limit_caps numeric[],
  limit_uses numeric[],
  edition integer,
  sales_today integer[],
  went_first bigint[],
  behind_lead_id bigint,
  credits numeric[],
  credit_limits numeric[],
  cost kernel.cost_terms,
  calling kernel.calling,
  choice kernel.choice
);
comment on type kernel.snapshot is
  'All that a routing decision is made from. The arrays up to virtual_times are aligned: one entry a candidate, by enrollment id; flags: see kernel.flag; zones: null where it is the market''s; pauses: the one that lasts or is planned, null: none; openings: null where it is open. The limit_ arrays are aligned too: one entry a limit, its owner a position among the candidates, 0 for the offer as a whole; a limit that nobody set is not there. edition: of the rules by which candidates are ranked (kernel.rank_candidates); null: the first. sales_today: how many leads each candidate had on the day, where the strategy asks for it. went_first: the held leads that were routed before a new one; behind_lead_id: the held lead that is still due and that it waits behind. balances: what a buyer has left, where that is looked at; credits: what is left of the credit limit of one that is invoiced; null: no limit. cost: what the lead costs; null: nothing. calling: what the calling rules say; null: none is followed. choice: whom somebody chose by hand; null: nobody.';

create type kernel.decision as (
  reasons text[],
  ranking integer[],
  exclusive_buyer_id bigint,
  winners integer[],
  buyers bigint[],
  prices kernel.price[],
  turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  unsold_reason text,
  is_held boolean,
  next_route_at timestamptz,
  costs numeric[]
);
comment on type kernel.decision is
  'What kernel.decide makes of a snapshot. reasons: one a candidate, null: it passed; ranking and winners: positions; buyers, prices, turns and tags: one a winner, and so are costs, what each sale costs beside a price once a lead, null: nothing; unsold_reason, is_held (null: sold) and next_route_at: where there is no winner.';
