-- Sales: who got a lead, for what price, and the record from which that can be recomputed.
--
-- A decision keeps the numbers that were judged (an array of kernel.candidate), one reason or
-- null for each, and the order of those that passed. Judge, rank and price are pure functions of
-- it, so explain reads it and replay recomputes it. A sale's price never changes, for anybody.

create type leadgen.assignment_outcome as enum
  ('pending', 'delivered', 'accepted', 'returned', 'failed', 'unknown');

create type kernel.candidate as (
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
comment on type kernel.candidate is
  'One enrollment as the decision saw it: every number that a check or a strategy may read.';

create type kernel.exclusivity as (
  buyer_id bigint,
  scope_type text,
  scope_value text
);
comment on type kernel.exclusivity is 'Who owns the lead''s postal code or city in an offer; buyer_id null: nobody.';

create type kernel.offer_load as (
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
comment on type kernel.offer_load is
  'What an offer as a whole has sold in the current windows of its market, and its caps; a null cap: unlimited.';

create type kernel.adjustment as (
  step text,
  amount numeric,
  percent numeric
);
comment on type kernel.adjustment is
  'A step of the pricing policy that holds for this lead, in the policy''s order; exclusivity_premium only for who owns the place.';

create type kernel.turns as (
  turn bigint,
  finish_tag double precision,
  stored_time double precision,
  virtual_time double precision,
  total_weight double precision
);
comment on type kernel.turns is
  'Whose turn it is after a sale: the number of the sale in the offer''s sequence and, for strategy weighted, its tags.';

create type kernel.verdict as (
  reasons text[],
  ranking integer[],
  exclusive_buyer_id bigint
);
comment on type kernel.verdict is
  'Judge and rank: for each candidate a reason (null: passed), the passing positions in order, the exclusive buyer if it binds.';

create type kernel.price as (
  amount numeric,
  steps jsonb
);
comment on type kernel.price is 'A price in the market''s currency and the steps that made it.';

create type kernel.decision as (
  decided_at timestamptz,
  settings kernel.routing_settings,
  exclusivity kernel.exclusivity,
  candidates kernel.candidate[],
  verdict kernel.verdict,
  winners integer[],
  prices kernel.price[],
  unsold_reason text,
  is_held boolean,
  offer_load kernel.offer_load,
  adjustments kernel.adjustment[],
  next_route_at timestamptz
);
comment on type kernel.decision is
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
  day_spent numeric not null default 0,
  month_spent numeric not null default 0,

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

create table leadgen.offer_usage (
  offer_id bigint primary key references leadgen.offers (id) on delete cascade,
  market_id bigint not null,
  hour_start timestamptz not null default '-infinity',
  hour_count integer not null default 0,
  day_start timestamptz not null default '-infinity',
  day_count integer not null default 0,
  week_start timestamptz not null default '-infinity',
  week_count integer not null default 0,
  month_start timestamptz not null default '-infinity',
  month_count integer not null default 0,
  day_spent numeric not null default 0,
  month_spent numeric not null default 0,

  constraint offer_usage_not_negative check (least(hour_count, day_count, week_count, month_count) >= 0)
) with (fillfactor = 40);
comment on table leadgen.offer_usage is
  'One row an offer: sales in the current hour, day, week and month of its market. Written only under the offer''s lock.';

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
  settings kernel.routing_settings not null,
  exclusivity kernel.exclusivity,
  candidates kernel.candidate[] not null,
  reasons text[] not null,
  ranking integer[] not null,
  exclusive_buyer_id bigint,
  winners integer[] not null,
  unsold_reason text,
  offer_load kernel.offer_load,
  adjustments kernel.adjustment[],
  is_held boolean,
  next_route_at timestamptz,

  constraint lead_decisions_attempt_unique unique (lead_id, attempt)
);
comment on table leadgen.lead_decisions is
  'Append-only trace of each routing attempt; select * from leadgen.explain_candidates(lead_id) reads it.';
comment on column leadgen.lead_decisions.decided_at is 'The decision''s clock: every window was computed from it.';
comment on column leadgen.lead_decisions.reasons is 'Aligned with candidates: why each lost; null: passed.';
comment on column leadgen.lead_decisions.ranking is 'Positions in candidates, best first.';
comment on column leadgen.lead_decisions.winners is 'Positions in candidates, in the order they were sold to.';
comment on column leadgen.lead_decisions.offer_load is 'The offer''s own caps and what was used of them.';
comment on column leadgen.lead_decisions.adjustments is 'The price steps that held for this lead; with a candidate''s base price they give its price.';
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
  release_reason text,
  return_by timestamptz,

  constraint lead_assignments_lead_buyer_unique unique (lead_id, buyer_id),
  constraint lead_assignments_price_not_negative check (price >= 0 and price < 100000000)
);
comment on table leadgen.lead_assignments is
  'One row for each sale of a lead to a buyer. Everything but outcome and its times is frozen by trigger.';
comment on column leadgen.lead_assignments.is_exclusive is 'The buyer owned the lead''s postal code or city.';
comment on column leadgen.lead_assignments.price_steps is 'Base, premiums and rounding, each with the amount after it.';
comment on column leadgen.lead_assignments.acceptance is 'on_delivery, explicit or auto_after, as the routing policy said when it was sold.';
comment on column leadgen.lead_assignments.answer_by is
  'explicit: the sale lapses then unless accepted; auto_after: it is accepted then unless returned.';
comment on column leadgen.lead_assignments.released_at is
  'When its place in the caps and budgets was given back (returned, failed, lapsed); null: it counts.';
comment on column leadgen.lead_assignments.release_reason is
  'Why its place goes back: returned: ..., delivery failed, no answer, not accepted in time. Without released_at: the place is due to go back.';
comment on column leadgen.lead_assignments.return_by is 'Until then the buyer may return it: the policy''s hours from the sale, and once it is delivered from then.';
create index idx_lead_assignments_answer_due on leadgen.lead_assignments (answer_by)
  where answer_by is not null and released_at is null and outcome in ('pending', 'delivered', 'unknown', 'failed');
create index idx_lead_assignments_release_due on leadgen.lead_assignments (updated_at)
  where release_reason is not null and released_at is null;
create index idx_lead_assignments_buyer_created_at on leadgen.lead_assignments (buyer_id, created_at desc);
create index idx_lead_assignments_offer_created_at on leadgen.lead_assignments (offer_id, created_at desc);

create or replace trigger enforce_transition before update of outcome on leadgen.lead_assignments
  for each row when (old.outcome is distinct from new.outcome and not (old.outcome = 'pending' and new.outcome = 'accepted'))
  execute function catalog.enforce_transition('outcome');
create or replace trigger keep_record before delete or truncate on leadgen.lead_assignments
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_sale before update of
    id, created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency, price_steps,
    pricing_policy_id, pricing_policy_version on leadgen.lead_assignments
  for each row execute function kernel.immutable_columns('id', 'created_at', 'market_id', 'lead_id', 'decision_id', 'offer_id',
    'buyer_id', 'buyer_offer_id', 'is_exclusive', 'price', 'currency', 'price_steps', 'pricing_policy_id', 'pricing_policy_version');

create table leadgen.return_reasons (
  code text primary key,
  position integer not null default 100,
  description text not null,
  is_active boolean not null default true,

  constraint return_reasons_code_shape check (code ~ '^[a-z][a-z0-9_]{1,49}$')
);
comment on table leadgen.return_reasons is 'Why a buyer may return a lead. Rows of your own are welcome; deploys only add what is missing.';
comment on column leadgen.return_reasons.position is 'The order in which a person is shown them.';

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

  constraint sale_returns_via_valid check (via in ('api', 'link', 'reply', 'operator')),
  constraint sale_returns_status_valid check (status in ('received', 'requested', 'approved', 'refused')),
  constraint sale_returns_decided_has_time check ((status in ('approved', 'refused')) = (decided_at is not null)),
  constraint sale_returns_note_bounded check (length(note) <= 500)
);
comment on table leadgen.sale_returns is 'What buyers asked to return, and what was decided; the quota counts them.';
comment on column leadgen.sale_returns.status is
  'received: by a webhook''s reply, not yet looked at; requested: waits for an operator; approved: the sale is returned; refused: it stands.';
comment on column leadgen.sale_returns.decided_by is 'auto, or the operator''s login.';
create unique index sale_returns_one_open on leadgen.sale_returns (assignment_id) where status <> 'refused';
create index idx_sale_returns_open on leadgen.sale_returns (created_at) where status in ('received', 'requested');
create index idx_sale_returns_enrollment on leadgen.sale_returns (buyer_offer_id, assignment_id);
