-- Sales: who got a lead, for what price, and the record from which that can be recomputed.
--
-- A decision keeps what changes with each lead (counts, funds, turns) beside the versions of the enrollments that
-- were judged, one reason or null for each, and the order of those that passed. market.recall_snapshot puts it together
-- again; kernel.decide is a pure function of that, so explain reads it and replay recomputes it. A sale's price never
-- changes, for anybody.

create type leadgen.assignment_outcome as enum
  ('pending', 'delivered', 'accepted', 'returned', 'lapsed', 'failed', 'unknown', 'erased');

create type market.candidate_v1 as (
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
  base_price numeric,
  in_schedule boolean,
  schedule int4multirange,
  filter_fault text,
  has_contact boolean,
  price numeric,
  budget_day numeric,
  spent_day numeric,
  budget_month numeric,
  spent_month numeric
);
comment on type market.candidate_v1 is
  'One enrollment as a decision of format 1 saw it. Read by market.recall_snapshot; nothing writes it any more.';

create type market.offer_load_v1 as (
  timezone text,
  cap_hour integer,
  used_hour integer,
  cap_day integer,
  used_day integer,
  cap_week integer,
  used_week integer,
  cap_month integer,
  used_month integer,
  budget_day numeric,
  spent_day numeric,
  budget_month numeric,
  spent_month numeric
);
comment on type market.offer_load_v1 is
  'What an offer as a whole had sold when a decision of format 1 was made, and its caps; a null cap: unlimited.';

create table leadgen.enrollment_usage (
  buyer_offer_id bigint primary key references leadgen.buyer_offers (id) on delete cascade,
  market_id bigint not null,
  offer_id bigint not null,
  last_turn bigint,
  finish_tag double precision not null default 0,
  virtual_time double precision not null default 0,
  starts timestamptz[] not null default '{-infinity,-infinity,-infinity,-infinity}',
  sales integer[] not null default '{0,0,0,0}',
  money numeric[] not null default '{0,0,0,0}',

  constraint enrollment_usage_not_negative check (0 <= all(sales))
) with (fillfactor = 40);
comment on table leadgen.enrollment_usage is
  'One row an enrollment: what it took in the current windows of its zone, and its place in the turn. Written only under the offer''s lock.';
comment on column leadgen.enrollment_usage.starts is
  'When each counted window began, in the order of kernel.list_windows: hour, day, week, month. A count of an earlier window reads as 0.';
comment on column leadgen.enrollment_usage.sales is 'Leads taken in each of these windows.';
comment on column leadgen.enrollment_usage.money is 'What they cost, in the market''s currency.';
comment on column leadgen.enrollment_usage.last_turn is 'Number of its latest sale in the offer''s sequence; null: never served.';
comment on column leadgen.enrollment_usage.finish_tag is
  'Strategy weighted: virtual time at which its latest lead is paid off (1 / weight a lead).';
comment on column leadgen.enrollment_usage.virtual_time is
  'Strategy weighted: the offer''s virtual time after its latest lead; the offer''s is the largest of them.';
create index idx_enrollment_usage_offer on leadgen.enrollment_usage (offer_id, buyer_offer_id);

create table leadgen.offer_usage (
  offer_id bigint primary key references leadgen.offers (id) on delete cascade,
  market_id bigint not null,
  starts timestamptz[] not null default '{-infinity,-infinity,-infinity,-infinity}',
  sales integer[] not null default '{0,0,0,0}',
  money numeric[] not null default '{0,0,0,0}',

  constraint offer_usage_not_negative check (0 <= all(sales))
) with (fillfactor = 40);
comment on table leadgen.offer_usage is
  'One row an offer: its sales in the current windows of its market (see leadgen.enrollment_usage). Written only under the offer''s lock.';

create table leadgen.enrollment_versions (
  buyer_offer_id bigint not null,
  version integer not null,
  changed_at timestamptz not null default current_timestamp,
  changed_by text not null default session_user,
  buyer_id bigint not null,
  is_active boolean not null,
  routing_priority integer not null,
  weight numeric not null,
  price_per_lead numeric(10,2),
  min_balance_required numeric(10,2),
  timezone text,
  pause_until timestamptz,
  compiled_schedule int4multirange,
  limit_codes text[] not null,
  limit_windows text[] not null,
  limit_is_money boolean[] not null,
  limit_caps numeric[] not null,
  filters jsonb,
  pause_from timestamptz,

  primary key (buyer_offer_id, version)
);
comment on table leadgen.enrollment_versions is
  'Append-only: the terms that an enrollment ever had, who wrote them and when. Decisions name the versions they judged.';
comment on column leadgen.enrollment_versions.limit_codes is
  'Its limits in the order in which they are judged: cap_day, budget_month, ...; windows, measures and caps are aligned.';

create or replace trigger keep_record before update or delete or truncate on leadgen.enrollment_versions
  for each statement execute function kernel.refuse_change();

create table leadgen.lead_decisions (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  lead_id bigint not null,
  offer_id bigint not null,
  attempt integer not null,
  decided_at timestamptz not null,
  routing_policy_id bigint not null,
  routing_policy_version integer not null,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  settings kernel.routing_settings,
  exclusivity kernel.exclusivity,
  candidates market.candidate_v1[],
  reasons text[] not null,
  ranking integer[] not null,
  exclusive_buyer_id bigint,
  winners integer[] not null,
  unsold_reason text,
  offer_load market.offer_load_v1,
  adjustments kernel.adjustment[],
  is_held boolean,
  next_route_at timestamptz,
  format smallint not null default 1,
  timezone text,
  decimals integer,
  max_buyers integer,
  default_price numeric(10,2),
  enrollments bigint[],
  versions integer[],
  flags integer[],
  openings timestamptz[],
  filter_faults text[],
  prices numeric[],
  balances numeric[],
  last_turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  limit_uses numeric[],
  edition smallint,
  sales_today integer[],
  went_first bigint[],
  behind_lead_id bigint,
  credits numeric[],
  credit_limits numeric[],
  payout_policy_id bigint,
  payout_policy_version integer,
  cost kernel.cost_terms,
  calling kernel.calling,
  choice kernel.choice,

  constraint lead_decisions_attempt_unique unique (lead_id, attempt),
  constraint lead_decisions_format_known check (
    (format = 1 and not (settings is null) and candidates is not null)
    or (format = 2 and max_buyers is not null and enrollments is not null and versions is not null and flags is not null))
);
comment on table leadgen.lead_decisions is
  'Append-only trace of each routing attempt; select * from leadgen.explain_candidates(lead_id) reads it.';
comment on column leadgen.lead_decisions.decided_at is 'The decision''s clock: every window was computed from it.';
comment on column leadgen.lead_decisions.cost is
  'What the lead costs, by the payout policy of its source; null: it has none.';
comment on column leadgen.lead_decisions.format is
  'How the snapshot is stored. 1: candidates, offer_load and settings; 2: the columns from max_buyers on. market.recall_snapshot reads both.';
comment on column leadgen.lead_decisions.timezone is 'The market''s zone, in which the offer''s windows are counted.';
comment on column leadgen.lead_decisions.decimals is 'To how many decimals prices were rounded.';
comment on column leadgen.lead_decisions.max_buyers is
  'To how many buyers it could be sold in this attempt: the policy''s max_buyers less the sales that stood; 1 where it was sold by hand.';
comment on column leadgen.lead_decisions.enrollments is 'The candidates, by id; versions, flags and the arrays after them are aligned.';
comment on column leadgen.lead_decisions.flags is 'What was so for each candidate, as bits: see kernel.flag.';
comment on column leadgen.lead_decisions.limit_uses is
  'What was used of each limit: of each candidate''s version in their order, then of the policy''s caps on the offer.';
comment on column leadgen.lead_decisions.edition is
  'Of the rules by which its candidates are ranked: 2; null: the first, which broke ties by enrollment id.';
comment on column leadgen.lead_decisions.sales_today is
  'Aligned with enrollments: how many leads each had on the day in its zone; null: the strategy did not ask for it.';
comment on column leadgen.lead_decisions.went_first is
  'Held leads that were due when this new lead came, and were routed before it in the same transaction.';
comment on column leadgen.lead_decisions.behind_lead_id is
  'The held lead that was still due then: this new lead was held, to be routed after it.';
comment on column leadgen.lead_decisions.reasons is 'Aligned with enrollments (format 1: candidates): why each lost; null: passed.';
comment on column leadgen.lead_decisions.ranking is 'Positions in enrollments (format 1: candidates), best first.';
comment on column leadgen.lead_decisions.winners is 'Positions in enrollments (format 1: candidates), in the order they were sold to.';
comment on column leadgen.lead_decisions.adjustments is 'The price steps that held for this lead; with a candidate''s base price they give its price.';
comment on column leadgen.lead_decisions.calling is
  'What the calling rules of the lead''s place said, where the policy follows them; null: nothing.';
comment on column leadgen.lead_decisions.choice is
  'By whom, to whom and why the lead was sold by hand; null: it was not.';
comment on column leadgen.lead_decisions.is_held is 'The lead is offered again, first at next_route_at; null: sold.';

create or replace trigger keep_record before delete or truncate on leadgen.lead_decisions
  for each statement execute function kernel.refuse_change();
-- While leadgen.erase_lead strikes out, each row is looked at instead (privacy.allow_erasure).
create or replace trigger keep_record_as_written before update on leadgen.lead_decisions
  for each statement when (current_setting('leadgen.is_erasing', true) is distinct from 'on')
  execute function kernel.refuse_change();
create or replace trigger keep_all_but_erased before update on leadgen.lead_decisions
  for each row execute function privacy.allow_erasure();

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
  acceptance text,
  answer_by timestamptz,
  accepted_at timestamptz,
  released_at timestamptz,
  return_by timestamptz,
  release_due_at timestamptz,
  pass_on_at timestamptz,
  undelivered_seconds numeric,
  disclosed text[],
  billing_mode text,
  cost numeric(10,2),

  constraint lead_assignments_lead_buyer_unique unique (lead_id, buyer_id),
  constraint lead_assignments_price_not_negative check (price >= 0 and price < 100000000)
);
comment on table leadgen.lead_assignments is
  'One row for each sale of a lead to a buyer. Everything but outcome and its times is frozen by trigger. '
  'Its states: sql/functions/market/sales.sql.';
comment on column leadgen.lead_assignments.is_exclusive is 'The buyer owned the lead''s postal code or city.';
comment on column leadgen.lead_assignments.price_steps is 'Base, premiums and rounding, each with the amount after it.';
comment on column leadgen.lead_assignments.acceptance is
  'on_delivery, explicit or auto_after, as the routing policy said when it was sold.';
comment on column leadgen.lead_assignments.disclosed is
  'What the buyer is sent beside the lead, by the routing policy''s key disclose. Null: a sale from before that key; nothing.';
comment on column leadgen.lead_assignments.billing_mode is
  'How its buyer paid when it was sold: prepaid, invoiced or none; null: a sale from before the ledger, not booked.';
comment on column leadgen.lead_assignments.cost is
  'What its source is paid for it, beside a price once a lead; null: the source has no payout policy.';
comment on column leadgen.lead_assignments.answer_by is
  'explicit: the sale lapses then unless accepted; auto_after: it is accepted then unless returned.';
comment on column leadgen.lead_assignments.released_at is
  'When its place in the caps and budgets was given back; the outcome says why. Null: it counts.';
comment on column leadgen.lead_assignments.release_due_at is
  'It has ended, and its place is due to go back then; null: it stands, or its place went back.';
comment on column leadgen.lead_assignments.return_by is
  'Until then the buyer may return it: the policy''s hours from the sale, and once it is delivered from then.';
comment on column leadgen.lead_assignments.pass_on_at is
  'While nothing has reached its buyer: when it is looked at next, whether its lead goes to the next one; null: never.';
comment on column leadgen.lead_assignments.undelivered_seconds is
  'It ended because nothing had reached its buyer so long after the sale; null: it did not.';
create index idx_lead_assignments_answer_due on leadgen.lead_assignments (answer_by)
  where answer_by is not null and released_at is null and outcome in ('pending', 'delivered', 'unknown', 'failed');
create index idx_lead_assignments_release_due on leadgen.lead_assignments (offer_id, release_due_at, id)
  where release_due_at is not null;
create index idx_lead_assignments_cold on leadgen.lead_assignments (offer_id, pass_on_at, id)
  where outcome = 'pending' and pass_on_at is not null;
create index idx_lead_assignments_buyer_created_at on leadgen.lead_assignments (buyer_id, created_at desc);
create index idx_lead_assignments_reserved on leadgen.lead_assignments (buyer_id)
  where acceptance = 'explicit' and accepted_at is null and released_at is null;
create index idx_lead_assignments_offer_created_at on leadgen.lead_assignments (offer_id, created_at desc);

create or replace trigger enforce_transition before update of outcome on leadgen.lead_assignments
  for each row when (old.outcome is distinct from new.outcome and not (old.outcome = 'pending' and new.outcome = 'accepted'))
  execute function catalog.enforce_transition('outcome');
create or replace trigger keep_record before delete or truncate on leadgen.lead_assignments
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_sale before update of
    id, created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency, price_steps,
    pricing_policy_id, pricing_policy_version, disclosed, billing_mode, cost on leadgen.lead_assignments
  for each row execute function kernel.immutable_columns('id', 'created_at', 'market_id', 'lead_id', 'decision_id', 'offer_id',
    'buyer_id', 'buyer_offer_id', 'is_exclusive', 'price', 'currency', 'price_steps', 'pricing_policy_id', 'pricing_policy_version',
    'disclosed', 'billing_mode', 'cost');
create or replace trigger keep_released before update of outcome, released_at on leadgen.lead_assignments
  for each row
  when (old.released_at is not null and (old.outcome, old.released_at) is distinct from (new.outcome, new.released_at))
  execute function kernel.refuse_change();

create table leadgen.return_reasons (
  code text primary key,
  position integer not null default 100,
  description text not null,
  is_active boolean not null default true,

  constraint return_reasons_code_shape check (code ~ '^[a-z][a-z0-9_]{1,49}$')
);
comment on table leadgen.return_reasons is
  'Why a buyer may return a lead. Rows of your own are welcome; deploys only add what is missing.';
comment on column leadgen.return_reasons.position is 'The order in which a person is shown them.';

create or replace trigger keep_used before delete on leadgen.return_reasons
  for each row execute function catalog.keep_used();

create table leadgen.sale_returns (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  buyer_offer_id bigint not null,
  assignment_id bigint not null references leadgen.lead_assignments (id) on delete restrict,
  reason_code text not null references leadgen.return_reasons (code) on delete restrict,
  note text,
  via text not null,
  status text not null,
  decided_at timestamptz,
  decided_by text,
  decision_note text,
  gives text,

  constraint sale_returns_gives_valid check (gives in ('money', 'replacement')),
  constraint sale_returns_via_valid check (via in ('api', 'link', 'reply', 'operator', 'portal')),
  constraint sale_returns_status_valid check (status in ('received', 'requested', 'approved', 'refused')),
  constraint sale_returns_decided_has_time check ((status in ('approved', 'refused')) = (decided_at is not null)),
  constraint sale_returns_note_bounded check (length(note) <= 500)
);
comment on table leadgen.sale_returns is 'What buyers asked to return, and what was decided; the quota counts them.';
comment on column leadgen.sale_returns.status is
  'received: by a webhook''s reply, not yet looked at; requested: waits for an operator; '
  'approved: the sale is returned; refused: it stands.';
comment on column leadgen.sale_returns.gives is
  'Approved: what the buyer got for it, by the policy of the sale: its money, or a replacement (leadgen.replacements).';
comment on column leadgen.sale_returns.decided_by is 'auto, the operator''s login, or the user on whose page it was decided: user 5.';
create unique index sale_returns_one_open on leadgen.sale_returns (assignment_id) where status <> 'refused';
create index idx_sale_returns_received on leadgen.sale_returns (offer_id, created_at) where status = 'received';
create index idx_sale_returns_requested on leadgen.sale_returns (id) where status = 'requested';
create index idx_sale_returns_enrollment on leadgen.sale_returns (buyer_offer_id, assignment_id);

create or replace trigger keep_record before delete or truncate on leadgen.sale_returns
  for each statement execute function kernel.refuse_change();

create table leadgen.return_evidence (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  return_id bigint not null references leadgen.sale_returns (id) on delete restrict,
  reference text,
  sha256 text,
  bytes bigint,
  media_type text,

  constraint return_evidence_reference_bounded check (length(reference) between 1 and 2000),
  constraint return_evidence_sha256_shape check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint return_evidence_bytes_bounded check (bytes between 1 and 104857600),
  constraint return_evidence_media_type_shape check (
    media_type ~ '^(image|audio|video|text|application|message)/[a-z0-9][a-z0-9.+-]{0,99}$'),
  constraint return_evidence_whole check (num_nulls(sha256, bytes, media_type) in (0, 3))
);
comment on table leadgen.return_evidence is
  'What a buyer shows for a return: files by reference, which nobody here opens. At most ten a return.';
comment on column leadgen.return_evidence.reference is
  'An https URL, or a key of the operator''s object store. Null: its lead was erased.';
comment on column leadgen.return_evidence.sha256 is
  'Of the file, in hex: whoever opens it can tell that it is the one. Null, with bytes and media_type: a person gave a link.';
create unique index return_evidence_file_unique on leadgen.return_evidence (return_id, sha256);
create unique index return_evidence_link_unique on leadgen.return_evidence (return_id, reference) where sha256 is null;

create or replace trigger keep_record before delete or truncate on leadgen.return_evidence
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_evidence before update of id, created_at, return_id, sha256, bytes, media_type on leadgen.return_evidence
  for each row execute function kernel.immutable_columns('id', 'created_at', 'return_id', 'sha256', 'bytes', 'media_type');
